"""The words of the command line."""

import argparse
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.cli import reconcile, ship
from reconciler.cli.common import ERROR, USAGE, Console, fleet_root, guarded
from reconciler.model.errors import Terminal


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
    with pytest.raises(ValueError, match=r"."):
        reconcile.duration(text)


def test_count_and_label() -> None:
    """Counts begin at one; labels are key=value."""
    assert (reconcile.count("3"), reconcile.label("a=b=c")) == (3, ("a", "b=c"))
    for bad, word in ((reconcile.count, "0"), (reconcile.label, "a"), (reconcile.label, "=b")):
        with pytest.raises(ValueError, match="not"):
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
    for error in (Terminal("no key"), KeyboardInterrupt(), BrokenPipeError()):
        assert guarded(lambda error=error: fail(error), console) == ERROR  # type: ignore[misc]  # bound now
    assert capfd.readouterr().err.splitlines() == [
        "error: no key",
        "error: interrupted; what was under way is finished by the next run",
    ]
