"""What the Swarm DB remembers: events, outcomes, ledger rows, conditions, statuses, tool calls."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from reconciler.model.plan import ProductStatus
from reconciler.model.product import ProductName


class EventType(StrEnum):
    """Something that happened."""

    RUN_STARTED = "RunStarted"
    RUN_FINISHED = "RunFinished"
    DRIFT_FOUND = "DriftFound"
    DRIFT_GONE = "DriftGone"
    ACTION_STARTED = "ActionStarted"
    ACTION_FINISHED = "ActionFinished"
    ACTION_PARKED = "ActionParked"
    ACTION_UNPARKED = "ActionUnparked"
    TOOL_CALLED = "ToolCalled"
    STATUS_CHANGED = "StatusChanged"
    FROZEN = "Frozen"
    THAWED = "Thawed"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, to be written once. The store adds seq, previous hash and hash."""

    type: EventType
    at: datetime
    run: str
    product: ProductName | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as stored: `hash` is the SHA-256 over the canonical event and `previous`."""

    seq: int
    event: Event
    previous: str
    hash: str

    def data(self) -> dict[str, object]:
        """Return the JSON form of the event, without its place in the chain."""
        event = self.event
        return {
            "seq": self.seq,
            "type": str(event.type),
            "at": event.at.isoformat(),
            "run": event.run,
            "product": event.product,
            "data": event.data,
        }


class Result(StrEnum):
    """Completes "the action was ..."."""

    DONE = "done"
    UNCHANGED = "unchanged"
    WAITING = "waiting"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """The program died while acting; closed by the next run."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one action."""

    result: Result
    message: str
    retry_after_s: float = 0.0
    terminal: bool = False
    """Failed, and trying again cannot help until an input changes."""
    touched: bool = True
    """Some outward write may have gone out; False: the outside is as it was."""
    data: Mapping[str, Any] = field(default_factory=dict)


class Phase(StrEnum):
    """Where a ledger row stands."""

    ACTING = "acting"
    DOUBT = "doubt"
    """Left in acting by a run that died; since `acting_at` nobody is at work on it any more."""
    DONE = "done"
    WAITING = "waiting"
    """Nothing wrong: due again at `retry_at`."""
    FAILED = "failed"
    """Due again at `retry_at`; None: at once."""
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the action ledger: product, kind, desired digest are its key."""

    product: ProductName
    kind: str
    desired: str
    action: str
    """The action's id."""
    phase: Phase
    holder: str
    """The run that wrote it last."""
    fence: int
    tries: int
    """Starts so far: numbers the pairs of ActionStarted and ActionFinished."""
    attempts: int
    """Failed tries in a row."""
    acting_at: datetime
    """When it began to act; in doubt: since when nobody is at work; afterwards: when it ended."""
    retry_at: datetime | None
    generation: str
    observed: str
    fingerprint: str
    """What else the deed read (playbook, secrets file); a change unparks."""
    message: str

    @property
    def key(self) -> tuple[str, str, str]:
        """Product, kind, desired digest."""
        return (self.product, self.kind, self.desired)


@dataclass(frozen=True, slots=True)
class Condition:
    """A standing truth about a product; does not flap: no times and no counters in the message."""

    type: str
    status: str
    """True, False or Unknown."""
    reason: str
    message: str
    generation: str


@dataclass(frozen=True, slots=True)
class Status:
    """What is remembered of a product's last pass."""

    product: ProductName
    status: ProductStatus
    generation: str
    at: datetime
    since: datetime
    """When `status` became what it is."""
    conditions: tuple[Condition, ...]
    plan: Mapping[str, Any]
    """The last plan's JSON form."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """The product's labels, so that a table can be filtered and grouped without reading YAML."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One tool call or outward request, for the audit trail; holds no secret."""

    at: datetime
    tool: str
    """`git`, `mkdocs`, `ansible`, `sops`, `http`."""
    what: str
    """Command line or method, redacted."""
    target: str
    """Repository, address or file."""
    result: str
    duration_s: float
    product: ProductName | None = None


@dataclass(frozen=True, slots=True)
class Freeze:
    """All writes stopped by a person."""

    reason: str
    by: str
    since: datetime
    until: datetime | None
