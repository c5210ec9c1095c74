"""ship log and ship audit: the events, and whether they are as they were written."""

import argparse
import io
import json
import re
import sqlite3
from datetime import datetime

import pytest

from reconciler.cli import log as log_command
from reconciler.cli.common import Console
from reconciler.cli.record import DEFAULT_URL
from reconciler.model.record import EventType
from reconciler.ports import Batch
from reconciler.swarm.reader import read_store
from tests.world.samples import NOON, event
from tests.world.ship import Said, Ship


def test_log_is_one_line_an_event(fleet: Ship) -> None:
    """Seq, time, type, product, what happened; long texts are cut."""
    lines = fleet("log").out.splitlines()
    assert lines[0] == "     1  2026-03-01 12:00:00  RunStarted       -"
    assert [line.rpartition("tidy-csv  ")[2].strip() for line in lines[1:4]] == [
        "new -> Drifted",
        "docs.inputs (fleet/products/tidy-csv.yaml:14)",
        "docs.build (try 1): never published",
    ]
    assert lines[4].endswith("…")
    assert lines[5].endswith("docs.build (try 1) failed: mkdocs said no")


LOGS = {
    "newest": (["--limit", "2"], [5, 6]),
    "of a product": (["tidy-csv", "--limit", "1"], [6]),
    "of a type": (["--type", "RunStarted", "--type", "DriftFound"], [1, 3]),
    "nothing": (["nobody"], []),
}


@pytest.mark.parametrize(("words", "seqs"), LOGS.values(), ids=LOGS)
def test_log_can_be_narrowed(fleet: Ship, words: list[str], seqs: list[int]) -> None:
    """Product, type and number choose together; JSON is one line an event."""
    lines = fleet("log", "-o", "json", *words).out.splitlines()
    assert [json.loads(line)["seq"] for line in lines] == seqs


def test_log_of_nothing_says_so(fleet: Ship) -> None:
    """An empty answer looks like a quiet product: a name that nobody knows is told, with the nearest one."""
    assert "nothing is recorded of 'calm-htp'; did you mean 'calm-http'?" in fleet("log", "calm-htp").err
    assert fleet("log", "calm-http") == Said(0, "", "no such event is recorded\n")


def test_log_as_markdown(fleet: Ship) -> None:
    """One table."""
    text = fleet("log", "-o", "markdown", "--type", "StatusChanged").out
    assert text.splitlines()[-1] == "| 2 | 2026-03-01 12:00:00 | StatusChanged | tidy-csv | new -> Drifted |"


class Interrupting:
    """A clock during whose first sleep something is written; its second one is Ctrl-C."""

    def __init__(self, ship: Ship) -> None:
        self.ship, self.slept = ship, 0

    def now(self) -> datetime:
        """Return noon."""
        return NOON

    def sleep(self, seconds: float) -> None:
        """Write, or interrupt."""
        self.slept += 1
        if self.slept == 1:
            news = [event(EventType.THAWED, "b", by="ada"), event(EventType.FROZEN, "a"), event(product="a")]
            self.ship.write(Batch(events=news))
        if self.slept == 3:
            raise KeyboardInterrupt

    def random(self) -> float:
        """Return a half."""
        return 0.5


def test_log_follow_goes_on_until_interrupted(fleet: Ship, monkeypatch: pytest.MonkeyPatch) -> None:
    """After what is recorded it waits for more; Ctrl-C ends it."""
    monkeypatch.setattr(log_command, "SystemClock", lambda: Interrupting(fleet))
    said = fleet("log", "--follow", "--limit", "1")
    assert (said.code, said.err) == (0, "")
    assert [line.split()[0] for line in said.out.splitlines()] == ["6", "7", "8", "9"]


def test_log_follows(fleet: Ship) -> None:
    """What is appended later is printed too, once, with the same choice."""
    console = Console(out=io.StringIO())
    look = read_store(fleet.root, DEFAULT_URL)
    asked = argparse.Namespace(name=None, type=[EventType.THAWED])
    with pytest.raises(KeyboardInterrupt):
        log_command.follow(look, asked, console, Interrupting(fleet))
    look.close()
    assert isinstance(console.out, io.StringIO)
    assert [line.split()[3:] for line in console.out.getvalue().splitlines()] == [
        ["Thawed", "b", "by:", "ada"]
    ]


def test_audit_verify_of_a_whole_chain(fleet: Ship) -> None:
    """It counts, names the head, and reports a start without an end on a line of its own."""
    said = fleet("audit", "verify")
    assert said.code == 0
    assert re.fullmatch(r"The chain is whole: 6 events, head [0-9a-f]{64}\.\n", said.out)
    fleet.write(
        Batch(events=[event(EventType.ACTION_STARTED, "a", action="x", kind="docs.build", attempt=2)])
    )
    said = fleet("audit", "verify")
    line = "Not closed exactly once: event 7: a: docs.build (try 2, action x)"
    assert (said.code, said.out.splitlines()[1]) == (0, line)
    shown = json.loads(fleet("audit", "verify", "-o", "json").out)
    assert (shown["whole"], shown["events"], shown["unclosed"][0]["seq"]) == (True, 7, 7)


def test_audit_verify_of_nothing(ship: Ship) -> None:
    """An empty trail is whole."""
    assert ship("audit", "verify") == Said(0, "The chain is whole: 0 events.\n", "")


def test_audit_verify_of_a_broken_chain(fleet: Ship) -> None:
    """Exit code 1, the first wrong event and what is wrong with it."""
    database = sqlite3.connect(fleet.root / ".codemonkeys/state/swarm.db")
    database.executescript("DROP TRIGGER events_stay_as_they_are; UPDATE events SET run = 'x' WHERE seq = 3")
    database.close()
    assert fleet("audit", "verify") == Said(1, "The chain is broken: event 3 was altered.\n", "")
    shown = json.loads(fleet("audit", "verify", "-o", "json").out)
    assert (shown["whole"], shown["broken"], shown["reason"]) == (False, 3, "was altered")


def test_audit_export(fleet: Ship) -> None:
    """JSON Lines from a seq on; nothing prints nothing."""
    lines = fleet("audit", "export", "--since", "4", "--format", "jsonl").out.splitlines()
    assert [json.loads(line)["seq"] for line in lines] == [5, 6]
    assert fleet("audit", "export", "--since", "6").out == ""
