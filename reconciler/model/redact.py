"""Redactor: takes known secrets out of any text, in every form that tools are seen to print them in. Pure."""

import base64
import html
import json
import re
import shlex
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "***"
SHORTEST = 4
"""Shorter values are not learned: taking them out would maul ordinary text and hide nothing."""
SPLITTABLE = 8
"""From this length on a value is also found when whitespace (or an escape of it) stands inside it."""

_ESCAPED_SPACE = re.compile(r"\s|\\[nrt]")
_SPACE = re.compile(r"\s")


class Redactor:
    """Knows secret values and cleans text of them.

    Found are the value itself, base64 at all three alignments (also inside `user:password`), URL, hex, JSON,
    Python, shell and HTML forms, each line of a value of many lines, and all of it split by whitespace.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._exact = _Needles()
        self._loose = _Needles()

    def learn(self, value: str) -> None:
        """Know one more secret. Values shorter than `SHORTEST` without outer whitespace are ignored."""
        whole = value.strip()
        parts = {whole: {whole, value}, **{line: {line} for line in map(str.strip, value.splitlines())}}
        exact: set[str] = set()
        loose: set[str] = set()
        for part, variants in parts.items():
            if len(part) < SHORTEST:
                continue
            for form in (each for each in _forms(variants) if len(each) >= SHORTEST):
                squeezed = "".join(form.split())
                if len(squeezed) >= SPLITTABLE:
                    loose.add(squeezed)
                else:
                    exact.add(form)
        with self._lock:
            self._exact = self._exact.plus(exact)
            self._loose = self._loose.plus(loose)

    def clean(self, text: str) -> str:
        """Return the text with every known secret replaced by `***`; twice = once."""
        if not (self._exact or self._loose):
            return text
        while spans := self._spans(text):  # ends: each round shortens, since a mask is shorter than any form
            text = _masked(text, spans)
        return text

    def clean_data(self, value: Any) -> Any:  # noqa: ANN401 -- any JSON value
        """Return the JSON value with all strings, keys and numbers cleaned."""
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, dict):
            return {self.clean(str(key)): self.clean_data(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.clean_data(item) for item in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value if self.clean(str(value)) == str(value) else MASK
        return value

    def _spans(self, text: str) -> list[tuple[int, int]]:
        spans = self._exact.found(text) + _found_split(text, _SPACE, self._loose)
        if "\\" in text:
            spans += _found_split(text, _ESCAPED_SPACE, self._loose)
        return sorted(spans)


class _Needles:
    """Many strings, indexed by how they begin: a text is searched only for those whose beginning it has."""

    def __init__(self, index: Mapping[str, frozenset[str]] | None = None) -> None:
        self._index = index or {}

    def __bool__(self) -> bool:
        return bool(self._index)

    def plus(self, needles: Iterable[str]) -> "_Needles":
        index = dict(self._index)
        for needle in needles:
            index[needle[:SHORTEST]] = index.get(needle[:SHORTEST], frozenset()) | {needle}
        return _Needles(index)

    def found(self, text: str) -> list[tuple[int, int]]:
        begins = {text[place : place + SHORTEST] for place in range(len(text) - SHORTEST + 1)}
        needles = (needle for begin in self._index.keys() & begins for needle in self._index[begin])
        return [span for needle in needles for span in _places(text, needle)]


def _places(text: str, needle: str) -> Iterable[tuple[int, int]]:
    start = text.find(needle)
    while start >= 0:
        yield start, start + len(needle)
        start = text.find(needle, start + 1)


def _found_split(text: str, gap: re.Pattern[str], needles: _Needles) -> list[tuple[int, int]]:
    """Search the text without its gaps; spans are of the text with them."""
    spans = needles.found(gap.sub("", text))
    if not spans:
        return []
    gaps = {index for match in gap.finditer(text) for index in range(*match.span())}
    place = [index for index in range(len(text)) if index not in gaps]
    return [(place[start], place[end - 1] + 1) for start, end in spans]


def _masked(text: str, spans: list[tuple[int, int]]) -> str:
    """Replace sorted spans; those that overlap or touch become one mask."""
    parts: list[str] = []
    end = 0
    for start, stop in spans:
        if start > end or not parts:
            parts += [text[end:start], MASK]
        end = max(end, stop)
    return "".join([*parts, text[end:]])


def _forms(values: set[str]) -> Iterable[str]:
    """Yield what tools print instead of a value."""
    for value in values:
        raw = value.encode(errors="surrogatepass")
        encoded = {*_base64(raw), *_base64(raw + b"\n")}
        yield from encoded
        for text in {value, *encoded}:
            for quoted in (quote(raw if text is value else text, safe=safe) for safe in ("", "/", "/:@")):
                yield quoted
                yield re.sub("%..", lambda match: match[0].lower(), quoted)
        yield quote_plus(raw)
        yield raw.hex()
        yield raw.hex().upper()
        for ascii_only in (True, False):
            once = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
            yield once
            yield json.dumps(once)[1:-1]
        yield value
        yield repr(value)[1:-1]
        yield shlex.quote(value).removeprefix("'").removesuffix("'")
        yield html.escape(value)


def _base64(raw: bytes) -> Iterable[str]:
    """Yield the characters that do not depend on what stands before and after, for each alignment."""
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw).decode()
        first = (offset * 8 + 5) // 6
        last = (offset + len(raw)) * 8 // 6
        stable = encoded[first:last]
        yield stable
        yield stable.replace("+", "-").replace("/", "_")
