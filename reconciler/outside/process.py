"""Processes: the only way to start another program; argv lists, own environment, no process left behind."""

import itertools
import os
import selectors
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from reconciler.model.errors import ShipError, Terminal, Transient
from reconciler.model.record import ToolCall
from reconciler.model.redact import Redactor
from reconciler.outside import proctree
from reconciler.outside.streams import Kept, Lines
from reconciler.ports import Audit, Clock, Deed

INHERITED = (
    *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TZ", "LANG", "LC_ALL", "LC_CTYPE"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy", "no_proxy"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
)
"""Variables that a child gets from ours; tokens and the like stay here."""
MARK = "SHIP_CHILD"
"""Variable that every child carries, so that those which leave their tree are found."""
_CHUNK = 65536
_TICK_S = 0.1
_DRAIN_S = 0.5
"""How long pipes may stay open after the child's end: then somebody it left behind holds them."""
_LONGEST_WHAT = 500
_count = itertools.count()
_LEASH = """\
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""
"""Becomes another program that ends with its parent: PR_SET_PDEATHSIG outlives execve, see prctl(2). Done in
a program of its own, as code between fork and exec may hang where there are threads."""


@dataclass(frozen=True, slots=True)
class Events:
    """A pipe beside stdout: the child finds its descriptor in `variable`; each line is given to `take`."""

    variable: str
    take: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Command:
    """One program to run. No secret belongs into `argv`: other users can read it."""

    argv: Sequence[str]
    timeout_s: float
    cwd: Path | str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    inherit: Sequence[str] = INHERITED
    stdin: bytes | str | None = None
    """None: /dev/null."""
    deed: Deed | None = None
    """Its lock is inherited by the child."""
    events: Events | None = None
    idle_s: float | None = None
    """Longest silence on all pipes."""
    grace_s: float = 5.0
    """Between SIGTERM and SIGKILL."""
    limit_bytes: int = 4 * 1024 * 1024
    """What is kept of each of stdout and stderr; the rest is read and dropped."""
    leashed: bool = False
    """True: it gets SIGTERM when we end, however we end; for what would wait for us for ever."""
    sweep: bool = False
    """True: also after a good end look for processes that were left behind, and end them."""
    target: str = ""
    """For the audit trail: what it works on."""


@dataclass(frozen=True, slots=True)
class Completed:
    """A program that ended by itself. Output is as it came: redact before showing it."""

    code: int
    """Negative: ended by that signal."""
    stdout: str
    stderr: str


class Processes:
    """Starts programs and notes each in the audit trail."""

    def __init__(self, audit: Audit, clock: Clock, redactor: Redactor) -> None:
        self._audit = audit
        self._clock = clock
        self._redactor = redactor

    def run(self, command: Command) -> Completed:
        """Run to the end. Raises Terminal (no such program or folder), Transient (time-out)."""
        at, begin, result = self._clock.now(), time.monotonic(), "interrupted"
        try:
            completed = _run(command)
            result = f"exit {completed.code}"
        except ShipError as error:
            result = str(error)
            raise
        else:
            return completed
        finally:
            duration = round(time.monotonic() - begin, 3)
            self._audit.called(self._call(command, result)(at, duration))

    def _call(self, command: Command, result: str) -> Callable[..., ToolCall]:
        clean = self._redactor.clean
        return lambda at, duration: ToolCall(
            at=at,
            tool=_tool(command.argv),
            what=clean(shlex.join(command.argv))[:_LONGEST_WHAT],
            target=clean(command.target),
            result=clean(result),
            duration_s=duration,
            product=command.deed.product if command.deed else None,
        )


def search_path(inherited: str | None = None) -> str:
    """Return PATH with the folder of our own interpreter first: tools installed beside Ship are found."""
    rest = os.environ.get("PATH", os.defpath) if inherited is None else inherited
    return os.pathsep.join([str(Path(sys.executable).parent), rest])


def _tool(argv: Sequence[str]) -> str:
    if argv[0] == sys.executable and argv[1:2] == ["-m"]:
        return argv[2]
    return Path(argv[0]).name


def _run(command: Command) -> Completed:
    mark = f"{MARK}={os.getpid()}-{time.monotonic_ns()}-{next(_count)}"
    with _pipe(command.events) as (read, write), _started(command, mark, write) as popen:
        pump = _Pump(command, popen, read)
        closed = pump.run()
        if command.sweep or not closed:
            proctree.end(None, mark, 0.0, time.sleep)
    return Completed(popen.returncode, pump.out.text(), pump.err.text())


@contextmanager
def _started(command: Command, mark: str, write: int | None) -> Iterator[subprocess.Popen[bytes]]:
    """Start the program; whatever happens inside, afterwards neither it nor a descendant is left."""
    popen = _start(command, mark, write)
    try:
        yield popen
    except BaseException as error:
        proctree.end(popen.pid if popen.returncode is None else None, mark, command.grace_s, time.sleep)
        if isinstance(error, _Late):
            msg = f"{_tool(command.argv)} {error} and was ended with all its children"
            raise Transient(msg) from None
        raise
    finally:
        for pipe in (popen.stdin, popen.stdout, popen.stderr):
            if pipe is not None:
                pipe.close()
        popen.wait()


@contextmanager
def _pipe(events: Events | None) -> Iterator[tuple[int | None, int | None]]:
    if events is None:
        yield None, None
        return
    read, write = os.pipe()
    try:
        yield read, write
    finally:
        os.close(read)


def _start(command: Command, mark: str, write: int | None) -> subprocess.Popen[bytes]:
    try:
        env = _environment(command, mark)
        program = shutil.which(command.argv[0], path=env["PATH"])
        if program is None:
            msg = f"program '{command.argv[0]}' is not installed or not on PATH"
            raise Terminal(msg)
        kept = [] if write is None else [write]
        if command.events and write is not None:
            env[command.events.variable] = str(write)
        if command.deed is not None and command.deed.lock_fd is not None:
            kept.append(command.deed.lock_fd)
        leash = [sys.executable, "-ISc", _LEASH, str(os.getpid())] if command.leashed else []
        return subprocess.Popen(
            [*leash, program, *command.argv[1:]],
            cwd=command.cwd,
            env=env,
            stdin=subprocess.DEVNULL if command.stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=kept,
            start_new_session=True,
        )
    except OSError as error:
        msg = f"program '{command.argv[0]}' cannot be started: {error.strerror} ({error.filename})"
        raise Terminal(msg) from None
    finally:
        if write is not None:
            os.close(write)


def _environment(command: Command, mark: str) -> dict[str, str]:
    env = {name: os.environ[name] for name in command.inherit if name in os.environ}
    env.setdefault("LANG", "C.UTF-8")
    env |= command.env
    env["PATH"] = search_path(env.get("PATH"))
    name, _, value = mark.partition("=")
    env[name] = value
    return env


class _Late(Exception):  # noqa: N818 -- a verdict, as in model/errors.py
    """The time is up."""


class _Pump:
    """Moves bytes between us and one child until it ends or its time is up."""

    def __init__(self, command: Command, popen: subprocess.Popen[bytes], read: int | None) -> None:
        self.out, self.err = Kept(command.limit_bytes), Kept(command.limit_bytes)
        self._command = command
        self._popen = popen
        self._selector = selectors.DefaultSelector()
        self._begin = self._last = time.monotonic()
        stdin = command.stdin
        self._todo = memoryview(stdin.encode() if isinstance(stdin, str) else stdin or b"")
        # Popen's type does not know that PIPE was asked for.
        for pipe, sink in ((popen.stdout, self.out), (popen.stderr, self.err)):
            self._selector.register(cast("IO[bytes]", pipe).fileno(), selectors.EVENT_READ, sink)
        if read is not None and command.events is not None:
            self._selector.register(read, selectors.EVENT_READ, Lines(command.events.take))
        if popen.stdin is not None:
            os.set_blocking(popen.stdin.fileno(), False)
            self._selector.register(popen.stdin.fileno(), selectors.EVENT_WRITE, None)

    def run(self) -> bool:
        """Return whether all pipes were closed at the end. Raises _Late."""
        with self._selector:
            while self._selector.get_map():
                for key, _ in self._selector.select(_TICK_S):
                    self._move(key)
                if self._popen.poll() is not None and self._silent() > _DRAIN_S:
                    return False
                self._judge()
            while True:
                with suppress(subprocess.TimeoutExpired):
                    self._popen.wait(_TICK_S)
                    return True
                self._judge()

    def _move(self, key: selectors.SelectorKey) -> None:
        if key.data is None:
            self._feed(key.fd)
            return
        chunk = os.read(key.fd, _CHUNK)
        self._last = time.monotonic()
        if chunk:
            key.data.add(chunk)
        else:
            self._selector.unregister(key.fd)

    def _feed(self, descriptor: int) -> None:
        try:
            self._todo = self._todo[os.write(descriptor, self._todo[:_CHUNK]) :]
        except BrokenPipeError:
            self._todo = self._todo[:0]
        if not self._todo:
            self._selector.unregister(descriptor)
            cast("IO[bytes]", self._popen.stdin).close()

    def _silent(self) -> float:
        return time.monotonic() - self._last

    def _judge(self) -> None:
        if time.monotonic() - self._begin > self._command.timeout_s:
            msg = f"timed out after {self._command.timeout_s:g} s"
            raise _Late(msg)
        if self._command.idle_s is not None and self._silent() > self._command.idle_s:
            msg = f"was silent for {self._command.idle_s:g} s"
            raise _Late(msg)
