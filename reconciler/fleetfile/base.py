"""fleet.yaml: the layers under every product, what is enforced, and the limits."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.fleetfile import checks, documents, files, source
from reconciler.fleetfile.memory import Memory
from reconciler.model.fleet import Brake, Complaint, Limits, Window

FILE = "fleet/fleet.yaml"


@dataclass(frozen=True, slots=True)
class Base:
    """A fleet.yaml that was read; without one everything is at its default."""

    blob: str
    layers: Sequence[Mapping[str, Any]]
    """As written: `match` and `spec`."""
    enforced: Sequence[str]
    limits: Limits
    ladders: Sequence[str]
    complaints: tuple[Complaint, ...] = ()
    """Not empty: nothing can be laid over it."""


def load(root: Path, memory: Memory) -> Base:
    """Read fleet.yaml, from memory when it did not change."""
    listed = files.single(root, FILE)
    if listed is None:
        return Base("", (), (), Limits(), ())
    try:
        blob = memory.blob(listed, lambda: files.read(root, listed))
        known = memory.known(FILE, blob)
        if known is not None:
            return _base(blob, *json.loads(known))
        return _parse(files.read(root, listed), blob, memory)
    except files.Unreadable as refused:
        return _broken("", (source.unreadable(FILE, None, refused.trouble),))


def _parse(content: bytes, blob: str, memory: Memory) -> Base:
    read = source.read(content, FILE, None)
    if read.complaints:
        return _broken(blob, read.complaints)
    document, faults = documents.validated("fleet", read.value)
    if document is not None:
        faults = list(
            checks.fleet({**document, "spec": {**document["spec"], "defaults": _layers(read.value)}})
        )
    if document is None or faults:
        return _broken(blob, read.blame(faults))
    del document["spec"]["defaults"]
    memory.remember(FILE, blob, json.dumps([_layers(read.value), document["spec"]]))
    return _base(blob, _layers(read.value), document["spec"])


def _layers(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Take the layers as they are written: a default that is filled in would hide the layer below."""
    written = (value.get("spec") or {}).get("defaults") or ()
    return [{"match": layer.get("match") or {}, "spec": layer.get("spec") or {}} for layer in written]


def _broken(blob: str, complaints: tuple[Complaint, ...]) -> Base:
    return Base(blob, (), (), Limits(), (), complaints)


def _base(blob: str, layers: Sequence[Mapping[str, Any]], spec: Mapping[str, Any]) -> Base:
    brake, budgets = spec["brake"], spec["budgets"]
    return Base(
        blob=blob,
        layers=layers,
        enforced=spec["enforced"],
        ladders=sorted(spec["ladders"]),
        limits=Limits(
            brake=Brake(brake["share"], brake["fromProducts"], brake["limit"]),
            windows=tuple(_window(window) for window in spec["freeze"]["windows"]),
            actions_per_run=budgets["actionsPerRun"],
            attempts=budgets["attempts"],
        ),
    )


def _window(window: Mapping[str, Any]) -> Window:
    return Window(
        name=window["name"],
        start=window["start"],
        end=window["end"],
        days=tuple(window["days"]),
        from_time=window["from"],
        to_time=window["to"],
        timezone=window["timezone"],
    )
