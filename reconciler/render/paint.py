"""Colours of a terminal: the same status has the same colour wherever it is shown. Pure."""

from collections.abc import Callable

Paint = Callable[[str, str], str]
"""(text, name of a colour) to the painted text."""
COLORS = {
    "InSync": "32",
    "Drifted": "33",
    "Progressing": "36",
    "Held": "35",
    "Degraded": "31",
    "Unknown": "31",
    "Suspended": "2",
    "Invalid": "31",
    "bold": "1",
    "faint": "2",
}
"""By name: the parameters of the escape sequence "select graphic rendition" (ECMA-48)."""


def painter(*, color: bool) -> Paint:
    """Return a function that paints, or one that does not."""
    if not color:
        return lambda text, _: text
    return lambda text, name: f"\x1b[{COLORS[name]}m{text}\x1b[0m"
