"""Fleet: all products, the complaints about those that could not be read, and the fleet-wide limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.product import Product


@dataclass(frozen=True, slots=True, order=True)
class Complaint:
    """One thing wrong in one file. Sorted by place; lines and columns start at 1."""

    file: str
    line: int
    column: int
    message: str
    hint: str | None = None
    excerpt: str | None = None
    """The source line, for the caret; None when it cannot be shown."""
    product: str | None = None
    """Which product it makes invalid; None: the file is not a product's."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


@dataclass(frozen=True, slots=True)
class Window:
    """A time in which nothing is written: absolute (`start` to `end`) or weekly, in `timezone`."""

    name: str
    start: str | None = None
    """ISO 8601 with offset."""
    end: str | None = None
    days: tuple[str, ...] = ()
    """mon tue wed thu fri sat sun."""
    from_time: str | None = None
    """HH:MM; with `to_time` before it, the window runs over midnight."""
    to_time: str | None = None
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Brake:
    """Too much at once needs `--force`: more than `share` (from `from_products` up) or `limit` products."""

    share: float = 0.30
    from_products: int = 10
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What the gate goes by, from `Fleet.spec`."""

    brake: Brake = field(default_factory=Brake)
    windows: tuple[Window, ...] = ()
    actions_per_run: int | None = None
    attempts: int = 5
    """Failed attempts until an action is parked."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """Everything declared under `fleet/`, sorted by product name."""

    root: str
    """Absolute path of the folder that holds `fleet/`."""
    products: tuple[Product, ...]
    complaints: tuple[Complaint, ...]
    limits: Limits
    digest: str
    """`sha256:` and the digest of all declarations."""
    commit: str | None
    """HEAD of the git checkout that holds the fleet; None outside git."""
    invalid: Mapping[str, str] = field(default_factory=dict)
    """Products that cannot be planned: name (the file's stem) to file."""
