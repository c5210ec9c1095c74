"""The wire: every door call and every write of the Swarm DB passes here, and may go wrong as scripted."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from reconciler.model.errors import Terminal, Transient
from reconciler.model.record import ToolCall
from tests.world.state import State

T = TypeVar("T")
BEGIN = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TICK_S = 0.01
"""What each call takes."""
SLOW_S = 40.0
STALE_S = 8.0
"""How old a stale answer is: within the settle window."""


class Crash(BaseException):
    """The program dies here: no handler of ours may hold it up."""


class Fault(StrEnum):
    """What goes wrong in one door call."""

    REFUSED = "refused"
    TERMINAL = "terminal"
    LATE = "timed out after the effect"
    STALE = "stale read"
    SLOW = "slow"


class At(StrEnum):
    """Where in a call the program dies."""

    BEFORE = "before the effect"
    EFFECT = "after the effect, before the answer"
    ANSWER = "after the answer"


@dataclass(frozen=True, slots=True)
class Point:
    """One place where the program can die. `call` counts from 0."""

    call: int
    at: At
    door: str


Faults = Callable[[int, str], Fault | None]
"""(number of the call, door) to what goes wrong."""


def well(_call: int, _door: str) -> None:
    """Nothing goes wrong."""


@dataclass(slots=True)
class Wire:
    """Counts the calls of one process."""

    state: State
    faults: Faults = well
    die: Callable[[Point], None] = lambda _point: None
    """Asked at every point; may raise Crash, or end the process for good."""
    persist: Callable[[], None] = lambda: None
    """Asked after every effect: makes it outlast the process."""
    calls: int = 0
    trace: list[Point] = field(default_factory=list)
    noted: list[ToolCall] = field(default_factory=list)
    stale_s: float = 0.0
    """How far back the read at hand is answered from."""

    @property
    def at(self) -> float:
        """The moment that the read at hand is answered from."""
        return self.state.now - self.stale_s

    def called(self, call: ToolCall) -> None:
        """Note one call (`ports.Audit`)."""
        self.noted.append(call)

    def read(self, door: str, answer: Callable[[], T]) -> T:
        """Pass a call that changes nothing outside."""
        return self._pass(door, answer, writes=False)

    def write(self, door: str, effect: Callable[[], T]) -> T:
        """Pass a call that changes something."""
        return self._pass(door, effect, writes=True)

    def _pass(self, door: str, effect: Callable[[], T], *, writes: bool) -> T:
        number, self.calls = self.calls, self.calls + 1
        fault = self.faults(number, door)
        self._point(number, At.BEFORE, door)
        self.state.advance(SLOW_S if fault is Fault.SLOW else TICK_S)
        if fault is Fault.REFUSED:
            msg = f"{door}: connection refused"
            raise Transient(msg)
        if fault is Fault.TERMINAL:
            msg = f"{door}: forbidden"
            raise Terminal(msg)
        self.stale_s = STALE_S if fault is Fault.STALE and not writes else 0.0
        try:
            answer = effect()
        finally:
            self.stale_s = 0.0
        if writes:
            self.persist()
        self._point(number, At.EFFECT, door)
        if fault is Fault.LATE:
            msg = f"{door}: timed out"
            raise Transient(msg)
        self.called(ToolCall(BEGIN + timedelta(seconds=self.state.now), door, "call", "world", "ok", TICK_S))
        self._point(number, At.ANSWER, door)
        return answer

    def commit(self, effect: Callable[[], None]) -> None:
        """Pass a write of the Swarm DB: die before or after it is committed."""
        number, self.calls = self.calls, self.calls + 1
        self._point(number, At.BEFORE, "swarm")
        effect()
        self.persist()
        self._point(number, At.EFFECT, "swarm")

    def _point(self, number: int, at: At, door: str) -> None:
        point = Point(number, at, door)
        self.trace.append(point)
        self.die(point)


def dies_at(call: int, at: At) -> Callable[[Point], None]:
    """Return a death at one point."""

    def die(point: Point) -> None:
        if (point.call, point.at) == (call, at):
            msg = f"{point.door}, call {call}, {at}"
            raise Crash(msg)

    return die


def seeded_faults(seed: int, share: float, until_call: int) -> Faults:
    """Return faults by chance for the first calls; none after them, and none in taking a lock."""

    def fault(call: int, door: str) -> Fault | None:
        chance = random.Random(seed * 100_003 + call)
        due = call < until_call and door != "deeds.open" and chance.random() < share
        return chance.choice(list(Fault)) if due else None

    return fault


class PretendClock:
    """Time passes only when somebody waits or calls."""

    def __init__(self, state: State, seed: int = 0) -> None:
        self._state = state
        self._random = random.Random(seed)

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        return BEGIN + timedelta(seconds=self._state.now)

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._state.advance(seconds)

    def random(self) -> float:
        """Return the next number of the seed."""
        return self._random.random()
