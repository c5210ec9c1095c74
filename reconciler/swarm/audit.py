"""The audit trail: is the hash chain whole, has every start its end, and the events as JSON Lines."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from reconciler.model.canonical import canonical
from reconciler.model.record import EventType, Recorded


@dataclass(frozen=True, slots=True)
class Link:
    """One event of the hash chain, as stored."""

    seq: int
    previous: str
    hash: str
    computed: str
    """What the hash must be, for this content after this `previous`."""


class Chain(Protocol):
    """A store whose events are hash-chained."""

    def links(self) -> Iterable[Link]:
        """Read the chain as it is stored, by rising seq."""
        ...

    def head(self) -> tuple[int, str]:
        """Return seq and hash of the last event that was appended; 0 and nothing at first."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of verifying the chain."""

    count: int
    """Events that are as they were written."""
    head: str
    """Hash of the last good event: noted elsewhere, it proves later that nothing up to it changed."""
    broken: int | None = None
    """Seq of the first event that is not as it was written."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Deed:
    """One try at one action."""

    seq: int
    product: str | None
    kind: str
    action: str
    attempt: int


def verify(chain: Chain) -> Verdict:
    """Follow the chain from the first event to the head, up to the first event that is wrong.

    A run may append meanwhile: the head is asked for again when it is passed.
    """
    last_seq, last_hash = chain.head()
    count, previous = 0, ""
    for link in chain.links():
        if count == last_seq:
            last_seq, last_hash = chain.head()
        if count == last_seq:
            return Verdict(count, previous, link.seq, "was added without going through Ship")
        wrong = _wrong(link, count + 1, previous)
        if wrong:
            return Verdict(count, previous, min(link.seq, count + 1), wrong)
        count, previous = count + 1, link.hash
        if count == last_seq and link.hash != last_hash:
            return Verdict(count - 1, link.previous, count, "is not the event that was appended last")
    if count < last_seq:
        return Verdict(count, previous, count + 1, f"is missing; {last_seq} events were appended")
    return Verdict(count, previous)


def unclosed(events: Iterable[Recorded]) -> tuple[Deed, ...]:
    """Return the tries whose ActionStarted has not exactly one ActionFinished, by rising seq.

    A try that is being made right now is among them.
    """
    started: dict[tuple[str, int], Deed] = {}
    odd: list[Deed] = []
    for recorded in events:
        deed = _deed(recorded)
        key = (deed.action, deed.attempt)
        if recorded.event.type is EventType.ACTION_STARTED:
            odd += [started[key]] if key in started else []
            started[key] = deed
        elif recorded.event.type is EventType.ACTION_FINISHED and started.pop(key, None) is None:
            odd.append(deed)
    return tuple(sorted((*odd, *started.values()), key=lambda deed: deed.seq))


def lines(events: Iterable[Recorded]) -> Iterator[str]:
    """Yield each event as one line of JSON.

    Anybody can check it: `hash` is the SHA-256 over the line's JSON without `previous` and `hash`
    (sorted keys, no spaces, UTF-8) followed by `previous`.
    """
    for recorded in events:
        yield canonical(form(recorded)).decode()


def form(recorded: Recorded) -> dict[str, object]:
    """Return the JSON form of an event."""
    return {**recorded.data(), "previous": recorded.previous, "hash": recorded.hash}


def _wrong(link: Link, expected: int, previous: str) -> str:
    if link.seq > expected:
        return f"is missing; the next one is {link.seq}"
    if link.seq < expected:
        return "stands where none was appended"
    if link.previous != previous:
        return "does not follow the event before it"
    if link.hash != link.computed:
        return "was altered"
    return ""


def _deed(recorded: Recorded) -> Deed:
    data = recorded.event.data
    kind, action, attempt = data.get("kind", ""), data.get("action", ""), data.get("attempt", 0)
    return Deed(recorded.seq, recorded.event.product, str(kind), str(action), attempt)
