"""Process trees by /proc: who descends from whom, who carries a mark, and their certain end."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_ROUNDS = 50
"""How often survivors of SIGKILL are looked for; more only when somebody forks faster than we kill."""
_PAUSE_S = 0.02


@dataclass(frozen=True, slots=True)
class Proc:
    """One process; `start` (clock ticks since boot) tells it from a later one with the same pid."""

    pid: int
    start: str


def living(root: int | None, mark: str, known: frozenset[Proc] = frozenset()) -> frozenset[Proc]:
    """Return the living processes that descend from `root` or a known one, or carry `mark` as a variable.

    The mark finds those that left the tree (double fork, setsid), descent those that dropped the mark.
    """
    table = _table()
    found = {pid for pid in table if pid == root or _marked(pid, mark)}
    found |= {proc.pid for proc in known if table.get(proc.pid, (0, ""))[1] == proc.start}
    grown = True
    while grown:
        more = {pid for pid, (parent, _) in table.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return frozenset(Proc(pid, table[pid][1]) for pid in found)


def end(root: int | None, mark: str, grace_s: float, pause: Callable[[float], None]) -> int:
    """End the whole tree: SIGTERM to root's group, after the grace SIGKILL; return how many were killed so.

    A root that was reaped already is None: its pid could be somebody else's by now.
    """
    seen = living(root, mark)
    if root is not None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(root, signal.SIGTERM)
    limit = time.monotonic() + grace_s
    while seen and time.monotonic() < limit:
        pause(_PAUSE_S)
        seen = living(root, mark, seen)
    killed: set[Proc] = set()
    for _ in range(_ROUNDS):  # pragma: no branch -- but for a process that even SIGKILL cannot end
        if not seen:
            break
        for proc in seen:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(proc.pid, signal.SIGKILL)
        killed |= seen
        pause(_PAUSE_S)
        seen = living(root, mark, seen)
    return len(killed)


def _table() -> dict[int, tuple[int, str]]:
    """Read parent and start of every process that is not a zombie."""
    table = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 -- pathlib makes an object for each of hundreds of names
        if not name.isdigit():
            continue
        with suppress(OSError):
            fields = Path("/proc", name, "stat").read_text(errors="replace").rpartition(")")[2].split()
            if fields[0] not in "ZX":  # proc_pid_stat(5): state, ppid, ... field 22 is starttime
                table[int(name)] = (int(fields[1]), fields[19])
    return table


def _marked(pid: int, mark: str) -> bool:
    try:
        return mark.encode() in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
