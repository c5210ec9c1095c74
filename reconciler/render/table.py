"""Tables for a terminal and for Markdown. Pure."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime

LONG_HEX = re.compile(r"\b[0-9a-f]{40,}\b")
Paint = Callable[[str], str]
"""Colours a cell that is already padded."""


def plain(text: str) -> str:
    """Leave a cell as it is."""
    return text


def as_columns(rows: Sequence[Sequence[str]], paint: Callable[[int, str], Paint] | None = None) -> str:
    """Align the columns, the last one as long as it is; `paint` is asked for (column, cell)."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    texts = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        painted = [paint(at, row[at])(cell) if paint else cell for at, cell in enumerate(cells)]
        texts.append("  ".join(painted).rstrip())
    return "\n".join(texts)


def as_markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return a GitHub-flavoured table; the first row is the header."""
    lines = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def short(text: str) -> str:
    """Show digests and commits by their first 12 digits: people compare no more."""
    return LONG_HEX.sub(lambda found: found[0][:12], text)


def many(count: int, noun: str) -> str:
    """Return `1 file`, `2 files`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def clock(at: datetime) -> str:
    """Return date and time to the second, in UTC."""
    return at.strftime("%Y-%m-%d %H:%M:%S")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
