"""The tables of the encounter store, and how a database comes to have them."""

from __future__ import annotations

import sqlite3
from typing import Final

from appliance.errors import StorageError

_PRAGMAS: Final = (
    # One kiosk per store: a second process is locked out, and no reader can hold up a checkpoint.
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    # A table that others refer to is made anew by some of the steps below.
    "PRAGMA foreign_keys = OFF",
)

# A key has a table of its own, where every row has the same size: SQLite overwrites such a row in place.
_FIRST: Final = """
CREATE TABLE box (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    probe BLOB NOT NULL
) STRICT;
CREATE TABLE encounter (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('recording', 'transcribing', 'writing', 'draft', 'failed')),
    paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
    chunks INTEGER,
    committed INTEGER NOT NULL DEFAULT 0,
    duration REAL,
    template BLOB NOT NULL,
    title BLOB NOT NULL,
    problem BLOB
) STRICT;
CREATE TABLE encounter_key (
    number INTEGER PRIMARY KEY REFERENCES encounter (number) ON DELETE CASCADE,
    wrapped BLOB NOT NULL
) STRICT;
CREATE TABLE turn (
    number INTEGER NOT NULL REFERENCES encounter (number) ON DELETE CASCADE,
    n INTEGER NOT NULL,
    turn BLOB NOT NULL,
    PRIMARY KEY (number, n)
) STRICT;
CREATE TABLE gap (
    number INTEGER NOT NULL REFERENCES encounter (number) ON DELETE CASCADE,
    "start" REAL NOT NULL,
    "end" REAL NOT NULL,
    PRIMARY KEY (number, "start")
) STRICT;
CREATE TABLE note (
    number INTEGER NOT NULL REFERENCES encounter (number) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    created INTEGER NOT NULL,
    note BLOB NOT NULL,
    PRIMARY KEY (number, version)
) STRICT;
"""

# The states are checked by the table, so a new one needs a new table. What a column or an entry holds is sealed.
_REVIEW: Final = """
CREATE TABLE encounter_2 (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('recording', 'transcribing', 'writing', 'draft', 'failed', 'signed')),
    paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
    chunks INTEGER,
    committed INTEGER NOT NULL DEFAULT 0,
    duration REAL,
    template BLOB NOT NULL,
    title BLOB NOT NULL,
    problem BLOB,
    section BLOB
) STRICT;
INSERT INTO encounter_2
    SELECT number, id, created, updated, state, paused, chunks, committed, duration, template, title, problem, NULL
    FROM encounter;
DROP TABLE encounter;
ALTER TABLE encounter_2 RENAME TO encounter;
ALTER TABLE turn ADD COLUMN voice BLOB;
ALTER TABLE turn ADD COLUMN label BLOB;
ALTER TABLE note ADD COLUMN author BLOB;
ALTER TABLE note ADD COLUMN "check" BLOB;
CREATE TABLE entry (
    number INTEGER NOT NULL REFERENCES encounter (number) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('proposal', 'dismissal', 'signature', 'addendum')),
    n INTEGER NOT NULL,
    entry BLOB NOT NULL,
    PRIMARY KEY (number, kind, n)
) STRICT;
"""

# Names and the hash of the PIN are sealed with the box key: a PIN of six digits falls to whoever can try them all.
_DEVICES: Final = """
CREATE TABLE room (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name BLOB NOT NULL
) STRICT;
CREATE TABLE device (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    room INTEGER NOT NULL REFERENCES room (number),
    name BLOB NOT NULL,
    key_hash BLOB NOT NULL UNIQUE,
    paired INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    revoked INTEGER
) STRICT;
CREATE TABLE administrator (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    pin BLOB NOT NULL
) STRICT;
CREATE TABLE throttle (
    door TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;
"""

# The audit chain refers to encounters that are gone, so it belongs to none.
_AUDIT: Final = """
ALTER TABLE encounter ADD COLUMN audio_deleted INTEGER;
CREATE TABLE audit (
    n INTEGER PRIMARY KEY,
    entry BLOB NOT NULL
) STRICT;
"""

_STEPS: Final = (_FIRST, _REVIEW, _DEVICES, _AUDIT)
"""Step `n` makes version `n + 1` of the version before it, 0 being an empty file."""
VERSION: Final = len(_STEPS)
"""Written to `PRAGMA user_version`; a store of a later version is refused, never guessed at."""


def prepare(database: sqlite3.Connection) -> None:
    """Set the pragmas of a fresh connection and bring the tables up to date, each step whole or not at all.

    Raises:
        StorageError: The store was written by a later version of Chartside.
        sqlite3.Error: The file is not a database, is in use, or cannot be written.
    """
    for pragma in _PRAGMAS:
        database.execute(pragma)
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise StorageError(
            f"The encounter store has version {version}; this software knows version {VERSION}.",
            hint="Install the version of Chartside that wrote it, or a later one.",
        )
    for done, step in enumerate(_STEPS[version:], start=version):
        database.executescript(f"BEGIN IMMEDIATE;{step}PRAGMA user_version = {done + 1};COMMIT;")
        # What was replaced need not stand in the write-ahead log until it is full.
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.execute("PRAGMA foreign_keys = ON")
