"""One product laid over the Fleet's defaults, validated; every fault at the line it comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.fleetfile import base, checks, documents
from reconciler.fleetfile.base import Base
from reconciler.fleetfile.layers import chosen, lay, weakened
from reconciler.fleetfile.source import Source
from reconciler.fleetfile.wording import Fault, quote
from reconciler.model.fleet import Complaint


@dataclass(frozen=True, slots=True)
class Merged:
    """A merged, validated document, or the complaints."""

    document: dict[str, Any] | None
    complaints: tuple[Complaint, ...] = ()


def merge(source: Source, fleet: Base) -> Merged:
    """Lay a product over the Fleet's defaults and validate the whole."""
    if source.complaints:
        return Merged(None, source.complaints)
    value, faults = _over(source.value, fleet)
    document, found = documents.validated("product", value)
    faults += found
    if document is not None:
        faults += checks.product(document, source.file.rpartition("/")[2].removesuffix(".yaml"))
    if faults:
        return Merged(None, source.blame(faults))
    if fleet.complaints:
        return Merged(None, (_unmergeable(source, fleet.complaints[0]),))
    return Merged(document)


def _over(value: Mapping[str, Any], fleet: Base) -> tuple[dict[str, Any], list[Fault]]:
    """Lay the product's spec over the layers that apply; what has not the form for it stays as it is."""
    spec = value.get("spec")
    if not isinstance(spec, dict) or not fleet.layers:
        return dict(value), []
    below: dict[str, Any] = {}
    for index in chosen(fleet.layers, labels(value)):
        below = lay(below, fleet.layers[index]["spec"])
    merged = lay(below, spec)
    return {**value, "spec": merged}, _weaker(below, merged, fleet.enforced)


def labels(value: Mapping[str, Any]) -> Mapping[str, str]:
    """Return a raw document's labels; none when they have not the form."""
    metadata = value.get("metadata")
    found = metadata.get("labels") if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def _weaker(below: Mapping[str, Any], merged: Mapping[str, Any], enforced: Sequence[str]) -> list[Fault]:
    return [
        Fault(
            ("spec", *found.path),
            f"`{'.'.join(map(str, found.path))}` is enforced by {base.FILE}: it may not be weakened",
            f"there it is {quote(found.stands)}",
        )
        for found in weakened(below, merged, enforced)
    ]


def _unmergeable(source: Source, cause: Complaint) -> Complaint:
    return Complaint(
        file=source.file,
        line=1,
        column=1,
        message=f"cannot be merged: {cause.file}:{cause.line}:{cause.column} is broken",
        hint="correct that file first",
        product=source.product,
    )
