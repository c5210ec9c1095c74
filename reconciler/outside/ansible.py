"""The door to Ansible: runs playbooks as a program of its own and hears of them by events."""

import errno
import json
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import reconciler
from reconciler.model.errors import Terminal, Transient
from reconciler.model.redact import Redactor
from reconciler.model.secret import Secret
from reconciler.outside import proctree
from reconciler.outside.process import INHERITED, Command, Completed, Events, Processes
from reconciler.ports import Deed, Play, PlayResult
from reconciler.settings import AnsibleSettings

SHIPPED = Path(reconciler.__file__).parent / "playbooks"
CALLBACKS = Path(__file__).parent / "ansible_callback"
MEMORY = Path("/dev/shm")  # noqa: S108 -- a tmpfs on purpose; the folder in it is made by mkdtemp
PREFIX = "ship-play-"
INHERITED_TOO = ("SSH_AUTH_SOCK", "REQUESTS_CA_BUNDLE")
TOOLS = ("PIP_", "UV_")
"""Variables by which the user's own configuration of pip and uv reaches builds and uploads."""
_POLL_S = 0.02
_LONGEST = 600
"""Characters of a failure."""
_BUSY = frozenset({-1, 429, 500, 502, 503, 504})
"""What the `uri` module calls a connection that failed, and answers that may pass (RFC 9110, RFC 6585)."""


class Ansible:
    """Satisfies `ports.Playbooks`."""

    def __init__(
        self, root: Path, settings: AnsibleSettings, processes: Processes, redactor: Redactor
    ) -> None:
        self._root = root
        self._settings = settings
        self._processes = processes
        self._redactor = redactor

    def path(self, playbook: str) -> Path:
        """Return where the playbook is: the fleet's own goes before the one shipped. Raises Terminal."""
        if Path(playbook).name != playbook:
            msg = f"playbook '{playbook}' must be a file name without folders"
            raise Terminal(msg)
        for folder in (self._root / self._settings.playbook_dir, SHIPPED):
            if (folder / playbook).is_file():
                return (folder / playbook).resolve()
        msg = f"playbook '{playbook}' is neither in '{self._settings.playbook_dir}' nor shipped with Ship"
        raise Terminal(msg)

    def run(self, play: Play, deed: Deed) -> PlayResult:
        """Run it to its end or its timeout; leaves no process behind. Raises Terminal, Transient.

        All variables go through a FIFO, marked as data: what looks like a template in them is none.
        """
        playbook = self.path(play.playbook)
        for secret in (*play.secrets.values(), *_logins(play.variables)):
            self._redactor.learn(secret.reveal())
        story = _Story(deed, self._redactor)
        temporary = deed.folder / "tmp"  # goes with the deed, also what a killed task leaves
        temporary.mkdir(mode=0o700, exist_ok=True)
        with _memory(deed) as folder, _fed(folder / "variables", _variables(play)) as fifo:
            command = Command(
                [
                    *(sys.executable, "-m", "ansible", "playbook"),
                    *("--inventory", str(self._inventory()), "--extra-vars", f"@{fifo}", str(playbook)),
                ],
                timeout_s=play.timeout_s,
                cwd=folder,
                env={**_environment(folder), "TMPDIR": str(temporary)},
                inherit=(*INHERITED, *INHERITED_TOO, *_tool_variables()),
                deed=deed,
                events=Events("SHIP_EVENTS_FD", story.take),
                leashed=True,  # killed before the FIFO was read, we would leave it waiting for ever
                sweep=True,
                target=play.playbook,
            )
            try:
                completed = self._processes.run(command)
            except Transient as late:
                where = f" in task '{story.task}'" if story.task else ""
                failure = self._redactor.clean(f"{play.playbook}: {late}{where}")
                return PlayResult(ok=False, outputs={}, failure=failure, transient=True)
        return story.told(completed, play.playbook)

    def _inventory(self) -> Path:
        named = self._settings.inventory
        return self._root / named if named else SHIPPED / "inventory.yml"


@dataclass
class _Story:
    """What the events tell."""

    deed: Deed
    redactor: Redactor
    task: str = ""
    ended: bool = False
    outputs: Mapping[str, Any] = field(default_factory=dict)
    failures: list[Mapping[str, Any]] = field(default_factory=list)

    def take(self, line: str) -> None:
        """Hear one event; secrets are taken out before anything is kept."""
        event = self.redactor.clean_data(json.loads(line))
        match event["event"]:
            case "task":
                self.task = event["task"]
                self.deed.say(self.task)
            case "stats":
                self.ended, self.outputs = True, event["outputs"]
            case _ if not event["ignored"]:
                self.failures.append(event)
            case _:
                pass

    def told(self, completed: Completed, playbook: str) -> PlayResult:
        """Sum up. Exit code 4 is both "unreachable" and "cannot be parsed": only the former has an end."""
        if completed.code == 0 and self.ended:
            return PlayResult(ok=True, outputs=self.outputs, failure=None)
        if self.failures:
            last = self.failures[-1]
            transient = last["event"] == "unreachable" or last.get("status") in _BUSY
            failure = f"{playbook}: task '{last['task']}' on {last['host']}: {_said(last)}"
        else:
            transient = completed.code < 0
            said = self.redactor.clean(completed.stderr or completed.stdout).partition("Traceback")[0]
            failure = f"{playbook}: ansible ended with code {completed.code}: {said}"
        return PlayResult(
            ok=False, outputs=self.outputs, failure=_one_line(failure, _LONGEST), transient=transient
        )


def _said(failure: Mapping[str, Any]) -> str:
    if failure["hidden"]:
        return "failed; no_log hides how"
    if failure["event"] == "unreachable":
        return f"unreachable: {failure['message']}"
    return f"{failure['message']} {failure['stderr']}".strip() or "failed"


def _one_line(text: str, longest: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest // 2]} ... {line[-(longest // 2) :]}"


def unsafe(value: Any) -> Any:  # noqa: ANN401 -- any JSON value
    """Mark every string as data: Ansible would run `{{ lookup('pipe', ...) }}` in an extra variable."""
    if isinstance(value, str):
        return {"__ansible_unsafe": value}
    if isinstance(value, Mapping):
        return {str(key): unsafe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [unsafe(item) for item in value]
    return value


def _logins(variables: Mapping[str, Any]) -> Iterator[Secret]:
    """Yield the passwords in addresses, such as that of an index from the user's pip configuration."""
    for value in variables.values():
        if isinstance(value, str) and "://" in value and (password := urlsplit(value).password):
            yield Secret(password)
            yield Secret(unquote(password))


def _variables(play: Play) -> bytes:
    secrets = {name: secret.reveal() for name, secret in play.secrets.items()}
    return json.dumps(unsafe({**secrets, **play.variables})).encode()


def _tool_variables() -> list[str]:
    named = (name for name in os.environ if name.startswith(TOOLS))
    return sorted(name for name in named if not name.startswith("UV_PUBLISH_"))


def _environment(folder: Path) -> dict[str, str]:
    home = Path("~/.ansible/collections").expanduser()
    return {
        "ANSIBLE_CALLBACKS_ENABLED": "ship_events",
        "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
        "ANSIBLE_COLLECTIONS_PATH": f"{home}:/usr/share/ansible/collections",
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "0",
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_LOCAL_TEMP": str(folder / "local"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_NO_TARGET_SYSLOG": "1",
        "ANSIBLE_PIPELINING": "1",  # without it module arguments lie in files
        "ANSIBLE_REMOTE_TEMP": str(folder / "remote"),
        "ANSIBLE_RETRY_FILES_ENABLED": "0",
        "PYTHONUNBUFFERED": "1",
    }


@contextmanager
def _memory(deed: Deed) -> Iterator[Path]:
    """Give a folder of mode 0700 that never reaches a disk; folders of killed runs go with it."""
    parent = MEMORY if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) else deed.folder
    for old in parent.glob(f"{PREFIX}*"):
        if _abandoned(old):
            shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=parent))
    # empty on purpose: a log_path in somebody's ansible.cfg would write secrets to disk
    (folder / "ansible.cfg").touch()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _abandoned(folder: Path) -> bool:
    """Say whether the run that made the folder is gone, and so is every playbook that it started."""
    with suppress(OSError):
        maker = folder.name.removeprefix(PREFIX).partition("-")[0]
        ours = folder.stat().st_uid == os.getuid()
        return ours and not Path("/proc", maker).exists() and not proctree.living(None, str(folder))
    return False


@contextmanager
def _fed(fifo: Path, content: bytes) -> Iterator[Path]:
    """Give a FIFO whose first reader gets the content; it never lies on a disk."""
    os.mkfifo(fifo, 0o600)
    done = threading.Event()
    feeder = threading.Thread(target=_feed, args=(fifo, content, done), daemon=True)
    feeder.start()
    try:
        yield fifo
    finally:
        done.set()
        feeder.join(1.0)


def _feed(fifo: Path, content: bytes, done: threading.Event) -> None:
    descriptor = None
    while descriptor is None and not done.wait(_POLL_S):
        try:
            descriptor = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:  # ENXIO: nobody reads yet
                return
    if descriptor is None:
        return
    os.set_blocking(descriptor, True)
    with suppress(BrokenPipeError), os.fdopen(descriptor, "wb") as pipe:
        pipe.write(content)
