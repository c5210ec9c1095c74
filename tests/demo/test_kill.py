"""`kill -9` while `reconcile` works in a demo: the next run finishes, and nothing happens twice."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from reconciler.cli.common import Console
from reconciler.cli.demo import show_in
from reconciler.demo import checks, registry_control, seeds
from reconciler.demo.world import World
from reconciler.model.record import EventType
from reconciler.settings import STATE_FOLDER
from reconciler.swarm.reader import read_store
from tests.world import demos

pytestmark = [pytest.mark.real, pytest.mark.slow]
POINTS = 14
PRODUCTS = ("banana-split", "coconut-cache")
"""A site to build and a release of two files to upload."""
DOCS_REF = "refs/heads/gh-pages"


@pytest.fixture(scope="module")
def fresh() -> Iterator[Path]:
    """Build one demo in memory, with everything wrong in it, and put it to sleep."""
    shared = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=shared if shared.is_dir() else None))
    show = show_in(folder / "fresh", Console())
    try:
        (folder / "fresh").mkdir()
        show.build()
        registry_control.stop(show.world.registry)
        yield folder / "fresh"
    finally:
        registry_control.stop(show.world.registry)
        shutil.rmtree(folder)


def finish(world: World) -> checks.Seen:
    """Reconcile to the end and ask the witnesses."""
    done = demos.reconcile(world.root, *PRODUCTS)
    assert done.returncode == 0, done.stdout + done.stderr
    return checks.look(world)


@contextmanager
def reconciling(world: World) -> Iterator[subprocess.Popen[bytes]]:
    """Start `reconcile`."""
    with subprocess.Popen(
        demos.command(*PRODUCTS),
        cwd=world.root,
        env=demos.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        yield process


def kill_after(world: World, delay_s: float) -> bool:
    """Kill `reconcile`, and only it, with SIGKILL after a time; False: it had ended before."""
    with reconciling(world) as process:
        time.sleep(delay_s)
        if process.poll() is not None:
            return False
        os.kill(process.pid, signal.SIGKILL)
    return True


def kill_when(world: World, happened: Callable[[World], bool], *, tree: bool) -> bool:
    """Kill `reconcile` the moment something has happened; with `tree` also all that it started."""
    with reconciling(world) as process:
        while not happened(world):
            if process.poll() is not None:
                return False
            time.sleep(0.001)
        for victim in [process.pid, *(descendants(process.pid) if tree else ())]:
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
    return True


def descendants(process: int) -> Iterator[int]:
    """Return the children of a process, their children, and so on."""
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        for child in task.read_text().split():
            yield int(child)
            yield from descendants(int(child))


def deed_begun(world: World) -> bool:
    """Say whether a work folder stands."""
    folder = world.root / STATE_FOLDER / "deeds"
    return folder.is_dir() and any(path.is_dir() for path in folder.iterdir())


def uploaded(world: World, files: int) -> bool:
    """Say whether so many files of the new version arrived."""
    seen = registry_control.uploads(world.registry)
    return sum(one.file.startswith("coconut_cache-1.1.0") for one in seen) >= files


def pushed(world: World, before: str) -> bool:
    """Say whether the docs branch has moved."""
    return (world.repo(seeds.BANANA) / DOCS_REF).read_text() != before


def open_pairs(world: World) -> dict[str, int]:
    """Return the actions whose ActionStarted and ActionFinished do not pair up."""
    store = read_store(world.root, "sqlite:.codemonkeys/state/swarm.db")
    balance: Counter[str] = Counter()
    for recorded in store.events():
        if recorded.event.type is EventType.ACTION_STARTED:
            balance[recorded.event.data["action"]] += 1
        elif recorded.event.type is EventType.ACTION_FINISHED:
            balance[recorded.event.data["action"]] -= 1
    store.close()
    return {action: count for action, count in balance.items() if count}


@dataclass(slots=True)
class Harness:
    """Kills in copies of one demo, and counts what differs from the clean run."""

    fresh: Path
    wanted: checks.Seen
    tried: int = 0
    states: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    pairs: list[str] = field(default_factory=list)

    def point(self, where: str, kill: Callable[[World], bool]) -> None:
        """Kill once, finish, compare."""
        world = demos.copy(self.fresh, self.fresh.parent / f"point{self.tried}")
        try:
            self.tried += kill(world)
            seen = finish(world)
        finally:
            registry_control.stop(world.registry)
        if (seen.sites, seen.files) != (self.wanted.sites, self.wanted.files):
            self.states.append(f"{where}: {seen}")
        if (seen.uploads, seen.builds) != (self.wanted.uploads, self.wanted.builds):
            self.calls.append(f"{where}: {seen}")
        if left := open_pairs(world):
            self.pairs.append(f"{where}: {left}")
        shutil.rmtree(world.root)

    def figures(self) -> str:
        """Return the counts."""
        states, calls, pairs = map(len, (self.states, self.calls, self.pairs))
        return (
            f"points tried {self.tried}, end-state mismatches {states}, "
            f"call-count mismatches {calls}, open pairs {pairs}"
        )


@pytest.fixture(scope="module")
def clean(fresh: Path) -> tuple[checks.Seen, float]:
    """Run once without a kill: what shall be, and how many seconds it takes."""
    world = demos.copy(fresh, fresh.parent / "clean")
    begin = time.monotonic()
    try:
        return finish(world), time.monotonic() - begin
    finally:
        registry_control.stop(world.registry)


def test_killed_at_any_moment_the_next_run_finishes(
    fresh: Path, clean: tuple[checks.Seen, float], tell: Callable[[str], None]
) -> None:
    """Moments spread over a whole run: same end state, one upload a file, one docs commit, pairs closed."""
    wanted, whole_s = clean
    harness = Harness(fresh, wanted)
    for number in range(POINTS):
        delay_s = whole_s * (number + 0.5) / POINTS
        harness.point(f"{delay_s:.2f} s of {whole_s:.2f} s", partial(kill_after, delay_s=delay_s))
    tell(f"kill -9 of reconcile in the demo at {POINTS} moments: {harness.figures()}")
    assert (harness.states, harness.calls, harness.pairs) == ([], [], [])
    assert harness.tried >= POINTS - 2


@pytest.mark.parametrize("tree", [False, True], ids=["only-the-program", "with-all-its-children"])
def test_killed_right_after_an_effect_the_next_run_knows_it(
    fresh: Path, clean: tuple[checks.Seen, float], tell: Callable[[str], None], tree: bool
) -> None:
    """The moments where most is at stake: done outside, and nobody has written it down."""
    before = (fresh / "repos" / f"{seeds.BANANA.name}.git" / DOCS_REF).read_text()
    moments: dict[str, Callable[[World], bool]] = {
        "a deed has begun": deed_begun,
        "the site is pushed": partial(pushed, before=before),
        "the first file is uploaded": partial(uploaded, files=1),
        "the second file is uploaded": partial(uploaded, files=2),
    }
    harness = Harness(fresh, clean[0])
    for where, happened in moments.items():
        harness.point(where, partial(kill_when, happened=happened, tree=tree))
    tell(f"kill -9 of reconcile in the demo after {len(moments)} effects: {harness.figures()}")
    assert (harness.states, harness.calls, harness.pairs) == ([], [], [])
    assert harness.tried == len(moments)
