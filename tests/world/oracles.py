"""Two oracles: is the end the clean run's, was each write made as often? A third: is the record whole?"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from reconciler.apply import OPEN
from reconciler.model.record import EventType
from reconciler.ports import Swarm
from reconciler.swarm import audit
from reconciler.swarm.audit import Chain
from tests.world.program import World
from tests.world.state import State

RUNS = 6
"""Runs that must be enough to be quiet."""


class Store(Swarm, Chain, Protocol):
    """What the record is judged by."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the oracles found; empty texts: nothing."""

    end: str = ""
    calls: str = ""
    record: str = ""

    def __bool__(self) -> bool:
        """Say whether all is well."""
        return not (self.end or self.calls or self.record)


def judge(clean: State, state: State, store: Store, ends: Mapping[Any, object] | None = None) -> Verdict:
    """Hold a world against that of the clean run. `ends`: how often each deed came to its end there."""
    return Verdict(
        _differs(clean.picture(), state.picture()),
        _differs(dict(Counter(clean.witness)), dict(Counter(state.witness))),
        record(store) or (_differs(ends, ends_of(store)) if ends is not None else ""),
    )


def ends_of(store: Store) -> Mapping[Any, object]:
    """Count the events that say of a deed that it holds: once, however often the program died."""
    finished = [one.event for one in store.events() if one.event.type is EventType.ACTION_FINISHED]
    good = [one for one in finished if one.data["result"] in ("done", "unchanged")]
    return Counter((one.product, one.data["kind"]) for one in good)


def record(store: Store) -> str:
    """Say what is wrong with the record: the chain, the pairs of events, the ledger."""
    verdict = audit.verify(store)
    wrong = [f"event {verdict.broken} {verdict.reason}"] if verdict.broken else []
    wrong += [f"not one end: {deed}" for deed in audit.unclosed(store.events())]
    wrong += [f"still acting: {key}" for key, row in store.entries().items() if row.phase in OPEN]
    return "; ".join(wrong)


def settle(world: World, *, retry: bool = False) -> int:
    """Start the program until a run does nothing and leaves nothing; return how many runs that took.

    `retry`: somebody is impatient and passes over backoff and parking.
    """
    for runs in range(1, RUNS + 1):
        before = len(world.state.witness)
        report = world.start().reconcile(retry=retry)
        idle = not report.performed and len(world.state.witness) == before
        if idle and not any(plan.actions for plan in report.last.plans):
            return runs
    return RUNS + 1


def _differs(clean: Mapping[Any, object], found: Mapping[Any, object]) -> str:
    """Say only where they differ."""
    keys = sorted({*clean, *found}, key=str)
    return "; ".join(
        f"{key}: {found.get(key)!r}, clean run: {clean.get(key)!r}"
        for key in keys
        if clean.get(key) != found.get(key)
    )
