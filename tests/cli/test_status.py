"""ship status: the table, narrowed, grouped, folded."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.cli.record import DEFAULT_URL, swarm_url
from reconciler.model.errors import Terminal
from reconciler.model.plan import ProductStatus
from reconciler.model.record import Condition
from reconciler.ports import Batch
from tests.world.samples import NOON, status
from tests.world.ship import ACTION, DRIFT, Said, Ship


def test_status_of_a_fleet_that_never_ran(ship: Ship) -> None:
    """It says what to do, and makes no state folder."""
    assert ship("status") == Said(0, "Nothing is recorded yet: `reconcile` looks, acts and records.\n", "")
    assert "Nothing is recorded" in ship("status", "-o", "markdown").out
    assert json.loads(ship("status", "-o", "json").out)["products"] == []
    assert [path.name for path in ship.root.iterdir()] == ["fleet"]


def test_status_is_one_table(fleet: Ship) -> None:
    """Product, status, since, counts, reason; a line that sums up."""
    assert fleet("status").out == (
        "PRODUCT    STATUS   SINCE (UTC)          DRIFT  ACTIONS  REASON\n"
        "calm-http  InSync   2026-03-01 10:00:00  -      -\n"
        "tidy-csv   Drifted  2026-03-01 10:00:00  1      1        docs.inputs: desired x, observed nothing\n"
        "warm|yaml  Held     2026-03-01 10:00:00  1      1        docs.build: frozen by ada: storm\n"
        "\n"
        "3 products: 1 InSync, 1 Drifted, 1 Held.\n"
    )


CHOICES = {
    "by name": (["tidy-csv"], ["tidy-csv"]),
    "by label": (["--label", "tier=1"], ["calm-http", "tidy-csv"]),
    "by status": (["--status", "Held", "--status", "InSync"], ["calm-http", "warm|yaml"]),
    "by both": (["--status", "Held", "-l", "tier=1"], []),
}


@pytest.mark.parametrize(("words", "names"), CHOICES.values(), ids=CHOICES)
def test_status_can_be_narrowed(fleet: Ship, words: list[str], names: list[str]) -> None:
    """Names, labels and statuses choose together."""
    shown = json.loads(fleet("status", "-o", "json", *words).out)
    assert ([one["name"] for one in shown["products"]], shown["summary"]["products"]) == (names, len(names))


def test_status_as_json(fleet: Ship) -> None:
    """`ship/status/v1` holds what the table shows, and the groups."""
    shown = json.loads(fleet("status", "-o", "json", "--group-by", "tier").out)
    assert (shown["schema"], shown["freeze"], list(shown["groups"])) == ("ship/status/v1", None, ["1", ""])
    assert shown["summary"]["inSync"] == 1
    assert shown["products"][1] == {
        "name": "tidy-csv",
        "status": "Drifted",
        "since": "2026-03-01T10:00:00+00:00",
        "at": "2026-03-01T12:00:00+00:00",
        "generation": "g1",
        "labels": {"tier": "1"},
        "reason": "docs.inputs: desired x, observed nothing",
        "drift": [DRIFT],
        "actions": [ACTION],
        "unknown": {},
    }


def test_status_in_groups_and_markdown(fleet: Ship) -> None:
    """One table per label value, those without it last; Markdown escapes what would break a table."""
    text = fleet("status", "--group-by", "tier").out
    assert text.index("tier=1: 2 products") < text.index("without label tier: 1 product: 1 Held")
    assert "| Since (UTC) |" in fleet("status", "-o", "markdown").out
    assert "| warm\\|yaml | Held |" in fleet("status", "-o", "markdown").out


def test_status_folds_a_large_quiet_fleet(ship: Ship) -> None:
    """Many products in sync are only counted, unless all are asked for; long reasons are cut."""
    ready = Condition("Ready", "False", "Drifted", "x" * 200, "g1")
    quiet = [status(f"p{n:03}") for n in range(60)]
    ship.write(Batch(statuses=[*quiet, status("red", ProductStatus.DRIFTED, conditions=(ready,))]))
    text = ship("status").out
    assert "60 in sync are not shown (--all shows them)" in text
    assert ("p000" in text, "red" in text, "x" * 89 in text, "…" in text) == (False, True, False, True)
    assert "p000" in ship("status", "--all").out


def test_status_of_an_unknown_name(fleet: Ship) -> None:
    """The nearest name is offered; nothing is printed on stdout."""
    said = fleet("status", "tidy-csw")
    assert said == Said(1, "", "error: nothing is recorded of 'tidy-csw'; did you mean 'tidy-csv'?\n")
    assert fleet("status", "zzz").err == "error: nothing is recorded of 'zzz'\n"


def test_status_is_coloured_only_where_asked(fleet: Ship) -> None:
    """The status cell alone is painted."""
    from reconciler.render.status import Overview, as_text  # noqa: PLC0415 -- beside its only use

    held = status("a", ProductStatus.HELD)
    assert "\x1b[35mHeld  \x1b[0m" in as_text(Overview([held], NOON), color=True)


def test_record_is_where_the_configuration_says(tmp_path: Path) -> None:
    """Without a word about it the default; a configuration with mistakes is not guessed at."""
    assert swarm_url(tmp_path) == DEFAULT_URL
    config = tmp_path / ".codemonkeys/config.yaml"
    config.parent.mkdir()
    config.write_text("ship:\n  swarm: {url: 'sqlite:elsewhere.db'}\n")
    assert swarm_url(tmp_path) == "sqlite:elsewhere.db"
    config.write_text("ship: {swarn: 1, swarm: }\n")
    with pytest.raises(Terminal, match=r"config\.yaml"):
        swarm_url(tmp_path)


def test_reading_a_thousand_products_imports_nothing_heavy(ship: Ship) -> None:
    """Status and why read the record alone: no YAML, no HTTP, no models."""
    ship.write(Batch(statuses=[status(f"p{n:04}") for n in range(1000)]))
    script = (
        "import sys; from reconciler.cli.ship import main; main(sys.argv[1:])\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    heavy = {"pydantic", "httpx", "ruamel", "ryaml", "jsonschema", "deepdiff", "git", "graphql", "werkzeug"}
    for words in (["status"], ["why", "p0007"]):
        asked = [sys.executable, "-c", script, *words, "--fleet", str(ship.root)]
        ended = subprocess.run(asked, capture_output=True, text=True, check=True)
        assert heavy.isdisjoint(ended.stderr.split())
