"""Starts, finds and stops the demo's own registry, and reads its witness."""

import fcntl
import http.client
import json
import os
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.demo import registry
from reconciler.demo.tools import Tools
from reconciler.model.errors import Terminal


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload as the witness saw it."""

    file: str
    sha256: str
    status: int


def settle(folder: Path, user: str, password: str) -> int:
    """Prepare the registry's folder: a free port, fixed from now on, and one account; return the port."""
    (folder / "packages").mkdir(parents=True)
    port = free_port()
    (folder / "registry.json").write_text(json.dumps({"port": port}) + "\n", encoding="utf-8")
    accounts = {user: registry.hashed(password)}
    (folder / "accounts.json").write_text(json.dumps(accounts) + "\n", encoding="utf-8")
    return port


def free_port() -> int:
    """Return a port of the loopback address that nobody uses now."""
    with socket.socket() as chosen:
        chosen.bind((registry.HOST, 0))
        return int(chosen.getsockname()[1])


def address(folder: Path) -> str:
    """Return the registry's base address, with a slash at its end."""
    return f"http://{registry.HOST}:{_port(folder)}/"


def _port(folder: Path) -> int:
    return int(json.loads((folder / "registry.json").read_text(encoding="utf-8"))["port"])


def start(folder: Path, tools: Tools) -> int:
    """Start it in the background unless it runs; return its process id. Raises Terminal."""
    if (runs := running(folder)) is not None:
        return runs
    tools.run([sys.executable, "-P", str(Path(registry.__file__)), str(folder)], cwd=folder)
    if (started := running(folder)) is None:
        msg = f"the registry did not stay up; it says why in {folder / 'server.log'}"
        raise Terminal(msg)
    return started


def running(folder: Path) -> int | None:
    """Return the process id; None when it does not run.

    Who runs holds the lock, so a number left behind by a dead process is never believed.
    """
    if not (folder / "lock").exists():
        return None
    with (folder / "lock").open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(lock.read())
        return None


def stop(folder: Path) -> bool:
    """Stop it and wait for its end; False: it did not run."""
    process = running(folder)
    if process is None:
        return False
    handle = os.pidfd_open(process)
    try:
        # still the holder, now that the number cannot be given to another process
        if running(folder) == process:  # pragma: no branch -- else it ended by itself in between
            signal.pidfd_send_signal(handle, signal.SIGTERM)
    finally:
        os.close(handle)
    with (folder / "lock").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
    return True


def fetch(folder: Path, file: str) -> bytes | None:
    """Download one package file as anybody could; None when the registry does not have it."""
    connection = http.client.HTTPConnection(registry.HOST, _port(folder), timeout=20)
    try:
        connection.request("GET", f"/packages/{file}")
        answer = connection.getresponse()
        content = answer.read()
        return content if answer.status == http.HTTPStatus.OK else None
    finally:
        connection.close()


def uploads(folder: Path) -> Sequence[Upload]:
    """Read what the witness noted, in its order."""
    log = folder / "uploads.log"
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return [Upload(**json.loads(line)) for line in lines]
