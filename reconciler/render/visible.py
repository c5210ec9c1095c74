"""Makes visible what a terminal would obey or hide: escape sequences, controls, marks of direction. Pure."""

import json
import re

_OBEYED = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and line feed
    r"\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"  # direction and invisible signs (Unicode UTS 39)
    r"\u2028\u2029\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f"
)
_UNSEEN = re.compile(f"[{_OBEYED}]")
_UNSEEN_BUT_OURS = re.compile(rf"(?!\x1b\[(?:0|1|2|3[1-6])m)[{_OBEYED}]")
"""The colours that `render` itself paints with may stay: they move no cursor and hide nothing."""
_BREAKS = re.compile(r"[\n\t]")


def visible(text: str, *, color: bool = False) -> str:
    """Return the text with such characters as JSON escapes, so that JSON stays the same JSON."""
    return (_UNSEEN_BUT_OURS if color else _UNSEEN).sub(_escape, text)


def on_one_line(text: str) -> str:
    """Return it with breaks escaped too: for a text that would otherwise forge lines around it."""
    return _BREAKS.sub(_escape, visible(text))


def _escape(sign: re.Match[str]) -> str:
    return json.dumps(sign[0])[1:-1]
