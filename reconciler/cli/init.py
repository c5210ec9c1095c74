"""ship init: starts a fleet in a folder; overwrites nothing."""

import argparse
from pathlib import Path

from reconciler.cli.common import DONE, ERROR, USAGE, Console
from reconciler.fleetfile import starter


def add(parser: argparse.ArgumentParser) -> None:
    """Add the folder and the first product."""
    parser.add_argument("folder", metavar="DIR", nargs="?", type=Path, help="where (default: this folder)")
    parser.add_argument("--product", metavar="NAME", help="write a first product of this name")
    parser.add_argument("--repo", metavar="REPO", help="its repository, such as github:acme/tidy-csv")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Write the files; refuse when one of them is there already."""
    if bool(arguments.product) != bool(arguments.repo):
        console.note("ship init: --product and --repo belong together")
        return USAGE
    root: Path = (arguments.folder or arguments.fleet or Path.cwd()).resolve()
    wanted = starter.files(root.name, arguments.product, arguments.repo)
    if problem := starter.problem(root, wanted):
        console.note(f"ship init: {problem}; nothing was written")
        return ERROR
    for file in starter.write(root, wanted):
        console.print(f"wrote {file}")
    console.note("next: add products under fleet/products/, then run `ship validate` and `reconcile --plan`")
    return DONE
