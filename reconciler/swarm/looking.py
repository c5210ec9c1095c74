"""The glass: reads a SQLite file without leaving a trace beside it, also while a run writes to it."""

import sqlite3
from contextlib import ExitStack
from pathlib import Path
from threading import RLock
from typing import Any
from urllib.parse import quote

from reconciler.model.errors import Transient
from reconciler.swarm.migrations import version
from reconciler.swarm.rows import lenient

TRIES = 5
Signature = tuple[int, ...] | None


class Glass:
    """Runs queries on a database that other processes own. Threads may share it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = path.with_name(path.name + "-wal")
        self._index = path.with_name(path.name + "-shm")
        self._lock = RLock()
        self._open = ExitStack()
        self._seen: Signature = None
        self._database: sqlite3.Connection | None = None

    def rows(self, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """Return all rows of one query; none when the file is not there or still empty.

        Raises sqlite3.Error, Terminal (a newer or foreign file), Transient.
        """
        with self._lock:
            for _ in range(TRIES):
                try:
                    self._focus()
                    database = self._database
                    found = database.execute(query, values).fetchall() if database else []
                except sqlite3.Error:
                    if self._signature() == self._seen:
                        raise
                    continue
                if self._signature() == self._seen:
                    return found
        msg = f"{self._path} changes too fast to be read"
        raise Transient(msg)

    def close(self) -> None:
        """Close."""
        with self._lock:
            self._database, self._seen = None, None
            self._open.close()

    def _focus(self) -> None:
        now = self._signature()
        if self._database is not None and now == self._seen:
            return
        self.close()
        self._seen = now
        if now is None:
            return
        database = sqlite3.connect(self._address(), uri=True, check_same_thread=False, isolation_level=None)
        self._open.callback(database.close)
        database.text_factory = lenient
        if version(database, self._path):
            self._database = database

    def _signature(self) -> Signature:
        """Return what must not change under a reader who takes no lock."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        if self._log.exists():
            return (found.st_ino,)
        return (found.st_ino, found.st_size, found.st_mtime_ns)

    def _address(self) -> str:
        """Return how to open without leaving a trace.

        No write-ahead log: nobody writes; `immutable` takes no lock and makes no file (we look whether
        it changed meanwhile). A log with its index: `readonly_shm` maps the index without changing it.
        A log alone, as a copied folder may have it: only a copy can be read without making the index.
        """
        path = self._path
        if not self._log.exists():
            return f"file:{quote(str(path))}?immutable=1"
        if self._index.exists():
            return f"file:{quote(str(path))}?mode=ro&readonly_shm=1"
        import shutil  # noqa: PLC0415 -- with tempfile 10 ms of every start, needed in this odd case alone
        import tempfile  # noqa: PLC0415 -- as above

        folder = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="ship-")))
        shutil.copyfile(path, folder / path.name)
        shutil.copyfile(self._log, folder / self._log.name)
        return f"file:{quote(str(folder / path.name))}?mode=rw"
