"""The SQLite store: two processes, kill -9, versions, and looking without a trace."""

import hashlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from reconciler.model.errors import LeaseLost, Terminal, Transient, Waiting, WriteRefused
from reconciler.model.record import Freeze
from reconciler.ports import Batch
from reconciler.swarm.audit import verify
from reconciler.swarm.lease import Claim
from reconciler.swarm.looking import Glass
from reconciler.swarm.migrations import KNOWN
from reconciler.swarm.sqlite import Store, open_store, post, read_store
from tests.world.samples import NOON, entry, event, status

URL = "sqlite:.codemonkeys/state/swarm.db"


class Ticking:
    """A clock that only sleeping moves, and that does something after some sleeps."""

    def __init__(self, wakes: int = 99, deed: Store | None = None) -> None:
        self.slept, self.wakes, self.deed = 0.0, wakes, deed

    def now(self) -> datetime:
        """Return noon."""
        return NOON

    def sleep(self, seconds: float) -> None:
        """Count."""
        self.slept += seconds
        self.wakes -= 1
        if self.wakes == 0 and self.deed:
            self.deed.close()

    def random(self) -> float:
        """Return a half."""
        return 0.5


def database(root: Path) -> Path:
    """Return where the database is."""
    return root / ".codemonkeys/state/swarm.db"


def bytes_of(root: Path) -> dict[str, tuple[str, int]]:
    """Return digest and modification time of every file."""
    found = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(p): (hashlib.sha256(p.read_bytes()).hexdigest(), p.stat().st_mtime_ns) for p in found}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Give a store opened to write."""
    opened = open_store(tmp_path, URL, clean=str)
    yield opened
    opened.close()


# ── the lease ────────────────────────────────────────────────────────────────────────────────────


def test_second_process_is_told_who_holds_the_lease(tmp_path: Path) -> None:
    """Without waiting, the second says by whom and since when the state folder is held."""
    first = open_store(tmp_path, URL, clean=str, claim=Claim("r1", "reconcile --watch", clock=Ticking()))
    script = (
        "import sys; from pathlib import Path; from reconciler.swarm.sqlite import open_store\n"
        f"open_store(Path(sys.argv[1]), {URL!r}, clean=str)"
    )
    second = subprocess.run(
        [sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=False
    )
    first.close()
    who = (
        f"held by `reconcile --watch` (pid {os.getpid()} on {os.uname().nodename}) since 2026-03-01T12:00:00"
    )
    assert second.returncode == 1
    assert who in second.stderr


def test_second_waits_until_the_first_is_done(tmp_path: Path, store: Store) -> None:
    """While it waits it says once who holds the lease; then it goes on with a higher fence."""
    clock, heard = Ticking(3, store), list[str]()
    claim = Claim(clock=clock, wait_s=10, on_wait=heard.append)
    fence = store.fence
    second = open_store(tmp_path, URL, clean=str, claim=claim)
    assert (second.fence, len(heard)) == (fence + 1, 1)
    assert clock.slept < 1
    second.close()


def test_waiting_ends_after_its_time(tmp_path: Path, store: Store) -> None:
    """A claim waits no longer than it says."""
    clock = Ticking()
    with pytest.raises(Waiting):
        open_store(tmp_path, URL, clean=str, claim=Claim(clock=clock, wait_s=3))
    assert 3 <= clock.slept < 4


def test_lock_file_of_strange_content_still_names_the_trouble(tmp_path: Path, store: Store) -> None:
    """Whatever stands in the lock file, the second process is told that it is locked."""
    lock = tmp_path / ".codemonkeys/state/lock"
    for content in ("", "[]", "{}", "\x00"):
        lock.write_text(content)
        with pytest.raises(Waiting, match="held by another process"):
            open_store(tmp_path, URL, clean=str)


def test_lease_is_lost_when_files_are_replaced(tmp_path: Path, store: Store) -> None:
    """A deleted lock, a deleted database or a moved fence: nothing is written any more."""
    lock = tmp_path / ".codemonkeys/state/lock"
    lock.rename(lock.with_name("aside"))
    with pytest.raises(LeaseLost, match="lock was deleted or replaced"):
        store.guard()
    lock.with_name("aside").rename(lock)
    store.guard()
    database(tmp_path).rename(tmp_path / "aside.db")
    with pytest.raises(LeaseLost, match=r"swarm\.db was deleted or replaced"):
        store.write(Batch(events=[event()]))
    shutil.copyfile(tmp_path / "aside.db", database(tmp_path))
    with pytest.raises(LeaseLost):
        store.guard()


def test_lease_is_lost_when_the_fence_moves(tmp_path: Path, store: Store) -> None:
    """The fence is checked inside the very transaction that writes."""
    other = sqlite3.connect(database(tmp_path))
    other.execute("UPDATE meta SET fence = fence + 1")
    other.commit()
    other.close()
    with pytest.raises(LeaseLost, match="another run took over"):
        store.write(Batch(events=[event()]))
    assert list(store.events()) == []


def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    """After closing, the lease is free; closing again changes nothing."""
    first = open_store(tmp_path, URL, clean=str)
    first.close()
    first.close()
    open_store(tmp_path, URL, clean=str).close()


# ── kill -9 ──────────────────────────────────────────────────────────────────────────────────────

WRITER = f"""
import sys
from pathlib import Path
from reconciler.ports import Batch
from reconciler.swarm.sqlite import open_store
from tests.world.samples import entry, event
store = open_store(Path(sys.argv[1]), {URL!r}, clean=str)
print("open", flush=True)
for n in range(1_000_000):
    store.write(Batch(events=[event(n=n, part=part) for part in range(3)], entries=[entry(tries=n)]))
    print(n, flush=True)
"""


def test_killed_writer_leaves_whole_batches(tmp_path: Path) -> None:
    """Killed at random points: the database opens, the chain holds, a batch is whole or absent.

    What the writer was told is committed is there; the lease is free at once.
    """
    chance = random.Random(7)
    for round_ in range(12):
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:  # not the disk: its waits hide points
            root = Path(folder)
            writer = subprocess.Popen([sys.executable, "-c", WRITER, root], stdout=subprocess.PIPE, text=True)
            assert writer.stdout is not None
            told = -1
            for _ in range(1 + chance.randrange(0, 4 + 8 * round_)):
                line = writer.stdout.readline().strip()
                told = int(line) if line.isdigit() else told
            writer.kill()
            rest = [int(line) for line in writer.stdout.read().split() if line.isdigit()]
            writer.wait()
            writer.stdout.close()
            told = max([told, *rest])
            look = read_store(root, URL)
            seen = [e.event.data for e in look.events()]
            look.close()
            store = open_store(root, URL, clean=str)
            written = [e.event.data for e in store.events()]
            batches = len(written) // 3
            assert seen == written
            assert written == [{"n": n, "part": part} for n in range(batches) for part in range(3)]
            assert batches in (told + 1, told + 2)
            assert verify(store).broken is None
            assert [e.tries for e in store.entries().values()] == ([batches - 1] if batches else [])
            store.close()


# ── looking ──────────────────────────────────────────────────────────────────────────────────────


def killed(root: Path) -> None:
    """Leave what a killed writer leaves: a write-ahead log and its index."""
    script = WRITER.replace("1_000_000", "5") + "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    subprocess.run([sys.executable, "-c", script, root], stdout=subprocess.DEVNULL, check=False)


def test_looking_at_nothing_makes_nothing(tmp_path: Path) -> None:
    """A fleet that never ran reads as empty and stays without a state folder."""
    look = read_store(tmp_path, URL)
    assert (list(look.events()), look.statuses()) == ([], {})
    look.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("leaves", ["closed", "killed", "copied without the index"])
def test_looking_leaves_no_trace(tmp_path: Path, leaves: str) -> None:
    """After a clean end, a kill, or in a copied folder: everything is read, no byte changes."""
    if leaves == "closed":
        store = open_store(tmp_path, URL, clean=str)
        store.write(Batch(events=[event(n=n) for n in range(15)]))
        store.close()
        assert sorted(p.name for p in database(tmp_path).parent.iterdir()) == ["lock", "swarm.db"]
    else:
        killed(tmp_path)
    if leaves == "copied without the index":
        database(tmp_path).with_name("swarm.db-shm").unlink()
    before = bytes_of(tmp_path)
    look = read_store(tmp_path, URL)
    assert len(list(look.events())) == 15
    assert verify(look).broken is None
    look.close()
    assert bytes_of(tmp_path) == before


def test_looking_sees_what_is_written_meanwhile(tmp_path: Path) -> None:
    """One look follows a record through its whole life: absent, closed, being written, closed."""
    look = read_store(tmp_path, URL)
    counts = [len(list(look.events()))]
    for _ in range(2):
        store = open_store(tmp_path, URL, clean=str)
        store.write(Batch(events=[event()]))
        counts.append(len(list(look.events())))
        store.write(Batch(events=[event()]))
        counts.append(len(list(look.events())))
        store.close()
        counts.append(len(list(look.events())))
    look.close()
    assert counts == [0, 1, 2, 2, 3, 4, 4]


def test_looking_beside_a_busy_writer_is_never_torn(tmp_path: Path) -> None:
    """While another process writes and checkpoints, every look is a whole, growing chain."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, tmp_path], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    counts = [0]
    for _ in range(30):
        for _ in range(10):
            writer.stdout.readline()
        look = read_store(tmp_path, URL)
        counts.append(sum(1 for _ in look.events()))
        look.close()
    writer.kill()
    writer.wait()
    writer.stdout.close()
    assert counts == sorted(counts)
    assert all(count % 3 == 0 for count in counts)


def test_file_that_changes_all_the_time_is_given_up(tmp_path: Path) -> None:
    """A reader without locks retries when the file changed under it, and says so in the end."""
    store = open_store(tmp_path, URL, clean=str)
    store.close()

    class Restless(Glass):
        count = 0

        def _signature(self) -> tuple[int, ...]:
            self.count += 1
            return (self.count,)

    glass = Restless(database(tmp_path))
    with pytest.raises(Transient, match="changes too fast"):
        glass.rows("SELECT 1", ())
    with pytest.raises(Transient, match="changes too fast"):
        glass.rows("SELECT * FROM nowhere", ())
    glass.close()


def test_empty_file_reads_as_empty_and_becomes_a_database(tmp_path: Path) -> None:
    """Killed between making the file and filling it: nothing is lost."""
    database(tmp_path).parent.mkdir(parents=True)
    database(tmp_path).touch()
    look = read_store(tmp_path, URL)
    assert look.statuses() == {}
    look.close()
    open_store(tmp_path, URL, clean=str).close()


# ── freeze beside a run ──────────────────────────────────────────────────────────────────────────


def test_freeze_is_written_while_a_run_holds_the_lease(tmp_path: Path, store: Store) -> None:
    """The run sees it at once, goes on writing, and the chain holds."""
    store.write(Batch(events=[event(n=1)], entries=[entry()], statuses=[status()]))
    post(tmp_path, URL, Batch(events=[event(n=2)], freeze=Freeze("storm", "ada", NOON, None)), clean=str)
    assert store.frozen() == Freeze("storm", "ada", NOON, None)
    store.guard()
    store.write(Batch(events=[event(n=3)]))
    post(tmp_path, URL, Batch(thaw=True), clean=str)
    assert store.frozen() is None
    assert [e.event.data["n"] for e in store.events()] == [1, 2, 3]
    assert verify(store).broken is None


def test_nothing_else_is_written_without_the_lease(tmp_path: Path) -> None:
    """Ledger, statuses, cursors and cache belong to the lease's holder."""
    for batch in (Batch(entries=[entry()]), Batch(cursors={"a": 1}), Batch(cache={("a", "b"): "c"})):
        with pytest.raises(WriteRefused):
            post(tmp_path, URL, batch, clean=str)
    post(tmp_path, URL, Batch(thaw=True), clean=str)


# ── the file ─────────────────────────────────────────────────────────────────────────────────────


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
