"""ship freeze and ship thaw: a person stops all writes."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.cli import freeze as freeze_command
from reconciler.cli.record import DEFAULT_URL
from reconciler.swarm.reader import read_store
from reconciler.swarm.sqlite import open_store
from tests.world.ship import Said, Ship


def test_freeze_and_thaw_take_hold_beside_a_run(fleet: Ship) -> None:
    """While somebody holds the lease both work, are shown, and are events of the chain."""
    run = open_store(fleet.root, DEFAULT_URL, clean=str)
    assert fleet("freeze", "--reason", "storm", "--for", "2h").code == 0
    freeze = run.frozen()
    assert freeze is not None
    assert (freeze.reason, freeze.until) == ("storm", freeze.since + timedelta(hours=2))
    assert fleet("status").out.startswith("Frozen by ")
    assert json.loads(fleet("status", "-o", "json").out)["freeze"]["inForce"] is True
    assert fleet("thaw") == Said(0, "", "thawed\n")
    assert run.frozen() is None
    run.close()
    assert [
        json.loads(line)["type"] for line in fleet("log", "-o", "json", "--limit", "2").out.splitlines()
    ] == [
        "Frozen",
        "Thawed",
    ]
    assert fleet("audit", "verify").code == 0


def test_freeze_before_the_first_run(ship: Ship) -> None:
    """It holds before anything else was recorded; a second thaw says that nothing is frozen."""
    assert ship("freeze", "--reason", "not yet").err == "frozen until `ship thaw`\n"
    assert "Frozen by" in ship("status").out
    assert json.loads(ship("status", "-o", "json").out)["freeze"]["until"] is None
    ship("thaw")
    assert ship("thaw") == Said(0, "", "nothing is frozen\n")


def test_freeze_and_thaw_for_programs(ship: Ship) -> None:
    """JSON says what is in force after the command."""
    frozen = json.loads(ship("freeze", "--reason", "storm", "--for", "2h", "-o", "json").out)
    assert (frozen["schema"], frozen["freeze"]["reason"], frozen["freeze"]["inForce"]) == (
        "ship/freeze/v1",
        "storm",
        True,
    )
    for _ in ("frozen", "not frozen"):
        assert json.loads(ship("thaw", "-o", "json").out) == {"schema": "ship/freeze/v1", "freeze": None}


def test_freeze_until_a_moment(ship: Ship) -> None:
    """A time without offset is UTC; one that is over is refused."""
    assert ship("freeze", "--reason", "x", "--until", "9999-01-01T00:00").code == 0
    look = read_store(ship.root, DEFAULT_URL)
    freeze = look.frozen()
    look.close()
    assert freeze is not None
    assert freeze.until == datetime(9999, 1, 1, tzinfo=UTC)
    said = ship("freeze", "--reason", "x", "--until", "2020-01-01T00:00+02:00")
    assert said == Said(1, "", "error: --until 2019-12-31 22:00:00 UTC is over\n")


WRONG = {
    "no reason": ["freeze"],
    "reason that says nothing": ["freeze", "--reason", " "],
    "no time": ["freeze", "--reason", "x", "--until", "soon"],
    "no duration": ["freeze", "--reason", "x", "--for", "0h"],
    "both": ["freeze", "--reason", "x", "--for", "1h", "--until", "9999-01-01"],
    "no label": ["status", "--label", "tier"],
    "no status": ["status", "--status", "Red"],
    "no type": ["log", "--type", "Red"],
    "nothing to audit": ["audit"],
}


@pytest.mark.parametrize("words", WRONG.values(), ids=WRONG)
def test_wrong_usage_ends_with_64(ship: Ship, words: list[str]) -> None:
    """A usage error writes nothing and has its own exit code."""
    assert ship.wrong(*words).code == 64
    assert [path.name for path in ship.root.iterdir()] == ["fleet"]


def test_person_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's user may have no name: the number stands for it."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_000)
    assert freeze_command.person() == "uid 4000000000"
