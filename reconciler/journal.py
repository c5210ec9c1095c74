"""What a pass leaves in the record: events, statuses and conditions, as one batch. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.model.plan import Action, Drift, Plan, ProductStatus
from reconciler.model.product import ProductName
from reconciler.model.record import Condition, Entry, Event, EventType, Outcome, Phase, Status
from reconciler.ports import Batch


@dataclass(frozen=True, slots=True)
class Pen:
    """Who writes, and when."""

    run: str
    now: datetime

    def event(self, type_: EventType, product: ProductName | None, **data: object) -> Event:
        """Make one event."""
        return Event(type_, self.now, self.run, product, data)

    def seen(
        self,
        plans: Sequence[Plan],
        before: Mapping[ProductName, Status],
        declared: Mapping[ProductName, Mapping[str, str]],
    ) -> Batch:
        """Return what changed since the last pass: nothing when nothing did.

        `declared` holds the labels of all products that `fleet/` still has: the statuses of the others
        are forgotten.
        """
        events: list[Event] = []
        statuses: list[Status] = []
        for plan in plans:
            last = before.get(plan.product)
            status = self.status(plan, last, declared.get(plan.product, {}))
            if last is not None and _same(last, status):
                continue
            statuses.append(status)
            events += self._drifts(plan, last)
            if last is None or last.status is not status.status:
                was = str(last.status) if last else None
                now = str(status.status)
                events.append(self.event(EventType.STATUS_CHANGED, plan.product, status=now, was=was))
        gone = tuple(sorted(name for name in before if name not in declared))
        return Batch(events=events, statuses=statuses, forget=gone)

    def status(self, plan: Plan, last: Status | None, labels: Mapping[str, str]) -> Status:
        """Return what is remembered of a pass."""
        same = last is not None and last.status is plan.status
        return Status(
            product=plan.product,
            status=plan.status,
            generation=plan.generation,
            at=self.now,
            since=last.since if last is not None and same else self.now,
            conditions=conditions(plan),
            plan=plan.data(),
            labels=labels,
        )

    def started(self, action: Action, entry: Entry) -> Batch:
        """Return what is committed before the first outward effect."""
        event = self.event(
            EventType.ACTION_STARTED,
            action.product,
            action=action.id,
            kind=action.kind,
            attempt=entry.tries,
            because=action.because,
            params=dict(action.params),
        )
        return Batch(events=[event], entries=[entry])

    def finished(self, entry: Entry, outcome: Outcome, after: Entry) -> Batch:
        """Return what is committed once the outcome is known."""
        end = self.event(
            EventType.ACTION_FINISHED,
            entry.product,
            action=entry.action,
            kind=entry.kind,
            attempt=entry.tries,
            result=str(outcome.result),
            message=outcome.message,
            **({"data": dict(outcome.data)} if outcome.data else {}),
        )
        events = [end]
        if after.phase is Phase.PARKED:
            events.append(
                self.event(
                    EventType.ACTION_PARKED,
                    entry.product,
                    action=entry.action,
                    kind=entry.kind,
                    message=outcome.message,
                )
            )
        return Batch(events=events, entries=[after])

    def unparked(self, action: Action) -> Event:
        """Say that a parked action is tried again because an input changed."""
        return self.event(EventType.ACTION_UNPARKED, action.product, action=action.id, kind=action.kind)

    def _drifts(self, plan: Plan, last: Status | None) -> list[Event]:
        had = {(d["pillar"], d["field"]): d for d in (last.plan["drift"] if last else ())}
        have = {(d["pillar"], d["field"]): d for d in plan.data()["drift"]}
        found = [drift for key, drift in have.items() if had.get(key) != drift]
        # An unknown world shows no drift: that is not the same as drift being gone.
        gone = [] if plan.unknown else [drift for key, drift in had.items() if key not in have]
        return [self.event(EventType.DRIFT_FOUND, plan.product, **drift) for drift in found] + [
            self.event(EventType.DRIFT_GONE, plan.product, **drift) for drift in gone
        ]


def conditions(plan: Plan) -> tuple[Condition, ...]:
    """Return the standing truths that follow from a plan: Ready, Observed and, when held, Held."""
    ready = "True" if plan.status is ProductStatus.IN_SYNC else "False"
    if plan.status is ProductStatus.UNKNOWN:
        ready = "Unknown"
    text = "; ".join(_says(drift) for drift in plan.drift)
    result = [Condition("Ready", ready, str(plan.status), text, plan.generation)]
    blind = "; ".join(f"{source}: {reason}" for source, reason in plan.unknown.items())
    seen = ("False", "SourceFailed") if blind else ("True", "Seen")
    result.append(Condition("Observed", *seen, blind, plan.generation))
    held = "; ".join(f"{a.kind}: {a.held}" for a in plan.actions if a.held)
    if held:
        result.append(Condition("Held", "True", "Held", held, plan.generation))
    return tuple(result)


def _says(drift: Drift) -> str:
    return f"{drift.field}: desired {drift.desired or 'nothing'}, observed {drift.observed or 'nothing'}"


def _same(last: Status, now: Status) -> bool:
    return replace(last, at=now.at) == replace(now, since=last.since)
