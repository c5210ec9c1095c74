"""A saved plan: read back, checked against its own digest, and held against the world of now."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.canonical import digest
from reconciler.model.errors import Terminal
from reconciler.model.plan import FleetPlan, Plan


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """What `reconcile --plan --out` wrote."""

    digest: str
    products: Mapping[str, Mapping[str, Any]]

    @classmethod
    def read(cls, text: str, *, expected: str | None) -> "SavedPlan":
        """Parse and verify. Raises Terminal for anything but an unaltered plan (with that digest)."""
        try:
            data = json.loads(text)
            told = data.pop("digest")
            products = {product["name"]: product for product in data["products"]}
            right = data["schema"] == "ship/plan/v1" and told == f"sha256:{digest(data)}"
            _look(products.values())
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            msg = "not a saved plan (JSON of schema ship/plan/v1)"
            raise Terminal(msg) from error
        if not right:
            msg = "the saved plan was altered: its digest does not match its content"
            raise Terminal(msg)
        if expected is not None and told.removeprefix("sha256:") != expected.removeprefix("sha256:"):
            msg = f"the saved plan has digest {told}, not the reviewed {expected}"
            raise Terminal(msg)
        return cls(told, products)

    def allowed(self, plan: FleetPlan) -> frozenset[str]:
        """Return the ids of the actions that were free in the saved plan and whose product is not stale."""
        stale = self.refused(plan)
        return frozenset(
            action["id"]
            for name, product in self.products.items()
            if name not in stale
            for action in product["actions"]
            if action["held"] is None
        )

    def refused(self, plan: FleetPlan) -> dict[str, str]:
        """Say of each product with free actions why they are refused now."""
        now = {str(one.product): one for one in plan.plans}
        reasons = {
            name: _stale(product, now.get(name))
            for name, product in sorted(self.products.items())
            if any(action["held"] is None for action in product["actions"])
        }
        return {name: reason for name, reason in reasons.items() if reason}


def _stale(saved: Mapping[str, Any], now: Plan | None) -> str | None:
    if now is None:
        return "stale: the product is no longer declared, not selected or invalid"
    if saved["generation"] != now.generation:
        return "stale: its declaration changed since the plan"
    if _essence(saved) != _essence(now.data()):
        return "stale: the world changed since the plan"
    held = [action.held for action in now.actions if action.held]
    was = [action["held"] for action in saved["actions"] if action["held"]]
    return f"held now: {held[0]}" if len(held) > len(was) else None


def _look(products: Iterable[Mapping[str, Any]]) -> None:
    """Touch what is read later, since anybody can compute a digest. Raises KeyError, TypeError."""
    for product in products:
        _ = product["name"] + product["generation"], _essence(product)
        for action in product["actions"]:
            _ = action["id"] + (action["held"] or "")


def _essence(plan: Mapping[str, Any]) -> object:
    actions = [{k: v for k, v in a.items() if k != "held"} for a in plan["actions"]]
    return (plan["drift"], actions, plan["unknown"])
