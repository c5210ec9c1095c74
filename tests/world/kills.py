"""Real SIGKILL: the program over a world and a Swarm DB that stand in files, killed at chance points.

Run as a program of its own (`python -m tests.world.kills FOLDER FIRST COUNT`): it has one thread, so that it
may fork. The child dies; the parent starts the program again and asks the oracles.
"""

import json
import os
import pickle
import random
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

from reconciler.outside.deeds import FolderDeeds
from reconciler.settings import STATE_FOLDER
from reconciler.swarm.reader import read_store
from reconciler.swarm.sqlite import Store, open_store
from tests.world import oracles
from tests.world.crashes import Bench, Tally
from tests.world.program import Process, World
from tests.world.scenes import SCENES
from tests.world.wire import Point

URL = f"sqlite:{STATE_FOLDER}/swarm.db"


def main(folder: Path, seeds: range) -> Tally:
    """Kill one run for each seed, each scene in turn."""
    tally = Tally()
    benches = {scene: Bench.of(scene, folder) for scene in SCENES if scene != "stale_docs"}  # that has a past
    for seed in seeds:
        scene = list(benches)[seed % len(benches)]
        _one(benches[scene], folder / "world", seed, tally)
    return tally


def _one(bench: Bench, root: Path, seed: int, tally: Tally) -> None:
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    world = bench.base.copy()
    points = [one for one in bench.points if one.door != "deeds.open"]  # these deeds are the real ones
    place = random.Random(seed).randrange(len(points))
    _save(world, root)
    assert _killed(root, place), f"seed {seed}: nobody died at {points[place]}"
    runs = 1
    while _live(_load(root), root) and runs <= oracles.RUNS:
        runs += 1
    store = read_store(root, URL)
    verdict = oracles.judge(bench.clean.state, _load(root).state, store, bench.ends())
    store.close()
    FolderDeeds(root / STATE_FOLDER, lambda: None).sweep()
    left = [path.name for path in (root / STATE_FOLDER / "deeds").glob("*")]
    assert not left, f"seed {seed}: work folders are left: {left}"
    tally.add(f"seed {seed} at {points[place]}", verdict, runs)


def _live(world: World, root: Path, die: Callable[[Point], None] | None = None) -> bool:
    """Run the program once over what the files hold; say whether it had anything to do."""
    store: Store = open_store(root, URL, clean=str)
    try:
        process = Process(
            world,
            die=die,
            swarm=store,
            deeds=partial(FolderDeeds, root / STATE_FOLDER),
            persist=lambda: _save(world, root),
        )
        before = len(world.state.witness)
        report = process.reconcile()
        _save(world, root)
    finally:
        store.close()
    return bool(report.performed or len(world.state.witness) != before)


def _killed(root: Path, place: int) -> bool:
    """Fork a child that kills itself at its `place`-th point; say whether it died of that."""
    child = os.fork()
    if child == 0:
        seen = 0

        def die(_point: Point) -> None:
            nonlocal seen
            if seen == place:
                os.kill(os.getpid(), signal.SIGKILL)
            seen += 1

        try:
            _live(_load(root), root, die)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def _save(world: World, root: Path) -> None:
    """Put the world into its file, whole or not at all."""
    fresh = root / "world.new"
    fresh.write_bytes(pickle.dumps(world))
    fresh.replace(root / "world")


def _load(root: Path) -> World:
    found = pickle.loads((root / "world").read_bytes())
    assert isinstance(found, World)
    return found


if __name__ == "__main__":
    first, count = int(sys.argv[2]), int(sys.argv[3])
    sys.stdout.write(json.dumps(asdict(main(Path(sys.argv[1]), range(first, first + count)))))
