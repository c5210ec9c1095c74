"""What pydantic found wrong, in words for people: path, message, hint."""

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.fleetfile.marks import Path
from reconciler.model import patterns

QUOTE = 60
_SECRET = "take the credentials out of the address; name a secret instead"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a value, by its path in the document."""

    path: Path
    message: str
    hint: str | None = None
    key: bool = False
    """It is about the key, not about the value."""
    missing: str | None = None
    """The key that is missing."""


def faults(errors: Iterable[Mapping[str, Any]], data: Any, schema: Mapping[str, Any]) -> list[Fault]:  # noqa: ANN401 -- any YAML
    """Put pydantic's errors into words; one a place."""
    found: dict[tuple[Path, bool, str], Fault] = {}
    for error in sorted(errors, key=lambda error: error["type"].endswith("_type")):
        fault = _fault(error, data, schema)
        about = fault.message if error["type"] in ("missing", "extra_forbidden") else ""
        found.setdefault((fault.path, fault.key, about), fault)
    # A required key that is only misspelt is one complaint: the one at its place.
    misspelt = {(fault.path[:-1], fault.hint) for fault in found.values()}
    return [
        fault
        for fault in found.values()
        if fault.missing is None or (fault.path, _meant(fault.missing)) not in misspelt
    ]


def _meant(key: str) -> str:
    return f"did you mean `{key}`?"


def _fault(error: Mapping[str, Any], data: Any, schema: Mapping[str, Any]) -> Fault:  # noqa: ANN401 -- any YAML
    kind: str = error["type"]
    last = error["loc"][-1]
    path = _path(error["loc"], data)
    if kind == "extra_forbidden":
        near = _near(path[-1], _allowed(schema, path[:-1], data))
        return Fault(path, f"unknown key {_code(path[-1])}", near, key=True)
    if kind == "missing":
        return Fault(path, f"missing key `{last}`", f"add `{last}:` here", key=True, missing=str(last))
    if kind == "union_tag_not_found":
        kinds = "one of pypi, crates-io, oci, npm"
        return Fault(path, "missing key `registry`", kinds, key=True, missing="registry")
    if last == "[key]" or kind == "invalid_key":
        return Fault(path, *_pattern(error, "the key "), key=True)
    return _value(error, path)


def _value(error: Mapping[str, Any], path: Path) -> Fault:
    """Put into words what is wrong with a value that may stand here."""
    kind: str = error["type"]
    if kind == "string_pattern_mismatch":
        return Fault(path, *_pattern(error, ""))
    if kind in ("literal_error", "union_tag_invalid"):
        return Fault(*_choice(error, path))
    if kind.endswith("_type"):
        return Fault(path, *_type(kind, error["input"]))
    message = str(error["ctx"]["error"]) if kind == "value_error" else str(error["msg"])
    return Fault(path, f"{quote(error['input'])}: {re.sub(r'^[A-Z][a-z]+ should', 'must', message)}")


def _path(location: Sequence[str | int], data: Any) -> Path:  # noqa: ANN401 -- any YAML
    """Drop what pydantic adds to a path: names of union members, and keys that are missing."""
    path: list[str | int] = []
    for step in location:
        if isinstance(data, list) and isinstance(step, int):
            path.append(step)
            data = data[step]
        elif isinstance(data, dict) and step in data:
            path.append(str(step))  # as it is written: a key may be a number by mistake
            data = data[step]
    return tuple(path)


def _pattern(error: Mapping[str, Any], prefix: str) -> tuple[str, str | None]:
    value = error["input"]
    words, hint = patterns.WORDS.get(
        error.get("ctx", {}).get("pattern", ""), ("is not a text", "put it in quotes")
    )
    if words == patterns.WORDS[patterns.URL][0] and "@" in value:
        return "the address holds credentials", _SECRET
    return f"{prefix}{quote(value)} {words}", hint


def _choice(error: Mapping[str, Any], path: Path) -> tuple[Path, str, str | None]:
    context = error["ctx"]
    if error["type"] == "union_tag_invalid":
        value, expected, path = context["tag"], context["expected_tags"], (*path, "registry")
    else:
        value, expected = error["input"], context["expected"]
    choices = [choice.strip(" '") for choice in expected.replace(" or ", ", ").split(", ")]
    message = f"{quote(value)} is not {'one of ' if len(choices) > 1 else ''}{', '.join(choices)}"
    if not isinstance(value, str):
        return path, message, _unquoted(value)
    return path, message, _near(value, choices)


_NAMES = {
    "string": "a text",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "list": "a list",
    "dict": "a mapping",
    "model": "a mapping",
    "model_attributes": "a mapping",
}


def _type(kind: str, value: object) -> tuple[str, str | None]:
    wanted = _NAMES.get(kind.removesuffix("_type"), "something else")
    hint = None
    if wanted == "a text":
        hint = _unquoted(value)
    elif wanted == "true or false" and str(value).lower() in ("yes", "no", "on", "off", "true", "false"):
        hint = "write true or false, without quotes"
    elif wanted == "a list" and isinstance(value, str):
        hint = f"write [{quote(value)[1:-1]}]"
    elif isinstance(value, str) and value.isdigit():
        hint = "write the number without quotes"
    return f"must be {wanted}, is {_is(value)}", hint


def _unquoted(value: object) -> str | None:
    return "put it in quotes" if isinstance(value, bool | int | float) else None


def _is(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a mapping"
    return quote(value)


def quote(value: object) -> str:
    """Show a value, cut at 60 characters, on one line."""
    text = json.dumps(value, default=str)  # also escapes control characters
    if len(text) <= QUOTE:
        return text
    return text[: QUOTE - 2] + "…" + ('"' if text[0] == '"' else "")


def _code(key: object) -> str:
    return "`" + quote(str(key)).strip('"') + "`"


def _near(word: object, choices: Iterable[str]) -> str | None:
    known = list(choices)
    lower = {choice.lower().replace("_", ""): choice for choice in known}
    near = difflib.get_close_matches(str(word).lower().replace("_", "").replace("-", ""), lower, 1, 0.6)
    if near:
        return _meant(lower[near[0]])
    return f"known here: {', '.join(sorted(known))}" if known else None


def _allowed(schema: Mapping[str, Any], path: Path, data: Any) -> list[str]:  # noqa: ANN401 -- any YAML
    """Return the keys that the schema knows at a path."""
    node: Mapping[str, Any] = schema
    for step in path:
        node = _plain(node, schema, data)
        properties = node.get("properties", {})
        keyed: Mapping[str, Any] = next(iter(node.get("patternProperties", {}).values()), {})
        node = properties.get(step) or node.get("items") or keyed
        data = data[int(step)] if isinstance(data, list) else data.get(step)
    return list(_plain(node, schema, data).get("properties", {}))


def _plain(node: Mapping[str, Any], schema: Mapping[str, Any], data: Any) -> Mapping[str, Any]:  # noqa: ANN401 -- any YAML
    """Follow references and unions to the branch that the data is meant for."""
    if "$ref" in node:
        return _plain(schema["$defs"][node["$ref"].rpartition("/")[2]], schema, data)
    if "discriminator" in node:
        chosen = node["discriminator"]["mapping"][data["registry"]]
        return _plain({"$ref": chosen}, schema, data)
    block = next((branch for branch in node.get("anyOf", ()) if "$ref" in branch), None)
    return _plain(block, schema, data) if block else node
