"""What a folder holds, to the byte and to the nanosecond."""

import hashlib
from pathlib import Path


def fingerprint(root: Path) -> dict[str, str]:
    """Return path to mode, time of the last change and digest of everything under a folder.

    A file that was made and removed again shows in the time of its folder.
    """
    return {
        str(path.relative_to(root)): f"{status.st_mode:o} {status.st_mtime_ns} {_content(path)}"
        for path in (root, *sorted(root.rglob("*")))
        for status in (path.lstat(),)
    }


def _content(path: Path) -> str:
    if path.is_symlink():
        return str(path.readlink())
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
