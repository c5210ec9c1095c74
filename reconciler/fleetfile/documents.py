"""Validates documents with pydantic, which is imported only here and only when something changed."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from reconciler.fleetfile.wording import Fault, faults

KINDS = ("product", "fleet", "rollout", "config")
Model = Any
"""A pydantic model class: imported late."""


@cache
def model(kind: str) -> Model:
    """Return the model of one kind of document."""
    from reconciler.model import (  # noqa: PLC0415 -- pydantic: 230 ms
        document,
        document_config,
        document_fleet,
        document_rollout,
    )

    return {
        "product": document.ProductDocument,
        "fleet": document_fleet.FleetDocument,
        "rollout": document_rollout.RolloutDocument,
        "config": document_config.ConfigDocument,
    }[kind]


@cache
def schema(kind: str) -> Mapping[str, Any]:
    """Return the JSON Schema of one kind of document, with the models' own strictness."""
    return dict(_closed(model(kind).model_json_schema()))


def _closed(node: Any) -> Any:  # noqa: ANN401 -- any part of a schema
    """Refuse keys that fit no pattern, as the models do: pydantic's schema lets them pass."""
    if isinstance(node, list):
        return [_closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(each) for key, each in node.items()}
    return {**closed, "additionalProperties": False} if "patternProperties" in node else closed


def validated(kind: str, value: Mapping[str, Any]) -> tuple[dict[str, Any] | None, list[Fault]]:
    """Return the document with every default filled in, or what is wrong with it."""
    from pydantic import ValidationError  # noqa: PLC0415 -- as above

    try:
        found = model(kind).model_validate(value)
    except ValidationError as error:
        return None, faults(error.errors(include_url=False), value, schema(kind))
    return found.model_dump(mode="json", by_alias=True), []
