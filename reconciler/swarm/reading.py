"""Reading the Swarm DB: the same questions whether one may write or only looks."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from reconciler.model.errors import Terminal
from reconciler.model.product import ProductName
from reconciler.model.record import Entry, Freeze, Recorded, Status
from reconciler.swarm import rows
from reconciler.swarm.audit import Link

CHUNK = 1000
"""Events read by one query: a long log never stands in memory whole."""

MEND = "restore it, or move it away and it is built anew"
R = TypeVar("R")
Ask = Callable[[str, tuple[Any, ...]], list[tuple[Any, ...]]]


class Reading:
    """Answers from a database; `ask` runs one query and returns all its rows."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def events(
        self, *, after: int = 0, product: str | None = None, limit: int | None = None
    ) -> Iterable[Recorded]:
        """Read events by rising seq; with `limit` the newest ones, still rising."""
        where, values = _where(after, product)
        if limit is not None:
            newest = f"SELECT {rows.EVENT} FROM events {where} ORDER BY seq DESC LIMIT ?"  # noqa: S608 -- constants only
            return [rows.recorded(row) for row in reversed(self._ask(newest, (*values, limit)))]
        return (rows.recorded(row) for row in self._stream(after, product))

    def links(self) -> Iterable[Link]:
        """Read the hash chain as it is stored, by rising seq."""
        for row in self._stream(-(2**63), None):  # whatever seq somebody gave it
            previous = str(row[6])
            yield Link(row[0], previous, row[7], rows.chained(row, previous))

    def head(self) -> tuple[int, str]:
        """Return seq and hash of the last event that was appended; 0 and nothing at first."""
        found = self._ask("SELECT head_seq, head_hash FROM meta", ())
        return (found[0][0], found[0][1]) if found else (0, "")

    def entries(self) -> Mapping[tuple[str, str, str], Entry]:
        """Read the ledger rows by key."""
        found = self._ask(f"SELECT {rows.ENTRY} FROM ledger", ())  # noqa: S608 -- constants only
        return {entry.key: entry for entry in _whole(rows.entry, "ledger", found)}

    def statuses(self) -> Mapping[ProductName, Status]:
        """Read the last statuses, by product, sorted."""
        found = self._ask(f"SELECT {rows.STATUS} FROM latest ORDER BY product", ())  # noqa: S608 -- constants only
        return {status.product: status for status in _whole(rows.status, "latest", found)}

    def status(self, product: ProductName) -> Status | None:
        """Read the last status of one product."""
        found = self._ask(f"SELECT {rows.STATUS} FROM latest WHERE product = ?", (product,))  # noqa: S608 -- constants only
        return rows.status(found[0]) if found else None

    def cursor(self, reader: str) -> int:
        """Return the seq up to which a reader has read; 0 at first."""
        found = self._ask("SELECT seq FROM cursors WHERE reader = ?", (reader,))
        return int(found[0][0]) if found else 0

    def recall(self, space: str) -> Mapping[str, str]:
        """Read one space of the cache."""
        return dict(self._ask("SELECT key, value FROM cache WHERE space = ?", (space,)))

    def frozen(self) -> Freeze | None:
        """Return the freeze that a person set, expired or not."""
        found = self._ask("SELECT reason, by, since, until FROM freeze", ())
        return next(iter(_whole(rows.freeze, "freeze", found)), None)

    def _stream(self, after: int, product: str | None) -> Iterable[tuple[Any, ...]]:
        while True:
            where, values = _where(after, product)
            query = f"SELECT {rows.EVENT} FROM events {where} ORDER BY seq LIMIT {CHUNK}"  # noqa: S608 -- constants only
            chunk = self._ask(query, values)
            yield from chunk
            if len(chunk) < CHUNK:
                return
            after = chunk[-1][0]


def _whole(read: Callable[[rows.Row], R], table: str, found: Iterable[rows.Row]) -> Iterable[R]:
    """Read rows. Raises Terminal for one that somebody altered beyond reading."""
    for row in found:
        try:
            yield read(row)
        except (ValueError, TypeError) as error:
            msg = f"the Swarm DB is damaged: a row of its table '{table}' cannot be read ({error}): {MEND}"
            raise Terminal(msg) from error


def _where(after: int, product: str | None) -> tuple[str, tuple[Any, ...]]:
    if product is None:
        return "WHERE seq > ?", (after,)
    return "WHERE seq > ? AND product = ?", (after, product)
