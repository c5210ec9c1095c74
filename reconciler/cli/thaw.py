"""ship thaw: allow writes again."""

import argparse

from reconciler.cli.common import DONE, Console
from reconciler.cli.freeze import BY_HAND, person, tell
from reconciler.cli.record import look, where
from reconciler.model.record import Event, EventType
from reconciler.outside.clock import SystemClock
from reconciler.ports import Batch
from reconciler.swarm.sqlite import post


def add(parser: argparse.ArgumentParser) -> None:
    """Add no options."""


def run(arguments: argparse.Namespace, console: Console) -> int:
    """End the freeze, if there is one."""
    with look(arguments) as store:
        freeze = store.frozen()
    if freeze is None:
        tell(None, SystemClock().now(), console)
        console.note("nothing is frozen")
        return DONE
    data = {"by": person(), "reason": freeze.reason}
    event = Event(EventType.THAWED, SystemClock().now(), BY_HAND, data=data)
    root, url = where(arguments)
    post(root, url, Batch(events=[event], thaw=True), clean=str)
    tell(None, SystemClock().now(), console)
    console.note("thawed")
    return DONE
