"""Crash enumeration: stop the program at every point, start it again, hold the world to the clean run's."""

import random
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from reconciler.model.errors import LeaseLost
from tests.world import oracles
from tests.world.oracles import Verdict
from tests.world.program import Process, World
from tests.world.scenes import world_of
from tests.world.wire import At, Crash, Fault, Point, dies_at

ENOUGH_RUNS = 3
"""Runs after a crash until one finds nothing to do."""


@dataclass(slots=True)
class Tally:
    """What came of many crashes."""

    points: int = 0
    end: int = 0
    calls: int = 0
    record: int = 0
    slow: int = 0
    """Crashes after which more runs were needed than should be."""
    first: list[str] = field(default_factory=list)

    def add(self, what: str, verdict: Verdict, runs: int) -> None:
        """Count one crash."""
        self.points += 1
        self.end += bool(verdict.end)
        self.calls += bool(verdict.calls)
        self.record += bool(verdict.record)
        self.slow += runs > ENOUGH_RUNS
        if (not verdict or runs > ENOUGH_RUNS) and len(self.first) < 3:
            self.first.append(f"{what}: {runs} runs: {verdict}")

    def plus(self, other: "Tally") -> "Tally":
        """Return both together."""
        return Tally(
            self.points + other.points,
            self.end + other.end,
            self.calls + other.calls,
            self.record + other.record,
            self.slow + other.slow,
            [*self.first, *other.first],
        )

    @property
    def wrong(self) -> int:
        """How many mismatches of any sort there were."""
        return self.end + self.calls + self.record + self.slow

    def __str__(self) -> str:
        return (
            f"points {self.points}, end-state mismatches {self.end}, call-count mismatches {self.calls},"
            f" record mismatches {self.record}, slow {self.slow}"
        )


@dataclass(slots=True)
class Bench:
    """One scene: how it begins, and how the clean run leaves it."""

    base: World
    clean: World
    points: list[Point]

    @classmethod
    def of(cls, scene: str, folder: Path) -> "Bench":
        """Run the scene once without a crash, and once more to see that it is quiet."""
        base = world_of(scene, folder)
        clean = base.copy()
        process = clean.start()
        process.reconcile()
        assert oracles.settle(clean) == 1, "the clean run is not quiet"
        wrong = oracles.record(clean.memory.look())
        assert not wrong, wrong
        return cls(base, clean, process.wire.trace)

    def judge(self, world: World) -> tuple[Verdict, int]:
        """Run until quiet, then ask the oracles."""
        runs = oracles.settle(world)
        return oracles.judge(self.clean.state, world.state, world.memory.look(), self.ends()), runs

    def ends(self) -> Mapping[Any, object]:
        """Count how often each deed came to its end in the clean run."""
        return oracles.ends_of(self.clean.memory.look())


def every_point(bench: Bench) -> Tally:
    """Crash once at each point."""
    tally = Tally()
    for point in bench.points:
        world = bench.base.copy()
        assert crash(world, dies_at(point.call, point.at)), point
        tally.add(str(point), *bench.judge(world))
    return tally


def every_fault(bench: Bench) -> Tally:
    """Let one call go wrong, each in each way; then somebody tries again at once."""
    tally = Tally()
    for call, door in {point.call: point.door for point in bench.points}.items():
        for fault in () if door in ("swarm", "deeds.open") else Fault:
            world = bench.base.copy()
            world.start(faults=partial(_once, call, fault)).reconcile()
            runs = oracles.settle(world, retry=True)
            verdict = oracles.judge(bench.clean.state, world.state, world.memory.look())
            tally.add(f"{fault} in call {call} of {door}", verdict, runs)
    return tally


def _once(call: int, fault: Fault, number: int, _door: str) -> Fault | None:
    return fault if number == call else None


def orphans(bench: Bench, outlives_s: float, *, unseen: bool = False) -> Tally:
    """Crash while the playbook runs, which goes on and lands its effect later.

    `unseen`: it has just ended when the next run begins.
    """
    tally = Tally()
    for point in bench.points:
        if point.door in ("playbooks.run", "registry.upload") and point.at is not At.ANSWER:
            world = bench.base.copy()
            assert crash(world, dies_at(point.call, point.at), outlives_s)
            world.state.advance(outlives_s + 0.1 if unseen else 0)
            tally.add(f"{point} outlived {outlives_s} s", *bench.judge(world))
    return tally


def many_crashes(bench: Bench, seeds: Iterable[int]) -> Tally:
    """Crash at chance points, and again at chance points of the recovery, up to four times."""
    tally = Tally()
    for seed in seeds:
        chance, world = random.Random(seed), bench.base.copy()
        for _ in range(chance.randint(2, 4)):
            point = chance.choice(bench.points)
            crash(world, dies_at(point.call, point.at), chance.choice([None, 0.5, 20.0]))
        tally.add(f"seed {seed}", *bench.judge(world))
    return tally


def zombies(bench: Bench) -> Tally:
    """Let a second run take over, locks and all, at each point; the first one wakes up after it.

    Not while its playbook uploads: no check of ours can stop a program that is already at it.
    """
    tally = Tally()
    for point in (one for one in bench.points if one.door != "registry.upload"):
        world = bench.base.copy()
        process = world.start(die=_overtaken(world, point))
        with suppress(LeaseLost):
            process.reconcile()
        world.bury()
        tally.add(f"zombie at {point}", *bench.judge(world))
    return tally


def crash(world: World, die: Callable[[Point], None], outlives_s: float | None = None) -> bool:
    """Start the program and let it die; say whether it did."""
    process = Process(world, die=die, outlives_s=outlives_s)
    try:
        process.reconcile()
    except Crash:
        world.bury()
        return True
    return False


def _overtaken(world: World, where: Point) -> Callable[[Point], None]:
    def die(point: Point) -> None:
        if (point.call, point.at) == (where.call, where.at):
            world.bury()  # somebody deleted the state folder's locks
            oracles.settle(world)

    return die
