"""Why a product is as it is, and what would unblock it, from the record alone. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reconciler.model.plan import ProductStatus
from reconciler.model.record import Entry, EventType, Freeze, Phase, Recorded, Status
from reconciler.render import table
from reconciler.render.status import freeze_data, frozen_line, in_force


@dataclass(frozen=True, slots=True)
class Case:
    """What the record knows of one product."""

    status: Status
    now: datetime
    entries: Mapping[tuple[str, str, str], Entry] = field(default_factory=dict)
    events: Sequence[Recorded] = ()
    """Of this product, rising."""
    freeze: Freeze | None = None
    pillar: str | None = None
    """Only this one."""

    def of_pillar(self, name: str) -> list[Mapping[str, Any]]:
        """Return the drifts or actions of the last plan that belong to the pillar asked for."""
        found = self.status.plan.get(name, ())
        return [one for one in found if self.pillar in (None, one["pillar"])]


def data(case: Case) -> dict[str, Any]:
    """Return the JSON form `ship/why/v1`."""
    status = case.status
    return {
        "schema": "ship/why/v1",
        "name": status.product,
        "pillar": case.pillar,
        "status": str(status.status),
        "since": status.since.isoformat(),
        "at": status.at.isoformat(),
        "generation": status.generation,
        "freeze": freeze_data(case.freeze, case.now),
        "drift": [dict(one) for one in case.of_pillar("drift")],
        "actions": [_action(case, one) for one in case.of_pillar("actions")],
        "unknown": dict(status.plan.get("unknown", {})),
        "conditions": [
            {"type": c.type, "status": c.status, "reason": c.reason, "message": c.message}
            for c in status.conditions
        ],
        "unblock": list(unblock(case)),
    }


def as_json(case: Case) -> str:
    """Return `ship/why/v1`."""
    return json.dumps(data(case), indent=2, ensure_ascii=False)


def as_text(case: Case) -> str:
    """Return what a person reads at a terminal."""
    return "\n".join(_lines(case, "{}:", "  {}"))


def as_markdown(case: Case) -> str:
    """Return headings and lists."""
    return "\n".join(_lines(case, "\n### {}\n", "- {}"))


def unblock(case: Case) -> Iterable[str]:
    """Yield, one line each, what a person can do, or what will happen by itself."""
    status = case.status
    if in_force(case.freeze, case.now):
        yield "`ship thaw` ends the freeze"
    if status.status is ProductStatus.SUSPENDED:
        yield f"set `spec.suspend: false` in {status.product}.yaml"
    if status.status is ProductStatus.INVALID:
        yield "correct its file: `ship validate` says where"
        return
    for source, reason in status.plan.get("unknown", {}).items():
        yield f"{source} must answer; the next run asks again ({reason})"
    actions = case.of_pillar("actions")
    for action in actions:
        yield from _unblock_action(case, action)
    served = {action["pillar"] for action in actions}
    for drift in case.of_pillar("drift"):
        if drift["pillar"] not in served and status.status is not ProductStatus.SUSPENDED:
            yield f"{drift['field']}: a person must act: Ship has no step for this ({drift['because']})"


def _done_since(case: Case, entry: Entry | None) -> bool:
    """Say whether the action was done after the plan of the status; a run that died did not look again."""
    return entry is not None and entry.phase is Phase.DONE and entry.acting_at > case.status.at


def _unblock_action(case: Case, action: Mapping[str, Any]) -> Iterable[str]:
    kind, entry = action["kind"], _entry(case, action)
    if _done_since(case, entry):
        yield f"{kind}: done since the last look; the next run looks again"
    elif not action["held"] and not _begun(entry):
        yield f"{kind}: nothing is in the way: `reconcile` does it"
    else:
        yield from _unblock_held(kind, action["held"] or "", entry)


def _begun(entry: Entry | None) -> bool:
    """Say whether the ledger, which is younger than the plan, has the action begun and not ended."""
    return entry is not None and entry.phase is Phase.ACTING


def _unblock_held(kind: str, held: str, entry: Entry | None) -> Iterable[str]:
    if _begun(entry):
        yield f"{kind}: the next run that looks after its effect is sure to show closes it"
    elif entry and entry.phase is Phase.PARKED:
        yield f"{kind}: change what it depends on (commit, YAML, playbook, secret), or `reconcile --retry`"
    elif entry and entry.phase in (Phase.FAILED, Phase.WAITING) and entry.retry_at:
        due = table.clock(entry.retry_at)
        yield f"{kind}: a run at or after {due} UTC tries again; `reconcile --retry` tries now"
    elif not held.startswith(("frozen by", "suspended")):
        yield f"{kind}: it waits for this to pass: {held}"


def _action(case: Case, action: Mapping[str, Any]) -> dict[str, Any]:
    entry = _entry(case, action)
    return {
        "id": action["id"],
        "kind": action["kind"],
        "pillar": action["pillar"],
        "because": action["because"],
        "held": action["held"],
        "phase": str(entry.phase) if entry else None,
        "attempts": entry.attempts if entry else 0,
        "actingSince": entry.acting_at.isoformat() if entry and entry.phase is Phase.ACTING else None,
        "retryAt": entry.retry_at.isoformat() if entry and entry.retry_at else None,
        "last": _last(case, action, entry),
    }


def _entry(case: Case, action: Mapping[str, Any]) -> Entry | None:
    return case.entries.get((case.status.product, action["kind"], action["desired"]))


def _last(case: Case, action: Mapping[str, Any], entry: Entry | None) -> dict[str, Any] | None:
    """Return the last outcome of the same ledger row."""
    ids = {action["id"], entry.action if entry else action["id"]}
    for recorded in reversed(case.events):
        event = recorded.event
        if event.type is EventType.ACTION_FINISHED and event.data.get("action") in ids:
            shown = {key: event.data.get(key) for key in ("result", "message", "attempt")}
            return {**shown, "at": event.at.isoformat(), "seq": recorded.seq}
    return None


def _lines(case: Case, heading: str, item: str) -> Iterable[str]:
    whole, status = data(case), case.status
    scope = f" ({case.pillar})" if case.pillar else ""
    generation = f"generation {status.generation}, " if status.generation else ""  # an invalid one has none
    yield (
        f"{status.product}{scope} is {status.status} since {table.clock(status.since)} UTC"
        f" ({generation}last change seen {table.clock(status.at)} UTC)"
    )
    if frozen := frozen_line(case.freeze, case.now):
        yield frozen
    blind = "complaints" if status.status is ProductStatus.INVALID else "unknown"
    sections = (
        ("drift", [_drift_line(one) for one in whole["drift"]]),
        ("actions", [line for one in whole["actions"] for line in _action_lines(one)]),
        (blind, [f"{source}: {reason}" for source, reason in whole["unknown"].items()]),
        ("what would unblock it", whole["unblock"]),
    )
    for title, texts in sections:
        if texts:
            yield heading.format(title)
            yield from (item.format(text) for text in texts)
    if not any(texts for _, texts in sections):
        yield "Nothing departs from what is declared, as of the last run."


def _drift_line(drift: Mapping[str, Any]) -> str:
    desired, observed = (table.short(drift[side] or "nothing") for side in ("desired", "observed"))
    return f"{drift['because']}: {drift['field']}: desired {desired}, observed {observed}"


def _action_lines(action: Mapping[str, Any]) -> Iterable[str]:
    yield f"{action['kind']}: {table.short(action['because'])}"
    if action["held"]:
        yield f"{action['kind']}: held: {table.short(action['held'])}"
    if action["last"]:
        last = action["last"]
        came = f"{last['result']} at {_moment(last['at'])}: {last['message']}"
        yield f"{action['kind']}: try {last['attempt']} was {came}"
    if action["actingSince"]:
        begun = _moment(action["actingSince"])
        yield f"{action['kind']}: begun at {begun}, and no end is recorded: under way or interrupted"
    if action["attempts"]:
        yield f"{action['kind']}: failed tries in a row: {action['attempts']}"


def _moment(text: str) -> str:
    return f"{table.clock(datetime.fromisoformat(text))} UTC"
