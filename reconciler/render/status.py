"""The state of the products as last recorded: one table. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reconciler.model.plan import ProductStatus
from reconciler.model.record import Freeze, Status
from reconciler.render import table
from reconciler.render.paint import COLORS

WIDTH = 88
"""Characters of a reason in text."""
FOLD = 50
"""From so many products in sync on, text only counts them unless all are asked for."""
HEADER = ("PRODUCT", "STATUS", "SINCE (UTC)", "DRIFT", "ACTIONS", "REASON")
NOTHING = "Nothing is recorded yet: `reconcile` looks, acts and records."


@dataclass(frozen=True, slots=True)
class Choice:
    """Which products are shown; empty: all."""

    names: frozenset[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)
    statuses: frozenset[ProductStatus] = frozenset()

    def of(self, statuses: Iterable[Status]) -> tuple[Status, ...]:
        """Return the chosen ones, sorted by product."""
        chosen = (one for one in statuses if self._has(one))
        return tuple(sorted(chosen, key=lambda one: one.product))

    def _has(self, one: Status) -> bool:
        named = not self.names or one.product in self.names
        stated = not self.statuses or one.status in self.statuses
        return named and stated and self.labels.items() <= one.labels.items()


@dataclass(frozen=True, slots=True)
class Overview:
    """What is shown."""

    statuses: Sequence[Status]
    now: datetime
    freeze: Freeze | None = None
    group_by: str | None = None
    """A label."""
    all: bool = False
    """Show each product in sync, however many there are."""

    def groups(self) -> dict[str, list[Status]]:
        """Return the products by the label's value, sorted; those without the label come last."""
        groups: dict[str, list[Status]] = {}
        for one in self.statuses:
            groups.setdefault(one.labels.get(self.group_by or "", ""), []).append(one)
        return {value: groups[value] for value in sorted(groups, key=lambda value: (not value, value))}


def reason(status: Status) -> str:
    """Return in one line why the status is what it is; empty when in sync."""
    wanted = {"Observed": "False", "Held": "True"}
    said = [c.message for c in status.conditions if wanted.get(c.type) == c.status]
    ready = [c.message for c in status.conditions if c.type == "Ready"]
    return table.short(next((text for text in (*said, *ready) if text), ""))


def in_force(freeze: Freeze | None, now: datetime) -> bool:
    """Say whether a freeze holds now."""
    return freeze is not None and (freeze.until is None or now < freeze.until)


def frozen_line(freeze: Freeze | None, now: datetime) -> str:
    """Return the line that says that all writes are stopped; empty when they are not."""
    if freeze is None or not in_force(freeze, now):
        return ""
    until = f" until {table.clock(freeze.until)} UTC" if freeze.until else ""
    return f"Frozen by {freeze.by} since {table.clock(freeze.since)} UTC{until}: {freeze.reason}"


def as_text(overview: Overview, *, color: bool = False) -> str:
    """Return what a person reads at a terminal."""
    if not overview.statuses:
        return "\n".join(filter(None, (frozen_line(overview.freeze, overview.now), NOTHING)))
    blocks = [frozen_line(overview.freeze, overview.now)]
    if overview.group_by is None:
        blocks.append(_block(overview.statuses, color=color, fold=not overview.all))
    else:
        for value, group in overview.groups().items():
            title = f"{overview.group_by}={value}" if value else f"without label {overview.group_by}"
            blocks.append(f"{title}: {_totals(group)}")
            blocks.append(_block(group, color=color, fold=not overview.all))
    return "\n\n".join([block for block in blocks if block] + [f"{_totals(overview.statuses)}."])


def as_markdown(overview: Overview) -> str:
    """Return a Markdown table."""
    rows = [_row(one) for one in overview.statuses]
    header = tuple(word.capitalize().replace("utc", "UTC") for word in HEADER)
    parts = [frozen_line(overview.freeze, overview.now)]
    parts.append(table.as_markdown([header, *rows]) if rows else NOTHING)
    return "\n\n".join(part for part in (*parts, f"{_totals(overview.statuses)}." if rows else "") if part)


def as_json(overview: Overview) -> str:
    """Return `ship/status/v1`."""
    return json.dumps(data(overview), indent=2, ensure_ascii=False)


def data(overview: Overview) -> dict[str, Any]:
    """Return the JSON form `ship/status/v1`."""
    result: dict[str, Any] = {
        "schema": "ship/status/v1",
        "freeze": freeze_data(overview.freeze, overview.now),
        "summary": counts(overview.statuses),
    }
    if overview.group_by is not None:
        result["groups"] = {value: counts(group) for value, group in overview.groups().items()}
    return {**result, "products": [product_data(one) for one in overview.statuses]}


def product_data(status: Status) -> dict[str, Any]:
    """Return the JSON form of one product's status."""
    return {
        "name": status.product,
        "status": str(status.status),
        "since": status.since.isoformat(),
        "at": status.at.isoformat(),
        "generation": status.generation,
        "labels": dict(status.labels),
        "reason": reason(status),
        "drift": list(status.plan.get("drift", ())),
        "actions": list(status.plan.get("actions", ())),
        "unknown": dict(status.plan.get("unknown", {})),
    }


def freeze_data(freeze: Freeze | None, now: datetime) -> dict[str, Any] | None:
    """Return the JSON form of a freeze."""
    if freeze is None:
        return None
    return {
        "reason": freeze.reason,
        "by": freeze.by,
        "since": freeze.since.isoformat(),
        "until": freeze.until.isoformat() if freeze.until else None,
        "inForce": in_force(freeze, now),
    }


def counts(statuses: Sequence[Status]) -> dict[str, int]:
    """Count products by status, each status named."""
    values = [one.status for one in statuses]
    named = {_camel(value): values.count(value) for value in ProductStatus}
    return {"products": len(values), **named}


def _block(statuses: Sequence[Status], *, color: bool, fold: bool) -> str:
    quiet = [one for one in statuses if one.status is ProductStatus.IN_SYNC]
    folded = len(quiet) if fold and len(quiet) >= FOLD else 0
    shown = [one for one in statuses if not (folded and one.status is ProductStatus.IN_SYNC)]
    rows = [_row(one) for one in shown]
    cut = [(*row[:-1], row[-1] if len(row[-1]) <= WIDTH else f"{row[-1][: WIDTH - 1]}…") for row in rows]
    text = table.as_columns([HEADER, *cut], _painter if color else None) if cut else ""
    more = f"{folded} in sync are not shown (--all shows them)" if folded else ""
    return "\n".join(filter(None, (text, more)))


def _row(one: Status) -> tuple[str, ...]:
    drift, actions = one.plan.get("drift", ()), one.plan.get("actions", ())
    numbers = (str(len(drift) or "-"), str(len(actions) or "-"))
    return (one.product, str(one.status), table.clock(one.since), *numbers, reason(one))


def _painter(column: int, cell: str) -> table.Paint:
    code = COLORS.get(cell) if column == 1 else None
    return (lambda text: f"\x1b[{code}m{text}\x1b[0m") if code else table.plain


def _totals(statuses: Sequence[Status]) -> str:
    values = [one.status for one in statuses]
    found = [f"{values.count(value)} {value}" for value in ProductStatus if value in values]
    return f"{len(values)} product{'s' if len(values) != 1 else ''}: {', '.join(found)}"


def _camel(value: ProductStatus) -> str:
    return value[0].lower() + value[1:]
