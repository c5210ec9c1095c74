"""ship status: the state of the products as last recorded."""

import argparse

from reconciler.cli.common import DONE, ERROR, Console, pair
from reconciler.cli.record import look, unknown
from reconciler.model.plan import ProductStatus
from reconciler.outside.clock import SystemClock
from reconciler.render import status as render


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these products")
    parser.add_argument("--all", action="store_true", help="do not fold the products that are in sync")
    parser.add_argument(
        "--label", "-l", action="append", type=pair, default=[], metavar="K=V", help="only with this label"
    )
    parser.add_argument(
        "--status",
        action="append",
        choices=[str(each) for each in ProductStatus],
        default=[],
        metavar="S",
        help=f"only in this status: {', '.join(ProductStatus)}",
    )
    parser.add_argument("--group-by", metavar="LABEL", help="one table for each value of a label")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the table."""
    with look(arguments) as store:
        statuses, freeze = store.statuses(), store.frozen()
    for name in arguments.names:
        if name not in statuses:
            console.note(unknown(name, statuses))
            return ERROR
    choice = render.Choice(frozenset(arguments.names), dict(arguments.label), frozenset(arguments.status))
    chosen = choice.of(statuses.values())
    shown_all = arguments.all or bool(arguments.names or arguments.status)
    overview = render.Overview(chosen, SystemClock().now(), freeze, arguments.group_by, shown_all)
    if console.output == "json":
        console.print(render.as_json(overview))
    elif console.output == "markdown":
        console.print(render.as_markdown(overview))
    else:
        console.print(render.as_text(overview, color=console.color))
    return DONE
