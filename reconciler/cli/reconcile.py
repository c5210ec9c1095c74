"""reconcile: the loop. Looks (`--plan`), acts, or does both for ever (`--watch`)."""

import argparse
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import FrameType

from reconciler import __version__
from reconciler.cli.common import (
    PILLARS,
    Console,
    Parser,
    add_fleet,
    add_output,
    fleet_root,
    guarded,
    pair,
    stand_on_streams,
)

EPILOG = """exit codes:
  0  done, or nothing to do
  1  error: nothing was planned or done
  2  drift remains (only with --detailed-exitcode)
  3  partial: some products failed, are invalid or unknown; the rest was done
  64 wrong usage
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one invocation; return its exit code."""
    stand_on_streams()
    words = parser()
    parsed = words.parse_args(arguments)
    if parsed.out is not None and not parsed.plan:
        words.error("--out goes with --plan")
    if parsed.digest is not None and parsed.apply is None:
        words.error("--digest goes with --apply")
    console = Console(output=parsed.output)
    from reconciler.cli.invocation import Invocation  # noqa: PLC0415 -- --help must stay cheap

    invocation = Invocation(parsed, console, fleet_root(parsed.fleet), Stopper())
    return guarded(invocation.run, console)


class Stopper:
    """SIGTERM and SIGINT end a run after the action at hand; a second SIGINT ends it at once."""

    def __init__(self) -> None:
        self.asked = False

    def listen(self) -> None:
        """Take the signals from now on."""
        signal.signal(signal.SIGTERM, self._hear)
        signal.signal(signal.SIGINT, self._hear)

    def __call__(self) -> bool:
        """Say whether somebody asked to end."""
        return self.asked

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        if self.asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.asked = True


def duration(text: str) -> timedelta:
    """Read `90`, `90s`, `5m`, `2h`, `1d`."""
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    number, unit = (text[:-1], units[text[-1]]) if text[-1:] in units else (text, 1)
    with suppress(ValueError):
        seconds = float(number) * unit
        if 0 <= seconds < 10**9:
            return timedelta(seconds=seconds)
    msg = f"{text!r} is no duration such as 90s, 30m, 2h, 1d"
    raise argparse.ArgumentTypeError(msg)


def count(text: str) -> int:
    """Read a whole number from 1 up."""
    with suppress(ValueError):
        number = int(text)
        if number >= 1:
            return number
    msg = f"{text!r} is no whole number from 1 up"
    raise argparse.ArgumentTypeError(msg)


def parser() -> argparse.ArgumentParser:
    """Return the words that reconcile knows."""
    made = Parser(
        prog="reconcile",
        description="Make the fleet what fleet/ declares: look, plan, act, until both match.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--version", action="version", version=f"reconcile {__version__}")
    add_fleet(made)
    add_output(made)
    _add_selectors(made)
    _add_modes(made)
    _add_bounds(made)
    return made


def _add_selectors(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("which products (default: all)")
    group.add_argument("names", nargs="*", metavar="NAME", help="products by name")
    group.add_argument(
        "--label", "-l", action="append", type=pair, default=[], metavar="K=V", help="by label"
    )
    group.add_argument(
        "--exclude", "-x", action="append", default=[], metavar="NAME", help="all but this one"
    )
    group.add_argument("--pillar", action="append", choices=PILLARS, default=[], help="only this pillar")


def _add_modes(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what to do (default: plan and apply)")
    mode = group.add_mutually_exclusive_group()
    mode.add_argument("--plan", action="store_true", help="only look: print the plan, write nothing")
    mode.add_argument(
        "--apply", type=Path, metavar="FILE", help="apply a saved plan; what went stale is refused"
    )
    mode.add_argument("--watch", action="store_true", help="reconcile again and again until stopped")
    group.add_argument("--out", type=Path, metavar="FILE", help="with --plan: save the plan (JSON)")
    group.add_argument("--digest", metavar="D", help="with --apply: refuse any plan but this one")
    group.add_argument(
        "--interval", type=duration, default="60s", metavar="T", help="with --watch (default: 60s)"
    )
    group.add_argument("--detailed-exitcode", action="store_true", help="exit with 2 when drift remains")


def _add_bounds(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how far to go")
    group.add_argument("--max-passes", type=count, default=10, metavar="N", help="default: 10")
    group.add_argument(
        "--timeout",
        type=duration,
        default="15m",
        metavar="T",
        help="start nothing new after it (default: 15m)",
    )
    group.add_argument(
        "--lock-timeout",
        type=duration,
        default="30s",
        metavar="T",
        help="wait so long for another run to end (default: 30s)",
    )
    group.add_argument("--force", action="store_true", help="override the brake")
    group.add_argument("--retry", action="store_true", help="try failed and parked actions now")


if __name__ == "__main__":
    sys.exit(main())
