"""The ship command line over one fleet, and what its record may hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.cli.record import DEFAULT_URL
from reconciler.cli.ship import main
from reconciler.ports import Batch
from reconciler.swarm.sqlite import open_store


@dataclass
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str


@dataclass
class Ship:
    """The command line over one fleet."""

    root: Path
    capture: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> Said:
        """Run one subcommand."""
        code = main([words[0], "--fleet", str(self.root), *words[1:]])
        printed = self.capture.readouterr()
        return Said(code, printed.out, printed.err)

    def wrong(self, *words: str) -> Said:
        """Run one subcommand that ends in a usage error."""
        with pytest.raises(SystemExit) as ended:
            main([words[0], "--fleet", str(self.root), *words[1:]])
        printed = self.capture.readouterr()
        return Said(int(str(ended.value.code)), printed.out, printed.err)

    def write(self, batch: Batch) -> None:
        """Record something."""
        store = open_store(self.root, DEFAULT_URL, clean=str)
        store.write(batch)
        store.close()


DRIFT = {
    "pillar": "docs",
    "field": "docs.inputs",
    "desired": "a" * 64,
    "observed": None,
    "because": "fleet/products/tidy-csv.yaml:14",
}
ACTION: dict[str, object] = {
    "id": "a1",
    "kind": "docs.build",
    "pillar": "docs",
    "params": {},
    "because": "never published",
    "desired": "d1",
    "observed": "o1",
    "held": None,
    "repeatable": True,
    "cost": {},
}
UNKNOWN = {"pypi": "timed out after 30 s"}


def plan(
    *,
    drift: Sequence[object] = (DRIFT,),
    held: str | None = None,
    unknown: object = None,
    actions: bool = True,
) -> dict[str, object]:
    """Make a plan's JSON form."""
    return {
        "drift": list(drift),
        "actions": [{**ACTION, "held": held}] if actions else [],
        "unknown": unknown or {},
    }
