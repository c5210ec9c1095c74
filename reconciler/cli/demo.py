"""ship demo: build a small real world, plan it, converge it, leave it to play with."""

import argparse
import io
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from reconciler.cli import reconcile
from reconciler.cli.common import DONE, ERROR, Console
from reconciler.demo import registry_control, world
from reconciler.demo.show import Said, Show
from reconciler.demo.tools import Tools
from reconciler.demo.world import World
from reconciler.model.errors import ShipError, Terminal
from reconciler.model.record import ToolCall
from reconciler.model.redact import Redactor
from reconciler.outside.clock import SystemClock
from reconciler.outside.process import Command, Processes

TIMEOUT_S = 60.0


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path("demo"), metavar="DIR", help="default: ./demo"
    )
    parser.add_argument(
        "--build-only", action="store_true", help="build it with everything wrong in it, and stop there"
    )
    parser.add_argument("--force", action="store_true", help="build an earlier demo anew")
    parser.add_argument("--stop", action="store_true", help="leave the package registry stopped")
    parser.add_argument(
        "--registry",
        choices=("start", "stop", "status"),
        help="only start, stop or ask after the package registry of an earlier demo",
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Run it; 1 when something came out otherwise than it should."""
    root: Path = arguments.folder.resolve()
    os.environ.pop("SOPS_AGE_KEY_FILE", None)  # a person's own key; this folder has one of its own
    show = show_in(root, console)
    try:
        if arguments.registry:
            return _registry(show.world, arguments.registry, console)
        world.claim(root, force=arguments.force)
        perform(show, build_only=arguments.build_only, stop=arguments.stop)
    except ShipError as error:
        console.note(f"error: {error}")
        return ERROR
    return DONE


def perform(show: Show, *, build_only: bool, stop: bool) -> None:
    """Build, play, leave. Raises Terminal."""
    with _asleep_at_the_end(show, always=stop):
        show.build()
        if not build_only:
            show.play()
    show.leave()


@contextmanager
def _asleep_at_the_end(show: Show, *, always: bool) -> Iterator[None]:
    """Stop the registry when something goes wrong: what ends with an error leaves nothing running."""
    try:
        yield
    except BaseException:
        registry_control.stop(show.world.registry)
        raise
    if always:
        registry_control.stop(show.world.registry)


def show_in(root: Path, console: Console) -> Show:
    """Return the demo of a folder, with the real tools and the real `reconcile`."""
    here = World(root, Tools(_run))

    def reconcile_here(words: Sequence[str]) -> Said:
        return _reconcile(root, words, console)

    return Show(here, reconcile_here, console.note, console.print, SystemClock().sleep)


def _registry(here: World, order: str, console: Console) -> int:
    if not (here.root / world.MARK).is_file():
        msg = f"'{here.root}' is not a demo"
        raise Terminal(msg)
    if order == "start":
        registry_control.start(here.registry, here.tools)
    elif order == "stop":
        registry_control.stop(here.registry)
    process = registry_control.running(here.registry)
    address = registry_control.address(here.registry)
    console.print(f"{address} stopped" if process is None else f"{address} running, process {process}")
    return DONE


def _reconcile(root: Path, words: Sequence[str], console: Console) -> Said:
    form = [] if "--output" in words else ["--output", console.output]
    heard = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    text = io.StringIO()
    try:
        with redirect_stdout(text):
            code = reconcile.main(["--fleet", str(root), *words, *form])
    finally:
        for number, hearer in heard.items():
            signal.signal(number, hearer)
    return Said(code, text.getvalue())


def _run(
    argv: Sequence[str], *, cwd: Path, stdin: bytes = b"", env: Mapping[str, str] | None = None
) -> bytes:
    processes = Processes(_Unheard(), SystemClock(), Redactor())
    done = processes.run(Command(argv, TIMEOUT_S, cwd=cwd, stdin=stdin, env=env or {}))
    if done.code:
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        msg = f"{Path(argv[0]).name} {argv[1]}: exit code {done.code}: {last}"
        raise Terminal(msg)
    return done.stdout.encode()


class _Unheard:
    """Building the world is no deed of Ship: it is not in the audit trail."""

    def called(self, call: ToolCall) -> None:
        """Note nothing."""
