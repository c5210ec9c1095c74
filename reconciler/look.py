"""Look: observe, assess, judge. Repeatable and free of side effects: all that `--plan` does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.gate import Assessed, Situation, judge
from reconciler.ledger import Try
from reconciler.model.fleet import Fleet
from reconciler.model.observed import Observation, Observed, Sight
from reconciler.model.plan import Action, Drift, FleetPlan
from reconciler.model.product import Product, ProductName
from reconciler.model.selection import Selection
from reconciler.ports import Parts, Source


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look gave."""

    at: datetime
    """When it began: what is seen was so then, or later."""
    plan: FleetPlan
    attempts: Mapping[str, Try]
    """By action id: what the action's ledger row depends on."""


@dataclass(frozen=True, slots=True)
class Looker:
    """The looking half of one run."""

    parts: Parts
    fleet: Fleet
    selection: Selection
    force: bool = False
    """Leave the brake off."""
    retry: bool = False
    """Pass over backoff and parking."""

    def look(self, *, spent: int = 0) -> Looked:
        """Observe, assess, judge. `spent`: actions of the run's budget that are used up."""
        at = self.parts.clock.now()
        products = self.selection.of(self.fleet)
        observed = self.observe(products, at)
        assessed = [self.assess(product, observed[product.name]) for product in products]
        entries = self.parts.swarm.entries()
        attempts = {
            action.id: self.attempt(one.product, action, at) for one in assessed for action in one.actions
        }
        situation = Situation(
            limits=self.fleet.limits,
            now=self.parts.clock.now(),
            population=len(self.fleet.products),
            freeze=self.parts.swarm.frozen(),
            entries=entries,
            attempts=attempts,
            spent=spent,
            force=self.force,
        )
        plan = FleetPlan(
            commit=self.fleet.commit,
            fleet_digest=self.fleet.digest,
            plans=judge(assessed, situation),
            complaints=self.selection.complaints(self.fleet),
            invalid=self.selection.invalid(self.fleet),
        )
        return Looked(at, plan, attempts)

    def observe(self, products: Sequence[Product], at: datetime) -> Mapping[ProductName, Observed]:
        """Ask the sources in order; each sees what those before it saw."""
        observed = {product.name: Observed(product.name, at) for product in products}
        for source in self.parts.sources:
            sights = [Sight(product, observed[product.name]) for product in products]
            for answer in _ask(source, sights):
                observed[answer.product] = observed[answer.product].plus(answer)
        return observed

    def assess(self, product: Product, observed: Observed) -> Assessed:
        """Ask the pillars what departs and what would close it. A pillar's bug is an unknown."""
        drifts: list[Drift] = []
        actions: list[Action] = []
        unknown = dict(observed.unknown)
        for pillar in self.parts.pillars:
            if not self.selection.wants(pillar.name):
                continue
            try:
                found = [(d, pillar.remedy(product, d, observed)) for d in pillar.assess(product, observed)]
            except Exception as error:  # noqa: BLE001 -- a product can only break itself
                unknown[pillar.name] = f"internal error: {type(error).__name__}: {error}"
                continue
            drifts += [drift.placed(self.parts.locate(product.name, drift.declared)) for drift, _ in found]
            actions += [remedy for _, remedy in found if remedy]
        return Assessed(product, tuple(drifts), tuple(actions), unknown)

    def attempt(self, product: Product, action: Action, at: datetime) -> Try:
        """Gather what a ledger row depends on besides the action."""
        executor = self.parts.executors[action.kind]
        return Try(
            action=action,
            generation=product.generation,
            fingerprint=executor.fingerprint(action),
            settle_s=executor.settle_s,
            at=at,
            busy=self.parts.deeds.busy(action.key),
            retry=self.retry,
        )


def _ask(source: Source, sights: Sequence[Sight]) -> Sequence[Observation]:
    try:
        return tuple(source.observe(sights))
    except Exception as error:  # noqa: BLE001 -- a source's bug is an unknown, never an absence
        reason = f"internal error: {type(error).__name__}: {error}"
        return [Observation(sight.product.name, source.name, unknown=reason) for sight in sights]
