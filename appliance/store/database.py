"""The SQLite file behind the encounter store: transactions, rows, and the keys that open what is in them."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, TypeVar

import msgspec

from appliance.errors import ConflictError, NotFoundError, StorageError
from appliance.store import schema
from appliance.store.keys import WRAPPED_BYTES, BoxKey, EncounterKey

T = TypeVar("T")
SHREDDED: Final = bytes(WRAPPED_BYTES)
"""Stands where the wrapped key of a deleted encounter was."""
COLUMNS: Final = (
    "number, id, created, updated, state, paused, chunks, committed, duration, "
    "template, title, problem, section, audio_deleted, wrapped"
)
FROM: Final = "FROM encounter JOIN encounter_key USING (number)"
_Kind = Literal["proposal", "dismissal", "signature", "addendum"]


class Database:
    """The file, and what all kinds of records need. Safe to use from several threads; a second process is locked out.

    Args:
        database: The SQLite file; created with its directory when it is not there.
        box_key: File of the box key; created together with a new database.

    Raises:
        StorageError: The file cannot be read, the box key is missing or another one, or the disk is full.
        ConflictError: Another process uses the file.
    """

    def __init__(self, database: Path, box_key: Path) -> None:
        self.path = database
        """The SQLite file."""
        self._lock = threading.RLock()
        self._box = BoxKey.load(box_key, create=not database.exists())
        try:
            database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            database.touch(mode=0o600)
        except OSError as error:
            raise StorageError(
                f"The encounter store {database} cannot be created: {error.strerror}.",
                hint="Choose a writable data directory with free space.",
            ) from error
        with translated():
            self._db = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
        try:
            with translated():
                schema.prepare(self._db)
            self._check_box()
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the database; another process may then open it."""
        with self._lock:
            self._db.close()

    def box_id(self) -> str:
        """Tells this store from those of other boxes, and goes with it into a backup: eight hexadecimal digits."""
        with self._transaction() as db:
            (probe,) = db.execute("SELECT probe FROM box").fetchone()
        return hashlib.sha256(probe).hexdigest()[:8]

    def _truncate_log(self) -> None:
        """Empty the write-ahead log: it still holds pages as they were before."""
        with self._lock, translated():
            (busy, _, _) = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise StorageError("Another program reads the encounter store.", hint="Stop it, then delete the encounter again.")

    def _check_box(self) -> None:
        """Find out at start, not in the middle of a visit, that the box key is not the one of this store."""
        with self._transaction() as db:
            row = db.execute("SELECT probe FROM box").fetchone()
            if row is None:
                db.execute("INSERT INTO box VALUES (1, ?)", (self._box.new_key("box")[1],))
            else:
                self._box.unwrap("box", row["probe"])

    def _box_records(self) -> EncounterKey:
        """What records of the box itself are sealed with."""
        (probe,) = self._db.execute("SELECT probe FROM box").fetchone()
        return self._box.unwrap("box", probe)

    def _row(self, encounter: str) -> sqlite3.Row:
        row = self._db.execute(f"SELECT {COLUMNS} {FROM} WHERE id = ?", (encounter,)).fetchone()
        if row is None or row["wrapped"] == SHREDDED:
            raise NotFoundError("There is no such encounter.", hint="It may have been deleted; look at the list of encounters.")
        found: sqlite3.Row = row
        return found

    def _key(self, row: sqlite3.Row) -> EncounterKey:
        return self._box.unwrap(row["id"], row["wrapped"])

    @staticmethod
    def _newest(db: sqlite3.Connection, number: int) -> int:
        (version,) = db.execute("SELECT coalesce(max(version), 0) FROM note WHERE number = ?", (number,)).fetchone()
        return int(version)

    def _entries(self, encounter: str, kind: _Kind, of: type[T]) -> list[T]:
        """All entries of a kind, in order."""
        with self._transaction() as db:
            row = self._row(encounter)
            sealed = db.execute(
                "SELECT n, entry FROM entry WHERE number = ? AND kind = ? ORDER BY n", (row["number"], kind)
            ).fetchall()
        key = self._key(row)
        return [msgspec.json.decode(key.open(f"{kind}/{n}", entry), type=of) for n, entry in sealed]

    def _put_entry(self, row: sqlite3.Row, kind: _Kind, entry: object, n: int | None = None) -> int:
        """Write entry `n` of a kind, or the next one; returns its number. Belongs into a transaction."""
        if n is None:
            counted = "SELECT count(*) FROM entry WHERE number = ? AND kind = ?"
            (n,) = self._db.execute(counted, (row["number"], kind)).fetchone()
        sealed = self._key(row).seal(f"{kind}/{n}", msgspec.json.encode(entry))
        self._db.execute("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?)", (row["number"], kind, n, sealed))
        return int(n)

    def _forget_check(self, row: sqlite3.Row) -> None:
        """What the newest note was checked against has changed. Belongs into a transaction."""
        newest = self._newest(self._db, row["number"])
        self._db.execute('UPDATE note SET "check" = NULL WHERE number = ? AND version = ?', (row["number"], newest))

    @staticmethod
    def _set(db: sqlite3.Connection, number: int, **values: object) -> None:
        """Write columns of an encounter and its time of change. The names are this module's own."""
        assignments = "".join(f", {name} = ?" for name in values)
        db.execute(f"UPDATE encounter SET updated = ?{assignments} WHERE number = ?", (now(), *values.values(), number))  # noqa: S608

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; the block may not call other public methods."""
        with self._lock, translated():
            self._db.row_factory = sqlite3.Row
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                # A full disk makes SQLite roll back by itself.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise


def now() -> int:
    """Milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Give SQLite's errors the names of `appliance.errors`."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise ConflictError(
                "Another process uses the encounter store.", hint="Stop the other kiosk, or choose another data directory."
            ) from error
        if code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_TRUNCATE}:
            raise StorageError(
                "The disk is full or failing.", hint="Free some disk space; nothing that was acknowledged is lost."
            ) from error
        raise StorageError(
            f"The encounter store cannot be used: {getattr(error, 'sqlite_errorname', type(error).__name__)}.",
            hint="Check the disk, and restore the store together with its box key from the backup.",
        ) from error
