"""The Swarm DB in one SQLite file: opened to write (one process at a time) or to look."""

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from threading import RLock
from typing import Any
from urllib.parse import quote

from reconciler.model.errors import LeaseLost, Terminal, WriteRefused
from reconciler.model.record import Entry
from reconciler.outside.locks import is_file
from reconciler.ports import Batch, Swarm
from reconciler.settings import STATE_FOLDER
from reconciler.swarm import rows
from reconciler.swarm.lease import Claim, Lease, acquire
from reconciler.swarm.migrations import migrate
from reconciler.swarm.reader import LookingStore, database_path, told
from reconciler.swarm.reading import MEND, Reading

BUSY_S = 15.0
"""How long a write waits for another process's transaction, such as a freeze."""


def open_store(root: Path, url: str, *, clean: rows.Clean, claim: Claim | None = None) -> "Store":
    """Take the lease of the state folder and open the database, making what is not there.

    Raises Waiting (somebody else holds the lease), Terminal (a newer or foreign file), Transient.
    """
    claim = claim or Claim()
    path = database_path(root, url)
    folder = root / STATE_FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lease = acquire(folder / "lock", claim)
    try:
        store = Store(path, clean, lease)
        lease.note(claim, store.fence)
    except BaseException:
        lease.release()
        raise
    return store


def post(root: Path, url: str, batch: Batch, *, clean: rows.Clean) -> None:
    """Commit what a person orders while a run may hold the lease: a freeze, a thaw, their events.

    Raises WriteRefused for anything else, Terminal, Transient.
    """
    if any((batch.entries, batch.statuses, batch.forget, batch.cursors, batch.cache)):
        msg = "only a freeze or a thaw may be written without the lease"
        raise WriteRefused(msg)
    store = Store(database_path(root, url), clean, None)
    try:
        store.write(batch)
    finally:
        store.close()


class Store(Reading):
    """Reads and writes. Threads may share it."""

    def __init__(self, path: Path, clean: rows.Clean, lease: Lease | None) -> None:
        super().__init__(self._rows)
        self._path, self._clean, self._lease = path, clean, lease
        self._lock = RLock()
        self._ledger: Mapping[tuple[str, str, str], Entry] | None = None
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._database = _connect(path)
        try:
            self._file = path.stat()
            self.fence = self._take() if lease else 0
        except BaseException:
            self._database.close()
            raise

    def guard(self) -> None:
        """Raise LeaseLost when the lease is no longer ours."""
        self._own_files()
        self._own_fence(self._rows("SELECT fence FROM meta", ())[0][0])

    def write(self, batch: Batch) -> None:
        """Commit the batch durably. Raises LeaseLost (nothing written), Transient, Terminal."""
        self._own_files()
        if not any(getattr(batch, one.name) for one in fields(batch)):
            return
        with self._lock, self._transaction() as database:
            fence, seq, head = database.execute("SELECT fence, head_seq, head_hash FROM meta").fetchone()
            self._own_fence(fence)
            _append(database, batch, self._clean, (seq, head))
            _upsert(database, batch, self._clean)
            _order(database, batch, self._clean)
        if batch.entries and self._ledger is not None:
            self._ledger = {**self._ledger, **{entry.key: entry for entry in batch.entries}}

    def entries(self) -> Mapping[tuple[str, str, str], Entry]:
        """Read the ledger rows by key; from memory, as only the lease's holder changes them."""
        if self._ledger is None:
            self._ledger = super().entries()
        return self._ledger

    def close(self) -> None:
        """Give the lease back and close."""
        with self._lock:
            self._database.close()
            if self._lease:
                self._lease.release()
                self._lease = None

    def _rows(self, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with self._lock, told(self._path):
            return self._database.execute(query, values).fetchall()

    def _take(self) -> int:
        with self._transaction() as database:
            database.execute("UPDATE meta SET fence = fence + 1")
            found = database.execute("SELECT fence FROM meta").fetchone()
            if found is None:
                msg = f"{self._path} is damaged: it has lost its head: {MEND}"
                raise Terminal(msg)
            return int(found[0])

    def _own_files(self) -> None:
        if self._lease:
            self._lease.check()
        if not is_file(self._file, self._path):
            msg = f"the lease is lost: {self._path} was deleted or replaced"
            raise LeaseLost(msg)

    def _own_fence(self, fence: int) -> None:
        if self._lease and fence != self.fence:
            msg = f"the lease is lost: another run took over {self._path}"
            raise LeaseLost(msg)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with told(self._path):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:  # pragma: no branch -- SQLite ends some by itself
                    self._database.execute("ROLLBACK")
                raise


def _stores(store: Store, look: LookingStore) -> tuple[Swarm, Swarm]:  # pragma: no cover -- read by mypy only
    return store, look


def _connect(path: Path) -> sqlite3.Connection:
    if not path.exists():
        # Never open and close a file that SQLite has open: that would drop its POSIX locks.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    with told(path):
        database = sqlite3.connect(
            f"file:{quote(str(path))}?mode=rw",
            uri=True,
            timeout=BUSY_S,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            database.text_factory = rows.lenient
            migrate(database, path)
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = FULL")  # a commit is on the disk before we act
        except BaseException:
            database.close()
            raise
        return database


def _append(database: sqlite3.Connection, batch: Batch, clean: rows.Clean, head: tuple[int, str]) -> None:
    seq, previous = head
    new = []
    for event in batch.events:
        seq += 1
        new.append(rows.event_row(event, seq, previous, clean))
        previous = new[-1][-1]
    if new:
        database.executemany(f"INSERT INTO events ({rows.EVENT}) VALUES ({_marks(8)})", new)  # noqa: S608 -- constants only
        database.execute("UPDATE meta SET head_seq = ?, head_hash = ?", (seq, previous))


def _upsert(database: sqlite3.Connection, batch: Batch, clean: rows.Clean) -> None:
    put = "INSERT OR REPLACE INTO"
    database.executemany(
        f"{put} ledger ({rows.ENTRY}) VALUES ({_marks(15)})",
        [rows.entry_row(entry, clean) for entry in batch.entries],
    )
    database.executemany(
        f"{put} latest ({rows.STATUS}) VALUES ({_marks(8)})",
        [rows.status_row(status, clean) for status in batch.statuses],
    )
    database.executemany("DELETE FROM latest WHERE product = ?", [(name,) for name in batch.forget])
    database.executemany(f"{put} cursors (reader, seq) VALUES (?, ?)", batch.cursors.items())
    cache = [(*place, value) for place, value in batch.cache.items()]
    # What the redactor would alter is useless as a cached value, and must not be kept.
    kept = [row for row in cache if all(rows.scrub(text, clean) == text for text in row)]
    database.executemany(f"{put} cache (space, key, value) VALUES (?, ?, ?)", kept)


def _order(database: sqlite3.Connection, batch: Batch, clean: rows.Clean) -> None:
    if batch.thaw or batch.freeze:
        database.execute("DELETE FROM freeze")
    if batch.freeze:
        row = rows.freeze_row(batch.freeze, clean)
        database.execute("INSERT INTO freeze (one, reason, by, since, until) VALUES (1, ?, ?, ?, ?)", row)


def _marks(count: int) -> str:
    return ", ".join("?" * count)
