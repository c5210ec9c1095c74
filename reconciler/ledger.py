"""The action ledger's rules: when a row lets its action go, and what it becomes. Pure.

One row per (product, kind, desired digest). See docs/crash-safety.md.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from reconciler.model.plan import Action
from reconciler.model.record import Entry, Outcome, Phase, Result

FIRST_RETRY_S = 5.0
LAST_RETRY_S = 900.0
UNTOUCHED = datetime(1970, 1, 1, tzinfo=UTC)
"""`acting_at` of a try that ended before any outward write: nothing is left to show."""


@dataclass(frozen=True, slots=True)
class Try:
    """An action about to be tried, and what its row depends on besides."""

    action: Action
    generation: str
    fingerprint: str
    settle_s: float
    at: datetime
    """When the world was looked at."""
    busy: bool = False
    """Some process still holds the deed's lock."""
    retry: bool = False
    """A person asked to try now, whatever backoff and parking say."""


def verdict(entry: Entry | None, attempt: Try) -> str | None:
    """Return why the action must wait, or None: it may go."""
    if entry is None:
        return None
    if waiting := _unsettled(entry, attempt):
        return waiting
    if entry.phase is Phase.DONE or attempt.retry or changed(entry, attempt):
        return None
    if entry.phase is Phase.PARKED:
        return f"parked after {_times(entry.attempts, 'failed attempt')}: {entry.message}"
    if entry.retry_at is not None and attempt.at < entry.retry_at:
        again = entry.retry_at.isoformat(timespec="seconds")
        word = "waiting" if entry.phase is Phase.WAITING else f"failed {_times(entry.attempts, 'time')}"
        return f"{word}, due again at {again}: {entry.message}"
    return None


def doubted(entry: Entry, now: datetime) -> Entry:
    """Return the row of a deed whose run died, once nobody is at work on it any more.

    The settle window begins now, not at the start of the deed: a child of the dead run may have gone
    on long after it, and its effect shows only then.
    """
    return replace(entry, phase=Phase.DOUBT, acting_at=now)


def settled_at(entry: Entry, settle_s: float) -> datetime:
    """Return when the effect of the last try is sure to show, if it had one."""
    return entry.acting_at + timedelta(seconds=settle_s)


def changed(entry: Entry, attempt: Try) -> bool:
    """Say whether an input changed since the row was written: a new try is then due at once."""
    before = (entry.generation, entry.observed, entry.fingerprint)
    return before != (attempt.generation, attempt.action.observed, attempt.fingerprint)


def started(entry: Entry | None, attempt: Try, *, holder: str, fence: int, now: datetime) -> Entry:
    """Return the row to be committed before the first outward effect."""
    fresh = entry is None or entry.phase is Phase.DONE or changed(entry, attempt)
    action = attempt.action
    return Entry(
        product=action.product,
        kind=action.kind,
        desired=action.desired,
        action=action.id,
        phase=Phase.ACTING,
        holder=holder,
        fence=fence,
        tries=(entry.tries if entry else 0) + 1,
        attempts=0 if fresh or entry is None else entry.attempts,
        acting_at=now,
        retry_at=None,
        generation=attempt.generation,
        observed=action.observed,
        fingerprint=attempt.fingerprint,
        message="",
    )


def finished(entry: Entry, outcome: Outcome, *, now: datetime, limit: int, chance: float) -> Entry:
    """Return the row after the deed. `chance` in [0, 1) spreads retries."""
    if outcome.result is Result.INTERRUPTED:
        return replace(entry, message=outcome.message, phase=Phase.FAILED, retry_at=None)
    entry = replace(entry, message=outcome.message, acting_at=now if outcome.touched else UNTOUCHED)
    if outcome.result in (Result.DONE, Result.UNCHANGED):
        return replace(entry, phase=Phase.DONE, attempts=0)
    if outcome.result is Result.WAITING:
        due = now + timedelta(seconds=outcome.retry_after_s)
        return replace(entry, phase=Phase.WAITING, retry_at=due)
    attempts = entry.attempts + 1
    if outcome.terminal or attempts >= limit:
        return replace(entry, phase=Phase.PARKED, attempts=attempts)
    due = now + timedelta(seconds=backoff_s(attempts, chance))
    return replace(entry, phase=Phase.FAILED, attempts=attempts, retry_at=due)


def backoff_s(attempts: int, chance: float) -> float:
    """Return 5 s, doubled with each failure up to 15 min, spread over 75 to 125 %."""
    plain = min(LAST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(attempts - 1, 16))
    return plain * (0.75 + chance / 2)


def _times(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _unsettled(entry: Entry, attempt: Try) -> str | None:
    """Say why what was looked at may not show yet what the last try did: absence is not believed."""
    if attempt.busy:
        return "an interrupted run's process is still at work on it"
    if entry.phase is Phase.ACTING:
        return "interrupted while acting; the next run finds out what came of it"
    settled = settled_at(entry, attempt.settle_s)
    if attempt.at < settled:
        until = settled.isoformat(timespec="seconds")
        word = "interrupted while acting" if entry.phase is Phase.DOUBT else "tried just now"
        return f"{word}; its effect may show until {until}"
    if entry.phase is Phase.DOUBT and attempt.action.repeat == "unsafe":
        return "interrupted while acting, and it must not be done twice: a person must look"
    return None
