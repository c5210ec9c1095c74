"""The door to Ansible, with the real one."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.model.errors import Terminal
from reconciler.model.redact import Redactor
from reconciler.model.secret import Secret
from reconciler.outside.ansible import MEMORY, PREFIX, Ansible, _abandoned, _feed
from reconciler.outside.process import Processes
from reconciler.ports import Play, PlayResult
from reconciler.settings import AnsibleSettings
from tests.world.notes import Notes, Still, deed

HEAD = "- hosts: all\n  gather_facts: false\n  tasks:\n"


def door(root: Path, inventory: str | None = None) -> Ansible:
    """Make a door over a fleet's folder."""
    redactor = Redactor()
    settings = AnsibleSettings("playbooks", inventory, 60)
    return Ansible(root, settings, Processes(Notes(), Still(), redactor), redactor)


def play(
    root: Path,
    tasks: str,
    variables: Mapping[str, object] | None = None,
    *,
    inventory: str | None = None,
    timeout_s: float = 60,
) -> PlayResult:
    """Run tasks as a playbook of the fleet."""
    (root / "playbooks").mkdir(exist_ok=True)
    (root / "playbooks" / "own.yml").write_text(HEAD + tasks)
    (root / "work").mkdir(exist_ok=True)
    wanted = Play("own.yml", variables or {}, {"key": Secret("s3cr3t-of-the-play")}, timeout_s)
    return door(root, inventory).run(wanted, deed(root / "work"))


def test_path(tmp_path: Path) -> None:
    """A playbook of the fleet goes before the shipped one; another name or a way out is refused."""
    shipped = door(tmp_path).path("publish-pypi.yml")
    assert shipped.parent.name == "playbooks"
    (tmp_path / "playbooks").mkdir()
    own = tmp_path / "playbooks" / "publish-pypi.yml"
    own.write_text("[]")
    assert door(tmp_path).path("publish-pypi.yml") == own
    with pytest.raises(Terminal, match="neither in 'playbooks' nor shipped"):
        door(tmp_path).path("no-such.yml")
    with pytest.raises(Terminal, match="without folders"):
        door(tmp_path).path("../own.yml")


@pytest.mark.real
def test_values_are_data(tmp_path: Path) -> None:
    """Variables arrive as they are, templates in them run nothing, results come back redacted."""
    evil = "{{ lookup('pipe', 'echo owned') }}"
    tasks = (
        "    - ansible.builtin.set_stats:\n"
        "        data:\n"
        "          {seen: '{{ value }}', deep: '{{ deep.list[0] }}', key: 'key={{ key }}', n: '{{ n }}',\n"
        "           url: '{{ url }}'}\n"
    )
    address = "http://user:hidd%2Fen@index.test/"
    result = play(tmp_path, tasks, {"value": evil, "deep": {"list": [evil]}, "n": 3, "url": address})
    assert result.ok
    assert result.outputs == {
        "seen": evil,
        "deep": evil,
        "key": "key=***",
        "n": 3,
        "url": "http://user:***@index.test/",
    }
    assert not list(MEMORY.glob(f"{PREFIX}{os.getpid()}-*"))


def test_feeding(tmp_path: Path) -> None:
    """A FIFO that is gone, or whose reader goes away, stops the feeder; so does the end of the play."""
    done = threading.Event()
    _feed(tmp_path / "none", b"x", done)
    os.mkfifo(tmp_path / "fifo")
    feeder = threading.Thread(target=_feed, args=(tmp_path / "fifo", b"x" * 1_000_000, done))
    feeder.start()
    with (tmp_path / "fifo").open("rb") as reader:
        assert reader.read(1) == b"x"
    feeder.join()
    done.set()
    _feed(tmp_path / "fifo", b"x", done)


def test_folder_that_vanishes(tmp_path: Path) -> None:
    """A folder that somebody else sweeps at the same moment is not ours to sweep."""
    assert not _abandoned(tmp_path / f"{PREFIX}1-gone")


@pytest.mark.real
def test_failure(tmp_path: Path) -> None:
    """A failed task is told in one line, without the secret; one that is ignored is not told."""
    tasks = (
        "    - ansible.builtin.fail: {msg: ignored}\n      ignore_errors: true\n"
        "    - name: Break\n"
        '      ansible.builtin.fail: {msg: "it\'s\\n{{ key }}"}\n'
    )
    result = play(tmp_path, tasks)
    assert (result.ok, result.transient) == (False, False)
    assert result.failure == "own.yml: task 'Break' on localhost: it's ***"


@pytest.mark.real
def test_loop_and_no_log(tmp_path: Path) -> None:
    """Of a loop the first failed item is told; what no_log hides stays hidden."""
    tasks = (
        "    - name: Loop\n      ansible.builtin.fail: {msg: 'item {{ item }}'}\n      loop: [one]\n"
        "      ignore_errors: '{{ go_on }}'\n"
        "    - name: Hidden\n      ansible.builtin.fail: {msg: hidden}\n      no_log: true\n"
    )
    assert play(tmp_path, tasks, {"go_on": False}).failure == "own.yml: task 'Loop' on localhost: item one"
    failure = play(tmp_path, tasks, {"go_on": True}).failure
    assert failure == "own.yml: task 'Hidden' on localhost: failed; no_log hides how"


@pytest.mark.real
def test_unreachable_and_unreadable(tmp_path: Path) -> None:
    """Both end with code 4: a host that is down may come back, a playbook that is broken needs a person."""
    (tmp_path / "hosts.yml").write_text(
        "all: {hosts: {away: {ansible_host: 127.0.0.1, ansible_port: 1, ansible_connection: ssh}}}\n"
    )
    away = play(tmp_path, "    - ansible.builtin.ping:\n", inventory="hosts.yml")
    assert away.transient
    assert "task 'ansible.builtin.ping' on away: unreachable" in str(away.failure)
    broken = play(tmp_path, "    - {")
    assert not broken.transient
    assert "ansible ended with code 4" in str(broken.failure)
    assert "Traceback" not in str(broken.failure)


@pytest.mark.real
def test_timeout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A play that hangs is ended with all it started, leaves nothing in /tmp, and may be tried again."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    tasks = "    - name: Hang\n      ansible.builtin.command: setsid sleep 7791\n"
    result = play(tmp_path, tasks, timeout_s=3)
    assert result.transient
    assert "timed out after 3 s and was ended with all its children in task 'Hang'" in str(result.failure)
    assert alive("7791") == []
    assert not list(temporary.iterdir())
    assert not list(MEMORY.glob(f"{PREFIX}{os.getpid()}-*"))


PARENT = """
import fcntl, os, sys
from pathlib import Path
from dataclasses import replace
from reconciler.ports import Play
from tests.release.test_ansible_real import door
from tests.world.notes import deed
root = Path(sys.argv[1])
lock = os.open(root / "lock", os.O_RDWR | os.O_CREAT)
fcntl.flock(lock, fcntl.LOCK_EX)
door(root).run(Play("own.yml", {}, {}, 60), deed(root, lock_fd=lock))
"""

STARVE = "import reconciler.outside.ansible as door_of_ansible\ndoor_of_ansible._feed = lambda *_: None\n"
"""Never gives Ansible its variables."""


@pytest.mark.real
def test_killed_parent(tmp_path: Path) -> None:
    """After kill -9 Ansible ends with all that it runs, and the next run sweeps its folder."""
    task = f"7792.{os.getpid()}{time.monotonic_ns() % 10**9}"  # nobody else sleeps so long
    with starting(tmp_path, PARENT, f"    - ansible.builtin.command: sleep {task}\n") as parent:
        while not alive(f"sleep\x00{task}"):
            time.sleep(0.05)
        left = list(MEMORY.glob(f"{PREFIX}{parent.pid}-*"))
        assert len(left) == 1
    assert subprocess.run(["flock", "-w", "60", tmp_path / "lock", "true"], check=False).returncode == 0
    while alive(task):
        time.sleep(0.05)
    play(tmp_path, "    - ansible.builtin.meta: noop\n")
    assert not left[0].exists()


@pytest.mark.real
def test_the_folder_of_a_living_run_is_left_alone(tmp_path: Path) -> None:
    """Only folders whose run is gone are swept."""
    ours = MEMORY / f"{PREFIX}{os.getpid()}-living"
    ours.mkdir()
    try:
        play(tmp_path, "    - ansible.builtin.meta: noop\n")
        assert ours.exists()
    finally:
        ours.rmdir()


@pytest.mark.real
def test_killed_before_the_variables_were_read(tmp_path: Path) -> None:
    """Ansible that waits for its variables ends with us: nobody else will ever feed it."""
    with starting(tmp_path, STARVE + PARENT, "    - ansible.builtin.meta: noop\n"):
        while not alive(str(tmp_path / "playbooks")):
            time.sleep(0.02)
        time.sleep(1)
    assert subprocess.run(["flock", "-w", "60", tmp_path / "lock", "true"], check=False).returncode == 0
    while alive(str(tmp_path / "playbooks")):
        time.sleep(0.02)


@contextmanager
def starting(root: Path, program: str, tasks: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a program that runs own.yml, and kill it with SIGKILL at the end."""
    (root / "playbooks").mkdir()
    (root / "playbooks" / "own.yml").write_text(HEAD + tasks)
    parent = subprocess.Popen([sys.executable, "-c", program, str(root)])
    try:
        yield parent
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()


def alive(tag: str) -> list[int]:
    """Pids of the processes whose command line holds the tag."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if tag.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found
