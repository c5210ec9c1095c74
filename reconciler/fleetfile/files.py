"""Files under `fleet/`: lists and reads them without ever blocking, and knows what did not change."""

import hashlib
import os
import re
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.fleetfile.marks import Place, Trouble
from reconciler.model.errors import Terminal

SIZE = 1_048_576
SETTLED_NS = 2_000_000_000
"""A file changed less than this before it was read may change again without a new time stamp."""

Stamp = tuple[int, int, int, int, str]
"""Modification and change time in ns (one can be set at will, the other not), size, inode, blob id."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One YAML file as the folder lists it."""

    file: str
    """Path relative to the root, with `/`."""
    stem: str
    mode: int
    mtime_ns: int
    ctime_ns: int
    size: int
    inode: int

    @property
    def regular(self) -> bool:
        """Say whether it is a plain file: not a folder, link, FIFO, socket or device."""
        return stat.S_ISREG(self.mode)

    def unchanged(self, stamp: Stamp | None) -> bool:
        """Say whether the stamp was taken of this very content."""
        here = (self.mtime_ns, self.ctime_ns, self.size, self.inode)
        return stamp is not None and stamp[:4] == here and self.regular


@dataclass(frozen=True, slots=True)
class Unreadable(Exception):  # noqa: N818 -- a verdict
    """A file that cannot be read, and why."""

    trouble: Trouble


def listing(root: Path, folder: str) -> list[Listed]:
    """List the YAML files of a folder, sorted by name; empty when there is none."""
    try:
        with os.scandir(root / folder) as entries:
            found = [
                _listed(f"{folder}/{entry.name}", entry.stat(follow_symlinks=False))
                for entry in entries
                if _yaml(entry.name)
            ]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        msg = f"{folder}: cannot be listed: {error.strerror}"
        raise Terminal(msg) from error
    return sorted(found, key=lambda listed: listed.file)


def _yaml(name: str) -> bool:
    return name.endswith((".yaml", ".yml")) and not name.startswith(".")


def single(root: Path, file: str) -> Listed | None:
    """Look at one file; None when there is none."""
    try:
        return _listed(file, (root / file).lstat())
    except (FileNotFoundError, NotADirectoryError):
        return None


def _listed(file: str, found: os.stat_result) -> Listed:
    # a name that is not UTF-8, or that a terminal would obey, can be shown, not read
    file = file.encode("utf-8", "backslashreplace").decode()
    file = _OBEYED.sub(lambda sign: f"\\x{ord(sign[0]):02x}", file)
    stem = file.rpartition("/")[2].rpartition(".")[0]
    return Listed(
        file, stem, found.st_mode, found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
    )


def read(root: Path, listed: Listed) -> bytes:
    """Read a whole file. Raises Unreadable."""
    if "\\" in listed.file:
        raise _refuse(*_MISNAMED)
    if not listed.regular:
        raise _refuse(_KINDS.get(stat.S_IFMT(listed.mode), "is not a regular file"), "put a plain file here")
    if listed.size > SIZE:
        raise _refuse(*_LARGE)
    try:
        # O_NONBLOCK and O_NOFOLLOW: it may have become a FIFO or a link since it was listed
        descriptor = os.open(root / listed.file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            content = file.read(SIZE + 1)
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        raise _refuse(reason, "check its owner and mode") from error
    if len(content) > SIZE:
        raise _refuse(*_LARGE)
    return content


_OBEYED = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
_MISNAMED = ("has a name that no product can have", "rename it")
_LARGE = (f"is larger than {SIZE // 1024} KiB", "split it, or move comments elsewhere")
_KINDS: Mapping[int, str] = {
    stat.S_IFLNK: "is a symbolic link",
    stat.S_IFDIR: "is a folder",
    stat.S_IFIFO: "is a FIFO",
    stat.S_IFSOCK: "is a socket",
}


def _refuse(message: str, hint: str) -> Unreadable:
    return Unreadable(Trouble(Place(1, 1), f"the file {message}", hint))


def blob(content: bytes) -> str:
    """Return the id that git gives this content (SHA-1 of `blob <size>` NUL content)."""
    return hashlib.sha1(b"blob %d\0%b" % (len(content), content), usedforsecurity=False).hexdigest()


def stamp(listed: Listed, content: bytes) -> Stamp:
    """Describe a content so that it is known again without being read."""
    young = time.time_ns() - max(listed.mtime_ns, listed.ctime_ns) < SETTLED_NS
    return (0 if young else listed.mtime_ns, listed.ctime_ns, listed.size, listed.inode, blob(content))
