"""ship why: why a product is as it is and what would unblock it, from the record, offline."""

import argparse

from reconciler.cli.common import DONE, ERROR, PILLARS, Console
from reconciler.cli.record import look, unknown
from reconciler.model.product import ProductName
from reconciler.outside.clock import SystemClock
from reconciler.render import why as render

RECENT = 2000
"""Events among which the last outcomes are looked for."""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("name", metavar="NAME", help="the product")
    parser.add_argument(
        "pillar", nargs="?", choices=PILLARS, metavar="PILLAR", help="only this pillar: docs or publish"
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the reasons."""
    with look(arguments) as store:
        status = store.status(ProductName(arguments.name))
        if status is None:
            console.note(unknown(arguments.name, store.statuses()))
            return ERROR
        events = list(store.events(product=arguments.name, limit=RECENT))
        case = render.Case(
            status, SystemClock().now(), store.entries(), events, store.frozen(), arguments.pillar
        )
    forms = {"json": render.as_json, "markdown": render.as_markdown}
    console.print(forms.get(console.output, render.as_text)(case))
    return DONE
