"""The Swarm DB opened to look; by itself, since `ship status` waits for every import."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from reconciler.model.errors import LeaseLost, Terminal, Transient, WriteRefused
from reconciler.swarm.looking import Glass
from reconciler.swarm.reading import Reading

if TYPE_CHECKING:
    from reconciler.ports import Batch  # all protocols: an eighth of the time of `ship status`

SCHEME = "sqlite:"
PASSING = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})


def read_store(root: Path, url: str) -> "LookingStore":
    """Open to look: no lease, no trace on disk. What is not there reads as empty."""
    return LookingStore(database_path(root, url))


def database_path(root: Path, url: str) -> Path:
    """Return where `sqlite:PATH` is. Raises Terminal."""
    if not url.startswith(SCHEME) or url == SCHEME:
        msg = f'swarm.url: "{url}" is not of the form {SCHEME}PATH'
        raise Terminal(msg)
    return root / url.removeprefix(SCHEME)


class LookingStore(Reading):
    """Reads only."""

    fence = 0

    def __init__(self, path: Path) -> None:
        self._path, self._glass = path, Glass(path)
        super().__init__(self._rows)

    def guard(self) -> NoReturn:
        """Raise LeaseLost: there never was a lease."""
        msg = "this run only looks: it holds no lease"
        raise LeaseLost(msg)

    def write(self, batch: "Batch") -> NoReturn:  # noqa: ARG002 -- the protocol has it
        """Raise WriteRefused."""
        msg = "this run only looks: nothing may be written"
        raise WriteRefused(msg)

    def close(self) -> None:
        """Close."""
        self._glass.close()

    def _rows(self, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with told(self._path):
            return self._glass.rows(query, values)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what SQLite says into a verdict."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        verdict = Transient if code in PASSING else Terminal
        msg = f"{path}: {error}"
        raise verdict(msg) from error
