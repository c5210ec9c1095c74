"""The shape of the Swarm DB, as numbered steps; the number of the last one stands in the file."""

import sqlite3
from pathlib import Path

from reconciler.model.errors import Terminal

APPLICATION_ID = 0x53484950
"""`SHIP`: tells `file` and us whose database it is (sqlite.org/pragma.html#pragma_application_id)."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        f"PRAGMA application_id = {APPLICATION_ID}",
        """CREATE TABLE meta (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            fence INTEGER NOT NULL,
            head_seq INTEGER NOT NULL,
            head_hash TEXT NOT NULL)""",
        "INSERT INTO meta VALUES (1, 0, 0, '')",
        """CREATE TABLE events (
            seq INTEGER PRIMARY KEY,
            type TEXT NOT NULL,
            at TEXT NOT NULL,
            run TEXT NOT NULL,
            product TEXT,
            data TEXT NOT NULL,
            previous TEXT NOT NULL,
            hash TEXT NOT NULL)""",
        "CREATE INDEX events_of_product ON events (product, seq)",
        """CREATE TRIGGER events_in_order BEFORE INSERT ON events
            WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM events)
            BEGIN SELECT RAISE(ABORT, 'events are appended in order'); END""",
        """CREATE TRIGGER events_stay_as_they_are BEFORE UPDATE ON events
            BEGIN SELECT RAISE(ABORT, 'events are never changed'); END""",
        """CREATE TRIGGER events_stay BEFORE DELETE ON events
            BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END""",
        """CREATE TABLE ledger (
            product TEXT NOT NULL,
            kind TEXT NOT NULL,
            desired TEXT NOT NULL,
            action TEXT NOT NULL,
            phase TEXT NOT NULL,
            holder TEXT NOT NULL,
            fence INTEGER NOT NULL,
            tries INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            acting_at TEXT NOT NULL,
            retry_at TEXT,
            generation TEXT NOT NULL,
            observed TEXT NOT NULL,
            fingerprint TEXT NOT NULL,
            message TEXT NOT NULL,
            PRIMARY KEY (product, kind, desired)) WITHOUT ROWID""",
        """CREATE TABLE latest (
            product TEXT PRIMARY KEY,
            status TEXT NOT NULL,
            generation TEXT NOT NULL,
            at TEXT NOT NULL,
            since TEXT NOT NULL,
            conditions TEXT NOT NULL,
            "plan" TEXT NOT NULL,
            labels TEXT NOT NULL)""",
        "CREATE TABLE cursors (reader TEXT PRIMARY KEY, seq INTEGER NOT NULL)",
        """CREATE TABLE cache (
            space TEXT NOT NULL,
            key TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (space, key)) WITHOUT ROWID""",
        """CREATE TABLE freeze (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            reason TEXT NOT NULL,
            by TEXT NOT NULL,
            since TEXT NOT NULL,
            until TEXT)""",
    ),
)
KNOWN = len(MIGRATIONS)


def version(database: sqlite3.Connection, path: Path) -> int:
    """Return the file's version; 0: nothing is in it yet. Raises Terminal: newer, or not ours."""
    (owner,) = database.execute("PRAGMA application_id").fetchone()
    (found,) = database.execute("PRAGMA user_version").fetchone()
    if found > KNOWN and owner == APPLICATION_ID:
        msg = f"{path} has version {found}, this Ship knows versions up to {KNOWN}: use a newer Ship"
        raise Terminal(msg)
    foreign = found or database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if owner != APPLICATION_ID and foreign:
        msg = f"{path} is not a Swarm DB: swarm.url must name a file of its own"
        raise Terminal(msg)
    return int(found)


def migrate(database: sqlite3.Connection, path: Path) -> None:
    """Take the steps that the file lacks, all in one transaction. Raises Terminal as `version` does."""
    if version(database, path) == KNOWN:
        return
    database.execute("BEGIN IMMEDIATE")
    try:
        for step in MIGRATIONS[version(database, path) :]:
            for statement in step:
                database.execute(statement)
        database.execute(f"PRAGMA user_version = {KNOWN}")
        database.execute("COMMIT")
    except BaseException:
        database.execute("ROLLBACK")
        raise
