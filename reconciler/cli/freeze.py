"""ship freeze: stop all writes until thawed; takes hold while a run is under way."""

import argparse
import getpass
import json
import os
import re
from datetime import UTC, datetime, timedelta

from reconciler.cli.common import DONE, ERROR, Console
from reconciler.cli.record import where
from reconciler.model.record import Event, EventType, Freeze
from reconciler.outside.clock import SystemClock
from reconciler.ports import Batch
from reconciler.render import table
from reconciler.render.status import freeze_data
from reconciler.swarm.sqlite import post

BY_HAND = "by hand"
"""Stands where other events name their run."""
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--reason", required=True, type=words, metavar="TEXT", help="shown wherever something is held"
    )
    end = parser.add_mutually_exclusive_group()
    end.add_argument("--until", type=moment, metavar="TIME", help="ISO 8601; UTC unless it says otherwise")
    end.add_argument("--for", dest="span", type=span, metavar="T", help="such as 30m, 2h, 1d")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Write the freeze; a run that is under way heeds it from its next pass on."""
    now = SystemClock().now()
    until = now + arguments.span if arguments.span else arguments.until
    if until is not None and until <= now:
        console.note(f"error: --until {ends(until)} is over")
        return ERROR
    freeze = Freeze(arguments.reason, person(), now, until)
    data = {"reason": freeze.reason, "by": freeze.by, "until": until.isoformat() if until else None}
    root, url = where(arguments)
    batch = Batch(events=[Event(EventType.FROZEN, now, BY_HAND, data=data)], freeze=freeze)
    post(root, url, batch, clean=str)
    tell(freeze, now, console)
    console.note(f"frozen until {ends(until) if until else '`ship thaw`'}")
    return DONE


def tell(freeze: Freeze | None, now: datetime, console: Console) -> None:
    """Print what is in force now, for programs."""
    if console.output == "json":
        shown = {"schema": "ship/freeze/v1", "freeze": freeze_data(freeze, now)}
        console.print(json.dumps(shown, indent=2, ensure_ascii=False))


def person() -> str:
    """Return who asks: the login name, or the user id where there is none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may have no entry in passwd
        return f"uid {os.getuid()}"


def ends(until: datetime) -> str:
    """Write a moment as all commands do: UTC, to the second."""
    return f"{table.clock(until.astimezone(UTC))} UTC"


def words(text: str) -> str:
    """Read a reason; an empty one tells nobody anything."""
    if not text.strip():
        msg = "says nothing: tell others why"
        raise argparse.ArgumentTypeError(msg)
    return text


def moment(text: str) -> datetime:
    """Read ISO 8601, as UTC when it has no offset."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        msg = f"{text!r} is no ISO 8601 time"
        raise argparse.ArgumentTypeError(msg) from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def span(text: str) -> timedelta:
    """Read a duration such as 90s, 30m, 2h, 1d."""
    found = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if not found or not int(found[1]):
        msg = f"{text!r} is no duration such as 30m, 2h, 1d"
        raise argparse.ArgumentTypeError(msg)
    return timedelta(**{UNITS[found[2]]: int(found[1])})
