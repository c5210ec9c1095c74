"""The ledger's rules, as tables."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.ledger import Try, backoff_s, finished, started, verdict
from reconciler.model.record import Outcome, Phase, Result
from tests.world.products import NOON, action, entry

ACTION = action("a")
LATER = NOON + timedelta(seconds=100)


def attempt(**fields: Any) -> Try:
    """Return a try of ACTION at noon with nothing changed."""
    whole: dict[str, Any] = {
        "action": ACTION,
        "generation": "g1",
        "fingerprint": "f1",
        "settle_s": 30,
        "at": NOON,
    }
    return Try(**{**whole, **fields})


@pytest.mark.parametrize(
    ("row", "tried", "says"),
    [
        pytest.param(None, attempt(), None, id="no row: go"),
        pytest.param(entry(ACTION, Phase.DONE), attempt(at=LATER), None, id="done once, drifted again: go"),
        pytest.param(
            entry(ACTION, Phase.DONE, acting_at=NOON),
            attempt(),
            "may show until",
            id="done just now: no belief",
        ),
        pytest.param(
            entry(ACTION, Phase.FAILED, generation="g0", acting_at=NOON),
            attempt(),
            "may show until",
            id="failed just now, perhaps after its effect: no belief even when an input changed",
        ),
        pytest.param(
            entry(ACTION, Phase.ACTING), attempt(at=LATER), "the next run finds out", id="left acting: wait"
        ),
        pytest.param(
            entry(ACTION, Phase.DOUBT, acting_at=NOON), attempt(), "may show until", id="in doubt: wait"
        ),
        pytest.param(
            entry(ACTION, Phase.DOUBT), attempt(at=LATER), None, id="settled and looked at again: go"
        ),
        pytest.param(
            entry(ACTION, Phase.ACTING),
            attempt(at=LATER, busy=True),
            "still at work",
            id="an orphan works on it: wait however long",
        ),
        pytest.param(
            entry(ACTION, Phase.DOUBT),
            attempt(at=LATER, action=replace(ACTION, repeat="unsafe")),
            "a person must look",
            id="unsafe to repeat: a person",
        ),
        pytest.param(
            entry(ACTION, Phase.DOUBT, acting_at=NOON),
            attempt(retry=True),
            "may show until",
            id="--retry never skips doubt",
        ),
        pytest.param(
            entry(ACTION, Phase.FAILED, retry_at=LATER, attempts=2),
            attempt(),
            "failed 2 times",
            id="backing off",
        ),
        pytest.param(
            entry(ACTION, Phase.FAILED, retry_at=LATER), attempt(at=LATER), None, id="backoff is over"
        ),
        pytest.param(entry(ACTION, Phase.FAILED), attempt(), None, id="interrupted: due at once"),
        pytest.param(
            entry(ACTION, Phase.FAILED, retry_at=LATER), attempt(retry=True), None, id="a person says retry"
        ),
        pytest.param(
            entry(ACTION, Phase.WAITING, retry_at=LATER), attempt(), "waiting, due again", id="requeued"
        ),
        pytest.param(entry(ACTION, Phase.PARKED, attempts=5), attempt(), "parked after 5", id="parked"),
        pytest.param(
            entry(ACTION, Phase.PARKED), attempt(fingerprint="f2"), None, id="unparked: secrets or playbook"
        ),
        pytest.param(entry(ACTION, Phase.PARKED), attempt(generation="g2"), None, id="unparked: YAML"),
        pytest.param(
            entry(ACTION, Phase.PARKED, observed="o0"), attempt(), None, id="unparked: the world changed"
        ),
    ],
)
def test_verdict(row: Any, tried: Try, says: str | None) -> None:
    """A row lets its action go, or says why not."""
    said = verdict(row, tried)
    assert (said is None) if says is None else (said is not None and says in said)


@pytest.mark.parametrize(
    ("outcome", "phase", "attempts", "due_s"),
    [
        pytest.param(Outcome(Result.DONE, ""), Phase.DONE, 0, None, id="done"),
        pytest.param(Outcome(Result.UNCHANGED, ""), Phase.DONE, 0, None, id="unchanged"),
        pytest.param(Outcome(Result.INTERRUPTED, ""), Phase.FAILED, 3, None, id="interrupted: at once"),
        pytest.param(Outcome(Result.WAITING, "", 7), Phase.WAITING, 3, 7, id="waiting"),
        pytest.param(Outcome(Result.FAILED, ""), Phase.FAILED, 4, 40, id="failed: doubled backoff"),
        pytest.param(Outcome(Result.FAILED, "", terminal=True), Phase.PARKED, 4, None, id="terminal: parked"),
    ],
)
def test_finished(outcome: Outcome, phase: Phase, attempts: int, due_s: float | None) -> None:
    """An outcome makes the row what the next run goes by."""
    row = finished(entry(ACTION, Phase.ACTING, attempts=3), outcome, now=NOON, limit=5, chance=0.5)
    due = None if due_s is None else NOON + timedelta(seconds=due_s)
    assert (row.phase, row.attempts, row.retry_at) == (phase, attempts, due)


def test_the_last_attempt_parks() -> None:
    """Failing as often as the limit says parks the action."""
    row = finished(
        entry(ACTION, Phase.ACTING, attempts=4), Outcome(Result.FAILED, ""), now=NOON, limit=5, chance=0
    )
    assert (row.phase, row.attempts) == (Phase.PARKED, 5)


def test_started_numbers_tries_and_forgets_failures_when_an_input_changed() -> None:
    """Tries only rise; failed attempts start anew when an input changed."""
    before = entry(ACTION, Phase.FAILED, tries=7, attempts=3)
    same = started(before, attempt(), holder="r", fence=2, now=NOON)
    fresh = started(before, attempt(generation="g2"), holder="r", fence=2, now=NOON)
    first = started(None, attempt(), holder="r", fence=2, now=NOON)
    assert [(e.tries, e.attempts) for e in (same, fresh, first)] == [(8, 3), (8, 0), (1, 0)]


def test_backoff_doubles_up_to_a_quarter_hour() -> None:
    """5 s, doubled, capped at 15 min, spread over 75 to 125 %."""
    assert [backoff_s(n, 0.5) for n in (1, 2, 3, 99)] == [5, 10, 20, 900]
    assert (backoff_s(1, 0), backoff_s(1, 1)) == (3.75, 6.25)


def test_a_try_that_touched_nothing_leaves_nothing_to_wait_for() -> None:
    """A deed that failed before any outward write may be tried again at once when an input changes."""
    failed = Outcome(Result.FAILED, "no key", terminal=True, touched=False)
    row = finished(entry(ACTION, Phase.ACTING), failed, now=NOON, limit=5, chance=0)
    assert verdict(row, attempt(fingerprint="f2")) is None
    touched = finished(
        entry(ACTION, Phase.ACTING), replace(failed, touched=True), now=NOON, limit=5, chance=0
    )
    assert "may show until" in (verdict(touched, attempt(fingerprint="f2")) or "")
