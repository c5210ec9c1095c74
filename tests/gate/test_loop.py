"""The loop and its acting half over a world of one product and one scripted deed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from reconciler.loop import Orders, Reconciler
from reconciler.model.errors import LeaseLost, Terminal, Transient, Waiting
from reconciler.model.fleet import Fleet, Limits
from reconciler.model.observed import Observation, Observed, Sight
from reconciler.model.plan import Action, Drift, Repeat
from reconciler.model.product import Product
from reconciler.model.record import EventType, Outcome, Phase, Result
from reconciler.model.report import Report
from reconciler.model.selection import Selection
from reconciler.ports import Batch, Deed, Parts
from tests.world.memory import Memory, MemorySwarm
from tests.world.products import NOON, action, drift, entry, product

A = product("a")


@dataclass
class Scene:
    """One product that drifts until its deed is done; clock, source, pillar, executor and locks in one."""

    deed: Callable[[Deed], Outcome] = lambda _: Outcome(Result.DONE, "done")
    mends: bool = True
    drifts: bool = True
    sick: bool = False
    now_: datetime = NOON
    locked_s: float = 0.0
    repeat: Repeat = "safe"
    settle_s: float = 0.0
    stop_after: int = 99
    said: list[str] = field(default_factory=list)
    done: int = 0
    name: str = "docs"
    kind: str = "docs.build"
    sees: frozenset[str] = frozenset({"github"})
    memory: Memory = field(default_factory=Memory)

    # clock
    def now(self) -> datetime:
        """Advance a millisecond with each look."""
        self.now_ += timedelta(milliseconds=1)
        return self.now_

    def sleep(self, seconds: float) -> None:
        """Advance."""
        self.now_ += timedelta(seconds=seconds)

    def random(self) -> float:
        """Give the middle."""
        return 0.5

    # source
    def observe(self, sights: Sequence[Sight]) -> Iterable[Observation]:
        """See nothing of interest; break down when sick."""
        if self.sick:
            msg = "boom"
            raise ZeroDivisionError(msg)
        return [Observation(sight.product.name, "github") for sight in sights]

    # pillar
    def assess(self, product: Product, observed: Observed) -> Sequence[Drift]:
        """Drift as long as nothing mended it."""
        return [] if observed.blind("github") or not self.drifts else [drift(product.name)]

    def remedy(self, product: Product, _drift: Drift, _observed: Observed) -> Action | None:
        """Return the deed."""
        return action(product.name, repeat=self.repeat)

    # executor
    def fingerprint(self, _action: Action) -> str:
        """Return one digest."""
        return "f1"

    def execute(self, _action: Action, deed: Deed) -> Outcome:
        """Do what the script says."""
        self.done += 1
        outcome = self.deed(deed)
        self.drifts = not self.mends
        return outcome

    # deeds
    @contextmanager
    def open(self, action: Action) -> Iterator[Deed]:
        """Give a deed; not while an orphan is at work."""
        if self.locked_s:
            wait, self.locked_s = self.locked_s, 0.0
            msg = "still being done"
            raise Waiting(msg, retry_after_s=wait)
        yield Deed("k", Path("/nowhere"), None, lambda: None, self.said.append, action.product)

    def busy(self, _key: tuple[str, str, str]) -> bool:
        """Say no: the lock is seen only when it is taken."""
        return False

    def run(
        self, selection: Selection | None = None, *, products: tuple[Product, ...] = (A,), **orders: int
    ) -> Report:
        """Start the program once."""
        swarm = self.memory.open()
        fleet = Fleet("/f", products, (), Limits(), "sha256:0", None)
        parts = Parts(
            [self], [self], {self.kind: self}, swarm, self, self, lambda _, path: path, say=self.said.append
        )
        bounds = Orders(
            max_passes=orders.get("max_passes", 10),
            deadline=self.now_ + timedelta(seconds=orders.get("seconds", 600)),
            stop=lambda: self.done >= self.stop_after,
            retry=bool(orders.get("retry", 0)),
        )
        return Reconciler(parts, fleet, selection or Selection(), "run-1", bounds).reconcile()

    def leave(self, phase: Phase, kind: str = "docs.build", of: str = "a") -> None:
        """Leave a row of a run that died, with its open event pair."""
        row = entry(action(of, kind=kind, repeat=self.repeat), phase, acting_at=NOON)
        MemorySwarm(self.memory, self.memory.open().fence).write(Batch(entries=[row]))

    def phases(self) -> list[Phase]:
        """Return the phases of all rows."""
        return [row.phase for row in self.memory.entries.values()]

    def ends(self) -> list[object]:
        """Return the results of all closed tries."""
        events = (recorded.event for recorded in self.memory.look().events())
        return [e.data["result"] for e in events if e.type is EventType.ACTION_FINISHED]


def test_a_deed_that_does_not_stick_backs_off() -> None:
    """Done, and the drift is still there: that is a failure, not a loop."""
    scene = Scene(mends=False)
    report = scene.run()
    assert (scene.done, report.failures()[0].outcome.message) == (
        1,
        "it was done, but the drift is still there",
    )
    assert (scene.phases(), report.partial()) == ([Phase.FAILED], True)


def boom(_deed: Deed) -> Outcome:
    """Fail as no error of ours does."""
    msg = "list index out of range"
    raise IndexError(msg)


def raising(error: Exception) -> Callable[[Deed], Outcome]:
    """Return a deed that ends in an error."""

    def deed(_deed: Deed) -> Outcome:
        raise error

    return deed


@pytest.mark.parametrize(
    ("deed", "phase", "says"),
    [
        pytest.param(boom, Phase.FAILED, "internal error: IndexError: list index out of range", id="a bug"),
        pytest.param(raising(Transient("refused")), Phase.FAILED, "refused", id="transient"),
        pytest.param(raising(Terminal("no key")), Phase.PARKED, "no key", id="terminal"),
    ],
)
def test_an_error_becomes_an_outcome(deed: Callable[[Deed], Outcome], phase: Phase, says: str) -> None:
    """Whatever a deed raises is its outcome; the program goes on."""
    scene = Scene(deed=deed, mends=False)
    report = scene.run()
    assert (scene.phases(), report.performed[0].outcome.message, scene.ends()) == ([phase], says, ["failed"])


def test_a_lost_lease_ends_the_run() -> None:
    """Who lost the lease writes no more, not even the outcome."""
    scene = Scene(deed=raising(LeaseLost("lost")))
    with pytest.raises(LeaseLost):
        scene.run()
    assert (scene.phases(), scene.ends()) == ([Phase.ACTING], [])


def test_waiting_is_waited_for_within_the_time() -> None:
    """A deed that says 'later' is tried again in the same run."""
    answers = iter([Waiting("moved", retry_after_s=30)])

    def deed(_deed: Deed) -> Outcome:
        for waiting in answers:
            raise waiting
        return Outcome(Result.DONE, "done")

    scene = Scene(deed=deed, mends=False)
    scene.mends = True
    report = scene.run()
    assert [str(one.outcome.result) for one in report.performed][:1] == ["waiting"]


def test_an_orphan_seen_only_at_the_lock_is_waited_for() -> None:
    """The lock is taken between the look and the deed: nothing is started, and the run looks again."""
    scene = Scene(locked_s=5)
    report = scene.run()
    assert [str(one.outcome.result) for one in report.performed] == ["waiting", "done"]
    assert scene.ends() == ["done"]


@pytest.mark.parametrize(
    ("orders", "stop_after", "stopped"),
    [
        pytest.param({"max_passes": 1}, 99, "the limit of 1 passes is reached", id="passes"),
        pytest.param({"seconds": 0}, 99, "the time is up", id="time"),
        pytest.param({}, 0, "asked to stop", id="a signal before the first deed"),
    ],
)
def test_a_run_ends_within_its_bounds(orders: dict[str, int], stop_after: int, stopped: str) -> None:
    """Passes, time and signals bound a run; it says which."""
    waits = raising(Waiting("later", retry_after_s=0.01))
    scene = Scene(deed=waits, mends=False, stop_after=stop_after)
    scene.drifts = True
    assert scene.run(None, products=(A,), **orders).stopped == stopped


def test_a_signal_between_two_deeds_is_heard() -> None:
    """After the deed at hand the run ends; the other product waits for the next run."""
    scene = Scene(stop_after=1, mends=False)
    report = scene.run(products=(A, product("b")))
    assert (scene.done, report.stopped) == (1, "asked to stop")


def test_a_signal_while_waiting_is_heard() -> None:
    """Somebody who asks to stop does not wait until what may still show has shown."""

    class Asked(Scene):
        def sleep(self, seconds: float) -> None:
            """Let the third slice end with a signal."""
            super().sleep(seconds)
            self.done += 1

    scene = Asked(deed=raising(Waiting("later", retry_after_s=500)), mends=False, stop_after=4)
    began = scene.now_
    assert scene.run().stopped == "asked to stop"
    assert scene.now_ - began < timedelta(seconds=5)
    assert scene.phases() == [Phase.WAITING]


@pytest.mark.parametrize(
    ("kind", "selection", "drifts", "phases"),
    [
        pytest.param("docs.build", None, False, [Phase.DONE], id="its effect is there: closed as unchanged"),
        pytest.param(
            "docs.build", Selection(pillars=frozenset({"publish"})), False, [Phase.DOUBT], id="another pillar"
        ),
        pytest.param("docs.burn", None, False, [Phase.DONE], id="a kind that this version does not know"),
    ],
)
def test_what_an_interrupted_run_left(
    kind: str, selection: Selection | None, phases: list[Phase], *, drifts: bool
) -> None:
    """A row in acting is closed once it can be told what came of it, and only then."""
    scene = Scene(drifts=drifts)
    scene.leave(Phase.ACTING, kind)
    scene.run(selection)
    assert scene.phases() == phases


def test_a_product_that_is_gone_closes_its_rows() -> None:
    """No longer declared: nobody will act, so the pair is closed."""
    scene = Scene(drifts=False)
    scene.leave(Phase.ACTING, of="gone")
    scene.run()
    assert (scene.phases(), scene.ends()) == ([Phase.FAILED], ["interrupted"])


def test_what_must_not_be_done_twice_goes_to_a_person() -> None:
    """An unsafe deed in doubt is neither repeated nor closed."""
    scene = Scene(repeat="unsafe")
    scene.leave(Phase.ACTING)
    report = scene.run()
    held = report.last.plans[0].actions[0].held
    assert (scene.done, scene.phases(), held) == (
        0,
        [Phase.DOUBT],
        "interrupted while acting, and it must not be done twice: a person must look",
    )


def test_an_input_that_changed_is_waited_for_no_longer_than_the_window() -> None:
    """Parked, touched the outside a moment ago, and told to retry: it goes when its effect would show."""

    def touch_and_fail(deed: Deed) -> Outcome:
        deed.guard()
        msg = "half way"
        raise Terminal(msg)

    scene = Scene(deed=touch_and_fail, mends=False, settle_s=40)
    scene.run()
    scene.deed, scene.mends = (lambda _: Outcome(Result.DONE, "done")), True
    began = scene.now_
    assert scene.run(retry=1).performed[0].outcome.result is Result.DONE
    assert 30 <= (scene.now_ - began).total_seconds() <= 90


def test_a_source_that_breaks_down_is_unknown() -> None:
    """A source's bug holds everything that depends on it, and is said."""
    report = Scene(sick=True).run()
    assert report.last.plans[0].unknown == {"docs": "internal error: ZeroDivisionError: boom"}


def test_a_pillar_that_breaks_down_is_unknown() -> None:
    """A pillar's bug is that product's unknown."""

    class Broken(Scene):
        def assess(self, product: Product, observed: Observed) -> Sequence[Drift]:
            """Break down."""
            raise KeyError(product.name)

    report = Broken().run()
    assert report.last.plans[0].unknown == {"docs": "internal error: KeyError: 'a'"}
