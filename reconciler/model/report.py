"""Report: what one run planned, did and left."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.plan import Action, FleetPlan, ProductStatus
from reconciler.model.record import Outcome, Result


@dataclass(frozen=True, slots=True)
class Performed:
    """One action that was tried, and what came of it."""

    action: Action
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Report:
    """One run: the plan it began with, the deeds, and the plan that is left."""

    run: str
    first: FleetPlan
    last: FleetPlan
    performed: tuple[Performed, ...] = ()
    refused: Mapping[str, str] | None = None
    """Products of a saved plan that were not applied, and why."""
    stopped: str | None = None
    """Why the run ended before it was through: a signal, the time, the passes."""

    def drifted(self) -> bool:
        """Say whether drift is left that somebody wants closed."""
        return any(plan.drift for plan in self.last.plans if plan.status is not ProductStatus.SUSPENDED)

    def partial(self) -> bool:
        """Say whether some product failed, was refused, invalid, unknown or needs a person."""
        poor = (ProductStatus.UNKNOWN, ProductStatus.DEGRADED)
        return bool(
            self.last.invalid
            or self.last.complaints
            or self.refused
            or any(plan.unknown or plan.status in poor for plan in self.last.plans)
            or self.failures()
        )

    def failures(self) -> tuple[Performed, ...]:
        """Return the deeds whose last try failed."""
        last = {performed.action.key: performed for performed in self.performed}
        return tuple(one for one in last.values() if one.outcome.result is Result.FAILED)

    def data(self) -> dict[str, Any]:
        """Return the JSON form of `ship/report/v1`."""
        return {
            "schema": "ship/report/v1",
            "run": self.run,
            "deeds": [
                {
                    "id": one.action.id,
                    "product": one.action.product,
                    "kind": one.action.kind,
                    "result": str(one.outcome.result),
                    "message": one.outcome.message,
                    "data": dict(one.outcome.data),
                }
                for one in self.performed
            ],
            "refused": dict(self.refused or {}),
            "stopped": self.stopped,
            "plan": self.last.data(),
        }
