"""Writes to a bare repository: objects, trees with changed paths, refs moved from where they are."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.localforge.objects import Entry, Person, valid_ref
from reconciler.localforge.plumbing import GitError, git
from reconciler.localforge.repository import Repository

NOWHERE = "0" * 40
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_BAD_PART = re.compile(r"|\.|\.\.|\.git", re.IGNORECASE)


class PathError(ValueError):
    """A path that must not stand in a tree."""


class MissingError(ValueError):
    """A path to be removed that is not there."""


@dataclass(frozen=True, slots=True)
class NewCommit:
    """A commit to be written."""

    tree: str
    parents: Sequence[str]
    author: Person
    committer: Person
    message: str

    def raw(self) -> bytes:
        """Return the bytes of the object."""
        lines = [f"tree {self.tree}", *(f"parent {parent}" for parent in self.parents)]
        lines += [f"author {self.author.raw()}", f"committer {self.committer.raw()}"]
        return _raw(lines, self.message)


def tag_raw(target: tuple[str, str], name: str, tagger: Person, message: str) -> bytes:
    """Return the bytes of an annotated tag of `target` (id, type)."""
    lines = [f"object {target[0]}", f"type {target[1]}", f"tag {name}", f"tagger {tagger.raw()}"]
    return _raw(lines, message)


def put(repository: Repository, kind: str, raw: bytes) -> str:
    """Write one object that git finds well-formed; return its id. Raises GitError."""
    return git(repository.folder, "hash-object", "-t", kind, "-w", "--stdin", stdin=raw).decode().strip()


def graft(repository: Repository, tree: str | None, changes: Mapping[str, tuple[str, str] | None]) -> str:
    """Write a tree with some paths set to (mode, id), or removed (None); return its id.

    Folders that become empty go. Raises PathError, MissingError, GitError.
    """
    entries = {entry.path: entry for entry in (repository.tree(tree) if tree else None) or ()}
    below: dict[str, dict[str, tuple[str, str] | None]] = {}
    for path, change in changes.items():
        first, slash, rest = path.partition("/")
        if _BAD_PART.fullmatch(first) or "\0" in first:
            msg = f"{path!r} is not a path of a tree"
            raise PathError(msg)
        if slash:
            below.setdefault(first, {})[rest] = change
        elif change is not None:
            entries[first] = Entry(change[0], first, change[1])
        elif entries.pop(first, None) is None:
            msg = f"{path!r} is not there"
            raise MissingError(msg)
    for first, inner in below.items():
        known = entries.get(first)
        sha = graft(repository, known.sha if known and known.type == "tree" else None, inner)
        if sha == EMPTY_TREE:
            entries.pop(first, None)
        else:
            entries[first] = Entry("040000", first, sha)
    lines = [f"{entry.mode} {entry.type} {entry.sha}\t{entry.path}\0" for entry in entries.values()]
    text = "".join(lines).encode("utf-8", "surrogateescape")
    return git(repository.folder, "mktree", "-z", stdin=text).decode().strip()


def move(repository: Repository, name: str, new: str | None, old: str) -> bool:
    """Move a ref from `old` (`NOWHERE`: create) to `new` (None: delete); False when it was not there.

    Two requests at once: one of them gets False, none is lost.
    """
    if not valid_ref(name):
        return False
    words = ("-d", "--", name, old) if new is None else ("--", name, new, old)
    try:
        git(repository.folder, "update-ref", *words)
    except GitError:
        return False
    return True


def contains(repository: Repository, descendant: str, ancestor: str) -> bool:
    """Say whether a commit is another's ancestor or the same."""
    return merge_base(repository, descendant, ancestor) == ancestor


def merge_base(repository: Repository, one: str, other: str) -> str | None:
    """Return the best common ancestor; None: there is none."""
    return git(repository.folder, "merge-base", one, other, fine=(0, 1)).decode().strip() or None


def _raw(lines: Sequence[str], message: str) -> bytes:
    text = "\n".join(lines) + "\n\n" + message.replace("\0", "")
    return text.encode("utf-8", "replace") + (b"" if message.endswith("\n") else b"\n")
