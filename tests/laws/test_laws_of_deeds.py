"""Laws of doing: where a run ends, in every world, whatever went wrong on the way."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.model.plan import FleetPlan
from reconciler.model.saved import SavedPlan
from reconciler.render import plan as plans
from tests.world import oracles
from tests.world.doors import RECORD, clone_url
from tests.world.products import docs
from tests.world.program import World
from tests.world.scenes import PAGES, add
from tests.world.strategies import Setting, Sketch, law, settings_of
from tests.world.wire import seeded_faults


@law
@given(setting=settings_of())
def test_a_run_leaves_nothing_that_it_may_do(setting: Setting, folder: Path) -> None:
    """After one run the plan holds no free action, and a second run does and writes nothing."""
    world = setting.build(folder)
    world.start().reconcile()
    assert not [one for plan in world.plan().plans for one in plan.actions if not one.held]
    writes, events = list(world.state.witness), len(world.memory.rows)
    assert not world.start().reconcile().performed
    assert world.state.witness == writes
    kinds = [row[1] for row in world.memory.rows[events:]]
    assert set(kinds) <= {"ToolCalled"}
    assert oracles.record(world.memory.look()) == ""


@law
@given(setting=settings_of(), seed=st.integers(0, 10**6), share=st.sampled_from([0.05, 0.2, 0.5]))
def test_it_converges_once_faults_stop(setting: Setting, seed: int, share: float, folder: Path) -> None:
    """Whatever went wrong for three runs: two more runs end like the clean run, with as many writes."""
    clean, world = setting.build(folder), setting.build(folder)
    clean.start().reconcile()
    for run in range(3):
        world.start(seeded_faults(seed + run, share, 60)).reconcile()
        world.state.advance(1200)
    for _ in range(2):
        world.start().reconcile(retry=True)
        world.state.advance(1200)
    assert oracles.judge(clean.state, world.state, world.memory.look()) == oracles.Verdict()
    before = len(world.state.witness)
    for _ in range(3):
        assert not world.start().reconcile().performed
    assert len(world.state.witness) == before


def _predicted(plan: FleetPlan) -> Counter[tuple[str, ...]]:
    """Say which outward writes the free actions of a plan are."""
    found: Counter[tuple[str, ...]] = Counter()
    for action in (one for product in plan.plans for one in product.actions if not one.held):
        params = action.params
        if action.kind == "docs.build":
            found["push", params["clone_url"], params["docs_branch"]] += 1
        else:
            found["upload", params["package"], params["version"]] += len(params["files"].split(","))
    return found


@law
@given(setting=settings_of())
def test_apply_makes_the_writes_that_the_plan_lists(setting: Setting, folder: Path) -> None:
    """A saved plan, applied: as many pushes and uploads, to the same places, and none besides."""
    world = setting.build(folder)
    plan = world.plan()
    saved = SavedPlan.read(plans.as_json(plan.data()), expected=plan.digest)
    report = world.start().reconcile(saved=saved)
    assert Counter(write[:3] for write in world.state.witness) == _predicted(plan)
    assert not report.refused


@law
@given(setting=settings_of())
@example(setting=Setting([Sketch()]))
def test_a_stale_plan_is_refused(setting: Setting, folder: Path) -> None:
    """The world moved on: what the plan said of those products is not done."""
    world = setting.build(folder)
    plan = world.plan()
    for product in world.products:
        world.state.commit(clone_url(product.repo), "main", {**PAGES, "docs/index.md": b"moved on"})
    saved = SavedPlan.read(plans.as_json(plan.data()), expected=None)
    world.start().reconcile(saved=saved)
    stale = {one.product for one in plan.plans if any(act.kind == "docs.build" for act in one.actions)}
    assert not [write for write in world.state.witness if _product(write) in stale]


def _product(write: tuple[str, ...]) -> str:
    """Return the product that a write is for: packages and repositories are called like it."""
    return write[1].rpartition("/")[2].removesuffix(".git")


@law
@given(setting=settings_of(), page=st.binary(max_size=8))
def test_a_revert_returns(setting: Setting, page: bytes, folder: Path) -> None:
    """A change and its revert: the site is byte for byte what it was."""
    world = setting.build(folder)
    world.start().reconcile()
    first = _sites(world)
    for body in (b"# other " + page.hex().encode(), None):
        for product in world.products:
            url = clone_url(product.repo)
            files = dict(_tree(world, url, "main"))
            old = files["docs/index.md"]
            was = world.state.trees[_first_change(world, url)]["docs/index.md"] if body is None else old
            files["docs/index.md"] = was if body is None else body
            world.state.commit(url, "main", files)
        world.start().reconcile()
        assert (_sites(world) == first) == (body is None or not first)


def _first_change(world: World, url: str) -> str:
    """Return the tree before the last commit."""
    tip = world.state.repos[url].tip("main", world.state.now)
    assert tip is not None
    parent = world.state.commits[tip].parent
    assert parent is not None
    return world.state.commits[parent].tree


@law
@given(setting=settings_of())
@example(setting=Setting([Sketch(foreign=True), Sketch(suspend=True), Sketch(look=True)]))
def test_hands_off(setting: Setting, folder: Path) -> None:
    """Suspended products, products that may only be observed, and other people's branches are not touched."""
    world = setting.build(folder)
    world.start().reconcile()
    for number, sketch in enumerate(setting.sketches):
        mine = [write for write in world.state.witness if f"p{number}" in write[1]]
        if sketch.idle:
            assert mine == []
        if sketch.foreign:
            assert not [write for write in mine if write[0] == "push"]


@pytest.mark.parametrize(("many", "writes"), [(3, 3), (4, 0)], ids=["30 % go", "40 % are braked"])
def test_the_brake(many: int, writes: int, folder: Path) -> None:
    """Of ten products three may change at once, four need --force."""
    world = World(folder)
    for number in range(10):
        add(world, f"p{number}", tag=None, docs=docs() if number < many else None)
    world.start().reconcile()
    assert len(world.state.witness) == writes
    world.start().reconcile(force=True)
    assert len(world.state.witness) == many


def test_a_registry_that_lost_a_file_is_mended(folder: Path) -> None:
    """The tag and our own record say released; the registry says not: the registry is right."""
    world = Setting([Sketch()]).build(folder)
    world.start().reconcile()
    gone = world.state.registry.uploads[-1]
    world.state.registry.uploads.remove(gone)
    world.state.advance(600)
    world.start().reconcile()
    assert gone.file in {one.file for one in world.state.registry.uploads}


def test_a_registry_that_serves_other_bytes_is_told(folder: Path) -> None:
    """What was uploaded is fetched back: other bytes park the action for a person."""
    world = Setting([Sketch(docs=False)]).build(folder)
    world.state.corrupt = True
    report = world.start().reconcile()
    assert [str(one.outcome.result) for one in report.performed] == ["failed"]
    assert "other bytes" in report.performed[0].outcome.message


def _tree(world: World, url: str, branch: str) -> dict[str, bytes]:
    tip = world.state.repos[url].tip(branch, world.state.now)
    return world.state.trees[world.state.commits[tip].tree] if tip else {}


def _sites(world: World) -> dict[str, dict[str, bytes]]:
    """Return the sites that Ship made, without their records."""
    every = {url: _tree(world, url, "gh-pages") for url in world.state.repos}
    return {
        url: {path: body for path, body in files.items() if path != RECORD}
        for url, files in every.items()
        if RECORD in files
    }


@pytest.mark.slow
def test_all_laws_in_many_worlds() -> None:
    """The same laws, twenty times as many worlds, another seed each night."""
    words = [sys.executable, "-m", "pytest", "-q", "-m", "not slow", str(Path(__file__).parent)]
    env = {**os.environ, "SHIP_LAWS": "large"}
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False, timeout=3000)
    assert done.returncode == 0, done.stdout


def test_a_commit_that_changes_no_input_builds_nothing(folder: Path) -> None:
    """Docs are stale by the content of their inputs, never because time or the branch moved on."""
    world = World(folder)
    one = add(world, "p0", docs=docs())
    world.start().reconcile()
    world.state.advance(10**6)
    world.state.commit(clone_url(one.repo), "main", {**PAGES, "name.txt": b"p0", "src/code.py": b"x = 2"})
    assert not world.start().reconcile().performed
