"""ship log: the recorded events."""

import argparse
from collections import deque
from collections.abc import Iterable
from contextlib import suppress

from reconciler.cli.common import DONE, Console
from reconciler.cli.record import look, unknown
from reconciler.model.record import EventType, Recorded
from reconciler.outside.clock import SystemClock
from reconciler.ports import Clock, Swarm
from reconciler.render import log as render

POLL_S = 1.0


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="only events of this product")
    parser.add_argument(
        "--type",
        action="append",
        choices=[str(each) for each in EventType],
        default=[],
        metavar="T",
        help=f"only events of this type: {', '.join(EventType)}",
    )
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="the newest N (default: 50)")
    parser.add_argument("--follow", "-f", action="store_true", help="go on printing what is appended")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the events, oldest first."""
    with look(arguments) as store:
        events = newest(store, arguments)
        show(events, console)
        if not events:
            console.note(nothing(arguments.name, store))
        if arguments.follow:
            with suppress(KeyboardInterrupt):  # the way to end it
                follow(store, arguments, console, SystemClock())
    return DONE


def nothing(name: str | None, store: Swarm) -> str:
    """Say why nothing is shown: an empty answer looks like a quiet product."""
    known = store.statuses()
    return unknown(name, known) if name and name not in known else "no such event is recorded"


def newest(store: Swarm, arguments: argparse.Namespace) -> list[Recorded]:
    """Return the newest events asked for, oldest first."""
    if not arguments.type:
        return list(store.events(product=arguments.name, limit=arguments.limit))
    found = (one for one in store.events(product=arguments.name) if one.event.type in arguments.type)
    return list(deque(found, arguments.limit))


def show(events: Iterable[Recorded], console: Console) -> None:
    """Print events in the form asked for; nothing when there are none."""
    found = list(events)
    if not found:
        return
    if console.output == "markdown":
        console.print(render.as_markdown(found))
    else:
        form = render.as_json if console.output == "json" else render.as_line
        console.print("\n".join(map(form, found)))


def follow(store: Swarm, arguments: argparse.Namespace, console: Console, clock: Clock) -> None:
    """Print what is appended, until interrupted."""
    seen = max((one.seq for one in store.events(limit=1)), default=0)
    while True:
        clock.sleep(POLL_S)
        fresh = list(store.events(after=seen))
        seen = fresh[-1].seq if fresh else seen
        named = [one for one in fresh if arguments.name in (None, one.event.product)]
        show([one for one in named if not arguments.type or one.event.type in arguments.type], console)
