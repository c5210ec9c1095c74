"""The Rollout document: one fleet-wide change and the ladder it climbs."""

from typing import Annotated, Literal

from pydantic import Field

from reconciler.model.document_base import (
    ApiVersion,
    Document,
    Duration,
    Labels,
    Metadata,
    Name,
    Text,
)
from reconciler.model.document_fleet import Rung


class Change(Document):
    """What is done to each product. Its digest names the change: a new text is a new change."""

    kind: Literal["update-deps", "playbook", "policy"]
    ref: Text
    """What to change to: a requirement such as `tokio>=1.48`, a playbook, a policy."""


class Selector(Document):
    """Which products take part: all that carry these labels, without the excluded."""

    labels: Labels = {}
    exclude: list[Name] = []


class Abort(Document):
    """When the rollout stops by itself."""

    failures: Annotated[int, Field(ge=0, le=10_000)] = 0
    """How many products may fail before it stops."""
    share: Annotated[float, Field(gt=0, le=1)] = 0.02
    """The share of the products on the present rung that may fail."""
    unknown: Literal["pause", "abort"] = "pause"
    """What an unknown result means; never: passed."""
    deadline: Duration = "7d"


class Skip(Document):
    """A product that is left out, and why."""

    product: Name
    reason: Text


def _rungs() -> list[Rung]:
    return [Rung(size=1), Rung(size=3), Rung(size=10), Rung(size="fleet")]


class RolloutSpec(Document):
    """The change, who gets it, in which order, and when it stops."""

    change: Change
    selector: Selector = Selector()
    ladder: Name | None = None
    """A ladder of `fleet.yaml`; goes before `rungs`."""
    rungs: Annotated[list[Rung], Field(min_length=1, max_length=20)] = _rungs()
    """Default: 1, 3, 10 products, then the fleet."""
    soak: Duration = "1h"
    """How long a rung must stay good before the next one opens."""
    gates: list[Literal["ci", "health", "scans"]] = ["ci"]
    """What each product on the rung must pass."""
    abort: Abort = Abort()
    rollback: Literal["none", "failed", "rung", "all"] = "failed"
    """Which products are taken back after an abort."""
    paused: bool = False
    skip: list[Skip] = []


class RolloutDocument(Document):
    """One rollout."""

    api_version: ApiVersion
    kind: Literal["Rollout"]
    metadata: Metadata
    spec: RolloutSpec
