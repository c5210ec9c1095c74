"""A Swarm DB in memory, with the same hash chain: for worlds that live only as long as a test."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from reconciler.model.errors import LeaseLost, WriteRefused
from reconciler.model.product import ProductName
from reconciler.model.record import Entry, Freeze, Recorded, Status
from reconciler.ports import Batch
from reconciler.swarm import rows
from reconciler.swarm.audit import Link


@dataclass
class Memory:
    """What is remembered; outlives the stores that are opened on it, as a file would."""

    clean: Callable[[str], str] = str
    fence: int = 0
    rows: list[tuple[object, ...]] = field(default_factory=list)
    entries: dict[tuple[str, str, str], Entry] = field(default_factory=dict)
    statuses: dict[ProductName, Status] = field(default_factory=dict)
    cursors: dict[str, int] = field(default_factory=dict)
    cache: dict[tuple[str, str], str] = field(default_factory=dict)
    freeze: Freeze | None = None

    def open(self) -> "MemorySwarm":
        """Take the lease from whoever has it."""
        self.fence += 1
        return MemorySwarm(self, self.fence)

    def look(self) -> "MemorySwarm":
        """Open to look."""
        return MemorySwarm(self, 0)


@dataclass
class MemorySwarm:
    """One process's view of a Memory."""

    memory: Memory
    fence: int

    def guard(self) -> None:
        """Raise LeaseLost when somebody else opened the memory since."""
        if not self.fence or self.fence != self.memory.fence:
            msg = "the lease is lost"
            raise LeaseLost(msg)

    def write(self, batch: Batch) -> None:
        """Write all of it; a value that cannot be stored leaves everything as it was."""
        if not self.fence:
            msg = "this run only looks"
            raise WriteRefused(msg)
        self.guard()
        memory, clean = self.memory, self.memory.clean
        seq, previous = self.head()
        new: list[tuple[object, ...]] = []
        for event in batch.events:
            seq += 1
            new.append(rows.event_row(event, seq, previous, clean))
            previous = str(new[-1][-1])
        entries = {e.key: rows.entry(rows.entry_row(e, clean)) for e in batch.entries}
        statuses = {s.product: rows.status(rows.status_row(s, clean)) for s in batch.statuses}
        memory.rows += new
        memory.entries = memory.entries | entries
        known = memory.statuses | statuses
        memory.statuses = {name: known[name] for name in sorted(known) if name not in batch.forget}
        memory.cursors |= batch.cursors
        memory.cache |= {place: value for place, value in batch.cache.items() if clean(value) == value}
        self._order(batch)

    def _order(self, batch: Batch) -> None:
        clean = self.memory.clean
        if batch.thaw:
            self.memory.freeze = None
        if batch.freeze:
            self.memory.freeze = replace(batch.freeze, reason=clean(batch.freeze.reason))

    def events(
        self, *, after: int = 0, product: str | None = None, limit: int | None = None
    ) -> Iterable[Recorded]:
        """Read events by rising seq; with `limit` the newest ones, still rising."""
        wanted = [row for row in self.memory.rows[after:] if product is None or row[4] == product]
        newest = wanted if limit is None else list(islice(reversed(wanted), limit))[::-1]
        return [rows.recorded(row) for row in newest]

    def links(self) -> Iterable[Link]:
        """Read the hash chain."""
        for row in self.memory.rows:
            seq, previous, hash_ = row[0], row[6], row[7]
            assert isinstance(seq, int)
            yield Link(seq, str(previous), str(hash_), rows.chained(row, str(previous)))

    def head(self) -> tuple[int, str]:
        """Return seq and hash of the last event."""
        return (len(self.memory.rows), str(self.memory.rows[-1][7])) if self.memory.rows else (0, "")

    def entries(self) -> Mapping[tuple[str, str, str], Entry]:
        """Read the ledger rows by key."""
        return self.memory.entries

    def statuses(self) -> Mapping[ProductName, Status]:
        """Read the last statuses."""
        return self.memory.statuses

    def cursor(self, reader: str) -> int:
        """Return how far a reader has read."""
        return self.memory.cursors.get(reader, 0)

    def recall(self, space: str) -> Mapping[str, str]:
        """Read one space of the cache."""
        return {key: value for (where, key), value in self.memory.cache.items() if where == space}

    def frozen(self) -> Freeze | None:
        """Return the freeze that a person set."""
        return self.memory.freeze

    def close(self) -> None:
        """Keep everything."""
