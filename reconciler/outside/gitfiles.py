"""Files between a folder and git: links kept inside a work tree, a folder as one commit, git's complaints."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO

from reconciler.model.errors import Terminal
from reconciler.ports import Tip

_WHO = "Ship <ship@localhost.invalid>"
_LONGEST = 300
_LOUD = re.compile(r"^(fatal|error|ERROR|!|ssh|remote: (error|fatal|ERROR|GH\d+))\b")


def contain_links(folder: Path) -> None:
    """Write each link that leads out of the folder, or into `.git`, as a plain file with the link's text.

    That is what git itself does where there are no links: no later build can follow one out.
    """
    root = Path(os.path.realpath(folder))
    for link in [path for path in _walk(folder) if path.is_symlink()]:
        target = Path(os.path.realpath(link))
        if not target.is_relative_to(root) or target.is_relative_to(root / ".git"):
            text = os.fsencode(link.readlink())
            link.unlink()
            link.write_bytes(text)


def _walk(folder: Path) -> Iterator[Path]:
    """Yield what is no folder, sorted by path; links to folders are not entered."""
    found: list[Path] = []
    for place, folders, files in os.walk(folder):
        here = Path(place)
        found += [here / name for name in files]
        found += [here / name for name in folders if (here / name).is_symlink()]
    yield from sorted(found)


def write_stream(tip: Tip, stream: Path) -> None:
    """Write the folder as one commit in the format of git-fast-import. Raises Terminal (a link, a `.git`)."""
    who = f"{_WHO} {tip.epoch} +0000"
    with stream.open("wb") as out:
        out.write(f"commit refs/ship/new\nauthor {who}\ncommitter {who}\n".encode())
        _data(out, tip.message.encode())
        out.write(f"from {tip.parent}\ndeleteall\n".encode() if tip.parent else b"")
        for path in _walk(tip.folder):
            name = path.relative_to(tip.folder)
            _refuse(path, name)
            out.write(b"M 100644 inline " + _quoted(os.fsencode(name)) + b"\n")
            _data(out, path.read_bytes())
        out.write(b"done\n")


def _refuse(path: Path, name: Path) -> None:
    if not S_ISREG(path.lstat().st_mode):
        msg = f"{str(name)!r} cannot be published: it is no regular file"
        raise Terminal(msg)
    if any(part.lower() == ".git" for part in name.parts):
        msg = f"{str(name)!r} cannot be published: git keeps '.git' for itself"
        raise Terminal(msg)


def _data(out: BinaryIO, content: bytes) -> None:
    out.write(b"data %d\n" % len(content))
    out.write(content)
    out.write(b"\n")


def _quoted(name: bytes) -> bytes:
    """Quote a path as C does: any byte may stand in a name but NUL and a slash."""
    return b'"' + re.sub(rb'[\x00-\x1f"\\]', lambda hit: b"\\%03o" % hit[0][0], name) + b'"'


def one_line(text: str, folder: Path) -> str:
    """Condense what git wrote to stderr: the complaints alone, without the work folder's name."""
    lines = [re.sub(r"[\x00-\x1f\x7f]+", " ", line).strip() for line in text.splitlines()]
    lines = [line for line in lines if line]
    loud = [line for line in lines if _LOUD.match(line)]
    return "; ".join(loud or lines[-1:]).replace(str(folder), ".")[:_LONGEST]
