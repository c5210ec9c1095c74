"""The lease: one process at a time may write; who holds it, since when, and whether it still does."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reconciler.model.errors import LeaseLost, Waiting
from reconciler.outside.locks import is_file, lock
from reconciler.ports import Clock, silent

POLL_S = 0.2
RETRY_AFTER_S = 10.0


@dataclass(frozen=True, slots=True)
class Claim:
    """Who wants the lease, and how long it would wait for it."""

    run: str = ""
    command: str = ""
    wait_s: float = 0.0
    clock: Clock | None = None
    """Needed to wait, and to tell others since when it is held."""
    on_wait: Callable[[str], None] = silent
    """Called once, with who holds it, before the first wait."""
    stop: Callable[[], bool] = bool
    """Asked while it waits: True gives up."""


class Lease:
    """An open lock file. The kernel frees it when the holder ends, however it ends."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    def note(self, claim: Claim, fence: int) -> None:
        """Write into the lock file who holds it."""
        since = claim.clock.now().isoformat(timespec="seconds") if claim.clock else None
        who = {
            "pid": os.getpid(),
            "host": os.uname().nodename,
            "run": claim.run,
            "command": claim.command,
            "since": since,
            "fence": fence,
        }
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps(who).encode(), 0)

    def check(self) -> None:
        """Raise LeaseLost when the lock file was deleted or replaced."""
        if not is_file(os.fstat(self._descriptor), self.path):
            msg = f"the lease is lost: {self.path} was deleted or replaced"
            raise LeaseLost(msg)

    def release(self) -> None:
        """Give the lease back."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def acquire(path: Path, claim: Claim) -> Lease:
    """Take the lease, waiting as long as the claim says. Raises Waiting, naming the holder."""
    waited = 0.0
    while True:
        descriptor = lock(path)
        if descriptor is not None:
            return Lease(path, descriptor)
        if claim.clock is None or waited >= claim.wait_s or claim.stop():
            raise Waiting(holder(path), retry_after_s=RETRY_AFTER_S)
        if not waited:
            claim.on_wait(holder(path))
        claim.clock.sleep(POLL_S)
        waited += POLL_S


def holder(path: Path) -> str:
    """Say who holds the lease, as its lock file tells."""
    try:
        who = json.loads(path.read_text(encoding="utf-8"))
        by = f"`{who['command']}` " if who["command"] else ""
        since = f" since {who['since']}" if who["since"] else ""
        return f"the state folder is held by {by}(pid {who['pid']} on {who['host']}){since}"
    except (OSError, ValueError, TypeError, KeyError):
        return f"the state folder is held by another process ({path} is locked)"
