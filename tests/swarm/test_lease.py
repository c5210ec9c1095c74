"""The lease: one process at a time, told who holds it, lost when files are replaced."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from reconciler.model.errors import LeaseLost, Waiting, WriteRefused
from reconciler.model.record import Freeze
from reconciler.ports import Batch
from reconciler.swarm.audit import verify
from reconciler.swarm.lease import Claim
from reconciler.swarm.sqlite import Store, open_store, post
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


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Give a store opened to write."""
    opened = open_store(tmp_path, URL, clean=str)
    yield opened
    opened.close()


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


def test_waiting_ends_when_asked_to_stop(tmp_path: Path, store: Store) -> None:
    """A signal while it waits for the lease is heard at once."""
    clock = Ticking()
    claim = Claim(clock=clock, wait_s=3600, stop=lambda: clock.slept > 1)
    with pytest.raises(Waiting, match="is held by"):
        open_store(tmp_path, URL, clean=str, claim=claim)
    assert clock.slept < 2


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
