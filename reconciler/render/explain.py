"""A merged document as YAML, with the place that each value comes from as a comment."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str | int, ...]
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 _./@+-]*(?<! )")
_UNPRINTABLE = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


def text(document: Mapping[str, Any], origins: Mapping[Path, str]) -> str:
    """Write YAML that reads back as the same document; comments stand in one column."""
    lines = list(_lines(document, (), "", origins))
    width = min(max((len(line) for line, _ in lines), default=0), 60)
    return "\n".join(f"{line:<{width}}  # {origin}" if origin else line for line, origin in lines)


def markdown(document: Mapping[str, Any], origins: Mapping[Path, str]) -> str:
    """Write the same as a fenced block."""
    return f"```yaml\n{text(document, origins)}\n```"


def data(document: Mapping[str, Any], origins: Mapping[Path, str]) -> dict[str, Any]:
    """Return the document and, by dotted path, the origin of each value."""
    return {
        "document": document,
        "origins": {".".join(map(str, path)): origin for path, origin in origins.items()},
    }


def _lines(
    value: Any,  # noqa: ANN401 -- any JSON value
    path: Path,
    lead: str,
    origins: Mapping[Path, str],
) -> Iterator[tuple[str, str | None]]:
    """Yield the lines below a mapping or list; `lead` goes before each, `- ` only before the first."""
    entries = value.items() if isinstance(value, Mapping) else enumerate(value)
    for step, each in entries:
        here = (*path, step)
        key = f"{scalar(step)}:" if isinstance(value, Mapping) else "-"
        if isinstance(each, Mapping | list) and each:
            yield f"{lead}{key}", None
            yield from _lines(each, here, f"{' ' * len(lead)}  ", origins)
        else:
            yield f"{lead}{key} {scalar(each)}", origins.get(here)


def scalar(value: object) -> str:
    """Write one value so that it reads back as it is."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    text = json.dumps(value, ensure_ascii=False)  # YAML holds JSON, but for surrogates and unprintable signs
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
