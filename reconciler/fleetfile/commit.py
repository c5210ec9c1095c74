"""The commit of the checkout that holds the fleet, read from git's own files (gitrepository-layout(5))."""

import re
from pathlib import Path

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def head(root: Path) -> str | None:
    """Return HEAD of the git checkout around a folder; None outside git or before the first commit."""
    for folder in (root, *root.parents):
        if (git := _git_folder(folder / ".git")) is not None:
            return _resolve(git)
    return None


def _git_folder(entry: Path) -> Path | None:
    if entry.is_dir():
        return entry
    text = _text(entry)  # a work tree beside its repository
    return (entry.parent / text.removeprefix("gitdir: ")) if text.startswith("gitdir: ") else None


def _resolve(git: Path) -> str | None:
    text = _text(git / "HEAD")
    shared = git / (_text(git / "commondir") or ".")
    if text.startswith("ref: refs/"):
        ref = text.removeprefix("ref: ")
        text = _text(git / ref) or _text(shared / ref) or _packed(shared, ref)
    return text if _COMMIT.fullmatch(text) else None


def _packed(git: Path, ref: str) -> str:
    for line in _text(git / "packed-refs").splitlines():
        if line.endswith(f" {ref}"):
            return line.partition(" ")[0]
    return ""


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
