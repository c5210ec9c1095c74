"""JSON Schemas of the YAML files, for editors, and the second opinion that jsonschema gives by them."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from reconciler.fleetfile import base, configuration, documents, files, loader, rollouts, source
from reconciler.fleetfile.wording import Fault
from reconciler.model.fleet import Complaint

DRAFT = "https://json-schema.org/draft/2020-12/schema"
KINDS = documents.KINDS


def schema(kind: str) -> dict[str, Any]:
    """Return the schema of one kind: draft 2020-12, with title, description and id."""
    return {
        "$schema": DRAFT,
        "$id": f"urn:ship:v1:{kind}",
        **documents.schema(kind),
        "title": f"Ship {kind}",
    }


def file(kind: str) -> str:
    """Return the name of a kind's schema file."""
    return f"{kind}.schema.json"


def text(kind: str) -> str:
    """Return a schema as it stands in its file."""
    return json.dumps(schema(kind), indent=2, ensure_ascii=False) + "\n"


def stale(folder: Path) -> list[str]:
    """Return the names of the schema files in a folder that are missing or differ."""
    return [file(kind) for kind in KINDS if _read(folder / file(kind)) != text(kind)]


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def write(folder: Path) -> list[str]:
    """Write all schema files; return the names of those that changed."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = stale(folder)
    for kind in KINDS:
        (folder / file(kind)).write_text(text(kind), encoding="utf-8")
    return changed


@cache
def _validator(kind: str) -> Any:  # noqa: ANN401 -- jsonschema's classes are made at run time
    from jsonschema import Draft202012Validator, FormatChecker  # noqa: PLC0415 -- 185 ms, only here

    return Draft202012Validator(schema(kind), format_checker=FormatChecker(["date"]))


def opinion(kind: str, value: Mapping[str, Any]) -> list[Fault]:
    """Say what jsonschema finds wrong with a document as it is written."""
    return [
        Fault(tuple(error.absolute_path), f"the schema refuses it: {error.message[:100]}")
        for error in _validator(kind).iter_errors(value)
    ]


def second_opinion(root: Path, complaints: tuple[Complaint, ...]) -> Iterator[Complaint]:
    """Check the files that the models find nothing wrong with once more, by the schemas."""
    blamed = {complaint.file for complaint in complaints}
    for kind, listed in _all(root):
        if listed.file in blamed:
            continue
        try:
            read = source.read(files.read(root, listed), listed.file, None)
        except files.Unreadable:  # gone since the models looked
            continue
        if isinstance(read.value, dict):
            yield from read.blame(opinion(kind, read.value))


def _all(root: Path) -> Iterator[tuple[str, files.Listed]]:
    for kind, file in (("fleet", base.FILE), ("config", configuration.FILE)):
        if listed := files.single(root, file):
            yield kind, listed
    for kind, folder in (("product", loader.FOLDER), ("rollout", rollouts.FOLDER)):
        for listed in files.listing(root, folder):
            yield kind, listed
