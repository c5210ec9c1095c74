"""The hash chain finds what was done to it; the pairs of starts and ends are counted."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.errors import Terminal
from reconciler.model.record import EventType
from reconciler.ports import Batch
from reconciler.swarm.audit import Link, lines, unclosed, verify
from reconciler.swarm.reader import read_store
from reconciler.swarm.sqlite import open_store
from tests.world.memory import Memory
from tests.world.samples import event

URL = "sqlite:swarm.db"
COUNT = 6
CALM = "DROP TRIGGER events_stay; DROP TRIGGER events_stay_as_they_are; DROP TRIGGER events_in_order;"
"""What somebody with a database tool does first."""

TAMPERED = {
    "text edited": ("UPDATE events SET data = '{\"n\":9}' WHERE seq = 3", 3, "was altered"),
    "space added": ("UPDATE events SET data = data || ' ' WHERE seq = 3", 3, "was altered"),
    "time edited": ("UPDATE events SET at = replace(at, '12:', '13:') WHERE seq = 1", 1, "was altered"),
    "type edited": ("UPDATE events SET type = 'Thawed' WHERE seq = 2", 2, "was altered"),
    "run edited": ("UPDATE events SET run = 'run-2' WHERE seq = 2", 2, "was altered"),
    "product removed": ("UPDATE events SET product = NULL WHERE seq = 2", 2, "was altered"),
    "bytes that are no text": (
        "UPDATE events SET data = CAST(x'ff' AS TEXT) WHERE seq = 2",
        2,
        "was altered",
    ),
    "a blob": ("UPDATE events SET product = x'00' WHERE seq = 2", 2, "was altered"),
    "hash edited": ("UPDATE events SET hash = 'x' WHERE seq = 4", 4, "was altered"),
    "previous edited": ("UPDATE events SET previous = 'x' WHERE seq = 4", 4, "does not follow"),
    "first deleted": ("DELETE FROM events WHERE seq = 1", 1, "is missing"),
    "middle deleted": ("DELETE FROM events WHERE seq = 3", 3, "is missing"),
    "last deleted": (f"DELETE FROM events WHERE seq = {COUNT}", COUNT, "is missing"),
    "all deleted": ("DELETE FROM events", 1, "is missing"),
    "deleted and closed up": (
        "DELETE FROM events WHERE seq = 3; UPDATE events SET seq = seq - 1 WHERE seq > 3",
        3,
        "does not follow",
    ),
    "two swapped": (
        """UPDATE events SET seq = 99 WHERE seq = 2; UPDATE events SET seq = 2 WHERE seq = 4;
        UPDATE events SET seq = 4 WHERE seq = 99""",
        2,
        "does not follow",
    ),
    "one put in before": (
        "INSERT INTO events SELECT 0, type, at, run, product, data, previous, hash FROM events WHERE seq = 1",
        0,
        "stands where none was appended",
    ),
    "one put in the middle": (
        """UPDATE events SET seq = -seq WHERE seq > 3; UPDATE events SET seq = 1 - seq WHERE seq < 0;
        INSERT INTO events
            SELECT 4, type, at, run, product, data, previous, hash FROM events WHERE seq = 3""",
        4,
        "does not follow",
    ),
    "one added": (
        "INSERT INTO events SELECT 7, type, at, run, product, data, previous, hash FROM events WHERE seq = 6",
        7,
        "was added without going through Ship",
    ),
    "head set back": ("UPDATE meta SET head_seq = 5", 5, "is not the event that was appended last"),
    "one added in good order": (
        "UPDATE meta SET head_seq = 5, head_hash = (SELECT hash FROM events WHERE seq = 5)",
        6,
        "was added without going through Ship",
    ),
    "previous made a blob": ("UPDATE events SET previous = x'00' WHERE seq = 2", 2, "does not follow"),
    "head set on": ("UPDATE meta SET head_seq = 8", 7, "is missing"),
    "head hash edited": ("UPDATE meta SET head_hash = 'x'", 6, "is not the event that was appended last"),
}


def written(root: Path) -> Path:
    """Write COUNT events; return the database."""
    store = open_store(root, URL, clean=str)
    store.write(Batch(events=[event(product="tidy", n=n) for n in range(COUNT)]))
    store.close()
    return root / "swarm.db"


def tamper(path: Path, script: str) -> None:
    """Run SQL on the file as somebody else would."""
    database = sqlite3.connect(path)
    database.executescript(script)
    database.close()


@pytest.mark.parametrize(("script", "seq", "reason"), TAMPERED.values(), ids=TAMPERED)
def test_tampering_is_found_and_located(tmp_path: Path, script: str, seq: int, reason: str) -> None:
    """The first event that is not as it was written is named, with what is wrong."""
    tamper(written(tmp_path), CALM + script)
    look = read_store(tmp_path, URL)
    verdict = verify(look)
    look.close()
    assert (verdict.broken, verdict.count) == (seq, max(0, seq - 1))
    assert reason in verdict.reason


@given(st.integers(1, COUNT), st.sampled_from(("type", "at", "run", "product", "data", "hash")), st.data())
@settings(max_examples=60, deadline=None)
def test_any_changed_byte_is_found(seq: int, column: str, data: st.DataObject) -> None:
    """Whatever byte of whatever column of whatever event changes, that event is named."""
    memory = Memory()
    memory.open().write(Batch(events=[event(product="tidy", n=n) for n in range(COUNT)]))
    at = ("seq", "type", "at", "run", "product", "data", "previous", "hash").index(column)
    row = list(memory.rows[seq - 1])
    text = str(row[at])
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda letter: letter != text[place]))
    row[at] = text[:place] + other + text[place + 1 :]
    memory.rows[seq - 1] = tuple(row)
    assert verify(memory.look()).broken == seq


class Growing:
    """A chain to which a run appends while it is read."""

    def __init__(self, memory: Memory) -> None:
        self.run, self.look = memory.open(), memory.look()

    def links(self) -> Iterator[Link]:
        """Append after each event that is read, three times."""
        for link in self.look.links():
            yield link
            if link.seq < 5:
                self.run.write(Batch(events=[event(n=link.seq)]))

    def head(self) -> tuple[int, str]:
        """Return the head as it is now."""
        return self.look.head()


def test_verifying_beside_a_run_is_no_false_alarm() -> None:
    """What is appended while the chain is followed belongs to it."""
    memory = Memory()
    memory.open().write(Batch(events=[event()]))
    verdict = verify(Growing(memory))
    assert (verdict.broken, verdict.count) == (None, 5)


ORDINARY = {
    "changed": "UPDATE events SET data = '{}' WHERE seq = 1",
    "deleted": "DELETE FROM events WHERE seq = 6",
    "put in": "INSERT INTO events VALUES (9, 'Thawed', '', '', NULL, '{}', '', '')",
}


@pytest.mark.parametrize("script", ORDINARY.values(), ids=ORDINARY)
def test_database_itself_refuses_ordinary_changes(tmp_path: Path, script: str) -> None:
    """Changing, deleting or putting in an event is refused before any verification."""
    path = written(tmp_path)
    database = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError):
        database.executescript(script)
    database.close()
    look = read_store(tmp_path, URL)
    assert verify(look).count == COUNT
    look.close()


def test_event_altered_beyond_reading_is_no_traceback(tmp_path: Path) -> None:
    """Reading such an event says what to do."""
    tamper(written(tmp_path), CALM + "UPDATE events SET data = '{' WHERE seq = 2")
    look = read_store(tmp_path, URL)
    with pytest.raises(Terminal, match="event 2 cannot be read: run `ship audit verify`"):
        list(look.events())
    look.close()


def test_exported_lines_can_be_checked_by_anybody() -> None:
    """Each line's hash follows from the line itself and its `previous`, as documented."""
    memory = Memory()
    memory.open().write(Batch(events=[event(product="ølive", n=1.5), event(text='"\n')]))
    previous = ""
    for line in lines(memory.look().events()):
        whole = json.loads(line)
        assert whole.pop("previous") == previous
        previous = whole.pop("hash")
        body = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        before = json.loads(line)["previous"]
        assert hashlib.sha256(body.encode() + before.encode()).hexdigest() == previous


START, END = EventType.ACTION_STARTED, EventType.ACTION_FINISHED
PAIRS: dict[str, tuple[list[tuple[EventType, str, int]], list[int]]] = {
    "closed": ([(START, "a", 1), (END, "a", 1)], []),
    "interleaved": ([(START, "a", 1), (START, "b", 1), (END, "b", 1), (END, "a", 1)], []),
    "next try": ([(START, "a", 1), (END, "a", 1), (START, "a", 2), (END, "a", 2)], []),
    "open": ([(START, "a", 1), (START, "b", 1), (END, "b", 1)], [1]),
    "closed twice": ([(START, "a", 1), (END, "a", 1), (END, "a", 1)], [3]),
    "started twice": ([(START, "a", 1), (START, "a", 1), (END, "a", 1)], [1]),
    "never started": ([(END, "a", 1)], [1]),
    "other events between": ([(EventType.DRIFT_FOUND, "a", 1)], []),
}


@pytest.mark.parametrize(("happened", "odd"), PAIRS.values(), ids=PAIRS)
def test_every_start_has_one_end(happened: list[tuple[EventType, str, int]], odd: list[int]) -> None:
    """A start without exactly one end is reported by its seq."""
    memory = Memory()
    events = [event(kind, action=action, attempt=attempt) for kind, action, attempt in happened]
    memory.open().write(Batch(events=events))
    assert [deed.seq for deed in unclosed(memory.look().events())] == odd
