"""Holds requests and answers to GitHub's own OpenAPI document and GraphQL schema.

Wrap any httpx transport in `ContractTransport`: what GitHub does not know or would not answer fails the test.
"""

import json
import lzma
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx
import jsonschema_rs
from graphql import GraphQLSchema, build_schema, parse, validate

from tests.contracts.subset import DATA, full_sdl

Json = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
PROSE = {"example", "examples", "discriminator", "description", "title", "deprecated", "externalDocs"}
PREFIX = "/api/v3"


@cache
def full_schema() -> GraphQLSchema:
    """Build GitHub's whole GraphQL schema, once a session (over a second)."""
    return build_schema(full_sdl(), assume_valid=True, assume_valid_sdl=True)


@cache
def contract() -> "Contract":
    """Load the contract, once a session."""
    return Contract(json.loads(lzma.decompress((DATA / "openapi-subset.json.xz").read_bytes())))


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the document."""

    id: str
    method: str
    path: re.Pattern[str]
    parameters: Mapping[tuple[str, str], Json]
    spec: Json


@dataclass(slots=True)
class Contract:
    """The document, ready to check calls."""

    document: Json
    operations: list[Operation] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    """Operations that were called."""
    _validators: dict[tuple[str, ...], Any] = field(default_factory=dict)
    _schemas: Json = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Index the operations, the most specific path first."""
        self._schemas = {"components": {"schemas": plain(self.document["components"]["schemas"])}}
        paths = self.document["paths"]
        for path in sorted(paths, key=lambda path: (path.count("{"), -len(path))):
            for method in METHODS:
                if method in paths[path]:
                    self.operations.append(self._operation(path, method, paths[path]))

    def check(self, request: httpx.Request, status: int, answer: Any) -> list[str]:
        """Return what is wrong with a call and its answer."""
        raw, _, query = request.url.raw_path.decode().partition("?")
        path = raw.removeprefix(PREFIX)
        found = next(
            (
                (operation, values)
                for operation in self.operations
                if operation.method == request.method.lower() and (values := operation.path.fullmatch(path))
            ),
            None,
        )
        if found is None:
            return [f"no operation for {request.method} {path}"]
        operation, values = found
        self.seen.add(operation.id)
        wrong = [
            *self._values(operation, "path", values.groupdict().items()),
            *self._values(operation, "query", parse_qsl(query, keep_blank_values=True)),
            *self._body(operation, request.content),
            *self._answer(operation, status, answer),
        ]
        return [f"{operation.id}: {text}" for text in wrong]

    def _operation(self, path: str, method: str, item: Json) -> Operation:
        spec = item[method]
        listed = [self._follow(one) for one in [*item.get("parameters", ()), *spec.get("parameters", ())]]
        wide = {one["name"] for one in listed if one.get("x-multi-segment")}
        pattern = re.sub(
            r"\\\{(\w+)\\\}",
            lambda name: f"(?P<{name[1]}>{'.+' if name[1] in wide else '[^/]+'})",
            re.escape(path),
        )
        parameters = {(one["in"], one["name"]): one for one in listed}
        return Operation(spec["operationId"], method, re.compile(pattern), parameters, spec)

    def _values(self, operation: Operation, place: str, values: Any) -> Iterator[str]:
        for name, text in values:
            known = operation.parameters.get((place, name))
            if known is None:
                yield f"unknown {place} parameter {name}"
                continue
            value = _typed(unquote(text) if place == "path" else text, known["schema"].get("type"))
            yield from self._errors((operation.id, place, name), known["schema"], value)

    def _body(self, operation: Operation, content: bytes) -> Iterator[str]:
        wanted = self._follow(operation.spec.get("requestBody", {}))
        schema = wanted.get("content", {}).get("application/json", {}).get("schema")
        if not content:
            if wanted.get("required"):
                yield "a body is required"
            return
        if schema is None:
            yield "no body is taken"
            return
        body = json.loads(content)
        unknown = set(body) - set(self._follow(schema).get("properties", body))
        yield from (f"unknown field {name} in the body" for name in sorted(unknown))
        yield from self._errors((operation.id, "body"), schema, body)

    def _answer(self, operation: Operation, status: int, answer: Any) -> Iterator[str]:
        told = operation.spec["responses"].get(str(status))
        if told is None or status >= 400:
            # GitHub's document leaves out many errors that GitHub gives: their form is held to instead.
            if not (isinstance(answer, dict) and {"message", "documentation_url"} <= answer.keys()):
                yield f"undocumented answer {status}"
            return
        schema = self._follow(told).get("content", {}).get("application/json", {}).get("schema")
        if schema is not None:
            yield from self._errors((operation.id, str(status)), schema, answer)
        elif answer is not None:
            yield f"an answer {status} has no body"

    def _errors(self, key: tuple[str, ...], schema: Json, value: Any) -> Iterator[str]:
        if key not in self._validators:
            whole = {"allOf": [plain(schema)], **self._schemas}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        for error in self._validators[key].iter_errors(value):
            yield f"{' '.join(key[1:])} {list(error.instance_path)}: {error.message[-300:]}"

    def _follow(self, value: Json) -> Json:
        while "$ref" in value:
            found: Any = self.document
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            value = found
        return value


class ContractTransport(httpx.BaseTransport):
    """Passes calls on, and fails at the first that breaks GitHub's contract."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        """Wrap another transport."""
        self._inner = inner
        self.requests: list[str] = []
        """Method and path of each call, in order."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send, then check request and answer."""
        request.read()
        response = self._inner.handle_request(request)
        response.read()
        self.requests.append(f"{request.method} {request.url.path}")
        wrong = self._wrong(request, response)
        assert not wrong, "\n".join(wrong)
        return response

    def _wrong(self, request: httpx.Request, response: httpx.Response) -> list[str]:
        if "x-github-api-version" not in request.headers:
            return ["the API version is not named"]
        if request.url.path.endswith("/graphql"):
            return graphql_errors(json.loads(request.content)["query"])
        if response.status_code == 304:
            return [] if request.headers.get("if-none-match") else ["304 without having been asked"]
        return contract().check(request, response.status_code, response.json() if response.content else None)


def graphql_errors(document: str) -> list[str]:
    """Return what GitHub's schema finds wrong with a GraphQL document."""
    return [error.message for error in validate(full_schema(), parse(document))]


def plain(value: Any) -> Any:
    """Turn an OpenAPI 3.0 schema into JSON Schema 2020-12: `nullable` becomes a type, prose goes."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    told = {
        key: plain(item)
        for key, item in value.items()
        if key not in PROSE or (isinstance(item, dict) and _is_schema(item))
    }
    return _nullable(told) if told.pop("nullable", False) is True else told


def _is_schema(value: Json) -> bool:
    """Say whether `description`, `title` ... is here the name of a property."""
    return bool(value.keys() & {"type", "$ref", "oneOf", "anyOf", "allOf"})


def _nullable(schema: Json) -> Json:
    if "enum" in schema and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def _typed(text: str, kind: object) -> object:
    if kind == "integer" and text.lstrip("-").isdigit():
        return int(text)
    if kind == "boolean" and text in {"true", "false"}:
        return text == "true"
    return text
