"""Values to rows and back; and the bytes over which an event's hash is taken."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple
from datetime import UTC, datetime
from typing import Any

from reconciler.model.canonical import canonical
from reconciler.model.errors import Terminal
from reconciler.model.plan import ProductStatus
from reconciler.model.product import ProductName
from reconciler.model.record import (
    Condition,
    Entry,
    Event,
    EventType,
    Freeze,
    Phase,
    Recorded,
    Status,
)

Clean = Callable[[str], str]
Row = Sequence[Any]

EVENT = "seq, type, at, run, product, data, previous, hash"
ENTRY = (
    "product, kind, desired, action, phase, holder, fence, tries, attempts, acting_at, retry_at,"
    " generation, observed, fingerprint, message"
)
STATUS = 'product, status, generation, at, since, conditions, "plan", labels'


def scrub(value: Any, clean: Clean) -> Any:  # noqa: ANN401 -- any JSON value
    """Return a JSON value with every string, keys included, cleaned and made storable as UTF-8."""
    if isinstance(value, str):
        text = clean(str(value))
        return text if text.isascii() else text.encode(errors="backslashreplace").decode()
    if isinstance(value, Mapping):
        return {scrub(key, clean): scrub(item, clean) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [scrub(item, clean) for item in value]
    return value


def lenient(raw: bytes) -> str:
    """Decode a text column; bytes that are no UTF-8 (somebody altered them) do not stop the reader."""
    return raw.decode(errors="surrogateescape")


def stamp(at: datetime) -> str:
    """Return ISO 8601 in UTC, to the microsecond."""
    return at.astimezone(UTC).isoformat()


def body(row: Row) -> bytes:
    """Return the canonical bytes of an event row (columns of `EVENT`, without the last two)."""
    seq, type_, at, run, product, data = row[:6]
    named = f'{{"at":{_text(at)},"data":{data},"product":{_text(product)},"run":{_text(run)},'
    return f'{named}"seq":{seq},"type":{_text(type_)}}}'.encode(errors="surrogateescape")


def chained(row: Row, previous: str) -> str:
    """Return the hash of an event row that follows `previous`: 64 hex digits."""
    return hashlib.sha256(body(row) + previous.encode(errors="surrogateescape")).hexdigest()


def event_row(event: Event, seq: int, previous: str, clean: Clean) -> tuple[Any, ...]:
    """Return the whole row of a new event, hash included."""
    data = canonical(scrub(event.data, clean)).decode()
    row = (seq, str(event.type), stamp(event.at), event.run, event.product, data)
    return (*row, previous, chained(row, previous))


def recorded(row: Row) -> Recorded:
    """Read an event. Raises Terminal when somebody altered it beyond reading."""
    seq, type_, at, run, product, data, previous, hash_ = row
    try:
        event = Event(EventType(type_), datetime.fromisoformat(at), run, product, json.loads(data))
    except (ValueError, TypeError) as error:
        msg = f"event {seq} cannot be read: run `ship audit verify`"
        raise Terminal(msg) from error
    return Recorded(seq, event, previous, hash_)


def entry_row(entry: Entry, clean: Clean) -> tuple[Any, ...]:
    """Return the ledger row; only the message can hold foreign text."""
    *columns, acting_at, retry_at, generation, observed, fingerprint, message = astuple(entry)
    due = stamp(retry_at) if retry_at else None
    return (
        *columns,
        stamp(acting_at),
        due,
        generation,
        observed,
        fingerprint,
        scrub(message, clean),
    )


def entry(row: Row) -> Entry:
    """Read a ledger row."""
    product, kind, desired, action, phase, holder, fence, tries, attempts, acting_at, retry_at, *rest = row
    return Entry(
        ProductName(product),
        kind,
        desired,
        action,
        Phase(phase),
        holder,
        fence,
        tries,
        attempts,
        datetime.fromisoformat(acting_at),
        datetime.fromisoformat(retry_at) if retry_at else None,
        *rest,
    )


def status_row(status: Status, clean: Clean) -> tuple[Any, ...]:
    """Return the row of a product's last status."""
    parts = [[astuple(condition) for condition in status.conditions], status.plan, status.labels]
    texts = [canonical(scrub(part, clean)).decode() for part in parts]
    times = (stamp(status.at), stamp(status.since))
    return (status.product, str(status.status), status.generation, *times, *texts)


def status(row: Row) -> Status:
    """Read a product's last status."""
    product, value, generation, at, since, conditions, plan, labels = row
    return Status(
        product=ProductName(product),
        status=ProductStatus(value),
        generation=generation,
        at=datetime.fromisoformat(at),
        since=datetime.fromisoformat(since),
        conditions=tuple(Condition(*one) for one in json.loads(conditions)),
        plan=json.loads(plan),
        labels=json.loads(labels),
    )


def freeze_row(freeze: Freeze, clean: Clean) -> tuple[Any, ...]:
    """Return the row of a freeze."""
    until = stamp(freeze.until) if freeze.until else None
    return (scrub(freeze.reason, clean), scrub(freeze.by, clean), stamp(freeze.since), until)


def freeze(row: Row) -> Freeze:
    """Read a freeze."""
    reason, by, since, until = row
    return Freeze(reason, by, datetime.fromisoformat(since), datetime.fromisoformat(until) if until else None)


# Built once: json.dumps with arguments builds its encoder anew on each call.
_text = json.JSONEncoder(ensure_ascii=False, default=repr).encode
