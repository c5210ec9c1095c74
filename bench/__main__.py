"""`make bench`: every goal with its figure, its peer's figure, their ratio and a verdict.

Absolute times change with the machine and its neighbours, so goals are ratios of one run, taken in turn.
Where the peer is octoDNS: a dry run over as many zones of ten records, both sides in YAML, nothing to do.
"""

import argparse
import itertools
import json
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import store, trees, world
from bench.row import Row, compare, show
from bench.timing import Command, Timing, in_turn, once

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
BARE = Command([sys.executable, "-c", "pass"])
LATENCY_MS = 50
HELD_RUNS = 3
"""Runs of what takes the peer many seconds."""


@dataclass(frozen=True, slots=True)
class Bench:
    """One run of the bench."""

    scratch: Path
    runs: int
    short: bool

    def rows(self) -> Iterator[Row]:
        """Measure, cheapest first."""
        yield self.start()
        yield from store.rows(self.scratch / "store", short=self.short)
        repositories = self.scratch / "repositories"
        first = world.plant(repositories)
        sizes = (50,) if self.short else (50, 1000)
        world.multiply(first, sizes[-1])
        server, port = world.served(
            [sys.executable, "-m", "bench.server", str(repositories), str(LATENCY_MS)], cwd=ROOT
        )
        try:
            for size in sizes:
                yield from self.plan(size, port)
        finally:
            server.communicate()
        yield from self.record(sizes[-1])
        yield from self.offline(1000 if self.short else 10_000)

    def start(self) -> Row:
        """Time what everybody waits for."""
        times = in_turn({"help": self.reconcile("--help"), "bare": BARE}, self.runs)
        ratio = times["help"].over(times["bare"])
        return compare("reconcile --help", times["help"], ("bare Python", times["bare"]), ratio, 6)

    def plan(self, size: int, port: int) -> Iterator[Row]:
        """Time a whole warm plan of unchanged products, and count what it asks."""
        root = trees.fleet(self.fleet(size), size, base_url=f"http://127.0.0.1:{port}")
        world.reconcile(root)  # fills the cache; nothing is left to do afterwards
        plan = self.reconcile("--plan", "--detailed-exitcode", "--fleet", str(root))
        zones = Command([self.octodns(), "--quiet", "--config-file", str(self.zones(size))])
        times = in_turn({"plan": plan, "zones": zones}, self.runs if size < 1000 else HELD_RUNS)
        goal = 1.4 if size < 1000 else 1 / 4.8
        name = f"plan of {size:,} unchanged, forge at {LATENCY_MS} ms"
        yield compare(
            name, times["plan"], ("octoDNS", times["zones"]), times["plan"].over(times["zones"]), goal
        )
        _count(port)
        once(plan)
        asked, wanted = _count(port), -(-size // 50)
        yield Row("  requests", str(asked), "", "", f"= {wanted}", asked == wanted)

    def record(self, size: int) -> Iterator[Row]:
        """Time what reads the record."""
        root = str(self.fleet(size))
        ship = [sys.executable, "-m", "reconciler.cli.ship"]
        commands = {
            "status": Command([*ship, "status", "--fleet", root]),
            "why": Command([*ship, "why", trees.name_of(7), "--fleet", root]),
            "bare": BARE,
        }
        times = in_turn(commands, self.runs)
        for name in ("status", "why"):
            ratio = times[name].over(times["bare"])
            yield compare(
                f"ship {name}, {size:,} products", times[name], ("bare Python", times["bare"]), ratio, 6.7
            )

    def offline(self, most: int) -> Iterator[Row]:
        """Time a plan whose sources answer from memory: reading, deciding and printing remain."""
        sizes = [size for size in (100, 1000, 10_000) if size <= most]
        commands = {}
        for size in sizes:
            root = trees.fleet(self.scratch / f"offline-{size}", size)
            script = [sys.executable, "-m", "bench.offline"]
            once(Command([*script, "fill", str(root)]))
            commands[str(size)] = Command([*script, "plan", str(root)])
        times = in_turn(commands | {"bare": BARE}, self.runs)
        largest = times[str(most)]
        zones = Command([self.octodns(), "--quiet", "--config-file", str(self.zones(most))])
        theirs = in_turn({"zones": zones}, 1, warm=False)["zones"]
        ratio = largest.wall_s / theirs.wall_s
        goal = 1 / 300 if most == 10_000 else None  # set for 10,000 only
        yield compare(f"plan of {most:,}, offline part, warm", largest, ("octoDNS", theirs), ratio, goal)
        yield Row("  peak memory", f"{largest.peak_mib:.0f} MiB", "", "", "≤ 64 MiB", largest.peak_mib <= 64)
        for small, large in itertools.pairwise(sizes):
            grown = self.growth(times[str(small)], times[str(large)], times["bare"])
            yield Row(f"  from {small:,} to {large:,}", f"{grown:.1f} times", "", "", "≤ 10.5", grown <= 10.5)

    def growth(self, small: Timing, large: Timing, bare: Timing) -> float:
        """Return how many times the work above a bare start grew."""
        return (large.wall_s - bare.wall_s) / (small.wall_s - bare.wall_s)

    def reconcile(self, *words: str) -> Command:
        """Return the program with arguments."""
        return Command([sys.executable, "-m", "reconciler.cli.reconcile", *words])

    def octodns(self) -> str:
        """Return the peer's program."""
        return str(ROOT / ".venv-bench" / "bin" / "octodns-sync")

    def fleet(self, size: int) -> Path:
        """Name the folder of a fleet."""
        return self.scratch / f"fleet-{size}"

    def zones(self, size: int) -> Path:
        """Write the peer's tree, once."""
        root = self.scratch / f"zones-{size}"
        return root / "config.yaml" if root.exists() else trees.octodns(root, size)


def _count(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/__count") as answer:
        return int(json.load(answer))


def main() -> None:
    """Run it; the exit code is 0 also when a goal is missed, since a busy machine is no fault of the code."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--short", action="store_true", help="50 products and few runs")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ship-bench-") as folder:
        bench = Bench(Path(folder), 3 if arguments.short else 7, arguments.short)
        met = show(bench.rows())
    print("all goals met" if met else "some goals missed")


if __name__ == "__main__":
    main()
