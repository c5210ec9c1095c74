"""Starting programs: what they get, what comes back, and that nothing of them is left."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reconciler.model.errors import Terminal, Transient
from reconciler.model.redact import Redactor
from reconciler.outside.process import Command, Events, Processes
from tests.world.notes import Notes, Still, deed


class Room:
    """Processes with their notes."""

    def __init__(self) -> None:
        self.notes = Notes()
        self.redactor = Redactor()
        self.processes = Processes(self.notes, Still(), self.redactor)


@pytest.fixture
def room() -> Room:
    """A fresh door."""
    return Room()


def python(code: str, *arguments: str) -> list[str]:
    """Command line that runs a piece of Python."""
    return [sys.executable, "-c", code, *arguments]


def alive(tag: str) -> list[int]:
    """Pids of the processes whose command line holds the tag, zombies left out."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and tag.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def test_output_and_code(room: Room) -> None:
    """Code and both streams come back; bytes that are no UTF-8 are replaced."""
    code = r"import sys; print('out'); sys.stderr.buffer.write(b'e\xff'); sys.exit(3)"
    completed = room.processes.run(Command(python(code), timeout_s=30))
    assert (completed.code, completed.stdout, completed.stderr) == (3, "out\n", "e\ufffd")


def test_signal(room: Room) -> None:
    """A program ended by a signal has its negative number."""
    completed = room.processes.run(Command(["sh", "-c", "kill -9 $$"], timeout_s=30))
    assert completed.code == -signal.SIGKILL


def test_stdin(room: Room) -> None:
    """More than a pipe holds goes in while as much comes out."""
    big = "x" * 300_000
    completed = room.processes.run(Command(["cat"], timeout_s=30, stdin=big))
    assert completed.stdout == big


def test_stdin_of_nothing(room: Room) -> None:
    """Without input the program reads an end of file, with empty input too."""
    for stdin in (None, b""):
        assert room.processes.run(Command(["cat"], timeout_s=30, stdin=stdin)).stdout == ""


def test_stdin_that_nobody_reads(room: Room) -> None:
    """A program that ends without reading its input is no error."""
    assert room.processes.run(Command(["true"], timeout_s=30, stdin="x" * 300_000)).code == 0


def test_output_is_cut(room: Room) -> None:
    """Endless output is cut at a whole word, and said to be."""
    code = "print('first secretsecret' * 10)"
    completed = room.processes.run(Command(python(code), timeout_s=30, limit_bytes=20))
    assert completed.stdout == "first\n[cut after 20 bytes]"


def test_environment(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child gets what is on the list and what is given, no token of ours."""
    monkeypatch.setenv("GITHUB_TOKEN", "nobody's business")
    monkeypatch.setenv("LC_ALL", "C")
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    given = {"EXTRA": "1"}
    seen = json.loads(room.processes.run(Command(python(code), timeout_s=30, env=given)).stdout)
    assert "GITHUB_TOKEN" not in seen
    assert seen["EXTRA"] == "1"
    assert seen["LC_ALL"] == "C"
    assert seen["PATH"].split(":")[0] == str(Path(sys.executable).parent)


def test_path_without_path(room: Room) -> None:
    """Without PATH in the environment the system's default is taken."""
    assert room.processes.run(Command(["true"], timeout_s=30, inherit=())).code == 0


def test_missing_program(room: Room) -> None:
    """A program that is not there needs a person."""
    with pytest.raises(Terminal, match="'no-such-program' is not installed"):
        room.processes.run(Command(["no-such-program"], timeout_s=30))
    assert "not installed" in room.notes.calls[0].result


def test_missing_folder(room: Room, tmp_path: Path) -> None:
    """A work folder that is not there is named."""
    events = Events("FD", lambda _: None)
    with pytest.raises(Terminal, match=r"cannot be started: No such file or directory .*gone"):
        room.processes.run(Command(["true"], timeout_s=30, cwd=tmp_path / "gone", events=events))


def test_lock_is_inherited(room: Room, tmp_path: Path) -> None:
    """A child of a deed has the deed's lock open."""
    lock = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    held = ["sh", "-c", f"readlink /proc/self/fd/{lock}"]
    completed = room.processes.run(Command(held, timeout_s=30, deed=deed(tmp_path, lock_fd=lock)))
    os.close(lock)
    assert completed.stdout == f"{tmp_path / 'lock'}\n"


def test_notes(room: Room, tmp_path: Path) -> None:
    """Each call is in the audit trail, without the secret that should not have been there."""
    room.redactor.learn("top-secret-value")
    room.processes.run(
        Command(["echo", "top-secret-value"], timeout_s=30, target="a repo", deed=deed(tmp_path))
    )
    (call,) = room.notes.calls
    assert (call.tool, call.what, call.target, call.result) == ("echo", "echo ***", "a repo", "exit 0")
    assert call.product == "tidy-csv"


def test_module_is_named(room: Room) -> None:
    """A module run by our interpreter is called by its own name."""
    room.processes.run(Command([sys.executable, "-m", "this"], timeout_s=30))
    assert room.notes.calls[0].tool == "this"


def test_events(room: Room) -> None:
    """Lines come over their own pipe, whole and live; a last half line is dropped."""
    code = r"import os; os.write(int(os.environ['FD']), 'a\nbü\nhalf'.encode()); print('out')"
    lines: list[str] = []
    completed = room.processes.run(Command(python(code), timeout_s=30, events=Events("FD", lines.append)))
    assert (lines, completed.stdout) == (["a", "bü"], "out\n")


def test_closes_its_streams_early(room: Room) -> None:
    """A program that closes its streams and goes on is waited for."""
    code = "import os, sys, time; os.close(1); os.close(2); time.sleep(0.3); os._exit(5)"
    assert room.processes.run(Command(python(code), timeout_s=30)).code == 5


def test_closes_its_streams_and_hangs(room: Room) -> None:
    """A program that closed its streams is still ended when its time is up."""
    code = "import os, sys, time; os.close(1); os.close(2); time.sleep(7771)"
    with pytest.raises(Transient, match="timed out"):
        room.processes.run(Command(python(code), timeout_s=0.3))
    assert alive("7771") == []


STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen(["setsid", "sleep", sys.argv[1]])
deaf = "trap '' TERM; sleep " + sys.argv[1] + "; :"
subprocess.Popen(["env", "-i", "/usr/bin/setsid", "/bin/sh", "-c", deaf])
subprocess.Popen(["sh", "-c", "setsid -f sleep " + sys.argv[1]], stdout=subprocess.DEVNULL)
print("started", flush=True)
time.sleep(7772)
"""


def test_timeout_leaves_nothing(room: Room) -> None:
    """After a time-out nothing is left: no deaf one, none in another session, none that was orphaned."""
    with pytest.raises(Transient, match=r"timed out after 1 s and was ended with all its children"):
        room.processes.run(Command(python(STUBBORN, "7773"), timeout_s=1, grace_s=0.3))
    assert alive("7773") == []
    assert "timed out after 1 s" in room.notes.calls[0].result


def test_polite_end(room: Room, tmp_path: Path) -> None:
    """SIGTERM comes first: a program may clean up."""
    code = "trap 'echo bye > ended; exit 0' TERM; while :; do sleep 0.05; done"
    with pytest.raises(Transient):
        room.processes.run(Command(["sh", "-c", code], timeout_s=0.3, cwd=tmp_path))
    assert (tmp_path / "ended").read_text() == "bye\n"


def test_silence(room: Room) -> None:
    """A program that says nothing for too long is ended."""
    with pytest.raises(Transient, match=r"sleep was silent for 0\.3 s"):
        room.processes.run(Command(["sleep", "7774"], timeout_s=30, idle_s=0.3))


def test_left_behind_with_our_pipe(room: Room) -> None:
    """Whoever holds our pipe after the program's end is ended; the program's result stands."""
    completed = room.processes.run(Command(["sh", "-c", "setsid -f sleep 7775; echo ok"], timeout_s=30))
    assert (completed.code, completed.stdout) == (0, "ok\n")
    assert alive("7775") == []


def test_sweep(room: Room) -> None:
    """On request also those are ended that were left behind silently."""
    code = "setsid -f sleep 7776 >/dev/null 2>&1"
    room.processes.run(Command(["sh", "-c", code], timeout_s=30, sweep=True))
    assert alive("7776") == []


def test_an_error_of_ours_ends_it(room: Room) -> None:
    """When the reader of events raises, the program does not go on."""

    def refuse(_: str) -> None:
        raise KeyboardInterrupt

    code = r"import os, time; os.write(int(os.environ['FD']), b'x\n'); time.sleep(7777)"
    with pytest.raises(KeyboardInterrupt):
        room.processes.run(Command(python(code), timeout_s=30, events=Events("FD", refuse)))
    assert alive("7777") == []
    assert room.notes.calls[0].result == "interrupted"


PARENT = """
import fcntl, os, sys
from pathlib import Path
from reconciler.model.redact import Redactor
from reconciler.outside.process import Command, Processes
from tests.world.notes import Notes, Still, deed
lock = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(lock, fcntl.LOCK_EX)
command = Command(["sh", "-c", "echo; sleep 7778"], timeout_s=60, deed=deed(Path("."), lock_fd=lock))
Processes(Notes(), Still(), Redactor()).run(command)
"""


def test_orphan_holds_the_lock(tmp_path: Path) -> None:
    """When Ship is killed with -9, its child holds the deed's lock until it ends."""
    path = tmp_path / "deed.lock"
    parent = subprocess.Popen(python(PARENT, str(path)))
    while not (orphans := alive("sleep\x007778")):
        time.sleep(0.02)
    parent.kill()
    parent.wait()
    lock = os.open(path, os.O_RDWR)
    with pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    for pid in (*orphans, *alive("sleep 7778")):
        os.kill(pid, signal.SIGKILL)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.close(lock)
    assert alive("7778") == []
