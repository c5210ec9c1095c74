"""What both console scripts share: exit codes, the fleet's root, output."""

import argparse
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from reconciler.model.errors import ShipError
from reconciler.render.visible import visible

DONE = 0
ERROR = 1
DRIFT = 2
PARTIAL = 3
USAGE = 64
PILLARS = ("docs", "publish")


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose usage errors end with 64 (sysexits.h EX_USAGE)."""

    def error(self, message: str) -> "None":  # type: ignore[override]  # argparse says NoReturn; exit() does not return
        """Print usage and message, end with 64."""
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: error: {message}\n")


@dataclass(slots=True)
class Console:
    """Data to stdout, everything else to stderr; both redacted."""

    output: str = "text"
    out: TextIO = field(default_factory=lambda: sys.stdout)
    err: TextIO = field(default_factory=lambda: sys.stderr)
    clean: Callable[[str], str] = str

    @property
    def color(self) -> bool:
        """Colour only on a terminal, and never when NO_COLOR is set (no-color.org)."""
        return self.output == "text" and self.out.isatty() and not os.environ.get("NO_COLOR")

    def print(self, text: str) -> None:
        """Write data to stdout, ending in one newline."""
        shown = visible(self.clean(text), color=self.color)
        _write(self.out, shown.rstrip("\n") + "\n")

    def note(self, text: str) -> None:
        """Write one line for people to stderr; a reader who went away is no reason to stop."""
        with suppress(BrokenPipeError):
            _write(self.err, visible(self.clean(text)) + "\n")


def _write(stream: TextIO, text: str) -> None:
    """Write what the stream's encoding can hold; the rest becomes escapes, never an error."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def pair(text: str) -> tuple[str, str]:
    """Split `key=value`."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        msg = f"{text!r} is not of the form KEY=VALUE"
        raise argparse.ArgumentTypeError(msg)
    return key, value


def add_fleet(parser: argparse.ArgumentParser) -> None:
    """Add `--fleet`."""
    parser.add_argument(
        "--fleet",
        metavar="DIR",
        type=Path,
        default=None,
        help="folder that holds fleet/ (default: this folder or the nearest parent that does)",
    )


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add `--output`."""
    parser.add_argument(
        "--output",
        "-o",
        choices=("text", "json", "markdown"),
        default="text",
        help="form of the data on stdout (default: text)",
    )


def fleet_root(wanted: Path | None) -> Path:
    """Return the absolute folder that holds `fleet/`; without one, the folder asked for or this one."""
    if wanted is not None:
        inside = wanted.name == "fleet" and not (wanted / "fleet").is_dir()
        return (wanted.parent if inside else wanted).resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "fleet").is_dir():
            return folder
    return here


def stand_on_streams() -> None:
    """Open what was closed of stdin, stdout and stderr on nothing: no file of ours may take their numbers."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: this one
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def guarded(run: Callable[[], int], console: Console) -> int:
    """Run; an error that stops everything is one line on stderr and exit code 1, never a traceback."""
    try:
        return run()
    except ShipError as error:
        console.note(f"error: {error}")
    except BrokenPipeError:  # the reader of stdout went away, such as `| head`: nothing to say to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        console.note("error: interrupted; what was under way is finished by the next run")
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        console.note(f"error: {where}{error.strerror or error}")
    except Exception as error:  # noqa: BLE001 -- the last net: one line, where a traceback may show anything
        console.note(f"error: internal error: {type(error).__name__}: {error} ({_place(error)})")
    return ERROR


def _place(error: Exception) -> str:
    """Say where it was raised, for whoever reports it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "nowhere"
