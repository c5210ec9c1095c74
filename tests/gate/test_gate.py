"""The gate, as tables: every reason not to act is a text on the action."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from reconciler.gate import Assessed, Situation, braked, in_window, judge
from reconciler.ledger import Try
from reconciler.model.fleet import Brake, Limits, Window
from reconciler.model.plan import Action, Plan, ProductStatus
from reconciler.model.product import Product
from reconciler.model.record import Freeze, Phase
from tests.world.products import NOON, action, drift, entry, product


def assessed(of: Product, *actions: Action, drifts: bool = True, **unknown: str) -> Assessed:
    """Return a product that departs."""
    return Assessed(of, (drift(of.name),) if drifts else (), actions, unknown)


def situation(*, rows: Any = (), limits: Limits | None = None, **fields: Any) -> Situation:
    """Return noon with the given ledger rows."""
    actions = [action(name) for name in ("a", "b", "c")]
    tries = {one.id: Try(one, "g1", "f1", 30, NOON) for one in actions}
    by_key = {row.key: row for row in rows}
    whole: dict[str, Any] = {"limits": limits or Limits(), "now": NOON, "population": 3, "attempts": tries}
    return Situation(**{**whole, "entries": by_key, **fields})


def judge_one(one: Assessed, now: Situation) -> Plan:
    """Judge a single product."""
    return judge([one], now)[0]


A = product("a")
FROZEN = Freeze("incident 7", "ada", NOON, None)


@pytest.mark.parametrize(
    ("one", "now", "held", "status"),
    [
        pytest.param(assessed(A, action("a")), situation(), None, "Drifted", id="free"),
        pytest.param(
            assessed(product("a", policy={"allow": ["observe"]}), action("a")),
            situation(),
            "policy does not allow docs",
            "Held",
            id="policy",
        ),
        pytest.param(
            assessed(A, action("a", needs=frozenset({"pypi"})), pypi="timed out"),
            situation(),
            "pypi is unknown: timed out",
            "Held",
            id="a needed source failed",
        ),
        pytest.param(
            assessed(A, action("a", needs=frozenset({"github"})), pypi="timed out"),
            situation(),
            None,
            "Drifted",
            id="another source failed",
        ),
        pytest.param(
            assessed(A, action("a", blocked="CI is red")), situation(), "CI is red", "Held", id="gate"
        ),
        pytest.param(
            assessed(A, action("a")),
            situation(freeze=FROZEN),
            "frozen by ada: incident 7",
            "Held",
            id="frozen",
        ),
        pytest.param(
            assessed(A, action("a")),
            situation(freeze=replace(FROZEN, until=NOON)),
            None,
            "Drifted",
            id="the freeze is over",
        ),
        pytest.param(
            assessed(A, action("a")),
            situation(rows=[entry(action("a"), Phase.PARKED, attempts=5)]),
            "parked",
            "Degraded",
            id="parked",
        ),
        pytest.param(
            assessed(A, action("a")),
            situation(rows=[entry(action("a"), Phase.DOUBT, acting_at=NOON)]),
            "may show until",
            "Progressing",
            id="in doubt",
        ),
        pytest.param(
            assessed(A, action("a")),
            situation(limits=Limits(actions_per_run=0)),
            "budget: 0 actions a run",
            "Held",
            id="budget",
        ),
    ],
)
def test_one_action(one: Assessed, now: Situation, held: str | None, status: str) -> None:
    """An action is free or held with a reason, and the product's status follows."""
    plan = judge_one(one, now)
    reason = plan.actions[0].held
    assert (reason is None) if held is None else (reason is not None and held in reason)
    assert plan.status == status


@pytest.mark.parametrize(
    ("one", "status", "actions"),
    [
        pytest.param(assessed(A, drifts=False), ProductStatus.IN_SYNC, 0, id="in sync"),
        pytest.param(assessed(A, drifts=False, pypi="?"), ProductStatus.UNKNOWN, 0, id="unknown"),
        pytest.param(assessed(A), ProductStatus.DEGRADED, 0, id="no remedy: a person"),
        pytest.param(
            assessed(product("a", suspend=True), action("a")), ProductStatus.SUSPENDED, 0, id="suspended"
        ),
    ],
)
def test_status_without_free_actions(one: Assessed, status: ProductStatus, actions: int) -> None:
    """A product without actions is in sync, unknown, suspended, or waits for a person."""
    plan = judge_one(one, situation())
    assert (plan.status, len(plan.actions)) == (status, actions)


@pytest.mark.parametrize(
    ("brake", "moved", "population", "stops"),
    [
        pytest.param(Brake(), 9, 9, False, id="below ten products: no share"),
        pytest.param(Brake(), 3, 10, False, id="30 % of ten is allowed"),
        pytest.param(Brake(), 4, 10, True, id="more than 30 %"),
        pytest.param(Brake(limit=2), 2, 100, False, id="the set number is allowed"),
        pytest.param(Brake(limit=2), 3, 5, True, id="more than the set number, in a small fleet too"),
        pytest.param(Brake(share=0.0), 1, 10, True, id="share 0 stops everything"),
    ],
)
def test_brake(brake: Brake, moved: int, population: int, *, stops: bool) -> None:
    """Too much at once is held."""
    assert (braked(brake, moved, population) is not None) is stops


def test_the_brake_holds_all_and_force_lets_go() -> None:
    """The brake counts only what would really go, holds all of it, and yields to --force."""
    fleet = [assessed(product(name), action(name)) for name in ("a", "b", "c")]
    limits = Limits(brake=Brake(limit=2))
    held = judge(fleet, situation(limits=limits))
    forced = judge(fleet, situation(limits=limits, force=True))
    suspended = judge(
        [*fleet[:2], assessed(product("c", suspend=True), action("c"))], situation(limits=limits)
    )
    assert [bool(plan.actions[0].held) for plan in held] == [True] * 3
    assert [plan.actions[0].held for plan in forced] == [None] * 3
    assert [plan.actions[0].held for plan in suspended[:2]] == [None] * 2


def test_the_budget_goes_to_the_first_by_name() -> None:
    """Order of products does not matter: the budget is spent by name."""
    fleet = [assessed(product(name), action(name)) for name in ("c", "a", "b")]
    plans = judge(fleet, situation(limits=Limits(actions_per_run=2)))
    assert [(plan.product, plan.actions[0].held) for plan in plans] == [
        ("a", None),
        ("b", None),
        ("c", "budget: 2 actions a run"),
    ]


SUNDAY = NOON
NIGHT = Window("night", from_time="22:00", to_time="06:00", timezone="Europe/Berlin")


@pytest.mark.parametrize(
    ("window", "now", "open_"),
    [
        pytest.param(Window("w", start="2026-11-22T12:00:00+00:00"), SUNDAY, True, id="from then on"),
        pytest.param(Window("w", end="2026-11-22T12:00:00+00:00"), SUNDAY, False, id="until then"),
        pytest.param(
            Window("w", start="2026-11-22T14:00:00+02:00", end="2026-11-22T14:00:01+02:00"),
            SUNDAY,
            True,
            id="with offset",
        ),
        pytest.param(Window("w", days=("sat", "sun")), SUNDAY, True, id="weekend, whole days"),
        pytest.param(Window("w", days=("mon",)), SUNDAY, False, id="another day"),
        pytest.param(NIGHT, SUNDAY, False, id="noon is not night"),
        pytest.param(NIGHT, SUNDAY + timedelta(hours=9, minutes=30), True, id="before midnight, Berlin"),
        pytest.param(NIGHT, SUNDAY + timedelta(hours=16), True, id="after midnight, Berlin"),
        pytest.param(NIGHT, SUNDAY + timedelta(hours=17), False, id="over at six, Berlin"),
        pytest.param(
            replace(NIGHT, days=("sun",)), SUNDAY + timedelta(hours=16), True, id="it opened on Sunday"
        ),
        pytest.param(
            replace(NIGHT, days=("mon",)), SUNDAY + timedelta(hours=16), False, id="Monday's opens later"
        ),
        pytest.param(Window("w", from_time="11:00", to_time="12:00"), SUNDAY, False, id="the end is outside"),
        pytest.param(Window("w", from_time="12:00"), SUNDAY, True, id="to the end of the day"),
    ],
)
def test_windows(window: Window, now: datetime, *, open_: bool) -> None:
    """Freeze windows are absolute or weekly, may run over midnight, in a timezone."""
    assert in_window(window, now) is open_


def test_an_open_window_holds() -> None:
    """An open window is named as the reason."""
    limits = Limits(windows=(Window("shop closed", days=("mon",)), Window("weekend", days=("sun",))))
    plan = judge_one(assessed(A, action("a")), situation(limits=limits))
    assert plan.actions[0].held == "freeze window 'weekend' is open"
