"""YAML text to plain values, fast; what the fast parser does not see or place is looked at again."""

import re
from typing import Any

from ryaml import InvalidYamlError, loads  # type: ignore[attr-defined]  # it names no __all__

from reconciler.fleetfile.marks import Marks, Place, Trouble, at, marks, split

VALUES = 20_000
COMMENT = re.compile(r"(?m)^[ \t]*#.*\n?")
_SUSPECT = re.compile(
    r"(?m)"
    r"(?:^|[\s\[\]{},:?-])[!&*]"  # tags, anchors, aliases
    r"|(?:^|[\s{,?\"'])<<[\"']?\s*:"  # merge keys
    r"|^(?:%|---|\.\.\.)"  # directives, documents
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
)


def decode(content: bytes) -> tuple[str, Trouble | None]:
    """Decode UTF-8, with or without a byte order mark; also give the trouble."""
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        place = at(content[: error.start].decode("utf-8", "replace"), error.start)
        hint = "save it as UTF-8"
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            hint = "it looks like UTF-16: save it as UTF-8"
        trouble = Trouble(place, f"byte {content[error.start]:#04x} is not valid UTF-8", hint)
        return content.decode("utf-8", "replace"), trouble


def parse(text: str) -> tuple[Any, list[Trouble], Marks | None]:
    """Read one document: its value, or what is wrong with its form; marks when they were needed."""
    if trouble := _too_much(text):
        return None, [trouble], None
    # tags, aliases and merge keys first: the fast parser drops the one, expands and ignores the others
    found = marks(text) if _SUSPECT.search(text) else None
    if found and found.troubles:
        return None, found.troubles, found
    try:
        value = loads(text)
    except (InvalidYamlError, ValueError, TypeError, RecursionError) as error:
        found = found or marks(text)
        return None, found.troubles or [_said(error)], found
    if value is None:
        return None, [Trouble(Place(1, 1), "the file is empty", "declare something, or remove it")], None
    if not isinstance(value, dict):
        found = found or marks(text)
        return None, found.troubles, found
    return value, [], found


def _too_much(text: str) -> Trouble | None:
    """Refuse what would cost much to read, without reading it."""
    if _count(text) <= VALUES:
        return None
    bare = COMMENT.sub("", text)
    if _count(bare) <= VALUES:
        return None
    return Trouble(Place(1, 1), f"holds more than {VALUES:,} values", "split it")


def _count(text: str) -> int:
    return sum(text.count(sign) for sign in ("\n", ",", ":", "[", "{", "- ", "? "))


def _said(error: Exception) -> Trouble:
    """Use the fast parser's own words when the second look found nothing."""
    words = str(error)
    where = re.search(r" at line (\d+) column (\d+)", words)
    place = Place(int(where[1]), int(where[2])) if where else Place(1, 1)
    return Trouble(place, re.sub(r" at line \d+ column \d+", "", words)[:120], None)


def excerpt(text: str, place: Place) -> str | None:
    """Return the line for the caret, cut soon after it; None when there is nothing to point at."""
    lines = split(text)
    if place.line > len(lines) or place.column > LONG:
        return None
    line = lines[place.line - 1][: place.column + QUOTE]
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "\ufffd", line)


LONG = 160
QUOTE = 60
