"""Errors, told apart by what happens next: a person must act, look again later, or try again.

Message: what, where, for which input; values quoted; one line; deterministic; no secret.
"""


class ShipError(Exception):
    """Root of everything that Ship raises on purpose."""


class Terminal(ShipError):
    """Trying again cannot help until an input changes: the action is parked for a person."""


class Waiting(ShipError):
    """Nothing is wrong: look again after `retry_after_s` seconds."""

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Transient(ShipError):
    """Failed in a way that may pass: try again with backoff."""


class LeaseLost(ShipError):
    """Somebody else holds the state folder now: stop writing at once."""


class WriteRefused(ShipError):
    """A write was tried in a run that may only look (`--plan`)."""
