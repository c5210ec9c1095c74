"""What a run did and left, as text, Markdown or JSON. Pure."""

from collections.abc import Mapping, Sequence

from reconciler.model.record import Result
from reconciler.model.report import Performed, Report
from reconciler.render import plan as plans

SIGNS = {
    Result.DONE: ("✓", "InSync"),
    Result.UNCHANGED: ("=", "InSync"),
    Result.WAITING: ("…", "Progressing"),
    Result.FAILED: ("✗", "Degraded"),
    Result.INTERRUPTED: ("✗", "Degraded"),
}


def as_text(report: Report, *, color: bool = False) -> str:
    """Return the deeds, then the plan that is left, then one counting line."""
    paint = plans.painter(color=color)
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


def _deed(one: Performed, paint: plans.Paint) -> str:
    sign, name = SIGNS[one.outcome.result]
    head = f"{paint(sign, name)} {paint(one.action.product, 'bold')} {one.action.kind}"
    return f"{head}: {one.outcome.result}: {one.outcome.message}"


def differences(before: Mapping[str, object], after: Mapping[str, object]) -> Sequence[str]:
    """Say line by line how one product's plan changed; DeepDiff finds the places."""
    from deepdiff import DeepDiff  # noqa: PLC0415 -- half a second, and only a refused plan needs it

    found = DeepDiff(dict(before), dict(after), ignore_order=True)
    return [line for line in str(found.pretty()).splitlines() if line]
