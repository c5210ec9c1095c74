"""Layers: the Fleet's defaults under a product, and what a product may not weaken."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.fleetfile.marks import Path

RANKS: Mapping[str, Sequence[str]] = {
    "failOn": ("critical", "high", "medium", "low"),
    "mode": ("automerge", "pr", "suggest", "off"),
}
"""Words in the order from weak to strict."""
FEWER_IS_STRICTER = frozenset({"allow", "waivers"})
MORE_IS_STRICTER = frozenset({"requires", "scanners", "protect", "checks"})


@dataclass(frozen=True, slots=True)
class Weakened:
    """An enforced key that a lower layer weakens: its path below `spec`, and the value that stands."""

    path: Path
    stands: Any


def chosen(layers: Sequence[Mapping[str, Any]], labels: Mapping[str, str]) -> list[int]:
    """Return the indices of the layers that apply to these labels."""
    return [
        index
        for index, layer in enumerate(layers)
        if all(labels.get(key) == value for key, value in (layer.get("match") or {}).items())
    ]


def lay(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one mapping over another: mappings merge, everything else (also null) replaces."""
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = lay(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def weakened(
    under: Mapping[str, Any], merged: Mapping[str, Any], enforced: Sequence[str]
) -> Iterator[Weakened]:
    """Yield where what lies over `under` weakened an enforced key."""
    for dotted in enforced:
        path = tuple(dotted.split("."))
        value = reach(under, path)
        if value is not None:
            yield from _compare(path, value, reach(merged, path))


def reach(document: Mapping[str, Any], path: Sequence[str | int]) -> Any:  # noqa: ANN401 -- any YAML
    """Return the value at a path of keys; None when there is none."""
    value: Any = document
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _compare(path: Path, stands: Any, now: Any) -> Iterator[Weakened]:  # noqa: ANN401 -- any YAML
    if isinstance(stands, dict) and isinstance(now, dict):
        for key, value in stands.items():
            yield from _compare((*path, key), value, now.get(key))
    elif not _as_strict(str(path[-1]), stands, now):
        yield Weakened(path, stands)


def _as_strict(key: str, stands: Any, now: Any) -> bool:  # noqa: ANN401 -- any YAML
    if now == stands:
        return True
    if key in RANKS and stands in RANKS[key] and now in RANKS[key]:
        return RANKS[key].index(now) > RANKS[key].index(stands)
    if key == "suspend":
        return now is True
    if not isinstance(stands, list) or not isinstance(now, list):
        return False
    if key in FEWER_IS_STRICTER:
        return all(item in stands for item in now)
    return key in MORE_IS_STRICTER and all(item in now for item in stands)
