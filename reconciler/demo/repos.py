"""Bare git repositories with an invented past: real git, fixed dates, the same commits on every machine."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

AUTHOR = "Demo Author <author@demo.example>"
BIRTHDAY = 1_767_261_600
"""Of the first commit: 2026-01-01T10:00:00Z in epoch seconds."""
HOUR = 3600

Git = Callable[[Path, Sequence[str], bytes], bytes]
"""Runs git in a folder with these arguments and stdin; returns stdout."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit on `main`: the files that it writes, and the tag that it gets."""

    subject: str
    files: Mapping[str, str] = field(default_factory=dict)
    tag: str | None = None


def plant(git: Git, repo: Path, first: Commit) -> None:
    """Make a bare repository whose `main` holds one commit."""
    repo.mkdir(parents=True)
    git(repo, ["init", "--quiet", "--bare", "--initial-branch=main", "."], b"")
    git(repo, ["fast-import", "--quiet"], _stream(first, parent=None, at=BIRTHDAY))


def grow(git: Git, repo: Path, following: Commit) -> None:
    """Add one commit to `main`, an hour after the last one."""
    last = int(git(repo, ["log", "-1", "--format=%ct", "main"], b""))
    stream = _stream(following, parent="refs/heads/main^0", at=last + HOUR)
    git(repo, ["fast-import", "--quiet"], stream)


def _stream(commit: Commit, *, parent: str | None, at: int) -> bytes:
    # the input format of git-fast-import(1)
    who = f"{AUTHOR} {at} +0000"
    lines = ["commit refs/heads/main", "mark :1", f"author {who}", f"committer {who}", _data(commit.subject)]
    lines += [f"from {parent}"] if parent else []
    lines += [f"M 100644 inline {path}\n{_data(text)}" for path, text in sorted(commit.files.items())]
    if commit.tag:
        lines += [f"tag {commit.tag}", "from :1", f"tagger {who}", _data(commit.subject)]
    return ("\n".join(lines) + "\n").encode()


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}"
