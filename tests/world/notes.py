"""Doubles of the smallest ports: an audit that keeps what it is told, a clock that stands still."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from reconciler.model.product import ProductName
from reconciler.model.record import ToolCall
from reconciler.ports import Deed


@dataclass
class Notes:
    """An Audit that keeps every call."""

    calls: list[ToolCall] = field(default_factory=list)

    def called(self, call: ToolCall) -> None:
        """Keep it."""
        self.calls.append(call)


class Still:
    """A Clock that stands still; sleeping is free."""

    def now(self) -> datetime:
        """Return always the same moment."""
        return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        """Do not wait."""

    def random(self) -> float:
        """Return no chance at all."""
        return 0.5


def deed(folder: Path, *, lock_fd: int | None = None, product: str = "tidy-csv") -> Deed:
    """Return a Deed whose lease always holds and whose progress nobody reads."""
    return Deed("k", folder, lock_fd, lambda: None, lambda _: None, ProductName(product))
