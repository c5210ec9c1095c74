"""The forge's contents API: files read, written and removed, each write one commit on a branch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.localforge import shapes
from reconciler.localforge.app import Asked, RefusedError, Reply, View
from reconciler.localforge.objects import Commit, Entry, valid_ref
from reconciler.localforge.people import person
from reconciler.localforge.rest_git import decoded
from reconciler.localforge.writing import NOWHERE, MissingError, NewCommit, PathError, graft, move, put


@dataclass(frozen=True, slots=True)
class Place:
    """Where a write goes: the branch's tip and what is at the path now."""

    ref: str
    tip: Commit | None
    entry: Entry | None


def get_content(asked: Asked, path: str = "") -> Reply:
    """Answer a file, or what a folder holds."""
    repository, path = asked.repository, path.rstrip("/")
    sha = repository.resolve(asked.request.args.get("ref") or "HEAD")
    commit = repository.commit(sha) if sha else None
    entry = repository.at(commit.tree, path) if commit else None
    if commit is None or entry is None:
        raise RefusedError(404, "Not Found" if commit else "No commit found for the ref")
    if entry.type != "tree":
        return Reply(shapes.content(asked.url, path, entry, repository.blob(entry.sha), inline=True))
    below = f"{path}/" if path else ""
    return Reply(
        [
            shapes.content(asked.url, f"{below}{item.path}", item, repository.size(item.sha), inline=False)
            for item in repository.tree(entry.sha) or ()
        ]
    )


def put_content(asked: Asked, path: str) -> Reply:
    """Write a file; one that is there already only with its present `sha`."""
    body = asked.body()
    if not isinstance(body.get("content"), str):
        raise RefusedError(422, 'Invalid request.\n\n"content" wasn\'t supplied.')
    place = _place(asked, body, path)
    _unchanged(body, path, place)
    raw = decoded(body["content"], "base64")
    blob = put(asked.repository, "blob", raw)
    commit = _commit(asked, body, place, {path: ("100644", blob)})
    entry = Entry("100644", path, blob)
    told = shapes.content(asked.url, path, entry, raw, inline=False)
    return Reply(
        {"content": told, "commit": shapes.git_commit(asked.url, commit)}, 200 if place.entry else 201
    )


def delete_content(asked: Asked, path: str) -> Reply:
    """Remove a file, named with its present `sha`."""
    body = asked.body()
    place = _place(asked, body, path)
    if place.entry is None or place.entry.type == "tree":
        raise RefusedError(404, "Not Found")
    _unchanged(body, path, place)
    commit = _commit(asked, body, place, {path: None})
    return Reply({"content": None, "commit": shapes.git_commit(asked.url, commit)})


def _place(asked: Asked, body: Mapping[str, Any], path: str) -> Place:
    repository = asked.repository
    ref = f"refs/heads/{body['branch']}" if body.get("branch") else repository.head()
    sha = repository.ref(ref) if valid_ref(ref) else None
    if sha is None and (body.get("branch") or repository.refs("refs/heads/")):
        raise RefusedError(404, f"Branch {ref.removeprefix('refs/heads/')} not found")
    tip = repository.commit(sha) if sha else None
    return Place(ref, tip, repository.at(tip.tree, path) if tip else None)


def _unchanged(body: Mapping[str, Any], path: str, place: Place) -> None:
    if place.entry is None:
        return
    if not isinstance(body.get("sha"), str):
        raise RefusedError(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if body["sha"] != place.entry.sha:
        raise RefusedError(409, f"{path} does not match {body['sha']}")


def _commit(
    asked: Asked, body: Mapping[str, Any], place: Place, changes: Mapping[str, tuple[str, str] | None]
) -> Commit:
    if not isinstance(body.get("message"), str):
        raise RefusedError(422, 'Invalid request.\n\n"message" wasn\'t supplied.')
    repository, tip = asked.repository, place.tip
    committer = person(body.get("committer"), asked.now)
    author = person(body.get("author") or body.get("committer"), asked.now)
    try:
        tree = graft(repository, tip.tree if tip else None, changes)
    except (PathError, MissingError) as error:
        raise RefusedError(422, "path contains a malformed path component") from error
    raw = NewCommit(tree, [tip.sha] if tip else [], author, committer, body["message"]).raw()
    sha = put(repository, "commit", raw)
    if not move(repository, place.ref, sha, tip.sha if tip else NOWHERE):
        raise RefusedError(409, f"{place.ref} was moved by somebody else")
    return Commit.parse(sha, raw)


_CONTENTS = "/repos/<owner>/<repo>/contents"
ROUTES: list[tuple[str, str, View]] = [
    ("GET", f"{_CONTENTS}/", get_content),
    ("GET", f"{_CONTENTS}/<path:path>", get_content),
    ("PUT", f"{_CONTENTS}/<path:path>", put_content),
    ("DELETE", f"{_CONTENTS}/<path:path>", delete_content),
]
