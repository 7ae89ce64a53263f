"""The encounter store: what is known of every encounter, in SQLite, with all that was said or written encrypted."""

from __future__ import annotations

import contextlib
import logging
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from appliance.clinical_note import Note
from appliance.errors import ConflictError, NotFoundError, StorageError
from appliance.settings import Settings
from appliance.store import schema
from appliance.store.journal import Journal
from appliance.store.keys import WRAPPED_BYTES, BoxKey, EncounterKey, sync_directory
from appliance.store.records import Encounter, Problem, State, described
from appliance.transcript import Gap, Turn

_log = logging.getLogger(__name__)
_SHREDDED: Final = bytes(WRAPPED_BYTES)
_COLUMNS: Final = "number, id, created, updated, state, paused, chunks, committed, duration, template, title, problem, wrapped"
_FROM: Final = "FROM encounter JOIN encounter_key USING (number)"


class EncounterStore:
    """All encounters of the box. Safe to use from several threads; a second process is locked out.

    Args:
        database: The SQLite file; created with its directory when it is not there.
        journal_dir: Directory of the audio journals.
        box_key: File of the box key; created together with a new database.

    Raises:
        StorageError: The store cannot be read, the box key is missing or another one, or the disk is full.
        ConflictError: Another process uses the store.
    """

    def __init__(self, database: Path, journal_dir: Path, box_key: Path) -> None:
        self._journal_dir = journal_dir
        self._lock = threading.RLock()
        self._box = BoxKey.load(box_key, create=not database.exists())
        try:
            journal_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            database.touch(mode=0o600)
        except OSError as error:
            raise StorageError(
                f"The encounter store {database} cannot be created: {error.strerror}.",
                hint="Choose a writable data directory with free space.",
            ) from error
        with _translated():
            self._db = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
        try:
            with _translated():
                schema.prepare(self._db)
            self._check_box()
            self._finish_deletions()
        except BaseException:
            self._db.close()
            raise

    @classmethod
    def open(cls, settings: Settings) -> EncounterStore:
        """The store that the settings name."""
        return cls(settings.database, settings.journal_dir, settings.box_key)

    def close(self) -> None:
        """Close the database; another process may then open it."""
        with self._lock:
            self._db.close()

    def create(self, template: str, title: str) -> Encounter:
        """Start an encounter in state `recording`.

        Raises:
            StorageError: The disk is full; nothing was stored.
        """
        encounter = secrets.token_hex(16)
        key, wrapped = self._box.new_key(encounter)
        now = _now()
        sealed = (key.seal("template", template.encode()), key.seal("title", title.encode()))
        with self._transaction() as db:
            cursor = db.execute(
                "INSERT INTO encounter (id, created, updated, state, template, title) VALUES (?, ?, ?, 'recording', ?, ?)",
                (encounter, now, now, *sealed),
            )
            db.execute("INSERT INTO encounter_key VALUES (?, ?)", (cursor.lastrowid, wrapped))
        return self.get(encounter)

    def all(self) -> list[Encounter]:
        """All encounters, newest first.

        One that does not open any more is listed in state `failed` with its problem, so that it can be seen and deleted.
        """
        with self._transaction() as db:
            rows = db.execute(f"SELECT {_COLUMNS} {_FROM} ORDER BY number DESC").fetchall()
        return [self._readable(row) for row in rows]

    def get(self, encounter: str) -> Encounter:
        """One encounter.

        Raises:
            NotFoundError: There is none with this id.
            StorageError: Its records were changed.
        """
        with self._transaction():
            return self._encounter(self._row(encounter))

    def update(
        self,
        encounter: str,
        *,
        title: str | UnsetType = UNSET,
        paused: bool | UnsetType = UNSET,
        state: State | UnsetType = UNSET,
        chunks: int | UnsetType = UNSET,
        duration: float | UnsetType = UNSET,
        problem: Problem | UnsetType | None = UNSET,
    ) -> Encounter:
        """Change what is given, all or nothing, and return the encounter as it is then.

        Raises:
            NotFoundError: There is no such encounter.
            StorageError: The disk is full; nothing was changed.
        """
        plain = {"paused": paused, "state": state, "chunks": chunks, "duration": duration}
        values: dict[str, Any] = {name: value for name, value in plain.items() if value is not UNSET}
        with self._transaction() as db:
            row = self._row(encounter)
            key = self._key(row)
            if title is not UNSET:
                values["title"] = key.seal("title", title.encode())
            if problem is not UNSET:
                values["problem"] = problem and key.seal("problem", msgspec.json.encode(problem))
            self._set(db, row["number"], **values)
            return self._encounter(self._row(encounter))

    def add_turn(self, encounter: str, turn: Turn, committed: int) -> int | None:
        """Append a final turn and move `committed`, in one transaction.

        Args:
            encounter: Id of the encounter.
            turn: The turn.
            committed: Sample before which no later turn starts.

        Returns:
            The turn's number, from 0; None if the turn is known because `committed` does not go beyond the stored one.
        """
        with self._transaction() as db:
            row = self._row(encounter)
            if committed <= row["committed"]:
                return None
            (n,) = db.execute("SELECT count(*) FROM turn WHERE number = ?", (row["number"],)).fetchone()
            sealed = self._key(row).seal(f"turn/{n}", msgspec.json.encode(turn))
            db.execute("INSERT INTO turn VALUES (?, ?, ?)", (row["number"], n, sealed))
            self._set(db, row["number"], committed=committed)
            return int(n)

    def add_gap(self, encounter: str, gap: Gap, committed: int) -> bool:
        """Store a stretch of audio that never came, and move `committed`, in one transaction; False if it is known."""
        with self._transaction() as db:
            row = self._row(encounter)
            if committed < row["committed"]:
                return False
            cursor = db.execute("INSERT OR IGNORE INTO gap VALUES (?, ?, ?)", (row["number"], gap.start, gap.end))
            self._set(db, row["number"], committed=committed)
            return cursor.rowcount > 0

    def turns(self, encounter: str, start: int = 0) -> list[Turn]:
        """The turns from number `start`, in order."""
        with self._transaction() as db:
            row = self._row(encounter)
            sealed = db.execute(
                "SELECT n, turn FROM turn WHERE number = ? AND n >= ? ORDER BY n", (row["number"], start)
            ).fetchall()
        key = self._key(row)
        return [msgspec.json.decode(key.open(f"turn/{n}", turn), type=Turn) for n, turn in sealed]

    def gaps(self, encounter: str) -> list[Gap]:
        """The gaps, in order."""
        with self._transaction() as db:
            number = self._row(encounter)["number"]
            rows = db.execute('SELECT "start", "end" FROM gap WHERE number = ? ORDER BY "start"', (number,)).fetchall()
        return [Gap(start, end) for start, end in rows]

    def add_note(self, encounter: str, note: Note, *, after: int, state: State | UnsetType = UNSET) -> int:
        """Store the next version of the note; earlier versions are kept.

        Args:
            encounter: Id of the encounter.
            note: The whole note.
            after: The version that the new one follows, 0 for none.
            state: Set together with the note.

        Returns:
            The new version, `after` + 1.

        Raises:
            ConflictError: `after` is not the newest version.
        """
        with self._transaction() as db:
            row = self._row(encounter)
            newest = self._newest(db, row["number"])
            if after != newest:
                raise ConflictError(
                    f"The note has version {newest}, not {after}.",
                    hint="It was changed on another screen: load it again, then repeat your change.",
                )
            sealed = self._key(row).seal(f"note/{after + 1}", msgspec.json.encode(note))
            db.execute("INSERT INTO note VALUES (?, ?, ?, ?)", (row["number"], after + 1, _now(), sealed))
            self._set(db, row["number"], **({} if state is UNSET else {"state": state}))
            return after + 1

    def note(self, encounter: str, version: int | None = None) -> tuple[int, Note | None]:
        """A version of the note, and its number.

        Args:
            encounter: Id of the encounter.
            version: From 1; None for the newest.

        Returns:
            `(0, None)` if there is no note.

        Raises:
            NotFoundError: There is no such encounter or no such version.
        """
        with self._transaction() as db:
            row = self._row(encounter)
            version = self._newest(db, row["number"]) if version is None else version
            if version == 0:
                return 0, None
            found = db.execute("SELECT note FROM note WHERE number = ? AND version = ?", (row["number"], version)).fetchone()
        if found is None:
            raise NotFoundError(f"The note has no version {version}.", hint="Versions count from 1.")
        return version, msgspec.json.decode(self._key(row).open(f"note/{version}", found["note"]), type=Note)

    def journal(self, encounter: str) -> Journal:
        """Open the encounter's audio journal; the caller closes it.

        Raises:
            StorageError: The journal is damaged.
        """
        with self._transaction():
            row = self._row(encounter)
        return Journal(self._journal_path(encounter), self._key(row))

    def delete(self, encounter: str) -> None:
        """Make an encounter unreadable for ever, then remove it. Its journal must be closed.

        The key goes first: after a crash in the middle, what is left cannot be read and is removed at the next start.

        Raises:
            NotFoundError: There is no such encounter.
        """
        with self._transaction() as db:
            row = self._row(encounter)
            db.execute("UPDATE encounter_key SET wrapped = ? WHERE number = ?", (_SHREDDED, row["number"]))
        self._finish_deletions()

    def _finish_deletions(self) -> None:
        shredded = "SELECT number FROM encounter_key WHERE wrapped = ?"
        with self._transaction() as db:
            rows = db.execute(f"SELECT number, id FROM encounter WHERE number IN ({shredded})", (_SHREDDED,)).fetchall()  # noqa: S608
        if not rows:
            return
        self._truncate_log()
        try:
            for row in rows:
                self._journal_path(row["id"]).unlink(missing_ok=True)
            sync_directory(self._journal_dir)
        except OSError as error:
            raise StorageError(
                f"The audio of a deleted encounter cannot be removed: {error.strerror}.",
                hint="Its key is destroyed; the file goes at the next start.",
            ) from error
        with self._transaction() as db:
            db.executemany("DELETE FROM encounter WHERE number = ?", [(row["number"],) for row in rows])
        self._truncate_log()

    def _truncate_log(self) -> None:
        """Empty the write-ahead log: it still holds pages as they were before."""
        with self._lock, _translated():
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

    def _journal_path(self, encounter: str) -> Path:
        return self._journal_dir / f"{encounter}.journal"

    def _row(self, encounter: str) -> sqlite3.Row:
        row = self._db.execute(f"SELECT {_COLUMNS} {_FROM} WHERE id = ?", (encounter,)).fetchone()
        if row is None or row["wrapped"] == _SHREDDED:
            raise NotFoundError("There is no such encounter.", hint="It may have been deleted; look at the list of encounters.")
        found: sqlite3.Row = row
        return found

    def _key(self, row: sqlite3.Row) -> EncounterKey:
        return self._box.unwrap(row["id"], row["wrapped"])

    def _readable(self, row: sqlite3.Row) -> Encounter:
        try:
            return self._encounter(row)
        except StorageError as error:
            _log.error("store: encounter %s does not open", row["id"])
            return described(row, title="", template="", problem=Problem.of(error), state="failed")

    def _encounter(self, row: sqlite3.Row) -> Encounter:
        key = self._key(row)
        problem = row["problem"] and msgspec.json.decode(key.open("problem", row["problem"]), type=Problem)
        title, template = (key.open(name, row[name]).decode() for name in ("title", "template"))
        return described(row, title=title, template=template, problem=problem, state=row["state"])

    @staticmethod
    def _newest(db: sqlite3.Connection, number: int) -> int:
        (version,) = db.execute("SELECT coalesce(max(version), 0) FROM note WHERE number = ?", (number,)).fetchone()
        return int(version)

    @staticmethod
    def _set(db: sqlite3.Connection, number: int, **values: object) -> None:
        """Write columns of an encounter and its time of change. The names are this module's own."""
        assignments = "".join(f", {name} = ?" for name in values)
        db.execute(f"UPDATE encounter SET updated = ?{assignments} WHERE number = ?", (_now(), *values.values(), number))  # noqa: S608

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; the block may not call other public methods."""
        with self._lock, _translated():
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


def _now() -> int:
    """Milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000


@contextlib.contextmanager
def _translated() -> Iterator[None]:
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
