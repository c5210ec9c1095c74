"""May this plan go? Policy, suspend, unknowns, freeze, ledger, brake, budget. Pure.

Every reason not to act is a text on the action: nothing is held silently.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from reconciler.ledger import Try, verdict
from reconciler.model.fleet import Brake, Limits, Window
from reconciler.model.plan import Action, Drift, Plan, ProductStatus
from reconciler.model.product import Product
from reconciler.model.record import Entry, Freeze, Phase

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Assessed:
    """One product with its drifts and the actions that would close them."""

    product: Product
    drift: tuple[Drift, ...]
    actions: tuple[Action, ...]
    unknown: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Situation:
    """What the gate goes by."""

    limits: Limits
    now: datetime
    population: int
    """Products of the whole fleet, for the brake."""
    freeze: Freeze | None = None
    entries: Mapping[tuple[str, str, str], Entry] = field(default_factory=dict)
    attempts: Mapping[str, Try] = field(default_factory=dict)
    """By action id: what its row depends on besides."""
    spent: int = 0
    """Actions of the run's budget that are used up."""
    force: bool = False


def judge(assessed: Sequence[Assessed], situation: Situation) -> tuple[Plan, ...]:
    """Return the plan of every product, each action held or free; sorted by product."""
    judged = [(one, [_one(one, action, situation) for action in one.actions]) for one in assessed]
    judged = _brake(judged, situation)
    judged = _budget(judged, situation.limits.actions_per_run, situation.spent)
    return tuple(
        Plan.of(
            one.product.name,
            one.product.generation,
            _status(one, actions, situation),
            one.drift,
            () if one.product.suspend else actions,
            one.unknown,
        )
        for one, actions in sorted(judged, key=lambda pair: pair[0].product.name)
    )


Judged = list[tuple[Assessed, list[Action]]]


def _one(one: Assessed, action: Action, situation: Situation) -> Action:
    reasons = (
        _policy(one.product, action),
        _blind(one, action),
        action.blocked,
        frozen(situation),
        verdict(situation.entries.get(action.key), situation.attempts[action.id]),
    )
    return action.hold(next((reason for reason in reasons if reason), None))


def _policy(product: Product, action: Action) -> str | None:
    if product.suspend:
        return "suspended"
    if action.pillar in product.allow:
        return None
    return f"the product's policy does not allow {action.pillar}"


def _blind(one: Assessed, action: Action) -> str | None:
    blind = sorted(action.needs & one.unknown.keys())
    return f"{blind[0]} is unknown: {one.unknown[blind[0]]}" if blind else None


def frozen(situation: Situation) -> str | None:
    """Return why nothing may be written now, or None."""
    freeze, now = situation.freeze, situation.now
    if freeze is not None and (freeze.until is None or now < freeze.until):
        return f"frozen by {freeze.by}: {freeze.reason}"
    for window in situation.limits.windows:
        if in_window(window, now):
            return f"freeze window {window.name!r} is open"
    return None


def in_window(window: Window, now: datetime) -> bool:
    """Say whether `now` lies in an absolute or weekly window."""
    if window.start is not None or window.end is not None:
        after = window.start is None or now >= datetime.fromisoformat(window.start)
        return after and (window.end is None or now < datetime.fromisoformat(window.end))
    local = now.astimezone(ZoneInfo(window.timezone))
    return any(_on_day(window, local, local.date() - timedelta(days=back)) for back in (0, 1))


def _on_day(window: Window, local: datetime, day: date) -> bool:
    """Say whether the window that opens on `day` holds `local`; it may run over midnight."""
    if window.days and DAYS[day.weekday()] not in window.days:
        return False
    opens = time.fromisoformat(window.from_time or "00:00")
    closes = time.fromisoformat(window.to_time) if window.to_time else None
    start = datetime.combine(day, opens, local.tzinfo)
    last_day = day if closes is not None and closes > opens else day + timedelta(days=1)
    return start <= local < datetime.combine(last_day, closes or time(0), local.tzinfo)


def _brake(judged: Judged, situation: Situation) -> Judged:
    moved = sum(1 for one, actions in judged if any(not action.held for action in actions))
    reason = None if situation.force else braked(situation.limits.brake, moved, situation.population)
    if reason is None:
        return judged
    return [(one, [a if a.held else a.hold(reason) for a in actions]) for one, actions in judged]


def braked(brake: Brake, moved: int, population: int) -> str | None:
    """Return why one plan changes too much at once, or None."""
    if brake.limit is not None and moved > brake.limit:
        return f"brake: {moved} products would change, the limit is {brake.limit}; --force overrides"
    if population >= brake.from_products and moved > brake.share * population:
        share, limit = 100 * moved / population, 100 * brake.share
        return (
            f"brake: {moved} of {population} products ({share:.0f} %) would change,"
            f" the limit is {limit:.0f} %; --force overrides"
        )
    return None


def _budget(judged: Judged, limit: int | None, spent: int) -> Judged:
    if limit is None:
        return judged
    left = limit - spent
    result: Judged = []
    for one, actions in sorted(judged, key=lambda pair: pair[0].product.name):
        kept = []
        for action in actions:
            over = not action.held and left <= 0
            left -= not action.held
            kept.append(action.hold(f"budget: {limit} actions a run") if over else action)
        result.append((one, kept))
    return result


def _status(one: Assessed, actions: Sequence[Action], situation: Situation) -> ProductStatus:
    if one.product.suspend:
        return ProductStatus.SUSPENDED
    if any(not action.held for action in actions):
        return ProductStatus.DRIFTED
    if actions:
        return _held(actions, situation)
    if one.drift:
        return ProductStatus.DEGRADED
    return ProductStatus.UNKNOWN if one.unknown else ProductStatus.IN_SYNC


def _held(actions: Sequence[Action], situation: Situation) -> ProductStatus:
    rows = [situation.entries.get(action.key) for action in actions]
    phases = {row.phase for row in rows if row is not None}
    if Phase.PARKED in phases:
        return ProductStatus.DEGRADED
    if phases & {Phase.ACTING, Phase.DOUBT, Phase.WAITING, Phase.FAILED}:
        return ProductStatus.PROGRESSING
    return ProductStatus.HELD
