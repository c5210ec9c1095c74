"""Lines and columns: reads a YAML text again with ruamel, only when something is to be said about it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str | int, ...]

ALIASES = 20
DEPTH = 32
KEEP = 50
"""Complaints of one file that are worth reading."""

_NOT_TEXT = re.compile(
    r"(?:~|null|Null|NULL|true|True|TRUE|false|False|FALSE|[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))?"
)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line and a column, both from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing wrong at one place of a text."""

    place: Place
    message: str
    hint: str | None = None


@dataclass(slots=True)
class Marks:
    """Where each key and each value of a text stands, and what is wrong with its form."""

    keys: dict[Path, Place] = field(default_factory=dict)
    """The key of a mapping's entry; for a list's entry the same as its value."""
    values: dict[Path, Place] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)

    def place(self, path: Path, *, key: bool = False) -> Place:
        """Return where a path stands, or its nearest ancestor that stands somewhere."""
        table = self.keys if key else self.values
        if path in table:
            return table[path]
        while path and path not in self.keys:
            path = path[:-1]
        return self.keys.get(path, Place(1, 1))

    def complain(self, place: Place, message: str, hint: str | None = None) -> None:
        """Note a trouble; after the first fifty nobody reads on."""
        if len(self.troubles) < KEEP:
            self.troubles.append(Trouble(place, message, hint))


class _Deep(Exception):  # noqa: N818 -- leaves the walk, is no error
    """Nested too deeply to go on."""


def marks(text: str) -> Marks:
    """Walk a text's events; never raises on what the text holds."""
    from ruamel.yaml import YAML  # noqa: PLC0415 -- 40 ms, only when something is wrong or asked for
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415 -- as above

    found = Marks()
    walk = _Walk(found, iter(YAML(typ="safe").parse(text)))
    try:
        walk.stream()
    except _Deep:
        pass
    except (YAMLError, ValueError) as error:
        found.complain(*_syntax(error, text))
    return found


def _syntax(error: Exception, text: str) -> tuple[Place, str, str | None]:
    """Turn a parser's error into place, message and hint."""
    position = getattr(error, "position", None)
    if isinstance(position, int):  # the reader's: a character that YAML does not allow
        return at(text, position), "a control character is not allowed", "remove it"
    problem = str(getattr(error, "problem", None) or "not valid YAML")
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
    start = getattr(error, "context_mark", None)
    context = getattr(error, "context", None)
    if context and start and start.line != place.line - 1:
        problem += f" ({context} that starts on line {start.line + 1})"
    return place, problem, _advice(problem, text, place)


def _advice(problem: str, text: str, place: Place) -> str | None:
    lines = split(text)
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    if "\t" in line[: place.column]:
        return "indent with spaces, not with tabs"
    if "mapping values are not allowed" in problem:
        return "check the indentation, or put a text that holds `: ` in quotes"
    if "expected ',' or" in problem:
        return "a bracket or brace is not closed"
    return None


def split(text: str) -> list[str]:
    """Split into lines as YAML counts them."""
    return re.split(r"\r\n|[\n\r\x85\u2028\u2029]", text)


def at(text: str, position: int) -> Place:
    """Return the place of a character by its index."""
    before = split(text[:position])
    return Place(len(before), len(before[-1]) + 1)


class _Walk:
    """One walk over the events of a text."""

    def __init__(self, found: Marks, events: Iterator[Any]) -> None:
        self._found = found
        self._events = events
        self._aliases = 0
        self._anchored = 0
        self._documents = 0

    def stream(self) -> None:
        """Walk all documents; only one is allowed."""
        for event in self._events:
            kind = type(event).__name__
            if kind == "DocumentStartEvent":
                self._documents += 1
                if self._documents == 2:  # noqa: PLR2004 -- the second one
                    self._found.complain(
                        _place(event),
                        "a second document starts here",
                        "write one document a file, without `---`",
                    )
                    raise _Deep
            elif kind not in ("StreamStartEvent", "StreamEndEvent", "DocumentEndEvent"):
                self._root(event)

    def _root(self, event: Any) -> None:  # noqa: ANN401 -- ruamel's events have no common type
        if type(event).__name__ != "MappingStartEvent":
            self._found.complain(
                _place(event), "the document must be a mapping", "start with `apiVersion: ship/v1`"
            )
            raise _Deep
        self._node(event, ())

    def _node(self, event: Any, path: Path) -> None:  # noqa: ANN401 -- as above
        self._found.values[path] = place = _place(event)
        self._form(event, place)
        kind = type(event).__name__
        anchored = kind != "AliasEvent" and event.anchor is not None
        self._anchored += anchored
        if len(path) > DEPTH:
            self._found.complain(place, f"nested more than {DEPTH} levels deep", None)
            raise _Deep
        if kind == "SequenceStartEvent":
            self._sequence(path)
        elif kind == "MappingStartEvent":
            self._mapping(path)
        self._anchored -= anchored

    def _form(self, event: Any, place: Place) -> None:  # noqa: ANN401 -- as above
        """Refuse tags and more than a few aliases."""
        tag = getattr(event, "tag", None)
        if tag is not None:
            shown = str(tag).replace("tag:yaml.org,2002:", "!!")[:60]
            self._found.complain(place, f"the tag `{shown}` is not allowed", "remove it")
        if type(event).__name__ == "AliasEvent":
            self._aliases += 1
            if self._anchored:
                self._found.complain(place, "an alias inside an anchored value", "write the values out")
            if self._aliases > ALIASES:
                self._found.complain(place, f"more than {ALIASES} aliases", "write the values out")
                raise _Deep

    def _sequence(self, path: Path) -> None:
        for index, event in enumerate(self._events):
            if type(event).__name__ == "SequenceEndEvent":
                return
            self._found.keys[*path, index] = _place(event)
            self._node(event, (*path, index))

    def _mapping(self, path: Path) -> None:
        for event in self._events:
            if type(event).__name__ == "MappingEndEvent":
                return
            key = self._key(event, path)
            self._node(next(self._events), (*path, key))

    def _key(self, event: Any, path: Path) -> str:  # noqa: ANN401 -- as above
        place = _place(event)
        self._form(event, place)
        if type(event).__name__ != "ScalarEvent":
            self._found.complain(place, "a key must be a plain text", None)
            raise _Deep
        name = str(event.value)
        plain = event.style in (None, "")
        if plain and name == "<<":
            self._found.complain(
                place,
                "merge keys `<<` are not supported",
                "use the Fleet's defaults, or write the values out",
            )
        elif plain and _NOT_TEXT.fullmatch(name):
            self._found.complain(place, f"the key `{name[:60]}` is not a text", "put it in quotes")
        elif (*path, name) in self._found.keys:
            first = self._found.keys[*path, name].line
            self._found.complain(place, f"duplicate key `{name[:60]}`", f"it stands on line {first} already")
        self._found.keys.setdefault((*path, name), place)
        return name


def _place(event: Any) -> Place:  # noqa: ANN401 -- as above
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)
