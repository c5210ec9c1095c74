"""The program dies at every point, in memory: the next run ends like the clean run, no write twice."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.world import crashes
from tests.world.crashes import Bench, Tally
from tests.world.scenes import SCENES

Show = Callable[[str, Tally], None]


@pytest.fixture
def show(tell: Callable[[str], None]) -> Show:
    """Tell a tally, and hold it to zero."""

    def shown(what: str, tally: Tally) -> None:
        tell(f"{what}: {tally}")
        assert tally.wrong == 0, "\n".join(tally.first)

    return shown


def _sum(make: Callable[[Bench], Tally], folder: Path) -> Tally:
    tally = Tally()
    for scene in SCENES:
        tally = tally.plus(make(Bench.of(scene, folder)))
    return tally


def test_a_crash_at_every_point_changes_nothing(tmp_path: Path, show: Show) -> None:
    """Each door call and each commit, before the effect, after it, after the answer, in every scene."""
    tally = _sum(crashes.every_point, tmp_path)
    assert tally.points > 400
    show("crash at every point", tally)


def test_crashes_during_the_recovery_change_nothing(tmp_path: Path, show: Show) -> None:
    """Two to four crashes one after the other, some with a playbook that goes on."""
    show("crashes in a row", _sum(lambda bench: crashes.many_crashes(bench, range(15)), tmp_path))


@pytest.mark.slow
def test_many_more_crashes_during_the_recovery_change_nothing(tmp_path: Path, show: Show) -> None:
    """The same with many seeds."""
    show("crashes in a row", _sum(lambda bench: crashes.many_crashes(bench, range(15, 400)), tmp_path))


@pytest.mark.parametrize("outlives_s", [0.5, 5.0, 40.0])
def test_a_playbook_that_outlives_its_run_is_waited_for(
    outlives_s: float, tmp_path: Path, show: Show
) -> None:
    """The effect lands seconds after the crash; the next run sees the lock and waits."""
    tally = _sum(lambda bench: crashes.orphans(bench, outlives_s), tmp_path)
    assert tally.points
    show(f"orphans of {outlives_s:g} s", tally)


def test_a_playbook_that_ended_unseen_is_still_given_its_window(tmp_path: Path, show: Show) -> None:
    """It outlived its run and ended right before the next one began: its upload does not show yet."""
    tally = _sum(lambda bench: crashes.orphans(bench, 30.0, unseen=True), tmp_path)
    show("orphans unseen", tally)


def test_one_call_that_goes_wrong_changes_nothing(tmp_path: Path, show: Show) -> None:
    """Each call refused, forbidden, timed out after its effect, answered from the past, or slow."""
    tally = Tally()
    for scene in ("stale_docs", "half_published", "lax_both"):
        tally = tally.plus(crashes.every_fault(Bench.of(scene, tmp_path)))
    show("faults", tally)


def test_a_run_that_was_overtaken_stops(tmp_path: Path, show: Show) -> None:
    """Somebody deletes the state folder's locks, a second run does the work, the first one wakes up."""
    show("zombies", _sum(crashes.zombies, tmp_path))


def test_the_harness_sees_a_write_that_is_made_twice(tmp_path: Path) -> None:
    """An oracle that cannot fail proves nothing."""
    bench = Bench.of("new_tag", tmp_path)
    world = bench.clean.copy()
    world.state.witness.append(world.state.witness[-1])
    verdict, _ = bench.judge(world)
    assert (bool(verdict.end), bool(verdict.calls), bool(verdict.record)) == (False, True, False)
