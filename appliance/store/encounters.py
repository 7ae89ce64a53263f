"""The encounter store: what is known of every encounter, in SQLite, with all that was said or written encrypted."""

from __future__ import annotations

import logging
import secrets
import sqlite3
from pathlib import Path
from typing import Any, Self

import msgspec
from msgspec import UNSET, UnsetType

from appliance.errors import NotFoundError, StorageError
from appliance.settings import Settings
from appliance.store.audit import Actor, AuditRecords
from appliance.store.database import COLUMNS, FROM, SHREDDED, now
from appliance.store.devices import DeviceRecords
from appliance.store.journal import Journal
from appliance.store.keys import sync_directory
from appliance.store.notes import NoteRecords
from appliance.store.records import Encounter, Problem, State, described
from appliance.store.renewal import reseal
from appliance.store.snapshot import SnapshotRecords
from appliance.store.turns import TurnRecords

_log = logging.getLogger(__name__)


class EncounterStore(TurnRecords, NoteRecords, DeviceRecords, AuditRecords, SnapshotRecords):
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
        super().__init__(database, box_key)
        self._journal_dir = journal_dir
        try:
            self._make_journal_dir()
            self._remove_snapshots()
            self._finish_deletions()
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """The store that the settings name."""
        return cls(settings.database, settings.journal_dir, settings.box_key)

    def create(self, template: str, title: str, encounter: str | None = None, begun: int | None = None) -> Encounter:
        """Start an encounter in state `recording`.

        Args:
            template: Name of the note template.
            title: What the clinician calls it.
            encounter: The id that a tablet gave it, 32 hexadecimal digits; None for a new one. One that is there stays.
            begun: When it began, in milliseconds since 1970-01-01 UTC; None, or a time to come, for now.

        Raises:
            StorageError: The disk is full; nothing was stored.
        """
        encounter = encounter or secrets.token_hex(16)
        key, wrapped = self._box.new_key(encounter)
        created = min(now(), begun) if begun is not None else now()
        sealed = (key.seal("template", template.encode()), key.seal("title", title.encode()))
        with self._transaction() as db:
            if db.execute("SELECT 1 FROM encounter WHERE id = ?", (encounter,)).fetchone():
                return self._encounter(self._row(encounter))
            cursor = db.execute(
                "INSERT INTO encounter (id, created, updated, state, template, title) VALUES (?, ?, ?, 'recording', ?, ?)",
                (encounter, created, created, *sealed),
            )
            db.execute("INSERT INTO encounter_key VALUES (?, ?)", (cursor.lastrowid, wrapped))
        return self.get(encounter)

    def all(self) -> list[Encounter]:
        """All encounters, newest first.

        One that does not open any more is listed in state `failed` with its problem, so that it can be seen and deleted.
        """
        with self._transaction() as db:
            rows = db.execute(f"SELECT {COLUMNS} {FROM} ORDER BY number DESC").fetchall()
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
        section: str | UnsetType | None = UNSET,
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
            if section is not UNSET:
                values["section"] = section and key.seal("section", section.encode())
            self._set(db, row["number"], **values)
            return self._encounter(self._row(encounter))

    def journal(self, encounter: str) -> Journal:
        """Open the encounter's audio journal; the caller closes it.

        Raises:
            StorageError: The journal is damaged.
            NotFoundError: There is no such encounter, or its audio was deleted.
        """
        with self._transaction():
            row = self._row(encounter)
        if row["audio_deleted"] is not None:
            raise NotFoundError("The recording was deleted.", hint="The transcript and the note are kept.")
        return Journal(self.journal_path(encounter), self._key(row))

    def journal_path(self, encounter: str) -> Path:
        """Where an encounter's audio is, if there is any."""
        return self._journal_dir / f"{encounter}.journal"

    def delete(self, encounter: str, actor: Actor = "clinician") -> None:
        """Make an encounter unreadable for ever, then remove it. Its journal must be closed.

        The key goes first: after a crash in the middle, what is left cannot be read and is removed at the next start.

        Raises:
            NotFoundError: There is no such encounter.
        """
        with self._transaction() as db:
            row = self._row(encounter)
            db.execute("UPDATE encounter_key SET wrapped = ? WHERE number = ?", (SHREDDED, row["number"]))
            self._add_audit("encounter deleted", actor, encounter=encounter)
        _log.info("store: encounter %s deleted (%s)", encounter, actor, extra={"event": "deleted", "encounter": encounter})
        self._finish_deletions()

    def delete_audio(self, encounter: str, actor: Actor) -> None:
        """Make the audio of an encounter unreadable for ever, then remove it; all else is kept. Its journal must be closed.

        The encounter gets a new key. After a crash, what is left of the audio is removed at the next start.

        Raises:
            NotFoundError: There is no such encounter.
            StorageError: A record of the encounter was changed; nothing was deleted.
        """
        with self._transaction() as db:
            row = self._row(encounter)
            key, wrapped = self._box.new_key(encounter)
            reseal(db, row["number"], self._key(row), key)
            db.execute("UPDATE encounter_key SET wrapped = ? WHERE number = ?", (wrapped, row["number"]))
            db.execute("UPDATE encounter SET audio_deleted = ? WHERE number = ?", (now(), row["number"]))
            self._add_audit("audio deleted", actor, encounter=encounter)
        about = {"event": "audio-deleted", "encounter": encounter}
        _log.info("store: audio of encounter %s deleted (%s)", encounter, actor, extra=about)
        self._truncate_log()
        self._finish_deletions()

    def mark_audio(self) -> None:
        """Say of signed encounters without a journal that their audio was deleted; for a store from a backup without it."""
        for encounter in self.all():
            if encounter.state == "signed" and not self.journal_path(encounter.id).exists():
                with self._transaction() as db:
                    silent = "UPDATE encounter SET audio_deleted = coalesce(audio_deleted, ?) WHERE id = ?"
                    db.execute(silent, (now(), encounter.id))

    def _make_journal_dir(self) -> None:
        try:
            self._journal_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"The directory {self._journal_dir} cannot be created: {error.strerror}.",
                hint="Choose a writable data directory with free space.",
            ) from error

    def _finish_deletions(self) -> None:
        shredded = "SELECT number FROM encounter_key WHERE wrapped = ?"
        with self._transaction() as db:
            rows = db.execute(f"SELECT number, id FROM encounter WHERE number IN ({shredded})", (SHREDDED,)).fetchall()  # noqa: S608
            silent = db.execute("SELECT id FROM encounter WHERE audio_deleted IS NOT NULL").fetchall()
        paths = [path for row in (*rows, *silent) if (path := self.journal_path(row["id"])).exists()]
        if not rows and not paths:
            return
        self._truncate_log()
        try:
            for path in paths:
                path.unlink(missing_ok=True)
            sync_directory(self._journal_dir)
        except OSError as error:
            raise StorageError(
                f"Deleted audio cannot be removed: {error.strerror}.",
                hint="Its key is destroyed; the file goes at the next start.",
            ) from error
        with self._transaction() as db:
            db.executemany("DELETE FROM encounter WHERE number = ?", [(row["number"],) for row in rows])
        self._truncate_log()

    def _readable(self, row: sqlite3.Row) -> Encounter:
        try:
            return self._encounter(row)
        except StorageError as error:
            about = {"event": "encounter-unreadable", "encounter": row["id"]}
            _log.error("store: encounter %s does not open", row["id"], extra=about)
            return described(row, title="", template="", problem=Problem.of(error), state="failed")

    def _encounter(self, row: sqlite3.Row) -> Encounter:
        key = self._key(row)
        problem = row["problem"] and msgspec.json.decode(key.open("problem", row["problem"]), type=Problem)
        section = row["section"] and key.open("section", row["section"]).decode()
        title, template = (key.open(name, row[name]).decode() for name in ("title", "template"))
        return described(row, title=title, template=template, problem=problem, state=row["state"], section=section)
