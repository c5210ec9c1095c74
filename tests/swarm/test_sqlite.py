"""The file: versions, strangers, locks, modes."""

import json
import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.model.errors import Terminal, Transient
from reconciler.ports import Batch
from reconciler.swarm.audit import verify
from reconciler.swarm.migrations import KNOWN
from reconciler.swarm.reader import read_store
from reconciler.swarm.sqlite import Store, open_store
from tests.world.samples import entry, event, status

URL = "sqlite:.codemonkeys/state/swarm.db"


def database(root: Path) -> Path:
    """Return where the database is."""
    return root / ".codemonkeys/state/swarm.db"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Give a store opened to write."""
    opened = open_store(tmp_path, URL, clean=str)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (f"PRAGMA user_version = {KNOWN + 1}", f"has version {KNOWN + 1}, this Ship knows versions up to"),
        ("PRAGMA application_id = 7", "is not a Swarm DB"),
    ],
    ids=["newer than we know", "somebody else's"],
)
def test_foreign_files_are_refused(tmp_path: Path, script: str, message: str) -> None:
    """A database that is newer or not ours is not touched, neither to write nor to look."""
    open_store(tmp_path, URL, clean=str).close()
    other = sqlite3.connect(database(tmp_path))
    other.execute(script)
    other.close()
    for _ in range(2):
        with pytest.raises(Terminal, match=message):
            open_store(tmp_path, URL, clean=str)
    look = read_store(tmp_path, URL)
    with pytest.raises(Terminal, match=message):
        look.statuses()
    look.close()


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """Anything else under that name is a plain error, and stays as it is."""
    database(tmp_path).parent.mkdir(parents=True)
    database(tmp_path).write_text("x" * 5000)
    look = read_store(tmp_path, URL)
    for attempt in (lambda: open_store(tmp_path, URL, clean=str), look.statuses):
        with pytest.raises(Terminal, match="file is not a database"):
            attempt()
    look.close()
    assert database(tmp_path).read_text() == "x" * 5000


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("UPDATE ledger SET phase = 'strange'", "table 'ledger' cannot be read"),
        ("UPDATE latest SET conditions = '{'", "table 'latest' cannot be read"),
        ("INSERT INTO freeze VALUES (1, 'x', 'y', 'never', NULL)", "table 'freeze' cannot be read"),
        ("DELETE FROM meta", "has lost its head"),
    ],
    ids=["a phase that is none", "cut JSON", "a time that is none", "no head"],
)
def test_rows_altered_beyond_reading_are_one_clear_error(tmp_path: Path, script: str, message: str) -> None:
    """Somebody's hand in the tables is told, and what to do about it."""
    store = open_store(tmp_path, URL, clean=str)
    store.write(Batch(entries=[entry()], statuses=[status()]))
    store.close()
    with closing(sqlite3.connect(database(tmp_path))) as other, other:
        other.execute(script)

    def read() -> None:
        with closing(open_store(tmp_path, URL, clean=str)) as opened:
            _ = opened.entries(), opened.statuses(), opened.frozen()

    with pytest.raises(Terminal, match=f"(?s){message}.*: restore it, or move it away"):
        read()


def test_migration_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """All steps or none."""
    database(tmp_path).parent.mkdir(parents=True)
    other = sqlite3.connect(database(tmp_path))
    other.executescript(f"CREATE TABLE freeze (x); PRAGMA application_id = {0x53484950}")
    other.close()
    with pytest.raises(Terminal, match="freeze already exists"):
        open_store(tmp_path, URL, clean=str)
    other = sqlite3.connect(database(tmp_path))
    assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("freeze",)]
    other.close()


def test_database_that_stays_locked_is_a_passing_trouble(tmp_path: Path, store: Store) -> None:
    """Somebody else's long transaction is worth another try."""
    store._database.execute("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(database(tmp_path), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Transient, match="database is locked"):
        store.write(Batch(events=[event()]))
    other.close()
    store.write(Batch(events=[event()]))


@pytest.mark.parametrize("url", ["swarm.db", "postgresql://h/d", "sqlite:"])
def test_address_of_another_form_is_refused(tmp_path: Path, url: str) -> None:
    """Only sqlite:PATH is known."""
    with pytest.raises(Terminal, match=r"is not of the form sqlite:PATH"):
        read_store(tmp_path, url)


def test_files_are_private(tmp_path: Path, store: Store) -> None:
    """Folder 0700, files 0600; the lock says who holds it."""
    modes = {p.name: oct(p.stat().st_mode & 0o777) for p in database(tmp_path).parent.iterdir()}
    assert set(modes.values()) == {"0o600"}
    assert database(tmp_path).parent.stat().st_mode & 0o777 == 0o700
    lock = json.loads((tmp_path / ".codemonkeys/state/lock").read_text())
    assert (lock["pid"], lock["fence"], lock["since"]) == (os.getpid(), store.fence, None)


def test_store_that_cannot_take_the_fence_gives_the_lease_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening fails while somebody's transaction lasts; afterwards the lease is free."""
    open_store(tmp_path, URL, clean=str).close()
    other = sqlite3.connect(database(tmp_path), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("reconciler.swarm.sqlite.BUSY_S", 0.01)
    with pytest.raises(Transient, match="database is locked"):
        open_store(tmp_path, URL, clean=str)
    other.close()
    open_store(tmp_path, URL, clean=str).close()


def test_full_disk_is_a_passing_trouble_and_loses_nothing(tmp_path: Path, store: Store) -> None:
    """A batch that finds no room is absent whole; once there is room again, writing goes on."""
    store.write(Batch(events=[event(n=1)]))
    (pages,) = store._rows("PRAGMA page_count", ())[0]
    store._database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(Transient, match="database or disk is full"):
        store.write(Batch(events=[event(n=2), event(text="x" * 100_000)], entries=[entry()]))
    store._database.execute(f"PRAGMA max_page_count = {pages + 1000}")
    assert (len(list(store.events())), store.entries()) == (1, {})
    store.write(Batch(events=[event(n=3)]))
    assert verify(store).count == 2


def test_threads_share_a_store(store: Store) -> None:
    """Many threads write and read through one store: every batch whole, one chain."""

    def write(n: int) -> int:
        store.write(Batch(events=[event(n=n), event(n=n)]))
        return len(list(store.events(limit=1)))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(write, range(60))) == 60
    numbers = [e.event.data["n"] for e in store.events()]
    assert numbers[::2] == numbers[1::2]
    assert sorted(numbers[::2]) == list(range(60))
    assert verify(store).broken is None
