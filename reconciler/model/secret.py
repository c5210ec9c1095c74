"""Secret: a value that cannot be formatted, printed or pickled; only `reveal()` gives it out."""

from typing import Never


class Secret:
    """Wraps one secret value. Prints as `***` everywhere."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value. Call only where it leaves through a FIFO or a request's header."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def __reduce__(self) -> Never:
        msg = "a Secret cannot be serialised"
        raise TypeError(msg)
