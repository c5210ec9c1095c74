"""Laws of looking: what a plan is, in every world."""

import pickle
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from reconciler.look import Looker
from reconciler.model.observed import Observation, Observed, Sight
from reconciler.model.plan import Action, Drift, FleetPlan, Plan
from reconciler.model.product import Product, ProductName
from reconciler.model.selection import Selection
from reconciler.ports import Pillar, Source
from reconciler.render import plan as plans
from tests.world.doors import clone_url
from tests.world.products import document
from tests.world.program import Process
from tests.world.state import State
from tests.world.strategies import Setting, law, settings_of
from tests.world.wire import Point

WRITES = ("swarm", "git.push", "playbooks.run", "registry.upload", "deeds.open", "vault.decrypt")


def _frozen(state: State) -> bytes:
    """Return the whole world but for the time."""
    return pickle.dumps(replace(state, now=0.0))


def _by_name(plan: FleetPlan) -> dict[ProductName, Plan]:
    return {one.product: one for one in plan.plans}


@law
@given(setting=settings_of())
def test_a_plan_changes_nothing(setting: Setting, folder: Path) -> None:
    """World and memory are the same to the byte, and no write port is even touched."""
    world = setting.build(folder)

    def touched(point: Point) -> None:
        assert point.door not in WRITES

    before = _frozen(world.state), pickle.dumps(world.memory)
    Process(world, look=True, die=touched).plan()
    assert (_frozen(world.state), pickle.dumps(world.memory)) == before


class Shuffled:
    """A source that answers in another order, facts too."""

    def __init__(self, source: Source) -> None:
        self._source, self.name = source, source.name

    def observe(self, sights: Sequence[Sight]) -> Iterable[Observation]:
        """Look at the last product first."""
        answers = list(self._source.observe(list(reversed(sights))))
        return [replace(one, facts=one.facts[::-1]) for one in reversed(answers)]


@law
@given(setting=settings_of(2, 4), chance=st.randoms(use_true_random=False))
def test_order_does_not_matter(setting: Setting, chance: Random, folder: Path) -> None:
    """Products, facts, answers and pillars in another order give the same bytes."""
    world = setting.build(folder)
    first = world.copy().plan()
    products = list(world.products)
    chance.shuffle(products)
    process = Process(world, look=True)
    parts = process.parts()
    turned = replace(
        parts, sources=[Shuffled(one) for one in parts.sources], pillars=list(parts.pillars)[::-1]
    )
    second = Looker(turned, replace(world.fleet(), products=tuple(products)), Selection()).look().plan
    assert plans.as_json(second.data()) == plans.as_json(first.data())


@law
@given(setting=settings_of())
def test_the_same_world_gives_the_same_bytes(setting: Setting, folder: Path) -> None:
    """Plan, digest, JSON and text."""
    one, two = setting.build(folder).plan(), setting.build(folder).plan()
    assert one.digest == two.digest
    assert plans.as_json(one.data()) == plans.as_json(two.data())
    assert plans.as_text(one) == plans.as_text(two)


@law
@given(setting=settings_of())
def test_a_plan_is_sorted(setting: Setting, folder: Path) -> None:
    """Plans by product, actions by kind and id, drift by itself."""
    plan = setting.build(folder).plan()
    assert list(plan.plans) == sorted(plan.plans, key=lambda one: one.product)
    for one in plan.plans:
        assert one.actions == tuple(sorted(one.actions, key=lambda action: (action.kind, action.id)))
        assert one.drift == tuple(sorted(one.drift))


@law
@given(setting=settings_of())
def test_only_what_is_declared_drifts(setting: Setting, folder: Path) -> None:
    """Without the block there is no drift of its pillar, and the rest of the plan is the same."""
    world = setting.build(folder)
    before = _by_name(world.copy().plan())
    world.products = tuple(
        Product.of(_without(product, "docs"), file=product.file) for product in world.products
    )
    for name, plan in _by_name(world.plan()).items():
        assert "docs" not in {one.pillar for one in plan.drift} | {one.pillar for one in plan.actions}
        rest = [one for one in before[name].drift if one.pillar != "docs"]
        assert [one.field for one in plan.drift] == [one.field for one in rest]


@law
@given(setting=settings_of(2, 3), package=st.booleans())
def test_unknown_holds_and_hides_nobody_else(setting: Setting, package: bool, folder: Path) -> None:
    """A product that cannot be seen is left alone; the others' plans are as they were."""
    world = setting.build(folder)
    before = _by_name(world.copy().plan())
    victim = world.products[0]
    if package and victim.release is None:
        return
    source = "pypi" if package else "github"
    world.state.broken["p0" if package else clone_url(victim.repo)] = "the server is on fire"
    after = _by_name(world.copy().plan())
    blind = after.pop(victim.name)
    assert source in blind.unknown
    assert not [one for one in blind.actions if source in one.needs and not one.held]
    assert not [one for one in blind.drift if one.pillar == "publish"]
    assert after == {name: plan for name, plan in before.items() if name != victim.name}
    world.start().reconcile()
    touched = {write[1].rpartition("/")[2] for write in world.state.witness}
    assert ("p0" if package else "p0.git") not in touched


class Poisoned:
    """A pillar that cannot stand one product."""

    def __init__(self, pillar: Pillar, victim: ProductName) -> None:
        self._pillar, self._victim, self.name = pillar, victim, pillar.name

    def assess(self, product: Product, observed: Observed) -> Sequence[Drift]:
        """Break on the victim."""
        if product.name == self._victim:
            msg = "poison"
            raise RuntimeError(msg)
        return self._pillar.assess(product, observed)

    def remedy(self, product: Product, drift: Drift, observed: Observed) -> Action | None:
        """Do as the pillar does."""
        return self._pillar.remedy(product, drift, observed)


@law
@given(setting=settings_of(2, 3))
def test_a_product_breaks_only_itself(setting: Setting, folder: Path) -> None:
    """A pillar that fails on one product leaves the others' plans as they were."""
    world = setting.build(folder)
    before = _by_name(world.copy().plan())
    parts = Process(world, look=True).parts()
    poisoned = replace(parts, pillars=[Poisoned(one, ProductName("p0")) for one in parts.pillars])
    after = _by_name(Looker(poisoned, world.fleet(), Selection()).look().plan)
    victim = after.pop(ProductName("p0"))
    before.pop(ProductName("p0"))
    assert not victim.actions
    assert victim.unknown
    assert after == before


def _without(product: Product, block: str) -> dict[str, object]:
    spec = {key: value for key, value in product.document["spec"].items() if key != block}
    return {**document(product.name), "spec": spec}
