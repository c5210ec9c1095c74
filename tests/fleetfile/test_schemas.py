"""The JSON Schemas: up to date, good for editors, and of one mind with the models."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reconciler.fleetfile import documents, schemas, source
from reconciler.fleetfile.starter import CONFIG
from tests.world import fleets

ROOT = Path(__file__).parents[2]


def _value(text: str) -> dict[str, Any]:
    value = source.read(text.encode(), "x.yaml", None).value
    assert isinstance(value, dict)
    return value


GOOD: dict[str, dict[str, Any]] = {
    "product": _value(fleets.product("a")),
    "fleet": _value(fleets.FLEET),
    "rollout": _value(fleets.ROLLOUT),
    "config": _value(CONFIG + "    npm: {enabled: false, settle_s: 5}\n"),
}
PIECES: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        1,
        3,
        -1,
        0.5,
        1000,
        "",
        "a",
        "Main",
        "a b",
        "../x",
        "/x",
        "-x",
        "pypi",
        "oci",
        "npm",
        "tags",
        "1.2.3",
        "01.2.3",
        "ci",
        "github:a/b",
        "local:x",
        "https://a.example/",
        "https://a@b/",
        "a..b",
        "x.lock",
        "x\n",
        "\x00",
        "2027-01-31",
        "2027-1-1",
        "10%",
        "fleet",
        "30m",
        "100",
        [],
        {},
        ["a"],
        {"a": "b"},
        "main",
        "high",
        "observe",
        "file.yml",
        "\u2028",
        "~/x",
        "sqlite:x",
        "18:00",
        "é",
    ]
)
KEYS = st.sampled_from(
    ["a", "spec", "branch", "package", "image", "registry", "name", "docs", "url", "enabled", "x y"]
)


def _places(value: Any) -> list[list[str | int]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [[], *([step, *rest] for step, each in inner for rest in _places(each))]


def _mutated(value: Any, place: list[str | int], how: str, key: str, piece: Any) -> Any:
    if not place:
        return {**value, key: piece} if how == "add" and isinstance(value, dict) else piece
    copy = deepcopy(value)
    parent = copy
    for step in place[:-1]:
        parent = parent[step]
    if how == "drop":
        del parent[place[-1]]
    else:
        parent[place[-1]] = _mutated(parent[place[-1]], [], how, key, piece)
    return copy


@pytest.mark.parametrize("kind", schemas.KINDS)
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_models_and_schemas_agree(kind: str, data: st.DataObject) -> None:
    """What one refuses the other refuses, however a good document is changed."""
    value: Any = GOOD[kind]
    for _ in range(data.draw(st.integers(0, 2))):
        place = data.draw(st.sampled_from(_places(value)[1:] or [[]]))
        how = data.draw(st.sampled_from(["replace", "drop", "add"] if place else ["add"]))
        value = _mutated(value, place, how, data.draw(KEYS), data.draw(PIECES))
        if not isinstance(value, dict):
            return
    faults = documents.validated(kind, value)[1]
    assert bool(faults) == bool(schemas.opinion(kind, value)), (value, faults)


def test_the_good_ones_are_good() -> None:
    """Both accept the documents that the law starts from."""
    for kind, value in GOOD.items():
        assert documents.validated(kind, value)[1] == []
        assert schemas.opinion(kind, value) == []


def test_the_schemas_in_the_repository_are_fresh() -> None:
    """`ship schema --write schemas` was run after the last change of a model."""
    assert schemas.stale(ROOT / "schemas") == []


@pytest.mark.parametrize("kind", schemas.KINDS)
def test_a_schema_is_good_for_editors(kind: str) -> None:
    """Draft 2020-12, an id, a title, and every block described."""
    schema = json.loads((ROOT / "schemas" / schemas.file(kind)).read_text())
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == schemas.DRAFT
    assert schema["$id"] == f"urn:ship:v1:{kind}"
    assert schema["title"] == f"Ship {kind}"
    assert schema["description"]
    assert [name for name, block in schema["$defs"].items() if not block.get("description")] == []


def test_writing_and_comparing(tmp_path: Path) -> None:
    """All are stale in an empty folder, none after writing, one after a change."""
    folder = tmp_path / "schemas"
    assert len(schemas.stale(folder)) == 4
    assert len(schemas.write(folder)) == 4
    assert schemas.write(folder) == []
    (folder / "fleet.schema.json").write_text("{}")
    assert schemas.stale(folder) == ["fleet.schema.json"]


def test_the_second_opinion_is_about_files_that_seem_good(tmp_path: Path) -> None:
    """A file with complaints is not judged twice; a file that is no plain file is left out."""
    files = {"fleet/products/a.yaml": fleets.product("a"), "fleet/products/b.yaml": "a: 1\n"}
    fleets.write(tmp_path, {**files, "fleet/fleet.yaml": fleets.FLEET, "fleet/products/c.yaml": "a: ["})
    (tmp_path / "fleet/products/d.yaml").mkdir()
    found = list(schemas.second_opinion(tmp_path, ()))
    assert {complaint.file for complaint in found} == {"fleet/products/b.yaml"}
    assert "the schema refuses it" in found[0].message
    assert list(schemas.second_opinion(tmp_path, tuple(found))) == []
