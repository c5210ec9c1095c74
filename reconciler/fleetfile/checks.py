"""What no schema can say: keys that must fit each other, and products that claim the same thing."""

import re
import zoneinfo
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from reconciler.fleetfile.layers import lay, reach, weakened
from reconciler.fleetfile.wording import Fault, quote
from reconciler.model.product import Product

Claim = tuple[str, str, str]


def product(document: Mapping[str, Any], stem: str) -> Iterator[Fault]:
    """Check one merged, validated product."""
    name, spec = document["metadata"]["name"], document["spec"]
    if name != stem:
        yield Fault(("metadata", "name"), f'"{name}" is not the file\'s name', f"the file is `{stem}.yaml`")
    if spec["docs"] and spec["docs"]["branch"] == spec["branch"]:
        yield Fault(
            ("spec", "docs", "branch"), "the site would replace the sources", "use a branch of its own"
        )
    seen: dict[tuple[str, str], int] = {}
    for index, target in enumerate((spec["release"] or {}).get("targets", ())):
        key = _package(target["registry"], target.get("package") or target["image"])
        if key in seen:
            yield Fault(("spec", "release", "targets", index), "this target stands here twice", "remove one")
        seen[key] = index


def fleet(document: Mapping[str, Any]) -> Iterator[Fault]:
    """Check a validated Fleet, with every default filled in but those of the layers."""
    spec = document["spec"]
    layers = [layer["spec"] for layer in spec["defaults"]]
    for index, dotted in enumerate(spec["enforced"]):
        if all(reach(layer, dotted.split(".")) is None for layer in layers):
            yield Fault(
                ("spec", "enforced", index),
                f"`{dotted}` is declared by no defaults",
                "declare it under spec.defaults, or do not enforce it",
            )
    yield from _layers(spec["defaults"], spec["enforced"])
    names: set[str] = set()
    for index, window in enumerate(spec["freeze"]["windows"]):
        yield from _window(("spec", "freeze", "windows", index), window)
        if window["name"] in names:
            yield Fault(("spec", "freeze", "windows", index, "name"), "the name is taken", None)
        names.add(window["name"])
    for name, ladder in spec["ladders"].items():
        yield from _rungs(("spec", "ladders", name, "rungs"), ladder["rungs"])


def _layers(layers: Sequence[Mapping[str, Any]], enforced: Sequence[str]) -> Iterator[Fault]:
    """Complain about a layer that weakens an earlier one where both may apply."""
    for later, over in enumerate(layers):
        for under in layers[:later]:
            if any(over["match"].get(key, value) != value for key, value in under["match"].items()):
                continue  # no product carries the labels of both
            merged = lay(under["spec"], over["spec"])
            for found in weakened(under["spec"], merged, enforced):
                yield Fault(
                    ("spec", "defaults", later, "spec", *found.path),
                    f"`{'.'.join(map(str, found.path))}` is enforced and may not be weakened later",
                    f"an earlier layer says {quote(found.stands)}",
                )


def _window(path: tuple[str | int, ...], window: Mapping[str, Any]) -> Iterator[Fault]:
    once = window["start"] is not None or window["end"] is not None
    weekly = bool(window["days"]) or window["from"] is not None or window["to"] is not None
    if once == weekly:
        yield Fault(path, "declare either `start` and `end`, or `days`, `from` and `to`", None, key=True)
    elif once and window["start"] and window["end"] and _moment(window["end"]) <= _moment(window["start"]):
        yield Fault((*path, "end"), "the window ends before it starts", None)
    try:
        zoneinfo.ZoneInfo(window["timezone"])
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        yield Fault((*path, "timezone"), f'"{window["timezone"]}" is not a known time zone', None)


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def rollout(document: Mapping[str, Any], stem: str, ladders: Iterable[str] | None) -> Iterator[Fault]:
    """Check a validated Rollout; `ladders` None: the Fleet could not be read."""
    name, spec = document["metadata"]["name"], document["spec"]
    if name != stem:
        yield Fault(("metadata", "name"), f'"{name}" is not the file\'s name', f"the file is `{stem}.yaml`")
    if spec["ladder"] is not None and ladders is not None and spec["ladder"] not in ladders:
        known = ", ".join(sorted(ladders)) or "none"
        yield Fault(("spec", "ladder"), f'no ladder "{spec["ladder"]}" in fleet.yaml', f"known: {known}")
    yield from _rungs(("spec", "rungs"), spec["rungs"])


def _rungs(path: tuple[str | int, ...], rungs: Sequence[Mapping[str, Any]]) -> Iterator[Fault]:
    last: dict[str, float] = {}
    for index, rung in enumerate(rungs):
        size = rung["size"]
        unit = "products" if isinstance(size, int) else "share"
        number = float(100 if size == "fleet" else size if isinstance(size, int) else size.rstrip("%"))
        if number <= last.get(unit, 0) or last.get("share") == 100:  # noqa: PLR2004 -- 100 %: the whole fleet
            yield Fault((*path, index, "size"), "each rung must be larger than the one before", None)
        last[unit] = number


def claims(product: Product) -> Iterator[tuple[Claim, tuple[str | int, ...]]]:
    """Yield what a product claims for itself: packages and a docs branch, with the path of each."""
    for index, target in enumerate(product.release.targets if product.release else ()):
        registry, package = _package(target.registry, target.package)
        yield ("package", registry, package), ("spec", "release", "targets", index)
    if product.docs:
        repo = str(product.repo)
        repo = repo.lower() if product.repo.host == "github" else repo
        yield ("docs branch", repo, product.docs.branch), ("spec", "docs")


def _package(registry: str, package: str) -> tuple[str, str]:
    """Normalise a name as its registry compares names (for PyPI: PEP 503)."""
    if registry in ("pypi", "crates-io"):
        return registry, re.sub(r"[-_.]+", "-", package).lower()
    return registry, package


def _crowded(products: Sequence[Product]) -> bool:
    """Say quickly whether two products may claim the same; True may be a false alarm."""
    packages = [
        (target.registry, target.package.lower().replace("_", "-").replace(".", "-"))
        for product in products
        if product.release
        for target in product.release.targets
    ]
    sites = [
        (product.repo.host, product.repo.path.lower(), product.docs.branch)
        for product in products
        if product.docs
    ]
    double = any("--" in package for _, package in packages)
    return double or len(set(packages)) < len(packages) or len(set(sites)) < len(sites)


def contested(
    products: Sequence[Product],
) -> Iterator[tuple[Product, tuple[str | int, ...], Claim, Product]]:
    """Yield each product that claims what another one claims too: product, path, claim, the other."""
    if not _crowded(products):
        return
    holders: dict[Claim, list[tuple[Product, tuple[str | int, ...]]]] = {}
    for each in products:
        for claim, path in claims(each):
            holders.setdefault(claim, []).append((each, path))
    for claim, held in holders.items():
        if len(held) > 1:
            for index, (each, path) in enumerate(held):
                yield each, path, claim, held[0 if index else 1][0]
