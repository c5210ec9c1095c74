"""Recorded events for people: one line each. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.model.record import EventType, Recorded
from reconciler.render import table

LONGEST = 160
"""Characters of an event's data in text."""


def says(recorded: Recorded) -> str:
    """Return what happened, in one line."""
    data = recorded.event.data
    match recorded.event.type:
        case EventType.ACTION_STARTED:
            return f"{data.get('kind')} (try {data.get('attempt')}): {data.get('because')}"
        case EventType.ACTION_FINISHED:
            return (
                f"{data.get('kind')} (try {data.get('attempt')}) {data.get('result')}: {data.get('message')}"
            )
        case EventType.TOOL_CALLED:
            took = f"{data.get('result')}, {data.get('durationS')} s"
            return f"{data.get('tool')}: {data.get('what')} {data.get('target')}: {took}"
        case EventType.STATUS_CHANGED:
            return f"{data.get('was') or 'new'} -> {data.get('status')}"
        case EventType.DRIFT_FOUND | EventType.DRIFT_GONE:
            return f"{data.get('field')} ({data.get('because')})"
        case _:
            return _rest(data)


def as_line(recorded: Recorded) -> str:
    """Return one line of text: seq, time, type, product, what happened."""
    event = recorded.event
    text = says(recorded).replace("\n", " ")
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    head = f"{recorded.seq:>6}  {table.clock(event.at)}  {event.type!s:<15}  {event.product or '-':<20}"
    return f"{head}  {text}".rstrip()


def as_markdown(events: Sequence[Recorded]) -> str:
    """Return a Markdown table."""
    rows = [
        (str(one.seq), table.clock(one.event.at), str(one.event.type), one.event.product or "", says(one))
        for one in events
    ]
    return table.as_markdown([("Seq", "Time (UTC)", "Type", "Product", "What"), *rows])


def _rest(data: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{key}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)}"
        for key, value in data.items()
        if value is not None
    )


def as_json(recorded: Recorded) -> str:
    """Return one line of JSON."""
    return json.dumps(recorded.data(), ensure_ascii=False)
