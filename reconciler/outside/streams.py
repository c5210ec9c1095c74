"""What becomes of a child's output: kept up to a limit, or given on line by line."""

import codecs
from collections.abc import Callable


class Kept:
    """The first bytes of a stream."""

    def __init__(self, limit: int) -> None:
        self._data = bytearray()
        self._limit = limit
        self._cut = False

    def add(self, chunk: bytes) -> None:
        """Take the next bytes."""
        room = self._limit - len(self._data)
        self._data += chunk[:room]
        self._cut |= len(chunk) > room

    def text(self) -> str:
        """Return what was kept, and say so when it is not all."""
        text = self._data.decode(errors="replace")
        if not self._cut:
            return text
        # back to a whole word: half a secret would not be recognised by the redactor
        return f"{text[: max(text.rfind(' '), text.rfind(chr(10)), 0)]}\n[cut after {self._limit} bytes]"


class Lines:
    """Gives whole lines on."""

    def __init__(self, take: Callable[[str], None]) -> None:
        self._take = take
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest = ""

    def add(self, chunk: bytes) -> None:
        """Take the next bytes."""
        *lines, self._rest = (self._rest + self._decoder.decode(chunk)).split("\n")
        for line in lines:
            self._take(line)
