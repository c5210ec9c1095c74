"""The words of the command line."""

import argparse
import io
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.cli import reconcile, ship
from reconciler.cli.common import DONE, ERROR, USAGE, Console, fleet_root, guarded, pair, stand_on_streams
from reconciler.model.errors import Terminal
from reconciler.model.plan import FleetPlan, Plan, ProductStatus
from reconciler.model.product import ProductName
from reconciler.render.plan import as_text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("90", 90, id="plain seconds"),
        pytest.param("90s", 90, id="seconds"),
        pytest.param("1.5m", 90, id="minutes"),
        pytest.param("2h", 7200, id="hours"),
        pytest.param("1d", 86400, id="days"),
        pytest.param("0", 0, id="none"),
    ],
)
def test_duration(text: str, seconds: float) -> None:
    """Durations have a unit of one letter."""
    assert reconcile.duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "m", "5x", "-1s", "nan", "inf", "1e30d"])
def test_duration_refuses(text: str) -> None:
    """Anything else is wrong usage."""
    with pytest.raises(argparse.ArgumentTypeError, match="is no duration such as 90s"):
        reconcile.duration(text)


def test_count_and_label() -> None:
    """Counts begin at one; labels are key=value."""
    assert (reconcile.count("3"), pair("a=b=c")) == (3, ("a", "b=c"))
    for bad, word in ((reconcile.count, "0"), (reconcile.count, "x"), (pair, "a"), (pair, "=b")):
        with pytest.raises(argparse.ArgumentTypeError, match=f"'{word}' is no"):
            bad(word)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["--nonsense"], id="unknown option"),
        pytest.param(["--plan", "--watch"], id="two modes"),
        pytest.param(["--interval", "soon"], id="no duration"),
        pytest.param(["--pillar", "beauty"], id="unknown pillar"),
        pytest.param(["--out", "plan.json"], id="--out without --plan"),
        pytest.param(["--plan", "--digest", "sha256:0"], id="--digest without --apply"),
    ],
)
def test_wrong_usage_is_64(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage says so on stderr and ends with 64."""
    with pytest.raises(SystemExit) as ended:
        reconcile.main(words)
    assert ended.value.code == USAGE
    assert "usage: reconcile" in capsys.readouterr().err


def test_ship_wants_a_known_command(capsys: pytest.CaptureFixture[str]) -> None:
    """`ship` without or with an unknown command is wrong usage."""
    for words in ([], ["fly"]):
        with pytest.raises(SystemExit) as ended:
            ship.main(words)
        assert ended.value.code == USAGE
    assert "COMMAND" in capsys.readouterr().err


def test_every_ship_command_has_a_module_that_adds_and_runs() -> None:
    """The table of commands names modules of this room."""
    for name in ship.COMMANDS:
        module = ship.module_of(name)
        module.add(argparse.ArgumentParser())
        assert callable(module.run)


def test_fleet_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The root is the folder asked for, or the nearest one that holds fleet/."""
    inner = tmp_path / "fleet" / "products"
    inner.mkdir(parents=True)
    assert fleet_root(tmp_path) == tmp_path
    assert fleet_root(tmp_path / "fleet") == tmp_path
    monkeypatch.chdir(inner)
    assert fleet_root(None) == tmp_path
    monkeypatch.chdir("/")
    assert fleet_root(None) == Path("/")


def test_guarded_turns_errors_into_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    """An error that stops everything is one line and exit code 1."""

    def fail(error: BaseException) -> int:
        raise error

    console = Console()
    full = OSError(28, "No space left on device", "swarm.db")
    for error in (
        Terminal("no key"),
        KeyboardInterrupt(),
        BrokenPipeError(),
        full,
        OSError("odd"),
        KeyError("x"),
    ):
        assert guarded(lambda error=error: fail(error), console) == ERROR  # type: ignore[misc]  # bound now
    *lines, internal = capfd.readouterr().err.splitlines()
    assert lines == [
        "error: no key",
        "error: interrupted; what was under way is finished by the next run",
        "error: swarm.db: No space left on device",
        "error: odd",
    ]
    assert internal.startswith("error: internal error: KeyError: 'x' (test_words.py:")


class Terminal8(io.StringIO):
    """A terminal that knows one encoding."""

    encoding = "ascii"

    def isatty(self) -> bool:
        """Say yes."""
        return True


@pytest.mark.parametrize("output", ["text", "json", "markdown"])
def test_a_terminal_is_given_nothing_to_obey(output: str) -> None:
    """Escape sequences and what hides or turns text come out as escapes; JSON stays the same JSON."""
    wicked = {"a": "x\x1b[2J\x07\x9b31m\u202e\u2028\ud800\U000e0041\x7f\r|", "b": "\x1b[8m"}
    out, err = io.StringIO(), io.StringIO()
    console = Console(output=output, out=out, err=err)
    text = json.dumps(wicked, ensure_ascii=False) if output == "json" else "".join(wicked.values())
    console.print(text)
    console.note(text)
    for told in (out.getvalue(), err.getvalue()):
        assert all(sign.isprintable() for sign in told.rstrip("\n"))
        assert output != "json" or json.loads(told) == wicked


def test_our_own_colours_stay_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours pass where they are wanted, and what an encoding cannot hold is an escape, not an error."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = Terminal8()
    Console(out=out).print("\x1b[32mgood\x1b[0m \x1b[8mhidden\x1b[2K \u2026")
    assert out.getvalue() == "\x1b[32mgood\x1b[0m \\u001b[8mhidden\\u001b[2K \\u2026\n"


def test_a_reader_of_stderr_who_went_away_stops_nothing() -> None:
    """A note to a closed pipe is dropped; the run goes on."""
    read, write = os.pipe()
    os.close(read)
    with suppress(BrokenPipeError), open(write, "w", encoding="utf-8") as pipe:  # noqa: PTH123 -- a descriptor
        Console(err=pipe).note("gone")


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)], ids=str)
def test_closed_streams_are_opened_on_nothing(tmp_path: Path, closed: tuple[int, ...]) -> None:
    """Started with stdin, stdout or stderr closed it works as ever, and no file of ours takes their place."""
    code = (
        "import os, sys\n"
        f"for number in {closed}: os.close(number)\n"
        f"words = ['freeze', '--reason', 'x', '--fleet', {str(tmp_path)!r}]\n"
        "os.execv(sys.executable, [sys.executable, '-m', 'reconciler.cli.ship', *words])\n"
    )
    (tmp_path / "fleet").mkdir()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr


def test_a_closed_standard_stream_is_opened_on_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """No file of ours may become somebody's stdin because it was closed."""
    kept = os.dup(0)
    os.close(0)
    monkeypatch.setattr(sys, "stdin", None)
    try:
        stand_on_streams()
        assert (os.read(0, 1), sys.stdin.read()) == (b"", "")
    finally:
        os.dup2(kept, 0)
        os.close(kept)


class Listener(io.StringIO):
    """A stdout that asks to end as soon as an address is told."""

    def write(self, text: str) -> int:
        """Send SIGTERM to this very process."""
        if "http://" in text:
            os.kill(os.getpid(), signal.SIGTERM)
        return super().write(text)


def test_forge_serve_tells_its_address_and_ends_by_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ship forge serve` prints where it listens and ends well on SIGTERM."""
    listener = Listener()
    monkeypatch.setattr(sys, "stdout", listener)
    assert ship.main(["forge", "serve", str(tmp_path)]) == DONE
    assert listener.getvalue().startswith("http://127.0.0.1:")


def test_no_line_of_a_plan_is_forged() -> None:
    """A reason with line breaks stays within its line: it cannot add a product that is in sync."""
    seen = Plan(
        ProductName("a"), "g", ProductStatus.UNKNOWN, unknown={"github": "down\nin sync: all\r\tx\x1b[2J"}
    )
    text = as_text(FleetPlan(None, "sha256:0", (seen,), ()))
    assert text.splitlines()[1] == "  ? github: down\\nin sync: all\\r\\tx\\u001b[2J"
