"""A plan as text for a terminal, as Markdown for a pull request, as JSON for programs. Pure."""

import json
from collections.abc import Sequence

from reconciler.model.fleet import Complaint
from reconciler.model.plan import Action, Drift, FleetPlan, Plan, ProductStatus
from reconciler.render import complaints as wrongs
from reconciler.render.paint import Paint, painter
from reconciler.render.table import many, short
from reconciler.render.visible import on_one_line

MARKDOWN_LIMIT = 60_000
"""Characters; GitHub refuses a comment of more than 65,536."""


def as_json(data: object) -> str:
    """Return the same bytes for the same data."""
    return json.dumps(data, indent=2, ensure_ascii=False)


def as_text(plan: FleetPlan, *, color: bool = False) -> str:
    """Return what a person reads at a terminal: what departs, what will be done, what is in the way."""
    paint = painter(color=color)
    quiet = [one.product for one in plan.plans if not (one.drift or one.unknown)]
    blocks = [_block(one, paint) for one in plan.plans if one.drift or one.unknown]
    blocks += [_invalid(name, plan.complaints, paint) for name in plan.invalid]
    blocks += [wrongs.text(_homeless(plan))] if _homeless(plan) else []
    if quiet:
        blocks.append(f"{paint('in sync', 'InSync')}: {', '.join(quiet)}")
    return "\n\n".join([*blocks, f"{totals(plan)}\ndigest {plan.digest}"])


def totals(plan: FleetPlan) -> str:
    """Return the counting line."""
    counts = plan.summary()
    acting = len([one for one in plan.plans if any(not a.held for a in one.actions)])
    free = counts["actions"] - counts["held"]
    words = [f"Plan: {many(free, 'action')} for {many(acting, 'product')}"]
    kinds = ("held", "inSync", "suspended", "degraded", "progressing", "unknown", "invalid")
    words += [f"{counts[kind]} {_WORDS.get(kind, kind)}" for kind in kinds if counts[kind]]
    return ", ".join(words) + "."


_WORDS = {"inSync": "in sync", "degraded": "waiting for a person", "progressing": "in progress"}


def _block(plan: Plan, paint: Paint) -> str:
    head = f"{paint(plan.product, 'bold')}  {paint(plan.status, plan.status)}"
    lines = [head, *(line for drift in plan.drift for line in _drift(drift, paint))]
    lines += [line for action in plan.actions for line in _action(action, paint)]
    lines += [f"  ? {source}: {on_one_line(reason)}" for source, reason in plan.unknown.items()]
    if plan.status is ProductStatus.SUSPENDED:
        lines.append(paint("  suspended: shown, never acted on", "faint"))
    elif plan.drift and not plan.actions:
        lines.append("  no remedy: a person must act")
    return "\n".join(lines)


def _drift(drift: Drift, paint: Paint) -> tuple[str, str]:
    first = f"  ~ {drift.field}: {short(drift.observed or 'nothing')} -> {short(drift.desired or 'nothing')}"
    return first, paint(f"      declared at {drift.because or drift.declared}", "faint")


def _action(action: Action, paint: Paint) -> list[str]:
    sign = paint("!", "Held") if action.held else paint("+", "InSync")
    lines = [f"  {sign} {action.kind}: {on_one_line(action.because)}"]
    return lines + ([f"      {paint('held', 'Held')}: {action.held}"] if action.held else [])


def _invalid(name: str, complaints: Sequence[Complaint], paint: Paint) -> str:
    own = wrongs.text(complaint for complaint in complaints if complaint.product == name)
    return f"{paint(name, 'bold')}  {paint('Invalid', 'Invalid')}\n{_indented(own)}"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _homeless(plan: FleetPlan) -> tuple[Complaint, ...]:
    return tuple(one for one in plan.complaints if one.product not in plan.invalid)


def as_markdown(plan: FleetPlan) -> str:
    """Return a comment for a pull request: summary first, details folded, within GitHub's limit."""
    rows = ["| product | status | actions | because |", "|---|---|---|---|"]
    for one in plan.plans:
        if one.drift or one.unknown:
            kinds = ", ".join(f"{'held: ' if a.held else ''}`{a.kind}`" for a in one.actions)
            fields = "; ".join(f"`{drift.field}` {drift.because}" for drift in one.drift)
            reasons = "; ".join(f"{source} unknown" for source in one.unknown)
            cells = (f"`{one.product}`", one.status, kinds, fields or reasons)
            rows.append(_row(*cells))
    rows += [_row(f"`{one.product or one.file}`", "Invalid", "", str(one)) for one in plan.complaints]
    table = rows if len(rows) > 2 else ["Everything is in sync."]  # noqa: PLR2004 -- the head has two rows
    details = f"<details><summary>details</summary>\n\n```text\n{_fenced(as_text(plan))}\n```\n</details>"
    head = "\n".join([f"### {totals(plan)}", "", *table, "", f"digest `{plan.digest}`"])
    whole = f"{head}\n\n{details}"
    if len(whole) <= MARKDOWN_LIMIT:
        return whole
    cut = "\n… cut: the whole plan is in `--output json`."
    return head if len(head) <= MARKDOWN_LIMIT else head[: MARKDOWN_LIMIT - len(cut)] + cut


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _fenced(text: str) -> str:
    return text.replace("```", "` ` `")
