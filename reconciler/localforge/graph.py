"""The forge's GraphQL: a cut of GitHub's own schema, answered from bare repositories."""

import base64
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from graphql import DocumentNode, GraphQLError, GraphQLSchema, build_schema, execute_sync, parse, validate

from reconciler.localforge.objects import Commit, Entry, Tag, stamp
from reconciler.localforge.repository import Repository

TEXT_LIMIT = 512_000
"""Bytes of a blob that are given as text."""
Find = Callable[[str, str], Repository | None]
Node = dict[str, Any]


class NotFoundError(GraphQLError):
    """No such repository; GitHub tells it in the error's `type`."""


class RootQuery:
    """The fields of `Query`."""

    def __init__(self, find: Find, reset_at: str) -> None:
        self._find = find
        self.rateLimit = {  # the name is GitHub's
            "cost": 1,
            "limit": 5000,
            "nodeCount": 0,
            "remaining": 5000,
            "resetAt": reset_at,
            "used": 0,
        }

    def repository(self, _info: object, owner: str, name: str) -> Node:
        """Look one repository up."""
        found = self._find(owner, name)
        if found is None:
            msg = f"Could not resolve to a Repository with the name '{owner}/{name}'."
            raise NotFoundError(msg)
        return _repository(found)


@cache
def schema() -> GraphQLSchema:
    """Build the served cut of GitHub's schema, once."""
    sdl = Path(__file__).with_name("schema.graphql").read_text()
    return build_schema(sdl, assume_valid=True, assume_valid_sdl=True)


def answer(document: Mapping[str, Any], root: RootQuery) -> Node:
    """Answer `{"query": ..., "variables": ...}` in GitHub's form; errors are in the answer."""
    query = _checked(document["query"])
    if isinstance(query, tuple):
        return {"errors": [_error(error) for error in query]}
    result = execute_sync(
        schema(),
        query,
        root,
        variable_values=document.get("variables") or {},
        operation_name=document.get("operationName"),
    )
    told: Node = {"data": result.data}
    if result.errors:
        told["errors"] = [_error(error) for error in result.errors]
    return told


@lru_cache(maxsize=16)
def _checked(text: str) -> DocumentNode | tuple[GraphQLError, ...]:
    """Parse and validate; the errors when there are any.

    Remembered: names travel as variables, so one fleet's queries are the same text again and again.
    """
    try:
        query = parse(text)
    except GraphQLError as error:
        return (error,)
    return tuple(validate(schema(), query)) or query


def _error(error: GraphQLError) -> Node:
    told: Node = dict(error.formatted)
    if isinstance(error.original_error, NotFoundError) or isinstance(error, NotFoundError):
        told["type"] = "NOT_FOUND"
    return told


# ── nodes ────────────────────────────────────────────────────────────────────────────────────────


def _repository(repository: Repository) -> Node:
    return {
        "__typename": "Repository",
        "id": _id("R", repository.full_name),
        "databaseId": repository.number,
        "name": repository.name,
        "nameWithOwner": repository.full_name,
        "isArchived": False,
        "isEmpty": lambda _info: not repository.refs("refs/heads/"),
        "url": repository.folder.as_uri(),
        "sshUrl": repository.folder.as_uri(),
        "defaultBranchRef": lambda _info: _ref(repository, repository.head()),
        "ref": lambda _info, **named: _ref(repository, _qualified(repository, named["qualifiedName"])),
        "refs": lambda _info, **arguments: _refs(repository, **arguments),
        "object": lambda _info, **arguments: _expressed(repository, **arguments),
    }


def _qualified(repository: Repository, name: str) -> str:
    """GitHub takes short names too, branches first."""
    tries = (name, f"refs/{name}", f"refs/heads/{name}", f"refs/tags/{name}")
    return next((full for full in tries if repository.ref(full)), name)


def _ref(repository: Repository, name: str) -> Node | None:
    sha = repository.ref(name)
    return None if sha is None else _ref_node(repository, name, sha)


def _ref_node(repository: Repository, name: str, sha: str) -> Node:
    prefix = "/".join(name.split("/")[:2]) + "/"
    return {
        "__typename": "Ref",
        "id": _id("REF", f"{repository.full_name}:{name}"),
        "name": name.removeprefix(prefix),
        "prefix": prefix,
        "target": lambda _info: _object(repository, sha),
    }


def _refs(
    repository: Repository,
    refPrefix: str,  # noqa: N803 -- the name is GitHub's
    first: int | None = None,
    after: str | None = None,
    orderBy: Mapping[str, str] | None = None,  # noqa: N803 -- the name is GitHub's
) -> Node:
    if first is None or not 1 <= first <= 100:  # noqa: PLR2004 -- GitHub's limit
        msg = "You must provide a `first` value of 1 to 100 to properly paginate the `refs` connection."
        raise GraphQLError(msg)
    found = repository.refs(refPrefix if refPrefix.endswith("/") else f"{refPrefix}/")
    names = list(found)
    if orderBy and orderBy["field"] == "TAG_COMMIT_DATE":
        repository.read(found.values())
        names.sort(key=lambda name: (_commit_date(repository, found[name]), name))
    if orderBy and orderBy["direction"] == "DESC":
        names.reverse()
    start = names.index(known) + 1 if (known := _cursor_name(after)) in found else 0
    page = names[start : start + first]
    return {
        "totalCount": len(names),
        "nodes": [_ref_node(repository, name, found[name]) for name in page],
        "pageInfo": {
            "startCursor": _id("C", page[0]) if page else None,
            "endCursor": _id("C", page[-1]) if page else None,
            "hasNextPage": start + first < len(names),
            "hasPreviousPage": start > 0,
        },
    }


def _cursor_name(cursor: str | None) -> str:
    try:
        return base64.urlsafe_b64decode((cursor or "").removeprefix("C_")).decode()
    except ValueError:
        return ""


def _commit_date(repository: Repository, sha: str) -> float:
    commit = repository.commit(sha)
    return commit.committer.at.timestamp() if commit else 0.0


def _expressed(repository: Repository, expression: str | None = None, oid: str | None = None) -> Node | None:
    revision, colon, path = (expression or oid or "").partition(":")
    sha = repository.resolve(revision)
    if sha is None or not colon:
        return None if sha is None else _object(repository, sha)
    commit = repository.commit(sha)
    entry = repository.at(commit.tree if commit else sha, path)
    return None if entry is None or entry.type == "commit" else _object(repository, entry.sha)


def _object(repository: Repository, sha: str) -> Node | None:
    kind, raw = repository.read([sha]).get(sha, ("", b""))
    common = {"id": _id(kind[:1].upper(), f"{repository.full_name}:{sha}"), "oid": sha}
    common["abbreviatedOid"] = sha[:7]
    if kind == "commit":
        return {**common, **_commit(repository, Commit.parse(sha, raw))}
    if kind == "tag":
        tag = Tag.parse(sha, raw)
        target = {"target": lambda _info: _object(repository, tag.object)}
        return {**common, "__typename": "Tag", "name": tag.name, "message": tag.message, **target}
    if kind == "tree":
        return {
            **common,
            "__typename": "Tree",
            "entries": lambda _info: [_entry(repository, entry) for entry in repository.tree(sha) or ()],
        }
    return {**common, **_blob(raw)} if kind == "blob" else None


def _commit(repository: Repository, commit: Commit) -> Node:
    return {
        "__typename": "Commit",
        "message": commit.message,
        "messageHeadline": commit.message.partition("\n")[0],
        "committedDate": stamp(commit.committer.at),
        "statusCheckRollup": None,
        "tree": lambda _info: _object(repository, commit.tree),
    }


def _entry(repository: Repository, entry: Entry) -> Node:
    return {
        "name": entry.path,
        "path": entry.path,
        "oid": entry.sha,
        "mode": int(entry.mode, 8),
        "type": entry.type,
        "object": lambda _info: _object(repository, entry.sha),
    }


def _blob(raw: bytes) -> Node:
    binary = b"\0" in raw[:8000]
    text = None if binary else raw[:TEXT_LIMIT].decode(errors="replace")
    truncated = len(raw) > TEXT_LIMIT
    return {
        "__typename": "Blob",
        "byteSize": len(raw),
        "isBinary": binary,
        "isTruncated": truncated,
        "text": text,
    }


def _id(kind: str, text: str) -> str:
    return f"{kind}_{base64.urlsafe_b64encode(text.encode()).decode()}"
