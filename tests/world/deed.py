"""A deed without a lock, and a place where doors note their calls: for tests of doors and executors."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reconciler.model.product import ProductName
from reconciler.model.record import ToolCall
from reconciler.ports import Deed


@dataclass
class Noted:
    """Satisfies `ports.Audit`: keeps every call."""

    calls: list[ToolCall] = field(default_factory=list)

    def called(self, call: ToolCall) -> None:
        """Keep it."""
        self.calls.append(call)


@dataclass
class Ticking:
    """Satisfies `ports.Clock`: each look is a second later; sleeping takes no time."""

    time: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the next second."""
        self.time += timedelta(seconds=1)
        return self.time

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self.time += timedelta(seconds=seconds)

    def random(self) -> float:
        """Return the middle."""
        return 0.5


def deed_in(folder: Path, *, guard: Callable[[], None] = lambda: None, lock_fd: int | None = None) -> Deed:
    """Make a deed that works in an empty folder."""
    folder.mkdir(parents=True, exist_ok=True)
    said: list[str] = []
    return Deed("deed", folder, lock_fd, guard, said.append, ProductName("p"))
