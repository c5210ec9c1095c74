"""The whole program over the pretend world: its real rooms, its real loop, started as often as one likes."""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from reconciler import wiring
from reconciler.look import Looker
from reconciler.loop import Orders, Reconciler
from reconciler.model.cache import Cache
from reconciler.model.canonical import digest
from reconciler.model.fleet import Complaint, Fleet, Limits
from reconciler.model.plan import FleetPlan
from reconciler.model.product import Product, ProductName
from reconciler.model.record import Entry, Event, EventType, Freeze, Recorded, Status
from reconciler.model.report import Report
from reconciler.model.saved import SavedPlan
from reconciler.model.selection import Selection
from reconciler.ports import Batch, Deeds, Parts, Swarm
from tests.world import rooms
from tests.world.doors import PretendDeeds
from tests.world.memory import Memory
from tests.world.state import State
from tests.world.wire import Faults, Point, PretendClock, Wire, well

Key = tuple[str, str, str]


@dataclass(slots=True)
class World:
    """The world outside, what Ship remembers, and what is declared."""

    folder: Path
    """Where deeds work."""
    state: State = field(default_factory=State)
    memory: Memory = field(default_factory=Memory)
    products: tuple[Product, ...] = ()
    limits: Limits = field(default_factory=Limits)
    invalid: Mapping[str, str] = field(default_factory=dict)
    complaints: tuple[Complaint, ...] = ()
    runs: int = 0

    def fleet(self) -> Fleet:
        """Return what is declared, as the fleet's files would give it."""
        every = tuple(sorted(self.products, key=lambda product: product.name))
        generations = [product.generation for product in every]
        return Fleet(
            "/fleet", every, self.complaints, self.limits, f"sha256:{digest(generations)}", None, self.invalid
        )

    def copy(self) -> "World":
        """Return another world that is the same."""
        return World(
            self.folder,
            copy.deepcopy(self.state),
            copy.deepcopy(self.memory),
            self.products,
            self.limits,
            self.invalid,
            self.complaints,
            self.runs,
        )

    def start(self, faults: Faults = well, die: Callable[[Point], None] | None = None) -> "Process":
        """Start the program: it takes the lease."""
        return Process(self, faults=faults, die=die)

    def plan(self, faults: Faults = well) -> FleetPlan:
        """Look as `reconcile --plan` does."""
        return Process(self, faults=faults, look=True).plan()

    def bury(self) -> None:
        """Let the kernel take back the locks of a process that died."""
        self.state.locks.clear()


class Wired:
    """A Swarm whose writes pass the wire."""

    def __init__(self, swarm: Swarm, wire: Wire) -> None:
        self._swarm, self._wire = swarm, wire
        self.fence = swarm.fence

    def guard(self) -> None:
        """See `ports.Swarm`."""
        self._swarm.guard()

    def write(self, batch: Batch) -> None:
        """Die before or after the commit, if the script says so."""
        self._wire.commit(lambda: self._swarm.write(batch))

    def events(
        self, *, after: int = 0, product: str | None = None, limit: int | None = None
    ) -> Iterable[Recorded]:
        """See `ports.Swarm`."""
        return self._swarm.events(after=after, product=product, limit=limit)

    def entries(self) -> Mapping[Key, Entry]:
        """See `ports.Swarm`."""
        return self._swarm.entries()

    def statuses(self) -> Mapping[ProductName, Status]:
        """See `ports.Swarm`."""
        return self._swarm.statuses()

    def cursor(self, reader: str) -> int:
        """See `ports.Swarm`."""
        return self._swarm.cursor(reader)

    def recall(self, space: str) -> Mapping[str, str]:
        """See `ports.Swarm`."""
        return self._swarm.recall(space)

    def frozen(self) -> Freeze | None:
        """See `ports.Swarm`."""
        return self._swarm.frozen()

    def close(self) -> None:
        """See `ports.Swarm`."""
        self._swarm.close()


class Process:
    """One start of the program: fresh parts over a world that was there before."""

    def __init__(
        self,
        world: World,
        *,
        faults: Faults = well,
        die: Callable[[Point], None] | None = None,
        look: bool = False,
        outlives_s: float | None = None,
        swarm: Swarm | None = None,
        deeds: Callable[[Callable[[], None]], Deeds] | None = None,
        persist: Callable[[], None] | None = None,
    ) -> None:
        world.runs += not look
        self.world, self.run = world, f"run-{world.runs}"
        self.wire = Wire(world.state, faults)
        if die:
            self.wire.die = die
        if persist:
            self.wire.persist = persist
        self.swarm = Wired(swarm or (world.memory.look() if look else world.memory.open()), self.wire)
        self.clock = PretendClock(world.state, world.runs)
        guard = self.swarm.guard
        self.deeds = deeds(guard) if deeds else PretendDeeds(self.wire, guard, world.folder)
        self.cache = Cache(self.swarm.recall)
        self.outlives_s = outlives_s

    def parts(self) -> Parts:
        """Put the program together as wiring does."""
        doors = rooms.doors(self.wire, self.deeds, self.world.folder, self.outlives_s)
        return Parts(
            sources=rooms.sources(doors, self.cache),
            pillars=wiring.pillars(),
            executors=rooms.executors(doors),
            swarm=self.swarm,
            deeds=self.deeds,
            clock=self.clock,
            locate=lambda product, path: f"fleet/products/{product}.yaml:{len(path)}",
            drain=self._drain,
            news=self.cache.take,
        )

    def plan(self, selection: Selection | None = None, *, force: bool = False) -> FleetPlan:
        """Look."""
        return Looker(self.parts(), self.world.fleet(), selection or Selection(), force=force).look().plan

    def reconcile(
        self,
        selection: Selection | None = None,
        *,
        saved: SavedPlan | None = None,
        force: bool = False,
        retry: bool = False,
    ) -> Report:
        """Look, record and act until quiet; an hour at most."""
        orders = Orders(
            max_passes=20,
            deadline=self.clock.now() + timedelta(hours=1),
            stop=lambda: False,
            force=force,
            retry=retry,
            saved=saved,
        )
        fleet = self.world.fleet()
        return Reconciler(self.parts(), fleet, selection or Selection(), self.run, orders).reconcile()

    def _drain(self) -> Sequence[Event]:
        calls = self.wire.noted[:]
        self.wire.noted.clear()
        return [
            Event(EventType.TOOL_CALLED, call.at, self.run, call.product, {"tool": call.tool})
            for call in calls
        ]
