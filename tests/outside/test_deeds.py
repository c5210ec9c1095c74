"""Locks and work folders of deeds, with real processes."""

import fcntl
import os
import select
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.model.errors import Waiting, WriteRefused
from reconciler.model.plan import Action
from reconciler.model.product import ProductName
from reconciler.outside.deeds import FolderDeeds, NoDeeds, deed_key
from reconciler.outside.locks import is_file, lock
from reconciler.ports import Deeds


def action(desired: str = "d1") -> Action:
    """Make an action whose ledger row is named by `desired`."""
    return Action(ProductName("tidy"), "docs", "docs.build", {}, "why", desired, "seen")


def nothing() -> None:
    """Guard nothing."""


@pytest.fixture
def deeds(tmp_path: Path) -> FolderDeeds:
    """Deeds in an empty state folder."""
    return FolderDeeds(tmp_path / "state", nothing)


def left(deeds: FolderDeeds) -> list[str]:
    """Return what lies in the deeds' folder."""
    return sorted(path.name for path in (deeds.state / "deeds").iterdir())


KILLED = """
import os, signal, subprocess, sys
from pathlib import Path
from tests.outside.test_deeds import FolderDeeds, action, nothing
with FolderDeeds(Path(sys.argv[1]), nothing).open(action()) as deed:
    (deed.folder / "half").write_text("done")
    mute = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=0, pass_fds=[deed.lock_fd], **mute)
    print(child.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@dataclass
class Orphan:
    """A child of a killed run; ends when its standard input does."""

    pid: int
    stdin: int

    def end(self) -> None:
        """Let it end, and wait until the kernel has closed its files."""
        gone = select.poll()
        descriptor = os.pidfd_open(self.pid)
        gone.register(descriptor, select.POLLIN)
        os.close(self.stdin)
        gone.poll()
        os.close(descriptor)
        self.stdin = -1


@pytest.fixture
def orphan(deeds: FolderDeeds) -> Iterator[Orphan]:
    """Leave a child of a killed program at work on `action()`."""
    read, write = os.pipe()
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, deeds.state], stdin=read, capture_output=True, text=True, check=False
    )
    os.close(read)
    assert killed.returncode == -9, killed.stderr
    orphan = Orphan(int(killed.stdout), write)
    yield orphan
    if orphan.stdin != -1:
        orphan.end()


def test_deed_gives_an_empty_private_folder_and_takes_it_back(deeds: FolderDeeds) -> None:
    """A deed finds an empty folder of mode 0700; nothing stays behind, not even read-only folders."""
    as_protocol: Deeds = deeds
    with as_protocol.open(action()) as deed:
        assert (list(deed.folder.iterdir()), stat.S_IMODE(deed.folder.stat().st_mode)) == ([], 0o700)
        assert deed.key == deed_key(action().key)
        (deed.folder / "out").symlink_to(deeds.state)
        (deed.folder / "a" / "b").mkdir(parents=True)
        (deed.folder / "a" / "b" / "file").write_text("x")
        (deed.folder / "a" / "b").chmod(0o500)
        assert deeds.busy(action().key)
        assert not deeds.busy(action("other").key)
    assert left(deeds) == []
    assert not deeds.busy(action().key)


def test_deed_cleans_up_after_an_error(deeds: FolderDeeds) -> None:
    """A deed that raises leaves neither folder nor lock."""
    with pytest.raises(ZeroDivisionError), deeds.open(action()):
        _ = 1 / 0
    assert left(deeds) == []


def test_second_try_waits_while_the_first_is_at_work(deeds: FolderDeeds) -> None:
    """One ledger row has one deed at a time; another row is free."""
    with deeds.open(action()) as first:
        with pytest.raises(Waiting, match="still being done by another process"), deeds.open(action()):
            pass
        with deeds.open(action("other")) as second:
            assert second.folder != first.folder
        assert first.folder.is_dir()


def test_orphan_of_a_killed_run_holds_the_lock_until_it_ends(deeds: FolderDeeds, orphan: Orphan) -> None:
    """A killed parent's child still holds the lock and its folder; after its end both are free."""
    assert deeds.busy(action().key)
    with (
        pytest.raises(Waiting, match=rf"interrupted run \(pid {orphan.pid}\)") as waiting,
        deeds.open(action()),
    ):
        pass
    assert waiting.value.retry_after_s > 0
    assert deeds.sweep() == []
    orphan.end()
    assert not deeds.busy(action().key)
    with deeds.open(action()) as deed:
        assert list(deed.folder.iterdir()) == []


def test_child_that_outlives_its_deed_keeps_the_lock(deeds: FolderDeeds) -> None:
    """A deed that ended (timed out, say) frees its row only when its last child is gone."""
    with deeds.open(action()) as deed:
        assert deed.lock_fd is not None
        child = subprocess.Popen(
            [sys.executable, "-c", "input()"],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=[deed.lock_fd],
        )
    assert deeds.busy(action().key)
    assert deeds.sweep() == []
    child.communicate(b"\n")
    assert not deeds.busy(action().key)
    assert deeds.sweep() == [deed_key(action().key)]


def test_sweep_removes_what_a_dead_deed_left(deeds: FolderDeeds, orphan: Orphan) -> None:
    """After the orphan's end a sweep removes folder and lock, and says which."""
    orphan.end()
    assert left(deeds) == [deed_key(action().key), f"{deed_key(action().key)}.lock"]
    assert deeds.sweep() == [deed_key(action().key)]
    assert left(deeds) == []


def test_run_that_only_looks_begins_no_deed(deeds: FolderDeeds) -> None:
    """It may ask whether a deed is being done, but not begin one."""
    looking: Deeds = NoDeeds(deeds)
    with deeds.open(action()):
        assert looking.busy(action().key)
    with pytest.raises(WriteRefused, match=r"docs\.build may not be begun"):
        looking.open(action())


def test_progress_names_product_and_action(tmp_path: Path) -> None:
    """A line of progress can be told apart from those of other deeds."""
    said: list[str] = []
    with FolderDeeds(tmp_path, nothing, said.append).open(action()) as deed:
        deed.say("building")
    assert said == ["tidy: docs.build:   building"]


def test_sweep_of_a_state_folder_without_deeds(deeds: FolderDeeds) -> None:
    """Nothing to sweep is nothing wrong."""
    assert deeds.sweep() == []


def test_lock_file_deleted_while_it_is_locked_is_locked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock on a file that nobody else can open any more is none: the new file is locked."""
    path, real, calls = tmp_path / "x.lock", fcntl.flock, list[int]()

    def flock(descriptor: int, operation: int) -> None:
        calls.append(descriptor)
        if len(calls) == 1:
            path.unlink()
        real(descriptor, operation)

    monkeypatch.setattr("fcntl.flock", flock)
    descriptor = lock(path)
    assert descriptor is not None
    assert is_file(os.fstat(descriptor), path)
    assert lock(path) is None
    os.close(descriptor)
