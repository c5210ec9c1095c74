"""ship schema: the JSON Schemas of the YAML files, for editors."""

import argparse
import json
from pathlib import Path

from reconciler.cli.common import DONE, ERROR, Console
from reconciler.fleetfile import schemas


def add(parser: argparse.ArgumentParser) -> None:
    """Add the kind and the folders."""
    parser.add_argument(
        "kind", metavar="KIND", nargs="?", choices=schemas.KINDS, help=", ".join(schemas.KINDS)
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--write", metavar="DIR", type=Path, help="write all schema files into a folder")
    where.add_argument("--check", metavar="DIR", type=Path, help="exit 1 when a schema file there is stale")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print, write or compare."""
    if arguments.write:
        changed = schemas.write(arguments.write)
        console.note(f"{len(changed)} of {len(schemas.KINDS)} schema files changed in {arguments.write}")
        return DONE
    if arguments.check:
        stale = schemas.stale(arguments.check)
        if stale:
            console.note(f"stale: {', '.join(stale)}; run `ship schema --write {arguments.check}`")
        return ERROR if stale else DONE
    if arguments.kind:
        console.print(schemas.text(arguments.kind))
    else:
        console.print(json.dumps({kind: schemas.schema(kind) for kind in schemas.KINDS}, indent=2))
    return DONE
