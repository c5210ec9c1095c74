"""ship explain NAME: the merged desired state, each value with its origin."""

import argparse
import json

from reconciler.cli.common import DONE, ERROR, Console, fleet_root
from reconciler.cli.names import closest
from reconciler.fleetfile import load
from reconciler.fleetfile.origins import origins
from reconciler.model.fleet import Fleet
from reconciler.render import complaints, explain


def add(parser: argparse.ArgumentParser) -> None:
    """Add the product's name."""
    parser.add_argument("name", metavar="NAME", help="the product")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print one product; of an invalid one print what is wrong with it."""
    fleet = load(fleet_root(arguments.fleet))
    product = next((each for each in fleet.products if each.name == arguments.name), None)
    if product is None:
        console.note(_missing(fleet, arguments.name, color=console.color))
        return ERROR
    places = origins(fleet, product)
    if console.output == "json":
        head = {"schema": "ship/explain/v1", "name": product.name, "generation": product.generation}
        console.print(json.dumps({**head, **explain.data(product.document, places)}, indent=2))
    elif console.output == "markdown":
        console.print(explain.markdown(product.document, places))
    else:
        console.print(f"# generation {product.generation}\n{explain.text(product.document, places)}")
    return DONE


def _missing(fleet: Fleet, name: str, *, color: bool) -> str:
    if name in fleet.invalid:
        about = [each for each in fleet.complaints if each.product == name]
        return complaints.text(about, color=color)
    near = closest(name, [*(each.name for each in fleet.products), *fleet.invalid])
    return f'no product "{name}"' + (f"; did you mean {near}?" if near else "")
