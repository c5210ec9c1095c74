"""The pretend world keeps its word: lag, repeats, moved branches, faults, fences."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.model.errors import LeaseLost, ShipError, Terminal, Transient, Waiting, WriteRefused
from reconciler.model.product import ProductName, RepoRef
from reconciler.model.record import Event, EventType
from reconciler.ports import Batch, Checkout, Look, Tip
from reconciler.swarm import audit
from tests.world.deed import deed_in
from tests.world.doors import PretendDeeds, PretendForge, PretendGit, PretendIndex, clone_url
from tests.world.memory import Memory
from tests.world.products import action
from tests.world.state import State, Upload
from tests.world.wire import BEGIN, At, Crash, Fault, Wire, dies_at, seeded_faults

REPO = RepoRef.parse("local:repos/a.git")
URL = clone_url(REPO)
LOOK = Look(ProductName("a"), REPO, "main", "gh-pages", tags=True)


def _state() -> State:
    state = State()
    state.commit(URL, "main", {"docs/index.md": b"hello", "mkdocs.yml": b"site_name: a"})
    state.tag(URL, "v1.0.0")
    return state


def _always(fault: Fault) -> Callable[[int, str], Fault]:
    return lambda _call, _door: fault


def test_the_forge_shows_branches_trees_and_tags() -> None:
    """What was committed is seen, blob by blob, under the ids that git would give."""
    forge = PretendForge(Wire(_state()))
    view = forge.look([LOOK])[ProductName("a")]
    assert not isinstance(view, str)
    assert view.head is not None
    entries = forge.tree(REPO, view.head.tree)
    assert [(one.path, forge.blob(REPO, one.sha)) for one in entries] == [
        ("docs/index.md", b"hello"),
        ("mkdocs.yml", b"site_name: a"),
    ]
    assert entries[0].sha == "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0"  # git hash-object
    assert (view.docs, view.record, view.tags) == (None, None, (("v1.0.0", view.head.commit),))
    assert forge.contains(REPO, descendant=view.head.commit, ancestor=view.head.commit)


def test_a_push_goes_only_onto_the_tip_that_was_observed(tmp_path: Path) -> None:
    """A branch that moved is not overwritten; an identical tree is not pushed."""
    state, folder = _state(), tmp_path / "site"
    git, deed = PretendGit(Wire(state)), deed_in(tmp_path / "deed")
    folder.mkdir()
    (folder / "index.html").write_text("x")
    first = git.push(Tip(URL, "gh-pages", folder, None, "docs", 1), deed)
    assert git.push(Tip(URL, "gh-pages", folder, first, "docs again", 2), deed) == first
    with pytest.raises(Waiting):
        git.push(Tip(URL, "gh-pages", folder, None, "docs", 1), deed)
    assert [write[0] for write in state.witness] == ["push"]


def test_a_checkout_refuses_a_ref_that_moved(tmp_path: Path) -> None:
    """What was planned for one commit is not done with another."""
    state = _state()
    git, deed = PretendGit(Wire(state)), deed_in(tmp_path / "deed")
    was = state.repos[URL].tip("main", 0)
    assert was is not None
    state.commit(URL, "main", {"docs/index.md": b"new"})
    with pytest.raises(Waiting):
        git.checkout(Checkout(URL, "refs/heads/main", was, tmp_path / "x"), deed)
    git.checkout(Checkout(URL, "refs/tags/v1.0.0", was, tmp_path / "x"), deed)
    assert (tmp_path / "x/docs/index.md").read_bytes() == b"hello"


@pytest.mark.parametrize(
    ("unique", "stored"), [(True, 1), (False, 2)], ids=["rejects-repeats", "takes-repeats"]
)
def test_the_registry_shows_late_and_the_witness_sees_all(unique: bool, stored: int) -> None:
    """An upload shows after the lag; the witness counts a repeat whether it was refused or not."""
    state = State()
    state.registry.unique, state.registry.lag_s = unique, 5.0
    index = PretendIndex(Wire(state))
    for _ in range(2):
        state.take(Upload(0.0, "a", "1.0", "a-1.0.tar.gz", b"x"))
    assert index.versions(["a"]) == {"a": {}}
    state.advance(6)
    found = index.versions(["a"])["a"]
    assert not isinstance(found, str)
    assert [file.name for file in found["1.0"]] == ["a-1.0.tar.gz"]
    assert index.fetch("a", "a-1.0.tar.gz") == b"x"
    assert (len(state.registry.uploads), len(state.witness)) == (stored, 2)


@pytest.mark.parametrize(
    ("fault", "error", "happened"),
    [
        (Fault.REFUSED, Transient, False),
        (Fault.TERMINAL, Terminal, False),
        (Fault.LATE, Transient, True),
    ],
    ids=["refused", "terminal", "late"],
)
def test_faults_tell_whether_the_effect_happened(
    fault: Fault, error: type[ShipError], happened: bool
) -> None:
    """A time-out after the effect is the only failure that leaves something behind."""
    state = State()
    with pytest.raises(error):
        Wire(state, _always(fault)).write("door", lambda: state.locks.add("x"))
    assert bool(state.locks) == happened


def test_a_stale_read_is_answered_from_an_earlier_time() -> None:
    """The forge shows the tip of a moment ago."""
    state = _state()
    state.advance(100)
    state.commit(URL, "gh-pages", {"index.html": b"x"})
    fresh = PretendForge(Wire(state)).look([LOOK])[ProductName("a")]
    stale = PretendForge(Wire(state, _always(Fault.STALE))).look([LOOK])[ProductName("a")]
    assert not isinstance(fresh, str)
    assert not isinstance(stale, str)
    assert fresh.docs is not None
    assert stale.docs is None


def test_one_broken_repository_hides_no_other() -> None:
    """A reason for one, a view for the other."""
    state = _state()
    state.broken[URL] = "gone"
    assert PretendForge(Wire(state)).look([LOOK]) == {"a": "gone"}


@pytest.mark.parametrize("at", list(At), ids=[at.name.lower() for at in At])
def test_a_crash_comes_at_its_point_only(at: At) -> None:
    """Before the effect nothing has happened; later it has."""
    state = State()
    wire = Wire(state, die=dies_at(1, at))
    wire.write("door", lambda: None)
    with pytest.raises(Crash):
        wire.write("door", lambda: state.locks.add("x"))
    assert bool(state.locks) == (at is not At.BEFORE)


def test_seeded_faults_are_the_same_each_time_and_stop() -> None:
    """One seed, one run."""
    one, two = seeded_faults(3, 0.5, 20), seeded_faults(3, 0.5, 20)
    first = [one(call, "door") for call in range(40)]
    assert first == [two(call, "door") for call in range(40)]
    assert any(first[:20])
    assert not any(first[20:])


def test_a_lock_is_held_once_and_given_back(tmp_path: Path) -> None:
    """The second taker waits; after the deed the lock is free and the folder is gone."""
    deeds = PretendDeeds(Wire(State()), lambda: None, tmp_path)
    with deeds.open(action("a")) as deed:
        assert deeds.busy(action("a").key)
        with pytest.raises(Waiting), deeds.open(action("a")):
            pass
    assert not deeds.busy(action("a").key)
    assert not deed.folder.exists()


def test_the_memory_chains_its_events_and_fences_its_writers() -> None:
    """Whoever opened last may write; who looks or was overtaken may not."""
    memory = Memory()
    event = Event(EventType.RUN_STARTED, BEGIN, "run-1")
    old, new = memory.open(), memory.open()
    new.write(Batch(events=[event, event]))
    with pytest.raises(LeaseLost):
        old.write(Batch(events=[event]))
    with pytest.raises(WriteRefused):
        memory.look().write(Batch(events=[event]))
    assert audit.verify(new).count == 2
    assert audit.verify(new).broken is None
