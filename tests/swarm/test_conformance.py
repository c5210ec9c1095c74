"""What every Swarm must do. A new store joins by one line in PLACES."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.model.errors import LeaseLost, WriteRefused
from reconciler.model.record import EventType, Freeze, Phase
from reconciler.ports import Batch, Swarm
from reconciler.swarm.audit import Chain, verify
from reconciler.swarm.reader import read_store
from reconciler.swarm.sqlite import open_store
from tests.world.memory import Memory
from tests.world.samples import BATCHES, NOON, entry, event, status

URL = "sqlite:.codemonkeys/state/swarm.db"


class Place(Protocol):
    """Where one record lives: stores are opened on it again and again."""

    def open(self) -> Swarm:
        """Open to write."""
        ...

    def look(self) -> Swarm:
        """Open to look."""
        ...

    def steal(self) -> Swarm:
        """Open to write though somebody else holds the lease."""
        ...


def clean(text: str) -> str:
    """Redact one word."""
    return text.replace("hunter2", "***")


@dataclass
class SqlitePlace:
    """A state folder on disk."""

    root: Path

    def open(self) -> Swarm:
        """Open to write."""
        return open_store(self.root, URL, clean=clean)

    def look(self) -> Swarm:
        """Open to look."""
        return read_store(self.root, URL)

    def steal(self) -> Swarm:
        """Open after the lock file was deleted by hand."""
        (self.root / ".codemonkeys/state/lock").unlink()
        return self.open()


@dataclass
class MemoryPlace:
    """A dictionary."""

    memory: Memory = field(default_factory=lambda: Memory(clean))

    def open(self) -> Swarm:
        """Open to write."""
        return self.memory.open()

    def look(self) -> Swarm:
        """Open to look."""
        return self.memory.look()

    def steal(self) -> Swarm:
        """Open to write: a newer fence is all it takes."""
        return self.memory.open()


PLACES: dict[str, Callable[[Path], Place]] = {"sqlite": SqlitePlace, "memory": lambda _: MemoryPlace()}


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Give an empty place of each kind."""
    return PLACES[request.param](tmp_path)


@pytest.fixture
def swarm(place: Place) -> Iterator[Swarm]:
    """Give a store opened to write."""
    store = place.open()
    yield store
    store.close()


def test_empty_store_answers_everything_with_nothing(place: Place) -> None:
    """Looking at what was never written finds nothing, and holds no lease."""
    look = place.look()
    assert (list(look.events()), look.entries(), look.statuses()) == ([], {}, {})
    assert (look.cursor("alerts"), look.recall("etags"), look.frozen(), look.fence) == (0, {}, None, 0)
    assert verify(cast("Chain", look)).broken is None
    look.close()


def test_store_that_looks_refuses_to_write(place: Place) -> None:
    """A look never writes and never passes for the lease's holder."""
    look = place.look()
    with pytest.raises(WriteRefused):
        look.write(Batch(events=[event()]))
    with pytest.raises(LeaseLost):
        look.guard()
    look.close()


def test_events_are_read_in_the_order_they_were_appended(swarm: Swarm) -> None:
    """Seq rises by one from 1; `after`, `product` and `limit` narrow, the newest are kept."""
    swarm.write(Batch(events=[event(product="a", n=1), event(product="b", n=2)]))
    swarm.write(Batch(events=[event(product="a", n=3), event(n=4)]))

    def numbers(**narrow: object) -> list[int]:
        return [e.event.data["n"] for e in swarm.events(**narrow)]  # type: ignore[arg-type]  # narrowed by the table below

    assert [e.seq for e in swarm.events()] == [1, 2, 3, 4]
    assert numbers(after=2) == [3, 4]
    assert numbers(product="a") == [1, 3]
    assert numbers(limit=2) == [3, 4]
    assert numbers(product="a", limit=1) == [3]
    assert numbers(after=3, limit=5) == [4]
    assert numbers(product="nobody") == []


def test_long_log_is_read_whole(swarm: Swarm) -> None:
    """More events than one query reads arrive once each, in order."""
    swarm.write(Batch(events=[event(product="a" if n % 2 else "b") for n in range(2500)]))
    assert [e.seq for e in swarm.events()] == list(range(1, 2501))
    assert [e.seq for e in swarm.events(product="b")] == list(range(1, 2501, 2))


def test_batch_that_cannot_be_stored_leaves_nothing(place: Place, swarm: Swarm) -> None:
    """A batch is written whole or not at all."""
    swarm.write(Batch(events=[event(n=1)]))
    with pytest.raises(TypeError):
        swarm.write(Batch(events=[event(n=2), event(n=object())], entries=[entry()], statuses=[status()]))
    assert ([e.event.data for e in swarm.events()], swarm.entries(), swarm.statuses()) == ([{"n": 1}], {}, {})
    swarm.write(Batch(events=[event(n=3)]))
    assert verify(cast("Chain", swarm)).count == 2


def test_record_outlives_the_process(place: Place) -> None:
    """What was committed is there for the next run; its fence is higher."""
    first = place.open()
    first.write(
        Batch(
            events=[event()],
            entries=[entry()],
            statuses=[status(labels={"tier": "1"})],
            cursors={"alerts": 1},
            cache={("etags", "k"): "v"},
            freeze=Freeze("storm", "ada", NOON, None),
        )
    )
    fence = first.fence
    first.close()
    second = place.open()
    assert second.fence > fence
    assert [e.event for e in second.events()] == [event()]
    assert second.entries() == {entry().key: entry()}
    assert second.statuses() == {"tidy-csv": status(labels={"tier": "1"})}
    assert (second.cursor("alerts"), second.recall("etags")) == (1, {"k": "v"})
    assert second.frozen() == Freeze("storm", "ada", NOON, None)
    second.close()


def test_rows_are_replaced_by_key_and_statuses_forgotten(swarm: Swarm) -> None:
    """The newest row of a key stands; a forgotten product keeps its events; a thaw ends a freeze."""
    swarm.write(Batch(entries=[entry()], statuses=[status("a"), status("b")]))
    held = swarm.entries()
    done = entry(phase=Phase.DONE)
    swarm.write(Batch(events=[event(product="a")], entries=[done], forget=["a"]))  # type: ignore[list-item]  # a name
    assert held == {entry().key: entry()}, "a reader's view does not change under it"
    assert swarm.entries() == {done.key: done}
    assert list(swarm.statuses()) == ["b"]
    assert len(list(swarm.events(product="a"))) == 1
    swarm.write(Batch(freeze=Freeze("storm", "ada", NOON, NOON)))
    swarm.write(Batch(thaw=True))
    assert swarm.frozen() is None


def test_nobody_writes_after_losing_the_lease(place: Place, swarm: Swarm) -> None:
    """When somebody else took over, guard and write say so and nothing is written."""
    swarm.write(Batch(events=[event(n=1)]))
    thief = place.steal()
    with pytest.raises(LeaseLost):
        swarm.guard()
    for batch in (Batch(events=[event(n=2)]), Batch()):
        with pytest.raises(LeaseLost):
            swarm.write(batch)
    thief.write(Batch(events=[event(n=3)]))
    thief.guard()
    assert [e.event.data["n"] for e in thief.events()] == [1, 3]
    thief.close()


def test_secret_values_are_not_stored(place: Place, swarm: Swarm) -> None:
    """The redactor sees every string, also deep inside and as a key, before it is written."""
    deep = {"hunter2": ["a hunter2 b", {"x": "hunter2"}], "n": 1}
    swarm.write(
        Batch(
            events=[event(EventType.TOOL_CALLED, data=deep)],
            entries=[entry(message="bad: hunter2")],
            statuses=[status(plan={"unknown": {"pypi": "hunter2"}})],
            cache={("etags", "k"): "hunter2", ("etags", "l"): "fine"},
            freeze=Freeze("hunter2", "ada", NOON, None),
        )
    )
    swarm.close()
    look = place.look()
    assert next(iter(look.events())).event.data["data"] == {"***": ["a *** b", {"x": "***"}], "n": 1}
    assert next(iter(look.entries().values())).message == "bad: ***"
    assert look.statuses()[status().product].plan == {"unknown": {"pypi": "***"}}
    assert look.recall("etags") == {"l": "fine"}
    freeze = look.frozen()
    assert freeze is not None
    assert freeze.reason == "***"
    look.close()


def test_text_that_is_no_utf8_is_stored_readably(swarm: Swarm) -> None:
    """A file name of arbitrary bytes (a lone surrogate in Python) does not stop the record."""
    swarm.write(Batch(events=[event(file="a\udcff")]))
    assert next(iter(swarm.events())).event.data == {"file": "a\\udcff"}


@pytest.mark.parametrize("kind", PLACES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches=st.lists(BATCHES, max_size=5), again=st.booleans())
def test_reading_gives_what_the_model_gives(kind: str, batches: list[Batch], again: bool) -> None:
    """Whatever was written in whatever batches, every question is answered as the model answers."""
    with tempfile.TemporaryDirectory() as folder:
        place, model = PLACES[kind](Path(folder)), Memory(clean)
        store, oracle = place.open(), model.open()
        for batch in batches:
            store.write(batch)
            oracle.write(batch)
            if again:
                store.close()
                store = place.open()
        look = place.look()
        for one in (store, look):
            assert list(one.events()) == list(oracle.events())
            assert list(one.events(product="ølive", limit=2)) == list(oracle.events(product="ølive", limit=2))
            assert (one.entries(), one.statuses()) == (oracle.entries(), oracle.statuses())
            assert (one.cursor("alerts"), one.recall("a")) == (oracle.cursor("alerts"), oracle.recall("a"))
            assert one.frozen() == oracle.frozen()
            assert verify(cast("Chain", one)) == verify(oracle)
            one.close()
