"""Products, actions and rows in one line, for tables."""

from datetime import UTC, datetime, timedelta
from typing import Any

from reconciler.model.plan import Action, Drift
from reconciler.model.product import Product, ProductName
from reconciler.model.record import Entry, Phase

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
"""A Sunday."""
ALL = ["observe", "heal", "docs", "publish", "promote", "deploy"]


def document(name: str, **spec: object) -> dict[str, Any]:
    """Return a merged, validated document with every default filled in."""
    whole = {"repo": f"local:repos/{name}.git", "branch": "main", "suspend": False, "policy": {"allow": ALL}}
    return {
        "apiVersion": "ship/v1",
        "kind": "Product",
        "metadata": {"name": name, "labels": {}},
        "spec": {**whole, **spec},
    }


def product(name: str, **spec: object) -> Product:
    """Return a product; keywords are blocks of `spec`."""
    return Product.of(document(name, **spec), file=f"fleet/products/{name}.yaml")


def docs(**block: object) -> dict[str, object]:
    """Return a whole `spec.docs`."""
    whole = {"builder": "mkdocs", "config": "mkdocs.yml", "branch": "gh-pages", "inputs": None}
    return {**whole, "url": None, "adopt": False, **block}


def release(package: str, **block: object) -> dict[str, object]:
    """Return a whole `spec.release` with one target at pypi."""
    target = {"registry": "pypi", "package": package, "secrets": None, "files": ["sdist", "wheel"]}
    whole = {"version": "tags", "requires": [], "publisher": "ansible", "targets": [target]}
    return {**whole, **block}


def action(product: str, **fields: Any) -> Action:
    """Return an action."""
    whole: dict[str, Any] = {
        "product": ProductName(product),
        "pillar": "docs",
        "kind": "docs.build",
        "params": {},
        "because": "stale",
        "desired": "d1",
        "observed": "o1",
    }
    return Action(**{**whole, **fields})


def drift(product: str, **fields: Any) -> Drift:
    """Return a drift."""
    whole: dict[str, Any] = {
        "product": ProductName(product),
        "pillar": "docs",
        "field": "docs.inputs",
        "desired": "new",
        "observed": "old",
        "declared": "spec.docs",
    }
    return Drift(**{**whole, **fields})


def entry(of: Action, phase: Phase, **fields: Any) -> Entry:
    """Return a ledger row of an action; nothing has changed since."""
    whole: dict[str, Any] = {
        "product": of.product,
        "kind": of.kind,
        "desired": of.desired,
        "action": of.id,
        "phase": phase,
        "holder": "run-0",
        "fence": 1,
        "tries": 1,
        "attempts": 0,
        "acting_at": NOON - timedelta(hours=1),
        "retry_at": None,
        "generation": "g1",
        "observed": of.observed,
        "fingerprint": "f1",
        "message": "it broke",
    }
    return Entry(**{**whole, **fields})
