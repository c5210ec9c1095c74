"""The ship command line over small fleets."""

from pathlib import Path

import pytest

from reconciler.model.plan import ProductStatus
from reconciler.model.record import Condition, EventType
from reconciler.ports import Batch
from tests.world.samples import event, status
from tests.world.ship import DRIFT, Ship, plan


@pytest.fixture
def ship(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Ship:
    """Give the command line over an empty fleet."""
    (tmp_path / "fleet").mkdir()
    return Ship(tmp_path, capsys)


@pytest.fixture
def fleet(ship: Ship) -> Ship:
    """Give the command line over three products, one of them drifted, one held."""
    ready = Condition("Ready", "False", "Drifted", "docs.inputs: desired x, observed nothing", "g1")
    held = Condition("Held", "True", "Held", "docs.build: frozen by ada: storm", "g1")
    ship.write(
        Batch(
            statuses=[
                status("calm-http", labels={"tier": "1"}),
                status(
                    "tidy-csv", ProductStatus.DRIFTED, plan=plan(), conditions=(ready,), labels={"tier": "1"}
                ),
                status("warm|yaml", ProductStatus.HELD, plan=plan(held="h" * 99), conditions=(ready, held)),
            ],
            events=[
                event(EventType.RUN_STARTED),
                event(EventType.STATUS_CHANGED, "tidy-csv", status="Drifted", was=None),
                event(EventType.DRIFT_FOUND, "tidy-csv", **DRIFT),
                event(
                    EventType.ACTION_STARTED,
                    "tidy-csv",
                    action="a1",
                    kind="docs.build",
                    attempt=1,
                    because="never published",
                ),
                event(
                    EventType.TOOL_CALLED,
                    "tidy-csv",
                    tool="git",
                    what="fetch",
                    target="x\ny" * 99,
                    result="0",
                    durationS=1.5,
                ),
                event(
                    EventType.ACTION_FINISHED,
                    "tidy-csv",
                    action="a1",
                    kind="docs.build",
                    attempt=1,
                    result="failed",
                    message="mkdocs said no",
                ),
            ],
        )
    )
    return ship
