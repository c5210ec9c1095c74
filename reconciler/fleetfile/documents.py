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
    """Return the JSON Schema of one kind of document, as pydantic gives it."""
    return dict(model(kind).model_json_schema())


def validated(kind: str, value: Mapping[str, Any]) -> tuple[dict[str, Any] | None, list[Fault]]:
    """Return the document with every default filled in, or what is wrong with it."""
    from pydantic import ValidationError  # noqa: PLC0415 -- as above

    try:
        found = model(kind).model_validate(value)
    except ValidationError as error:
        return None, faults(error.errors(include_url=False), value, schema(kind))
    return found.model_dump(mode="json", by_alias=True), []
