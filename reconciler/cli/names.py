"""What a person may have meant by a name that is not there."""

import difflib
from collections.abc import Iterable


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like it; None: none is."""
    return next(iter(difflib.get_close_matches(name, list(known), 1)), None)
