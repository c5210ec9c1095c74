"""Sample values of the record, and hypothesis strategies over them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from reconciler.model.plan import ProductStatus
from reconciler.model.product import ProductName
from reconciler.model.record import Condition, Entry, Event, EventType, Freeze, Phase, Status
from reconciler.ports import Batch

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NAMES = ("tidy-csv", "warm-http", "ølive")


def event(type_: EventType = EventType.DRIFT_FOUND, product: str | None = None, **data: Any) -> Event:
    """Make an event at noon."""
    return Event(type_, NOON, "run-1", ProductName(product) if product else None, data)


def entry(product: str = "tidy-csv", desired: str = "d1", **changed: Any) -> Entry:
    """Make a ledger row that is being acted on."""
    values: dict[str, Any] = {
        "product": ProductName(product),
        "kind": "docs.build",
        "desired": desired,
        "action": "a1",
        "phase": Phase.ACTING,
        "holder": "run-1",
        "fence": 1,
        "tries": 1,
        "attempts": 0,
        "acting_at": NOON,
        "retry_at": None,
        "generation": "g1",
        "observed": "o1",
        "fingerprint": "f1",
        "message": "",
    }
    return Entry(**values | changed)


def status(product: str = "tidy-csv", value: ProductStatus = ProductStatus.IN_SYNC, **changed: Any) -> Status:
    """Make a product's last status with an empty plan."""
    plan = {
        "name": product,
        "generation": "g1",
        "status": str(value),
        "drift": [],
        "actions": [],
        "unknown": {},
    }
    values: dict[str, Any] = {
        "product": ProductName(product),
        "status": value,
        "generation": "g1",
        "at": NOON,
        "since": NOON - timedelta(hours=2),
        "conditions": (Condition("Ready", "True", "InSync", "", "g1"),),
        "plan": plan,
    }
    return Status(**values | changed)


TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 -- hypothesis wants naive bounds
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
PRODUCTS = st.sampled_from(NAMES).map(ProductName)
EVENTS = st.builds(
    Event,
    st.sampled_from(EventType),
    TIMES,
    TEXTS,
    st.none() | PRODUCTS,
    st.dictionaries(TEXTS, JSONS, max_size=3),
)
ENTRIES = st.builds(
    entry,
    PRODUCTS,
    st.sampled_from(("d1", "d2")),
    phase=st.sampled_from(Phase),
    tries=st.integers(0, 9),
    acting_at=TIMES,
    retry_at=st.none() | TIMES,
    message=TEXTS,
)
STATUSES = st.builds(
    status,
    PRODUCTS,
    st.sampled_from(ProductStatus),
    at=TIMES,
    labels=st.dictionaries(TEXTS, TEXTS, max_size=2),
    plan=st.dictionaries(TEXTS, JSONS, max_size=3),
)
BATCHES = st.builds(
    Batch,
    events=st.lists(EVENTS, max_size=4),
    entries=st.lists(ENTRIES, max_size=3),
    statuses=st.lists(STATUSES, max_size=3),
    forget=st.lists(PRODUCTS, max_size=1),
    cursors=st.dictionaries(st.sampled_from(("alerts", "metrics")), st.integers(0, 99), max_size=2),
    cache=st.dictionaries(st.tuples(st.sampled_from("ab"), TEXTS), TEXTS, max_size=2),
    freeze=st.none() | st.builds(Freeze, TEXTS, TEXTS, TIMES, st.none() | TIMES),
    thaw=st.booleans(),
)
