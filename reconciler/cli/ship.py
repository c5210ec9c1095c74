"""ship: everything around the loop. Each subcommand is a module of this room, imported when asked for."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from types import ModuleType

from reconciler import __version__
from reconciler.cli.common import Console, Parser, add_fleet, add_output, guarded, stand_on_streams

COMMANDS = {
    "validate": "check every file under fleet/ and .codemonkeys/; show all complaints at once",
    "explain": "print a product's merged desired state with the origin of each value",
    "schema": "print or write the JSON Schemas of the YAML files",
    "init": "start a fleet in this folder",
    "status": "show the state of the products as last recorded",
    "why": "say why a product is as it is and what would unblock it, from the record",
    "log": "show the recorded events",
    "audit": "verify or export the hash-chained audit trail",
    "freeze": "stop all writes until thawed",
    "thaw": "allow writes again",
    "forge": "serve bare repositories through a GitHub-shaped API",
    "demo": "build a small real world with things wrong in it, plan and converge it",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand; return its exit code."""
    stand_on_streams()
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser = Parser(prog="ship", description="Ship: the autopilot of a fleet of software products.")
    parser.add_argument("--version", action="version", version=f"ship {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    asked = next((word for word in words if not word.startswith("-")), None)
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if name == asked:
            _fill(command, name)
    parsed = parser.parse_args(words)
    console = Console(output=getattr(parsed, "output", "text"))
    return guarded(lambda: int(module_of(parsed.command).run(parsed, console)), console)


def module_of(command: str) -> ModuleType:
    """Import the module of one subcommand: it has `add(parser)` and `run(arguments, console)`."""
    return importlib.import_module(f"reconciler.cli.{command}")


def _fill(command: argparse.ArgumentParser, name: str) -> None:
    add_fleet(command)
    add_output(command)
    module_of(name).add(command)


if __name__ == "__main__":
    sys.exit(main())
