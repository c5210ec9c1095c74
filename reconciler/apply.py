"""Apply: do one free action between two events, and close what an interrupted run left open."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from reconciler import ledger
from reconciler.journal import Pen
from reconciler.look import Looked
from reconciler.model.errors import LeaseLost, ShipError, Terminal, Waiting
from reconciler.model.fleet import Fleet
from reconciler.model.plan import Action, Plan
from reconciler.model.product import ProductName
from reconciler.model.record import Entry, Outcome, Phase, Result
from reconciler.model.report import Performed
from reconciler.model.selection import Selection
from reconciler.ports import Batch, Deed, Parts

BUSY_POLL_S = 1.0
SHORTEST_WAIT_S = 0.05
OPEN = (Phase.ACTING, Phase.DOUBT)
"""A deed was begun, and nobody has said yet what came of it."""
DID_NOT_STICK = "it was done, but the drift is still there"


@dataclass(frozen=True, slots=True)
class Apply:
    """The acting half of one run."""

    parts: Parts
    fleet: Fleet
    selection: Selection
    run: str

    def act(self, action: Action, attempt: ledger.Try) -> Performed:
        """Commit the intent, do it, commit the outcome. Raises LeaseLost."""
        swarm, clock = self.parts.swarm, self.parts.clock
        before = swarm.entries().get(action.key)
        entry = ledger.started(before, attempt, holder=self.run, fence=swarm.fence, now=clock.now())
        pen = Pen(self.run, clock.now())
        start = pen.started(action, entry)
        woken = [pen.unparked(action)] if before and before.phase is Phase.PARKED else []
        self.parts.say(f"{action.product}: {action.kind}: {action.because}")
        try:
            with self.parts.deeds.open(action) as deed:
                swarm.write(replace(start, events=[*self.parts.drain(), *woken, *start.events]))
                watched = Watched(deed)
                outcome = execute(partial(self.parts.executors[action.kind].execute, action, watched.deed))
                outcome = replace(outcome, touched=watched.touched)
        except Waiting as waiting:  # an orphan of a killed run is at work: nothing was started
            return Performed(action, Outcome(Result.WAITING, str(waiting), waiting.retry_after_s))
        self.close(entry, outcome)
        self.parts.say(f"{action.product}: {action.kind}: {outcome.result}: {outcome.message}")
        return Performed(action, outcome)

    def close(self, entry: Entry, outcome: Outcome) -> None:
        """Commit the end of a try: row and event in one transaction."""
        clock = self.parts.clock
        after = self._after(entry, outcome)
        end = Pen(self.run, clock.now()).finished(entry, outcome, after)
        self.parts.swarm.write(replace(end, events=[*self.parts.drain(), *end.events]))

    def unstuck(self, action: Action) -> Performed:
        """Note that a deed of this run did not hold: it backs off like a failure."""
        outcome = Outcome(Result.FAILED, DID_NOT_STICK)
        entry = self.parts.swarm.entries()[action.key]
        self.parts.swarm.write(Batch(entries=[self._after(entry, outcome)]))
        return Performed(action, outcome)

    def resolve(self, looked: Looked) -> None:
        """Close the rows that an interrupted run left in `acting`, once it can be told what came of them."""
        plans = {one.product: one for one in looked.plan.plans}
        self._doubt()
        for entry in self.parts.swarm.entries().values():
            if entry.phase is Phase.DOUBT and not self._doubtful(entry, plans, looked):
                self.close(entry, _came_of(entry, plans.get(entry.product)))

    def wait_s(self, looked: Looked) -> float | None:
        """Return the seconds until a row in doubt or waiting is due; None when there is none."""
        products = {one.product for one in looked.plan.plans}
        keys = {action.key for one in looked.plan.plans for action in one.actions}
        dues = [
            due
            for entry in self.parts.swarm.entries().values()
            if entry.key in keys or (entry.product in products and entry.phase in OPEN)
            for due in self._dues_s(entry, looked)
        ]
        return max(SHORTEST_WAIT_S, min(dues)) if dues else None

    def _dues_s(self, entry: Entry, looked: Looked) -> list[float]:
        """Return after how many seconds a row asks for another look; none: it does not."""
        if entry.phase is Phase.ACTING:
            return [BUSY_POLL_S]  # a child of the dead run is at work on it
        now = self.parts.clock.now()
        if entry.phase in (Phase.DOUBT, Phase.DONE):
            settled = ledger.settled_at(entry, self._settle_s(entry))
            return [(settled - now).total_seconds()] if settled > looked.at else []
        if entry.phase is Phase.WAITING and entry.retry_at:
            return [(entry.retry_at - now).total_seconds()]
        # Failed or parked, and an input changed: it goes as soon as the last try's effect would show.
        fresh = any(
            one.action.key == entry.key and (one.retry or ledger.changed(entry, one))
            for one in looked.attempts.values()
        )
        settled = ledger.settled_at(entry, self._settle_s(entry))
        return [(settled - now).total_seconds()] if fresh and settled > looked.at else []

    def _after(self, entry: Entry, outcome: Outcome) -> Entry:
        clock, limit = self.parts.clock, self.fleet.limits.attempts
        now, chance = clock.now(), clock.random()
        return ledger.finished(entry, outcome, now=now, limit=limit, chance=chance)

    def _settle_s(self, entry: Entry) -> float:
        executor = self.parts.executors.get(entry.kind)
        return executor.settle_s if executor else 0.0

    def _doubtful(self, entry: Entry, plans: Mapping[ProductName, Plan], looked: Looked) -> bool:
        """Say whether it cannot be told yet what came of an interrupted deed."""
        plan, pillar = plans.get(entry.product), pillar_of(entry.kind)
        if plan is None or not self.selection.wants(pillar):
            return self._declared(entry.product)
        if any(action.key == entry.key and action.repeat == "unsafe" for action in plan.actions):
            return True
        executor = self.parts.executors.get(entry.kind)
        blind = executor is not None and bool({*executor.sees, pillar} & plan.unknown.keys())
        settled = ledger.settled_at(entry, self._settle_s(entry)) <= looked.at
        return blind or not settled

    def _doubt(self) -> None:
        """Begin the settle window of rows that a dead run left, where nobody is at work any more."""
        entries, now = self.parts.swarm.entries().values(), self.parts.clock.now()
        left = [one for one in entries if one.phase is Phase.ACTING and not self.parts.deeds.busy(one.key)]
        if left:
            self.parts.swarm.write(Batch(entries=[ledger.doubted(one, now) for one in left]))

    def _declared(self, name: ProductName) -> bool:
        return name in self.fleet.invalid or any(one.name == name for one in self.fleet.products)


class Watched:
    """A deed that remembers whether an outward write was about to go out."""

    def __init__(self, deed: Deed) -> None:
        self._guard = deed.guard
        self.touched = False
        self.deed = replace(deed, guard=self._pass)

    def _pass(self) -> None:
        self._guard()
        self.touched = True


def pillar_of(kind: str) -> str:
    """Return the pillar of a kind of action: its name up to the first dot."""
    return kind.partition(".")[0]


def _came_of(entry: Entry, plan: Plan | None) -> Outcome:
    if plan is None:
        return Outcome(Result.INTERRUPTED, "the product is no longer declared")
    if any(drift.pillar == pillar_of(entry.kind) for drift in plan.drift):
        return Outcome(Result.INTERRUPTED, "the run that did it was interrupted")
    return Outcome(Result.UNCHANGED, "done by a run that was interrupted")


def execute(deed: Callable[[], Outcome]) -> Outcome:
    """Run one deed; the only place where an exception becomes an Outcome. Raises LeaseLost."""
    try:
        return deed()
    except Waiting as waiting:
        return Outcome(Result.WAITING, str(waiting), retry_after_s=waiting.retry_after_s)
    except LeaseLost:
        raise
    except Terminal as error:
        return Outcome(Result.FAILED, str(error), terminal=True)
    except ShipError as error:
        return Outcome(Result.FAILED, str(error))
    except Exception as error:  # noqa: BLE001 -- a product can only break itself
        return Outcome(Result.FAILED, f"internal error: {type(error).__name__}: {error}")
