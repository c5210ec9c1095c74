"""Deeds: a lock and an empty work folder for the time of one action.

The lock's descriptor is inherited by the deed's children. When the program is killed, a child that is
still at work keeps the lock, so the next run sees that the deed is being done and waits.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from reconciler.model.canonical import digest
from reconciler.model.errors import Waiting, WriteRefused
from reconciler.model.plan import Action
from reconciler.outside.locks import lock as take
from reconciler.ports import Deed, Deeds, silent

ORPHAN_RETRY_S = 5.0


@dataclass(frozen=True, slots=True)
class FolderDeeds:
    """Keeps `<state>/deeds/<key>.lock` and `<state>/deeds/<key>/`."""

    state: Path
    guard: Callable[[], None]
    say: Callable[[str], None] = silent

    @contextmanager
    def open(self, action: Action) -> Iterator[Deed]:
        """Take the lock and make the folder. Raises Waiting while an orphan still holds the lock."""
        key = deed_key(action.key)
        lock, folder = self._places(key)
        lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = take(lock)
        if descriptor is None:
            msg = f"{action.kind} of {action.product} is still being done by {_who(lock)}"
            raise Waiting(msg, retry_after_s=ORPHAN_RETRY_S)
        try:
            _remove(folder)
            folder.mkdir(mode=0o700)
            say = partial(self._say, action)
            yield Deed(key, folder, descriptor, self.guard, say, action.product)
        finally:
            _remove(folder)
            # Only closed, never LOCK_UN: a child that outlives the deed must keep its hold.
            os.close(descriptor)
            self._clear(key)

    def _say(self, action: Action, line: str) -> None:
        self.say(f"{action.product}: {action.kind}:   {line}")

    def busy(self, action_key: tuple[str, str, str]) -> bool:
        """Say whether some process still holds that deed's lock."""
        lock, _ = self._places(deed_key(action_key))
        if not lock.exists():
            return False
        descriptor = take(lock)
        if descriptor is None:
            return True
        os.close(descriptor)
        return False

    def sweep(self) -> Sequence[str]:
        """Remove what dead deeds left, folders and locks; return their keys, sorted."""
        found = sorted({path.name.removesuffix(".lock") for path in (self.state / "deeds").glob("*")})
        return [key for key in found if self._clear(key)]

    def _clear(self, key: str) -> bool:
        """Remove folder and lock unless somebody holds the lock."""
        lock, folder = self._places(key)
        descriptor = take(lock)
        if descriptor is None:
            return False
        _remove(folder)
        lock.unlink(missing_ok=True)  # before the lock is free: who locked it meanwhile sees that it is gone
        os.close(descriptor)
        return True

    def _places(self, key: str) -> tuple[Path, Path]:
        deeds = self.state / "deeds"
        return deeds / f"{key}.lock", deeds / key


class NoDeeds:
    """Deeds of a run that only looks: none may be begun."""

    def __init__(self, deeds: Deeds) -> None:
        self._deeds = deeds

    def open(self, action: Action) -> AbstractContextManager[Deed]:
        """Raise WriteRefused."""
        msg = f"this run only looks: {action.kind} may not be begun"
        raise WriteRefused(msg)

    def busy(self, action_key: tuple[str, str, str]) -> bool:
        """Say whether some process still holds that deed's lock."""
        return self._deeds.busy(action_key)


def deed_key(action_key: tuple[str, str, str]) -> str:
    """Return the name of the lock: 16 hex digits, the same for every try at one ledger row."""
    return digest(list(action_key))[:16]


def _who(lock: Path) -> str:
    """Name the processes that have the lock file open (proc(5), `/proc/[pid]/fd`); best effort."""
    pids, lock = [], lock.resolve()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            opened = {link.readlink() for link in (process / "fd").iterdir()}
        except OSError:  # ended meanwhile, or somebody else's
            continue
        if lock in opened and process.name != str(os.getpid()):
            pids.append(int(process.name))
    if not pids:
        return "another process"
    return f"a process of an interrupted run (pid {', '.join(map(str, sorted(pids)))})"


def _remove(folder: Path) -> None:
    if not folder.exists():
        return
    for where, folders, _ in os.walk(folder):
        for name in folders:  # a read-only folder keeps its content
            if not (Path(where) / name).is_symlink():
                (Path(where) / name).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)  # an orphan may still write; the next sweep takes the rest
