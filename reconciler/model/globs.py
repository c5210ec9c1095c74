"""Glob patterns over paths of a repository, anchored at its root; the last pattern that matches decides."""

import re
from collections.abc import Callable, Iterable

_TOKEN = re.compile(r"\\(.)|\[(!?)(\]?[^\]/]*)\]|(\*+)|(\?)|(.)", re.DOTALL)
_SPECIAL = re.compile(r"[\\*?\[\]!]")


def matcher(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Return a test for paths.

    `*` and `?` stay within one name, `**` crosses folders (also none), `[a-z]` and `[!a]` are one
    character, a backslash takes the next one literally. A pattern that matches a folder matches all that
    is in it. A leading `!` takes paths away again.
    """
    rules = [(not pattern.startswith("!"), _compiled(pattern.removeprefix("!"))) for pattern in patterns]

    def matches(path: str) -> bool:
        return next((adds for adds, rule in reversed(rules) if rule.fullmatch(path)), False)

    return matches


def literal(path: str) -> str:
    """Return the pattern that matches just this path, and what is in it."""
    return _SPECIAL.sub(r"\\\g<0>", path)


def _compiled(pattern: str) -> re.Pattern[str]:
    """Translate: each name is matched without trying again, so that no pattern takes long."""
    names = [name for name in pattern.split("/") if name not in {"", "."}]
    if not names:
        return re.compile(r"(?s:.*)")
    text = ""
    for number, name in enumerate(names):
        last = number == len(names) - 1
        if name == "**":
            text += "(?s:.+)" if last else "(?:[^/]+/)*"
        else:
            text += _name(name) + ("(?s:/.*)?" if last else "/")
    return re.compile(text)


def _name(name: str) -> str:
    """Translate one name. Between stars each part is taken where it first fits, which is never wrong."""
    parts = [""]
    for escaped, negated, members, stars, one, plain in _TOKEN.findall(name):
        if stars:
            parts.append("")
        elif one:
            parts[-1] += "[^/]"
        elif members:
            parts[-1] += _class(members, negated=bool(negated))
        else:
            parts[-1] += re.escape(escaped or plain or "[]")
    first, *middle = parts
    if not middle:
        return first
    *middle, last = middle
    return first + "".join(f"(?>[^/]*?{part})" for part in middle) + f"[^/]*{last}"


def _class(members: str, *, negated: bool) -> str:
    safe = re.sub(r"[\\\[\]^&~|]", r"\\\g<0>", members)
    try:
        re.compile(f"[{safe}]")
    except re.error:  # a range the wrong way round matches nothing
        return "[^/]" if negated else r"(?!)"
    return f"(?!/)[{'^' if negated else ''}{safe}]"
