"""What people and programs read of a plan, kept to the letter. UPDATE_GOLDEN=1 writes the files anew."""

import difflib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.model.fleet import Complaint
from reconciler.model.plan import FleetPlan
from reconciler.model.record import Freeze
from reconciler.ports import Batch
from reconciler.render import plan as plans
from tests.world.crashes import crash
from tests.world.doors import clone_url
from tests.world.products import docs
from tests.world.program import World
from tests.world.scenes import PAGES, add, half, sealed
from tests.world.wire import BEGIN, At, Crash, Fault, Point, dies_at

PLANS = Path(__file__).parent / "plans"
FORMS: dict[str, Callable[[FleetPlan], str]] = {
    "txt": plans.as_text,
    "md": plans.as_markdown,
    "json": lambda plan: plans.as_json(plan.data()),
}


def in_sync(world: World) -> None:
    """Docs and release are as declared."""
    add(world, "tidy-csv", docs=docs(), release=sealed("tidy-csv"))
    add(world, "quiet")
    world.start().reconcile()


def drifts(world: World) -> None:
    """One of each: never built, stale, not published, half published, somebody else's branch."""
    stale = add(world, "stale-docs", docs=docs())
    world.start().reconcile()
    world.state.commit(clone_url(stale.repo), "main", {**PAGES, "docs/index.md": b"# changed"})
    add(world, "new-docs", docs=docs())
    add(world, "new-tag", release=sealed("new-tag"))
    half(world, add(world, "half-published", release=sealed("half-published")))
    foreign = add(world, "foreign-branch", docs=docs())
    world.state.commit(clone_url(foreign.repo), "gh-pages", {"index.html": b"by hand"})


def held(world: World) -> None:
    """Nothing may go: policy, a requirement, backoff, parked."""
    add(world, "look-only", docs=docs(), policy={"allow": ["observe"]})
    late = add(world, "red", release={**sealed("red"), "requires": ["ci"]})
    world.state.commit(clone_url(late.repo), "main", {**PAGES, "docs/index.md": b"# after the tag"})
    broken = add(world, "broken-docs", docs=docs())
    world.state.commit(clone_url(broken.repo), "main", {**PAGES, "docs/index.md": b"BROKEN"})
    flaky = add(world, "flaky", docs=docs())
    world.start(lambda _call, door: Fault.REFUSED if door == "git.push" else None).reconcile()
    assert flaky.docs is not None


def interrupted(world: World) -> None:
    """A run died while it was acting; nobody has looked since."""
    add(world, "parcel", release=sealed("parcel"))
    process = world.copy().start()
    process.reconcile()
    call = next(point.call for point in process.wire.trace if point.door == "playbooks.run")
    assert crash(world, dies_at(call, At.BEFORE))


def in_doubt(world: World) -> None:
    """The next run has seen that nobody is at work any more, and died too."""
    interrupted(world)
    commits: list[Point] = []

    def die(point: Point) -> None:
        commits.extend([point] if (point.door, point.at) == ("swarm", At.EFFECT) else [])
        if len(commits) == 2:
            raise Crash

    assert crash(world, die)


def frozen(world: World) -> None:
    """A person has stopped all writes."""
    add(world, "new-docs", docs=docs())
    world.memory.open().write(Batch(freeze=Freeze("the forge is moving", "ada", BEGIN, None)))


def unknown(world: World) -> None:
    """A repository and a package cannot be seen; the third product is none the worse for it."""
    lost = add(world, "lost-repository", docs=docs())
    world.state.broken[clone_url(lost.repo)] = "HTTP 502 from the forge"
    add(world, "lost-package", docs=docs(), release=sealed("lost-package"))
    world.state.broken["lost-package"] = "the index timed out after 10 s"
    add(world, "well", docs=docs())


def invalid(world: World) -> None:
    """A file with two mistakes, beside a product that is fine."""
    add(world, "well", docs=docs())
    file = "fleet/products/bad.yaml"
    world.invalid = {"bad": file}
    world.complaints = (
        Complaint(file, 4, 3, "unknown key 'spce'", "did you mean 'spec'?", "  spce:", "bad"),
        Complaint(file, 9, 11, "'docs.branch' must be a text", None, "  branch: [a]", "bad"),
    )


def suspended(world: World) -> None:
    """Its drift is shown and left alone."""
    add(world, "resting", docs=docs(), suspend=True)


def brake(world: World) -> None:
    """Four of ten products would change."""
    for number in range(10):
        add(world, f"p{number}", tag=None, docs=docs() if number < 4 else None)


SCENES = (in_sync, drifts, held, interrupted, in_doubt, frozen, unknown, invalid, suspended, brake)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_plan_reads_as_it_did(scene: Callable[[World], None], form: str, tmp_path: Path) -> None:
    """A difference is a change that users see: look at it, then write the file anew."""
    world = World(tmp_path)
    scene(world)
    text = FORMS[form](world.plan()).rstrip("\n") + "\n"
    file = PLANS / f"{scene.__name__}.{form}"
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    old = file.read_text(encoding="utf-8")
    diff = "\n".join(difflib.unified_diff(old.splitlines(), text.splitlines(), "golden", "now", lineterm=""))
    assert text == old, diff


def test_every_golden_file_has_its_scene() -> None:
    """A file that no scene makes any more is no promise."""
    wanted = {f"{scene.__name__}.{form}" for scene in SCENES for form in FORMS}
    assert {file.name for file in PLANS.iterdir()} == wanted
