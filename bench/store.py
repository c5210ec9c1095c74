"""How fast the Swarm DB takes events and gives statuses, beside bare sqlite3 with the same durability."""

import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from bench.row import Row
from reconciler.model.plan import ProductStatus
from reconciler.model.product import ProductName
from reconciler.model.record import Event, EventType, Status
from reconciler.ports import Batch
from reconciler.swarm.sqlite import Store, open_store

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROUNDS = 5


def rows(folder: Path, *, short: bool) -> Iterator[Row]:
    """Measure in rounds, ours and the peer in turn."""
    store = open_store(folder, "sqlite:swarm.db", clean=str)
    bare = _bare(folder / "bare.db", store)
    try:
        yield _events(store, bare, each=1, times=100 if short else 500)
        yield _events(store, bare, each=1000, times=3 if short else 10, goal=60_000)
        yield _statuses(store)
    finally:
        store.close()
        bare.close()


def _events(store: Store, bare: sqlite3.Connection, *, each: int, times: int, goal: int | None = None) -> Row:
    batch = Batch(events=[_event(number) for number in range(each)])
    lines = [(repr(event),) for event in batch.events]

    def theirs() -> None:
        with bare:
            bare.execute("BEGIN IMMEDIATE")
            bare.executemany("INSERT INTO events (line) VALUES (?)", lines)

    ours_s, theirs_s = _in_turn([lambda: store.write(batch), theirs], times)
    rate = each / ours_s
    name = "events a second, " + ("one a transaction" if each == 1 else f"{each:,} a transaction")
    peer = f"bare sqlite3 {each / theirs_s:,.0f}"
    share = f"1/{ours_s / theirs_s:.1f}"
    if goal is None:  # the disk's flush is most of it: only the share can be judged
        return Row(name, f"{rate:,.0f}", peer, share, "≥ 1/2", ours_s <= 2 * theirs_s)
    return Row(name, f"{rate:,.0f}", peer, share, f"≥ {goal:,}", rate >= goal)


def _statuses(store: Store) -> Row:
    plan = {"name": "", "drift": [], "actions": [], "unknown": {}}
    many = [
        Status(ProductName(f"product-{number:05d}"), ProductStatus.IN_SYNC, "0" * 12, NOW, NOW, (), plan)
        for number in range(10_000)
    ]
    store.write(Batch(statuses=many))
    (taken_s,) = _in_turn([store.statuses], 1)
    return Row("statuses of 10,000 products", f"{taken_s * 1000:.0f} ms", "", "", "≤ 20 ms", taken_s <= 0.020)


def _event(number: int) -> Event:
    data = {
        "kind": "docs.build",
        "attempt": number,
        "result": "done",
        "message": "pushed 0123456789ab to gh-pages",
    }
    return Event(EventType.ACTION_FINISHED, NOW, "bench", ProductName("product-00001"), data)


def _bare(path: Path, store: Store) -> sqlite3.Connection:
    (durability,) = store._database.execute("PRAGMA synchronous").fetchone()  # noqa: SLF001 -- the same terms
    bare = sqlite3.connect(path, isolation_level=None)
    bare.execute("PRAGMA journal_mode = WAL")
    bare.execute(f"PRAGMA synchronous = {durability}")
    bare.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, line TEXT NOT NULL) STRICT")
    return bare


def _in_turn(works: list[Callable[[], object]], times: int) -> list[float]:
    """Return the median seconds of one call of each."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS):
        for work, seconds in zip(works, taken, strict=True):
            began = time.perf_counter()
            for _ in range(times):
                work()
            seconds.append((time.perf_counter() - began) / times)
    return [statistics.median(seconds) for seconds in taken]
