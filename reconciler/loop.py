"""THE MAIN PATH: look (observe, assess, judge), record, act, until nothing is left to do. Read third."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.apply import Apply
from reconciler.journal import Pen
from reconciler.look import Looker
from reconciler.model.fleet import Fleet
from reconciler.model.plan import Action, FleetPlan
from reconciler.model.product import ProductName
from reconciler.model.record import Result
from reconciler.model.report import Performed, Report
from reconciler.model.saved import SavedPlan
from reconciler.model.selection import Selection
from reconciler.ports import Clock, Parts

SLICE_S = 0.5


@dataclass(frozen=True, slots=True)
class Orders:
    """How far one run may go."""

    max_passes: int
    deadline: datetime
    """No new action and no waiting after it."""
    stop: Callable[[], bool]
    """Somebody asked to end after the action at hand."""
    force: bool = False
    retry: bool = False
    saved: SavedPlan | None = None


@dataclass(slots=True)
class Tally:
    """What one run has done so far."""

    first: FleetPlan | None = None
    performed: list[Performed] = field(default_factory=list)
    done: set[tuple[str, str, str]] = field(default_factory=set)
    passes: int = 0

    def add(self, performed: Performed) -> None:
        """Count one deed."""
        self.performed.append(performed)
        if performed.outcome.result in (Result.DONE, Result.UNCHANGED):
            self.done.add(performed.action.key)


@dataclass(frozen=True, slots=True)
class Reconciler:
    """One run over one fleet."""

    parts: Parts
    fleet: Fleet
    selection: Selection
    run: str
    orders: Orders

    def reconcile(self) -> Report:
        """Look, record and act until converged, held or out of budget. Raises LeaseLost."""
        looker = Looker(
            self.parts, self.fleet, self.selection, force=self.orders.force, retry=self.orders.retry
        )
        apply = Apply(self.parts, self.fleet, self.selection, self.run)
        tally = Tally()
        while True:
            looked = looker.look(spent=len(tally.performed))
            plan = looked.plan
            self.record(plan)
            apply.resolve(looked)
            tally.first = tally.first or plan
            free = self.free(plan, tally, apply)
            ended = self.ended(tally, wanted=bool(free))
            if free and not ended:
                tally.passes += 1
                for action in free:
                    if self.orders.stop() or self.over(0):
                        break
                    tally.add(apply.act(action, looked.attempts[action.id]))
                # "now" is once: what fails again backs off or is parked
                looker = replace(looker, retry=False)
                continue
            wait_s = apply.wait_s(looked)
            if ended or wait_s is None or self.over(wait_s):
                return self.report(tally, tally.first, plan, ended)
            if wait_s >= 1:
                self.parts.say(f"waiting {wait_s:.0f} s for what may still show")
            rest(self.parts.clock, wait_s, self.orders.stop)

    def record(self, plan: FleetPlan) -> None:
        """Remember what was seen: events only where something changed."""
        declared = {product.name: product.labels for product in self.fleet.products}
        pen = Pen(self.run, self.parts.clock.now())
        seen = pen.seen(
            [*plan.plans, *plan.unreadable()],
            self.parts.swarm.statuses(),
            {**{ProductName(name): {} for name in self.fleet.invalid}, **declared},
        )
        self.parts.swarm.write(seen.with_news(self.parts.drain(), self.parts.news()))

    def free(self, plan: FleetPlan, tally: Tally, apply: Apply) -> list[Action]:
        """Return the actions that may go now; a deed of this run that did not hold backs off."""
        free = [action for one in plan.plans for action in one.actions if not action.held]
        if self.orders.saved is not None and tally.first is not None:
            allowed = self.orders.saved.allowed(tally.first)
            free = [action for action in free if action.id in allowed]
        for action in free:
            if action.key in tally.done:
                tally.add(apply.unstuck(action))
        return [action for action in free if action.key not in tally.done]

    def ended(self, tally: Tally, *, wanted: bool) -> str | None:
        """Say why no further action may start; None: go on."""
        if self.orders.stop():
            return "asked to stop"
        if wanted and tally.passes >= self.orders.max_passes:
            return f"the limit of {self.orders.max_passes} passes is reached"
        return "the time is up" if wanted and self.over(0) else None

    def over(self, wait_s: float) -> bool:
        """Say whether waiting so long would pass the deadline."""
        left = (self.orders.deadline - self.parts.clock.now()).total_seconds()
        return wait_s >= left

    def report(self, tally: Tally, first: FleetPlan, last: FleetPlan, stopped: str | None) -> Report:
        """Sum up the run."""
        refused = self.orders.saved.refused(first) if self.orders.saved else {}
        return Report(self.run, first, last, tuple(tally.performed), refused, stopped)


def rest(clock: Clock, wait_s: float, stop: Callable[[], bool]) -> None:
    """Wait, but not for somebody who asked to stop."""
    while wait_s > 0 and not stop():
        clock.sleep(min(SLICE_S, wait_s))
        wait_s -= SLICE_S
