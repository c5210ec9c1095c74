"""ship validate: every complaint of every file at once."""

import argparse
import json

from reconciler.cli.common import DONE, ERROR, Console, fleet_root
from reconciler.fleetfile import load, load_settings, schemas
from reconciler.model.fleet import Complaint, Fleet
from reconciler.render import complaints as render
from reconciler.render.table import many


def add(parser: argparse.ArgumentParser) -> None:
    """Add nothing: the fleet and the form of the output are everybody's."""
    parser.epilog = "Exit code 1 when anything is wrong."


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Check the fleet and the configuration, by the models and by the schemas."""
    root = fleet_root(arguments.fleet)
    fleet = load(root)
    found = (*fleet.complaints, *load_settings(root)[1])
    found = tuple(sorted({*found, *schemas.second_opinion(root, found)}, key=_place))
    if console.output == "json":
        console.print(json.dumps(_data(fleet, found), indent=2))
    elif console.output == "markdown":
        console.print("\n\n".join(part for part in (render.markdown(found), _summary(fleet, found)) if part))
    else:
        if found:
            console.print(render.text(found, color=console.color))
        console.print(_summary(fleet, found))
    return ERROR if found else DONE


def _place(complaint: Complaint) -> tuple[str, int, int, str]:
    return complaint.file, complaint.line, complaint.column, complaint.message


def _summary(fleet: Fleet, found: tuple[Complaint, ...]) -> str:
    good, bad = len(fleet.products), len(fleet.invalid)
    if not found:
        return f"{many(good, 'product')}, nothing wrong"
    files = len({complaint.file for complaint in found})
    wrong = f"{many(len(found), 'complaint')} in {many(files, 'file')}"
    return f"{many(good, 'product')} valid, {bad} invalid; {wrong}"


def _data(fleet: Fleet, found: tuple[Complaint, ...]) -> dict[str, object]:
    return {
        "schema": "ship/validate/v1",
        "summary": {"valid": len(fleet.products), "invalid": len(fleet.invalid), "errors": len(found)},
        "errors": render.data(found),
    }
