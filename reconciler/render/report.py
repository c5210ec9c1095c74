"""What a run did and left, as text, Markdown or JSON. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.model.record import Result
from reconciler.model.report import Performed, Report
from reconciler.render import plan as plans
from reconciler.render import table
from reconciler.render.paint import Paint, painter

SIGNS = {
    Result.DONE: ("✓", "InSync"),
    Result.UNCHANGED: ("=", "InSync"),
    Result.WAITING: ("…", "Progressing"),
    Result.FAILED: ("✗", "Degraded"),
    Result.INTERRUPTED: ("✗", "Degraded"),
}


def as_text(report: Report, *, color: bool = False) -> str:
    """Return the deeds, then the plan that is left, then one counting line."""
    paint = painter(color=color)
    deeds = [_deed(one, paint) for one in report.performed]
    refused = [f"{paint('refused', 'Held')} {n}: {why}" for n, why in (report.refused or {}).items()]
    left = plans.as_text(report.last, color=color)
    stopped = [f"stopped: {report.stopped}"] if report.stopped else []
    return "\n".join([*deeds, *refused, *([""] if deeds or refused else []), left, *stopped])


def as_markdown(report: Report) -> str:
    """Return the deeds as a list, then the plan that is left."""
    deeds = [
        f"- **{one.outcome.result}** `{one.action.product}` `{one.action.kind}`: {one.outcome.message}"
        for one in report.performed
    ]
    return "\n".join([*deeds, "", plans.as_markdown(report.last)]).lstrip("\n")


def _deed(one: Performed, paint: Paint) -> str:
    sign, name = SIGNS[one.outcome.result]
    head = f"{paint(sign, name)} {paint(one.action.product, 'bold')} {one.action.kind}"
    return f"{head}: {one.outcome.result}: {one.outcome.message}"


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Sequence[str]:
    """Say line by line how one product's plan changed; DeepDiff finds the places."""
    from deepdiff import DeepDiff  # noqa: PLC0415 -- half a second, and only a refused plan needs it

    found = DeepDiff(_named(before), _named(after))
    changed = {**found.get("values_changed", {}), **found.get("type_changes", {})}
    lines = [
        f"{_place(path)}: {_value(sides['old_value'])}, now {_value(sides['new_value'])}"
        for path, sides in changed.items()
    ]
    lines += [f"{_place(path)}: gone" for path in found.get("dictionary_item_removed", ())]
    lines += [f"{_place(path)}: new" for path in found.get("dictionary_item_added", ())]
    return sorted(lines)


def _named(product: Mapping[str, Any]) -> dict[str, Any]:
    """Put names where lists have numbers, and leave out what only repeats the rest."""
    return {
        "status": product.get("status"),
        "generation": product.get("generation"),
        "drift": {one.get("field"): {"observed": one.get("observed")} for one in product.get("drift", ())},
        "action": {
            one.get("kind"): {"held": one.get("held"), **one.get("params", {})}
            for one in product.get("actions", ())
        },
        "unknown": dict(product.get("unknown", {})),
    }


def _place(path: str) -> str:
    return " ".join(re.findall(r"\['([^']+)'\]", path))


def _value(value: object) -> str:
    return table.short(str(value or "nothing"))
