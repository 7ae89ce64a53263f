"""The tables of the encounter store, and how a database comes to have them."""

from __future__ import annotations

import sqlite3
from typing import Final

from appliance.errors import StorageError

VERSION: Final = 1
"""Written to `PRAGMA user_version`; a store of a later version is refused, never guessed at."""

_PRAGMAS: Final = (
    # One kiosk per store: a second process is locked out, and no reader can hold up a checkpoint.
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
)

# A key has a table of its own, where every row has the same size: SQLite overwrites such a row in place.
_TABLES: Final = """
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


def prepare(database: sqlite3.Connection) -> None:
    """Set the pragmas of a fresh connection and create the tables if there are none.

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
    if version < VERSION:
        database.executescript(f"BEGIN IMMEDIATE;{_TABLES}PRAGMA user_version = {VERSION};COMMIT;")
