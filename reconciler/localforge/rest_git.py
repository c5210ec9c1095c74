"""The forge's Git database API: refs, commits, trees, blobs, annotated tags."""

import base64
import binascii
from typing import Any

from reconciler.localforge import shapes
from reconciler.localforge.app import Asked, RefusedError, Reply, View
from reconciler.localforge.objects import SHA, valid_ref
from reconciler.localforge.people import person
from reconciler.localforge.writing import (
    NOWHERE,
    MissingError,
    NewCommit,
    PathError,
    contains,
    graft,
    move,
    put,
    tag_raw,
)

TREE_LIMIT = 100_000
"""Entries of a recursive tree; more are cut and `truncated` says so."""
MODES = {"100644": "blob", "100755": "blob", "040000": "tree", "160000": "commit", "120000": "blob"}


def get_ref(asked: Asked, ref: str) -> Reply:
    """Answer one ref, named without `refs/`."""
    sha = asked.repository.ref(f"refs/{ref}")
    if sha is None:
        raise RefusedError(404, "Not Found")
    return Reply(_ref(asked, f"refs/{ref}", sha))


def matching_refs(asked: Asked, ref: str) -> Reply:
    """Answer all refs that begin with the name."""
    found = asked.repository.refs(f"refs/{ref}")
    return Reply([_ref(asked, name, sha) for name, sha in found.items()])


def create_ref(asked: Asked) -> Reply:
    """Make a ref that was not there."""
    body = asked.body()
    name, sha = _text(body, "ref"), _text(body, "sha")
    if not valid_ref(name):
        raise RefusedError(422, f"{name} is not a valid ref name.")
    _exists(asked, name, sha)
    if not move(asked.repository, name, sha, NOWHERE):
        raise RefusedError(422, "Reference already exists")
    return Reply(_ref(asked, name, sha), 201, {"location": f"{asked.url}/git/{name}"})


def update_ref(asked: Asked, ref: str) -> Reply:
    """Move a ref; without `force` only forward."""
    body, name = asked.body(), f"refs/{ref}"
    sha, old = _text(body, "sha"), asked.repository.ref(f"refs/{ref}")
    if old is None:
        raise RefusedError(422, "Reference does not exist")
    _exists(asked, name, sha)
    if body.get("force") is not True and not _forward(asked, old, sha):
        raise RefusedError(422, "Update is not a fast forward")
    if not move(asked.repository, name, sha, old):
        raise RefusedError(409, "Reference was moved by somebody else")
    return Reply(_ref(asked, name, sha))


def delete_ref(asked: Asked, ref: str) -> Reply:
    """Remove a ref."""
    old = asked.repository.ref(f"refs/{ref}")
    if old is None:
        raise RefusedError(422, "Reference does not exist")
    if not move(asked.repository, f"refs/{ref}", None, old):
        raise RefusedError(409, "Reference was moved by somebody else")
    return Reply(status=204)


def get_commit(asked: Asked, sha: str) -> Reply:
    """Answer one commit object."""
    found = asked.repository.commit(sha)
    if found is None or found.sha != sha:
        raise RefusedError(404, "Not Found")
    return Reply(shapes.git_commit(asked.url, found))


def create_commit(asked: Asked) -> Reply:
    """Write a commit object; no ref moves."""
    body, repository = asked.body(), asked.repository
    tree, parents = _text(body, "tree"), body.get("parents") or []
    if repository.tree(tree) is None:
        raise RefusedError(422, "Tree SHA does not exist")
    if not isinstance(parents, list) or any(_kind(asked, str(sha)) != "commit" for sha in parents):
        raise RefusedError(422, "Parent SHA does not exist or is not a commit object")
    author = person(body.get("author"), asked.now)
    committer = person(body.get("committer") or body.get("author"), asked.now)
    sha = put(repository, "commit", NewCommit(tree, parents, author, committer, _text(body, "message")).raw())
    found = repository.commit(sha)
    return Reply(shapes.git_commit(asked.url, found) if found else None, 201)


def get_tree(asked: Asked, sha: str) -> Reply:
    """Answer a tree; `recursive` with any value goes down."""
    repository = asked.repository
    found = repository.resolve(sha)
    commit = repository.commit(found) if found else None
    tree = commit.tree if commit else found
    entries = repository.tree(tree) if tree else None
    if tree is None or entries is None:
        raise RefusedError(404, "Not Found")
    if "recursive" in asked.request.args:
        entries = tuple(repository.walk(tree))
    told = [_entry(asked, entry.path, entry.mode, entry.sha) for entry in entries[:TREE_LIMIT]]
    truncated = len(entries) > TREE_LIMIT
    return Reply({"sha": tree, "url": f"{asked.url}/git/trees/{tree}", "tree": told, "truncated": truncated})


def create_tree(asked: Asked) -> Reply:
    """Write a tree: entries laid over `base_tree`; an entry with `sha: null` is removed."""
    body, repository = asked.body(), asked.repository
    base, listed = body.get("base_tree"), body.get("tree")
    if not isinstance(listed, list):
        raise RefusedError(422, 'Invalid request.\n\n"tree" wasn\'t supplied.')
    if base is not None and repository.tree(str(base)) is None:
        raise RefusedError(422, "base_tree is not a valid tree oid")
    changes = dict(_change(asked, entry) for entry in listed)
    try:
        sha = graft(repository, base, changes)
    except PathError as error:
        raise RefusedError(422, "tree.path contains a malformed path component") from error
    except MissingError as error:
        raise RefusedError(422, "GitRPC::BadObjectState") from error
    entries = repository.tree(sha) or ()
    told = [_entry(asked, entry.path, entry.mode, entry.sha) for entry in entries]
    return Reply({"sha": sha, "url": f"{asked.url}/git/trees/{sha}", "tree": told, "truncated": False}, 201)


def get_blob(asked: Asked, sha: str) -> Reply:
    """Answer a blob in Base64."""
    raw = asked.repository.blob(sha)
    if raw is None:
        raise RefusedError(404, "Not Found")
    told = {"sha": sha, "node_id": shapes.node_id("B", sha), "url": f"{asked.url}/git/blobs/{sha}"}
    return Reply({**told, "size": len(raw), "content": shapes.encoded(raw), "encoding": "base64"})


def create_blob(asked: Asked) -> Reply:
    """Write a blob from text or Base64."""
    body = asked.body()
    raw = decoded(_text(body, "content"), str(body.get("encoding", "utf-8")))
    sha = put(asked.repository, "blob", raw)
    return Reply({"sha": sha, "url": f"{asked.url}/git/blobs/{sha}"}, 201)


def get_tag(asked: Asked, sha: str) -> Reply:
    """Answer an annotated tag."""
    found = asked.repository.tag(sha)
    if found is None:
        raise RefusedError(404, "Not Found")
    return Reply(shapes.tag(asked.url, found))


def create_tag(asked: Asked) -> Reply:
    """Write an annotated tag; no ref is made."""
    body = asked.body()
    name, message, target = (_text(body, key) for key in ("tag", "message", "object"))
    kind = _text(body, "type")
    if not valid_ref(f"refs/tags/{name}"):
        raise RefusedError(422, f"{name} is not a valid tag name.")
    if _kind(asked, target) != kind:
        raise RefusedError(422, "Object does not exist or is of another type")
    sha = put(
        asked.repository, "tag", tag_raw((target, kind), name, person(body.get("tagger"), asked.now), message)
    )
    found = asked.repository.tag(sha)
    return Reply(shapes.tag(asked.url, found) if found else None, 201)


def decoded(content: str, encoding: str) -> bytes:
    """Read content that was sent. Raises RefusedError."""
    if encoding in {"utf-8", "utf8"}:
        return content.encode("utf-8", "replace")
    try:
        return base64.b64decode("".join(content.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RefusedError(422, "content is not valid Base64") from error


def _text(body: dict[str, Any], key: str) -> str:
    value = body.get(key)
    if not isinstance(value, str):
        raise RefusedError(422, f'Invalid request.\n\n"{key}" wasn\'t supplied.')
    return value


def _kind(asked: Asked, sha: str) -> str:
    return asked.repository.read([sha]).get(sha, ("", b""))[0]


def _exists(asked: Asked, name: str, sha: str) -> None:
    kind = _kind(asked, sha)
    if not kind or (name.startswith("refs/heads/") and kind != "commit"):
        raise RefusedError(422, "Object does not exist")


def _forward(asked: Asked, old: str, new: str) -> bool:
    kinds = {_kind(asked, old), _kind(asked, new)}
    return old == new or (kinds == {"commit"} and contains(asked.repository, new, old))


def _ref(asked: Asked, name: str, sha: str) -> shapes.Json:
    return shapes.ref(asked.url, name, (sha, _kind(asked, sha) or "commit"))


def _entry(asked: Asked, path: str, mode: str, sha: str) -> shapes.Json:
    kind = MODES.get(mode, "blob")
    told: shapes.Json = {"path": path, "mode": mode, "type": kind, "sha": sha}
    if kind == "blob":
        told["size"] = asked.repository.size(sha) or 0
    return told if kind == "commit" else {**told, "url": f"{asked.url}/git/{kind}s/{sha}"}


def _change(asked: Asked, entry: Any) -> tuple[str, tuple[str, str] | None]:  # noqa: ANN401 -- unchecked JSON
    if not isinstance(entry, dict):
        raise RefusedError(422, "Invalid tree info")
    path, mode, sha = _text(entry, "path"), str(entry.get("mode", "100644")), entry.get("sha")
    if mode not in MODES:
        raise RefusedError(422, "tree.mode must be one of 100644, 100755, 040000, 160000, 120000")
    if isinstance(entry.get("content"), str):
        return path, (mode, put(asked.repository, "blob", decoded(entry["content"], "utf-8")))
    if sha is None and "sha" in entry:
        return path, None
    if not isinstance(sha, str) or not SHA.fullmatch(sha):
        raise RefusedError(422, "tree.sha is not a valid object id")
    if mode != "160000" and _kind(asked, sha) != MODES[mode]:
        raise RefusedError(422, "tree.sha does not exist or is of another type")
    return path, (mode, sha)


_GIT = "/repos/<owner>/<repo>/git"
ROUTES: list[tuple[str, str, View]] = [
    ("GET", f"{_GIT}/ref/<path:ref>", get_ref),
    ("GET", f"{_GIT}/matching-refs/<path:ref>", matching_refs),
    ("POST", f"{_GIT}/refs", create_ref),
    ("PATCH", f"{_GIT}/refs/<path:ref>", update_ref),
    ("DELETE", f"{_GIT}/refs/<path:ref>", delete_ref),
    ("GET", f"{_GIT}/commits/<sha>", get_commit),
    ("POST", f"{_GIT}/commits", create_commit),
    ("GET", f"{_GIT}/trees/<path:sha>", get_tree),
    ("POST", f"{_GIT}/trees", create_tree),
    ("GET", f"{_GIT}/blobs/<sha>", get_blob),
    ("POST", f"{_GIT}/blobs", create_blob),
    ("GET", f"{_GIT}/tags/<sha>", get_tag),
    ("POST", f"{_GIT}/tags", create_tag),
]
