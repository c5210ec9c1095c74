"""ship forge serve DIR: the local forge for other GitHub clients."""

import argparse
import os
from pathlib import Path

from reconciler.cli.common import DONE, ERROR, Console
from reconciler.model.errors import Terminal
from reconciler.outside.clock import SystemClock


def add(parser: argparse.ArgumentParser) -> None:
    """Add `serve` and its options."""
    commands = parser.add_subparsers(dest="forge_command", metavar="COMMAND", required=True)
    serve = commands.add_parser("serve", help="serve the bare repositories in DIR until interrupted")
    serve.add_argument("folder", metavar="DIR", type=Path, help="folder that holds <owner>/<name>.git")
    serve.add_argument("--port", type=int, default=0, help="default: any free port")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    serve.add_argument("--allow-remote", action="store_true", help="listen where other machines can reach it")
    serve.add_argument("--token-env", metavar="NAME", help="variable whose value clients must send as token")


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Serve; print the base URL when requests are taken."""
    if not arguments.folder.is_dir():
        console.note(f"ship forge: {str(arguments.folder)!r} is no folder")
        return ERROR
    token = os.environ.get(arguments.token_env) if arguments.token_env else None
    if arguments.token_env and not token:
        console.note(f"ship forge: {arguments.token_env} is not set")
        return ERROR
    try:
        from reconciler.localforge import forge, serve  # noqa: PLC0415 -- the extra `forge`
    except ModuleNotFoundError as error:
        console.note(f"ship forge needs {error.name}: pip install 'codemonkeys-ship[forge]'")
        return ERROR
    app = forge.forge(forge.discover(arguments.folder), SystemClock(), token=token)
    try:
        server = serve.bind(app, arguments.host, arguments.port, allow_remote=arguments.allow_remote)
    except Terminal as error:
        console.note(f"ship forge: {error}")
        return ERROR
    serve.run(server, console.print)
    return DONE
