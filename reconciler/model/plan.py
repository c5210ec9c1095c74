"""Drift, Action, Plan: what departs, what would close it. Plan is data: hashable, storable, refusable."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal

from reconciler.model.canonical import digest
from reconciler.model.fleet import Complaint
from reconciler.model.product import ProductName

Repeat = Literal["safe", "rejected", "unsafe"]
"""safe: repeating changes nothing; rejected: the target refuses; unsafe: in doubt it goes to a person."""


class ProductStatus(StrEnum):
    """The state of one product after a pass."""

    IN_SYNC = "InSync"
    DRIFTED = "Drifted"
    PROGRESSING = "Progressing"
    HELD = "Held"
    DEGRADED = "Degraded"
    UNKNOWN = "Unknown"
    SUSPENDED = "Suspended"
    INVALID = "Invalid"


@dataclass(frozen=True, slots=True, order=True)
class Drift:
    """One departure of observed from desired."""

    product: ProductName
    pillar: str
    field: str
    desired: str | None
    observed: str | None
    declared: str
    """Path in the product's YAML that declares it, such as `spec.docs`."""
    because: str = ""
    """`file:line` of that path; filled in by the loop."""

    def placed(self, because: str) -> "Drift":
        """Return this, with the place that declares it."""
        return replace(self, because=because)


@dataclass(frozen=True, slots=True)
class Action:
    """One idempotent step, as data."""

    product: ProductName
    pillar: str
    """What `policy.allow` must name for it."""
    kind: str
    params: Mapping[str, str]
    because: str
    """One line for people."""
    desired: str
    """Digest of what shall be: with product and kind the key of the action's row in the ledger."""
    observed: str
    """Digest of what was seen."""
    repeat: Repeat = "safe"
    needs: frozenset[str] = frozenset()
    """Sources that must have answered."""
    blocked: str | None = None
    """The pillar's own reason why not yet, such as a requirement that is not met."""
    held: str | None = None
    """The gate's reason why not now."""
    cost: Mapping[str, int] = field(default_factory=dict)
    declared: str = "spec"
    """Path in the product's YAML that asks for it."""

    @property
    def key(self) -> tuple[str, str, str]:
        """Product, kind, desired digest: one row of the ledger."""
        return (self.product, self.kind, self.desired)

    @property
    def id(self) -> str:
        """16 hex digits of product, kind, desired and observed digest."""
        return digest([self.product, self.kind, self.desired, self.observed])[:16]

    def hold(self, reason: str | None) -> "Action":
        """Return this, held for a reason."""
        return replace(self, held=reason)

    def data(self) -> dict[str, Any]:
        """Return the JSON form of `ship/plan/v1`."""
        return {
            "id": self.id,
            "kind": self.kind,
            "pillar": self.pillar,
            "params": dict(sorted(self.params.items())),
            "because": self.because,
            "desired": self.desired,
            "observed": self.observed,
            "held": self.held,
            "repeatable": self.repeat != "unsafe",
            "cost": dict(sorted(self.cost.items())),
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """The sorted drifts and actions of one product."""

    product: ProductName
    generation: str
    status: ProductStatus
    drift: tuple[Drift, ...] = ()
    actions: tuple[Action, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        product: ProductName,
        generation: str,
        status: ProductStatus,
        drift: Iterable[Drift],
        actions: Iterable[Action],
        unknown: Mapping[str, str],
    ) -> "Plan":
        """Sort, and drop actions with the same id."""
        by_id = {action.id: action for action in actions}
        return cls(
            product,
            generation,
            status,
            tuple(sorted(drift)),
            tuple(sorted(by_id.values(), key=lambda action: (action.kind, action.id))),
            dict(sorted(unknown.items())),
        )

    def data(self) -> dict[str, Any]:
        """Return the JSON form of `ship/plan/v1`."""
        return {
            "name": self.product,
            "generation": self.generation,
            "status": str(self.status),
            "drift": [
                {
                    "pillar": drift.pillar,
                    "field": drift.field,
                    "desired": drift.desired,
                    "observed": drift.observed,
                    "because": drift.because or drift.declared,
                }
                for drift in self.drift
            ],
            "actions": [action.data() for action in self.actions],
            "unknown": dict(self.unknown),
        }


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """The plans of all selected products, sorted by name, and the complaints about the rest."""

    commit: str | None
    fleet_digest: str
    plans: tuple[Plan, ...]
    complaints: tuple[Complaint, ...]
    invalid: tuple[str, ...] = ()
    """Names of selected products that could not be read."""

    def unreadable(self) -> tuple[Plan, ...]:
        """Return a plan of nothing for each product that could not be read: for the record."""
        return tuple(
            Plan.of(ProductName(name), "", ProductStatus.INVALID, (), (), {"fleet": self._wrong(name)})
            for name in self.invalid
        )

    def _wrong(self, name: str) -> str:
        own = [str(complaint) for complaint in self.complaints if complaint.product == name]
        return "; ".join(own[:3])

    @property
    def digest(self) -> str:
        """`sha256:` over everything but the digest itself."""
        return f"sha256:{digest(self._body())}"

    def summary(self) -> dict[str, int]:
        """Count products by status, and actions."""
        statuses = [plan.status for plan in self.plans]
        actions = [action for plan in self.plans for action in plan.actions]
        count = statuses.count
        return {
            "products": len(self.plans) + len(self.invalid),
            "inSync": count(ProductStatus.IN_SYNC),
            "drifted": count(ProductStatus.DRIFTED),
            "progressing": count(ProductStatus.PROGRESSING),
            "held": sum(1 for action in actions if action.held),
            "degraded": count(ProductStatus.DEGRADED),
            "unknown": count(ProductStatus.UNKNOWN),
            "invalid": len(self.invalid),
            "suspended": count(ProductStatus.SUSPENDED),
            "actions": len(actions),
        }

    def data(self) -> dict[str, Any]:
        """Return the JSON form of `ship/plan/v1`, digest included."""
        body = self._body()
        return {"schema": body.pop("schema"), "digest": self.digest, **body}

    def _body(self) -> dict[str, Any]:
        return {
            "schema": "ship/plan/v1",
            "fleet": {"commit": self.commit, "digest": self.fleet_digest},
            "summary": self.summary(),
            "products": [plan.data() for plan in self.plans],
            "errors": [
                {
                    "file": complaint.file,
                    "line": complaint.line,
                    "column": complaint.column,
                    "message": complaint.message,
                    "hint": complaint.hint,
                }
                for complaint in self.complaints
            ],
        }
