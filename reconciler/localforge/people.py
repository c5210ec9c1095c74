"""Who writes through the forge: the person that a request names, or the forge itself."""

from datetime import datetime
from typing import Any

from reconciler.localforge.app import RefusedError
from reconciler.localforge.objects import Person

LOGIN = "forge"
MAIL = "forge@localhost"


def person(told: Any, now: datetime) -> Person:  # noqa: ANN401 -- unchecked JSON
    """Read `{"name", "email", "date"}`; nobody named is the forge, now. Raises RefusedError."""
    if told is None:
        return Person(LOGIN, MAIL, now)
    if not isinstance(told, dict) or not all(isinstance(told.get(key), str) for key in ("name", "email")):
        raise RefusedError(422, 'Invalid request.\n\n"name" and "email" weren\'t supplied.')
    try:
        at = datetime.fromisoformat(told["date"]) if isinstance(told.get("date"), str) else now
        int(at.timestamp())
    except (ValueError, OverflowError, OSError) as error:
        raise RefusedError(422, "date is not an ISO 8601 time") from error
    return Person(told["name"], told["email"], at)
