"""The fast parser and ruamel read the same, and marks point where things stand."""

from io import StringIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from reconciler.fleetfile.marks import Place, at, marks
from reconciler.fleetfile.source import read
from reconciler.fleetfile.syntax import excerpt, parse
from reconciler.fleetfile.wording import quote
from reconciler.render import explain

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn", "Co"]), max_size=12)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | TEXTS
    | st.sampled_from(
        [
            "on",
            "no",
            "yes",
            "null",
            "~",
            "1",
            "1.10",
            "0x1f",
            "- a",
            "a: b",
            "# c",
            "*x",
            "&x",
            "!x",
            "<<",
            "@",
            "`",
            "%",
            "'",
            '"',
        ]
    )
)
DOCUMENTS = st.dictionaries(
    TEXTS,
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=8,
    ),
    min_size=1,
    max_size=4,
)


def _ruamel(text: str) -> Any:
    return YAML(typ="safe").load(text)


@settings(max_examples=100, deadline=None)
@given(document=DOCUMENTS)
def test_what_explain_writes_reads_back(document: dict[str, Any]) -> None:
    """The YAML that is shown is the document, for both parsers."""
    text = explain.text(document, {})
    assert parse(text)[:2] == (document, [])
    assert _ruamel(text) == document


@settings(max_examples=100, deadline=None)
@given(document=DOCUMENTS, flow=st.booleans())
def test_ryaml_reads_what_ruamel_writes(document: dict[str, Any], flow: bool) -> None:
    """Documents written by another emitter read the same with both."""
    writer = YAML(typ="safe")
    writer.default_flow_style = flow
    writer.allow_unicode = True
    out = StringIO()
    writer.dump(document, out)
    value, troubles, _ = parse(out.getvalue())
    assert not troubles
    assert value == _ruamel(out.getvalue()) == document


@settings(max_examples=300, deadline=None)
@given(content=st.binary(max_size=60) | st.text("a:-[]{}&*!%#'\"\n\t ,?|><~1", max_size=40).map(str.encode))
def test_no_text_raises(content: bytes) -> None:
    """Any bytes give a mapping or complaints that point into the file."""
    source = read(content, "x.yaml", "x")
    assert isinstance(source.value, dict) != bool(source.complaints)
    for complaint in source.complaints:
        assert complaint.line >= 1
        assert complaint.column >= 1


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a\nb", Place(2, 2)),
        ("a\r\nb", Place(2, 2)),
        ("a\u2028b", Place(2, 2)),
        ("", Place(1, 1)),
        ("ab\r", Place(2, 1)),
    ],
    ids=repr,
)
def test_places_count_lines_as_yaml_does(text: str, place: Place) -> None:
    """All line breaks of YAML count; the two signs of Windows count once."""
    assert at(text, len(text)) == place


def test_marks_of_keys_and_values() -> None:
    """Block, flow, lists and aliases have their places; a path that is nowhere has its nearest block's."""
    found = marks("a: &x [1, {b: 2}]\nc:\n  - *x\n  - d:\n      e\n")
    assert found.troubles == []
    assert found.values["a", 1, "b"] == Place(1, 15)
    assert found.keys["c", 1, "d"] == Place(4, 5)
    assert found.place(("c", 1, "d")) == Place(5, 7)
    assert found.place(("c", 0)) == Place(3, 5)
    assert found.place(("c", 1, "nowhere", "at", "all"), key=True) == Place(4, 5)
    assert found.place(("nowhere",), key=True) == Place(1, 1)


def test_excerpts_are_short_and_harmless() -> None:
    """A line is cut soon after the column; what could steer a terminal is replaced."""
    assert excerpt("x" * 1000, Place(1, 5)) == "x" * 65
    assert excerpt("x" * 1000, Place(1, 500)) is None
    assert excerpt("a", Place(9, 1)) is None
    assert excerpt("a\x1b[31m\tb\u202e", Place(1, 1)) == "a\ufffd[31m\tb\ufffd"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\n\x1b", '"a\\n\\u001b"'),
        (None, "null"),
        ("x" * 99, '"' + "x" * 57 + '…"'),
        ([1] * 99, "[" + "1, " * 19 + "…"),
    ],
)
def test_quotes_are_short(value: object, shown: str) -> None:
    """At most sixty characters of a value are shown, on one line."""
    assert quote(value) == shown
    assert len(shown) <= 60
