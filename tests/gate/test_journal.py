"""What a pass leaves in the record."""

from collections.abc import Mapping

from reconciler.journal import Pen, conditions
from reconciler.model.plan import Plan, ProductStatus
from reconciler.model.product import ProductName
from reconciler.model.record import EventType, Outcome, Phase, Result, Status
from tests.world.products import NOON, action, drift, entry

PEN = Pen("run-1", NOON)
A = ProductName("a")


def plan(*, drifts: bool, unknown: Mapping[str, str] | None = None, held: str | None = None) -> Plan:
    """Return a plan of product a."""
    status = ProductStatus.DRIFTED if drifts else ProductStatus.IN_SYNC
    if unknown and not drifts:
        status = ProductStatus.UNKNOWN
    found = [drift("a")] if drifts else []
    actions = [action("a").hold(held)] if drifts else []
    return Plan.of(A, "g1", status, found, actions, unknown or {})


def after(before: Plan) -> dict[ProductName, Status]:
    """Return the record after one pass."""
    return {A: PEN.status(before, None, {})}


def test_nothing_new_leaves_nothing() -> None:
    """The same plan again writes no event and no status."""
    batch = PEN.seen([plan(drifts=True)], after(plan(drifts=True)), {A: {}})
    assert (batch.events, batch.statuses, batch.forget) == ([], [], ())


def test_drift_is_found_and_gone() -> None:
    """A drift is told once when it comes and once when it goes."""
    found = PEN.seen([plan(drifts=True)], {}, {A: {}})
    gone = PEN.seen([plan(drifts=False)], after(plan(drifts=True)), {A: {}})
    assert [e.type for e in found.events] == [EventType.DRIFT_FOUND, EventType.STATUS_CHANGED]
    assert [e.type for e in gone.events] == [EventType.DRIFT_GONE, EventType.STATUS_CHANGED]


def test_a_blind_pass_is_not_drift_gone() -> None:
    """A source that failed says nothing about drift being closed."""
    blind = plan(drifts=False, unknown={"pypi": "refused"})
    batch = PEN.seen([blind], after(plan(drifts=True)), {A: {}})
    assert [e.type for e in batch.events] == [EventType.STATUS_CHANGED]


def test_a_product_that_is_no_longer_declared_is_forgotten() -> None:
    """Its status goes; its events stay."""
    assert PEN.seen([], after(plan(drifts=True)), {}).forget == (A,)


def test_since_stays_while_the_status_does() -> None:
    """`since` tells when the status became what it is."""
    later = Pen("run-2", NOON.replace(hour=13))
    last = after(plan(drifts=True))[A]
    assert later.status(plan(drifts=True, held="frozen"), last, {}).since == NOON
    assert later.status(plan(drifts=False), last, {}).since == later.now


def test_conditions_say_what_stands() -> None:
    """Ready, Observed, Held: True, False or Unknown, with a reason."""
    blind = conditions(plan(drifts=False, unknown={"pypi": "refused"}))
    held = conditions(plan(drifts=True, held="frozen"))
    assert [(c.type, c.status, c.reason) for c in blind] == [
        ("Ready", "Unknown", "Unknown"),
        ("Observed", "False", "SourceFailed"),
    ]
    assert [(c.type, c.status) for c in held] == [("Ready", "False"), ("Observed", "True"), ("Held", "True")]
    assert held[0].message == "docs.inputs: desired new, observed old"


def test_a_try_stands_between_two_events() -> None:
    """Start and end carry the same action and try; parking is told besides."""
    row = entry(action("a"), Phase.ACTING, tries=4)
    start = PEN.started(action("a"), row)
    end = PEN.finished(row, Outcome(Result.FAILED, "no", data={"x": 1}), entry(action("a"), Phase.PARKED))
    pairs = [(e.type, e.data["action"], e.data.get("attempt")) for e in (*start.events, *end.events)]
    assert pairs == [
        (EventType.ACTION_STARTED, row.action, 4),
        (EventType.ACTION_FINISHED, row.action, 4),
        (EventType.ACTION_PARKED, row.action, None),
    ]
    assert PEN.unparked(action("a")).type is EventType.ACTION_UNPARKED
