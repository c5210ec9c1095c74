"""ship why: every obstacle has a name and a way out."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.model.plan import ProductStatus
from reconciler.model.record import Freeze, Phase
from reconciler.ports import Batch
from tests.world.samples import NOON, entry, event, status
from tests.world.ship import UNKNOWN, Ship, plan


def test_why_tells_drift_action_outcome_and_way_out(fleet: Ship) -> None:
    """Everything the record knows, from file and line to the last outcome."""
    assert fleet("why", "tidy-csv").out == (
        "tidy-csv is Drifted since 2026-03-01 10:00:00 UTC"
        " (generation g1, last change seen 2026-03-01 12:00:00 UTC)\n"
        "drift:\n"
        "  fleet/products/tidy-csv.yaml:14: docs.inputs: desired aaaaaaaaaaaa, observed nothing\n"
        "actions:\n"
        "  docs.build: never published\n"
        "  docs.build: try 1 was failed at 2026-03-01 12:00:00 UTC: mkdocs said no\n"
        "what would unblock it:\n"
        "  docs.build: nothing is in the way: `reconcile` does it\n"
    )


LATER = NOON + timedelta(minutes=5)
WAYS = {
    "parked": (plan(held="parked"), entry(phase=Phase.PARKED, attempts=5), "docs.build: change what it"),
    "failed": (
        plan(held="failed"),
        entry(phase=Phase.FAILED, attempts=1, retry_at=LATER),
        "docs.build: a run at or after 2026-03-01 12:05:00 UTC tries again; `reconcile --retry` tries now",
    ),
    "in doubt": (plan(held="interrupted"), entry(), "docs.build: the next run that looks"),
    "requirement": (plan(held="ci is red"), None, "docs.build: it waits for this to pass: ci is red"),
    "done but held": (
        plan(held="brake: 4 products"),
        entry(phase=Phase.DONE),
        "docs.build: it waits for this to pass: brake: 4 products",
    ),
    "blind": (
        plan(unknown=UNKNOWN),
        None,
        "pypi must answer; the next run asks again (timed out after 30 s)",
    ),
    "no step": (
        plan(actions=False),
        None,
        "docs.inputs: a person must act: Ship has no step for this (fleet",
    ),
}


@pytest.mark.parametrize(("found", "row", "way"), WAYS.values(), ids=WAYS)
def test_why_says_what_would_unblock(ship: Ship, found: dict[str, object], row: object, way: str) -> None:
    """Each obstacle has its own way out, in one line."""
    rows = [row] if row else []
    held = status(value=ProductStatus.HELD, plan=found)
    ship.write(Batch(statuses=[held], entries=rows))  # type: ignore[arg-type]  # rows of the table above
    shown = json.loads(ship("why", "tidy-csv", "-o", "json").out)
    assert (shown["schema"], shown["status"]) == ("ship/why/v1", "Held")
    assert any(line.startswith(way) for line in shown["unblock"]), shown["unblock"]
    assert f"- {shown['unblock'][0]}" in ship("why", "tidy-csv", "-o", "markdown").out


def test_why_of_a_failed_action_counts_its_tries(ship: Ship) -> None:
    """The reason it is held and the number of failures are told."""
    row = entry(phase=Phase.FAILED, attempts=3, retry_at=LATER)
    held = status(plan=plan(held="failed 3 times"))
    ship.write(Batch(events=[event(product="tidy-csv")], statuses=[held], entries=[row]))
    text = ship("why", "tidy-csv").out
    assert "docs.build: held: failed 3 times\n" in text
    assert "docs.build: failed tries in a row: 3\n" in text


STANDING = {
    ProductStatus.SUSPENDED: "set `spec.suspend: false` in tidy-csv.yaml",
    ProductStatus.INVALID: "correct its file: `ship validate` says where",
}


@pytest.mark.parametrize(("value", "way"), STANDING.items(), ids=STANDING)
def test_why_of_a_product_that_is_not_acted_on(ship: Ship, value: ProductStatus, way: str) -> None:
    """Suspended and invalid products have their own way out, and no other."""
    drift = plan(actions=False) if value is ProductStatus.SUSPENDED else {}
    ship.write(Batch(statuses=[status(value=value, plan=drift)]))
    assert json.loads(ship("why", "tidy-csv", "-o", "json").out)["unblock"] == [way]


def test_why_of_a_frozen_product(ship: Ship) -> None:
    """A freeze in force is said first and ended by a thaw; one that is over is not mentioned."""
    ship.write(
        Batch(
            statuses=[status(plan=plan(held="frozen by ada: storm"))],
            freeze=Freeze("storm", "ada", NOON, datetime(9999, 1, 1, tzinfo=UTC)),
        )
    )
    text = ship("why", "tidy-csv").out
    assert "Frozen by ada since 2026-03-01 12:00:00 UTC until 9999-01-01 00:00:00 UTC: storm" in text
    assert text.endswith("what would unblock it:\n  `ship thaw` ends the freeze\n")
    ship.write(Batch(freeze=Freeze("storm", "ada", NOON, NOON)))
    assert "Frozen by" not in ship("why", "tidy-csv").out + ship("status").out


def test_why_of_one_pillar_and_of_a_calm_product(fleet: Ship) -> None:
    """Another pillar's drifts and actions are left out."""
    assert "Nothing departs from what is declared" in fleet("why", "calm-http").out
    text = fleet("why", "tidy-csv", "publish").out
    assert "tidy-csv (publish) is Drifted" in text
    assert "docs.inputs" not in text


def test_why_after_a_run_was_killed(ship: Ship) -> None:
    """The plan was made before the deeds: one that was begun is told as begun, one that was done as done."""
    begun = entry(acting_at=NOON + timedelta(minutes=1))
    ship.write(Batch(statuses=[status(value=ProductStatus.DRIFTED, plan=plan())], entries=[begun]))
    text = ship("why", "tidy-csv").out
    assert "docs.build: begun at 2026-03-01 12:01:00 UTC, and no end is recorded" in text
    assert "docs.build: the next run that looks" in text
    assert "nothing is in the way" not in text
    ship.write(Batch(entries=[entry(phase=Phase.DONE, acting_at=NOON + timedelta(minutes=2))]))
    assert "docs.build: done since the last look; the next run looks again" in ship("why", "tidy-csv").out


def test_why_of_an_invalid_product_shows_its_complaints(ship: Ship) -> None:
    """It has no generation, and what is wrong is a complaint, not an unknown."""
    wrong = replace(
        status(value=ProductStatus.INVALID, plan={"unknown": {"fleet": "x.yaml:1:1: no"}}), generation=""
    )
    ship.write(Batch(statuses=[wrong]))
    text = ship("why", "tidy-csv").out
    assert "UTC (last change seen" in text
    assert "\ncomplaints:\n  fleet: x.yaml:1:1: no\n" in text


def test_why_of_an_unknown_pillar(fleet: Ship) -> None:
    """A pillar that does not exist is wrong usage: nothing would be found of it."""
    assert fleet.wrong("why", "calm-http", "doc").code == 64


def test_why_before_the_first_run(ship: Ship) -> None:
    """Nothing is recorded of anything: how that comes about is said."""
    assert ship("why", "tidy-csv").err.endswith("`reconcile --plan` looks, `reconcile` acts and records\n")


def test_why_of_an_unknown_name(fleet: Ship) -> None:
    """The nearest name is offered."""
    assert fleet("why", "calm-htp").code == 1
    assert "did you mean 'calm-http'?" in fleet("why", "calm-htp").err
