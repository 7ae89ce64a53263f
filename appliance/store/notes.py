"""What was written of an encounter: the versions of its note, what came of checking them, the signature and what followed."""

from __future__ import annotations

import hashlib
import sqlite3

import msgspec
from msgspec import UNSET, UnsetType

from appliance.clinical_note import Check, Note
from appliance.errors import ConflictError, NotFoundError, StorageError
from appliance.store.database import Database, now
from appliance.store.keys import EncounterKey
from appliance.store.records import Addendum, Author, Dismissal, NoteRecord, Signature, State


class NoteRecords(Database):
    """Notes and what belongs to them. A stored version never changes."""

    def add_note(
        self, encounter: str, note: Note, *, after: int, author: Author = "model", state: State | UnsetType = UNSET
    ) -> int:
        """Store the next version of the note; earlier versions are kept.

        Args:
            encounter: Id of the encounter.
            note: The whole note.
            after: The version that the new one follows, 0 for none.
            author: Who made this version.
            state: Set together with the note; then no section is left to be written again.

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
            self._insert(row, after + 1, note, author)
            self._set(db, row["number"], **({} if state is UNSET else {"state": state, "section": None}))
            return after + 1

    def add_older_note(self, encounter: str, note: Note, author: Author) -> int:
        """Store a version of the note below the newest, which is stored again over it; there is one.

        Returns:
            The number of the older one; the newest is the next.
        """
        with self._transaction() as db:
            row = self._row(encounter)
            newest, key = self._newest(db, row["number"]), self._key(row)
            found = db.execute(
                "SELECT version, author, note FROM note WHERE number = ? AND version = ?", (row["number"], newest)
            ).fetchone()
            stays = msgspec.json.decode(key.open(f"note/{newest}", found["note"]), type=Note)
            self._insert(row, newest + 1, note, author)
            self._insert(row, newest + 2, stays, _author(key, found))
            self._set(db, row["number"])
            return newest + 1

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

    def _insert(self, row: sqlite3.Row, version: int, note: Note, author: Author) -> None:
        """Belongs into a transaction."""
        key = self._key(row)
        sealed = key.seal(f"note/{version}", msgspec.json.encode(note)), key.seal(f"author/{version}", author.encode())
        self._db.execute(
            "INSERT INTO note (number, version, created, note, author) VALUES (?, ?, ?, ?, ?)",
            (row["number"], version, now(), *sealed),
        )

    def versions(self, encounter: str) -> list[NoteRecord]:
        """All versions of the note, from the first."""
        with self._transaction() as db:
            row = self._row(encounter)
            rows = db.execute(
                "SELECT version, created, author, note FROM note WHERE number = ? ORDER BY version", (row["number"],)
            ).fetchall()
        key = self._key(row)
        return [NoteRecord(found["version"], _author(key, found), found["created"] / 1000) for found in rows]

    def check(self, encounter: str, version: int) -> Check | None:
        """What came of checking a version of the note; None while it was not checked against what is known now."""
        with self._transaction() as db:
            row = self._row(encounter)
            found = db.execute('SELECT "check" FROM note WHERE number = ? AND version = ?', (row["number"], version)).fetchone()
        if found is None or found["check"] is None:
            return None
        return msgspec.json.decode(self._key(row).open(f"check/{version}", found["check"]), type=Check)

    def set_check(self, encounter: str, version: int, check: Check) -> None:
        """Keep what came of checking a version of the note."""
        with self._transaction() as db:
            row = self._row(encounter)
            sealed = self._key(row).seal(f"check/{version}", msgspec.json.encode(check))
            db.execute('UPDATE note SET "check" = ? WHERE number = ? AND version = ?', (sealed, row["number"], version))

    def dismissals(self, encounter: str) -> list[Dismissal]:
        """Which omissions do not belong into the note, in the order in which that was said or taken back."""
        return self._entries(encounter, "dismissal", Dismissal)

    def add_dismissal(self, encounter: str, dismissal: Dismissal) -> None:
        """Store whether an omission belongs into the note."""
        with self._transaction():
            self._put_entry(self._row(encounter), "dismissal", dismissal)

    def sign(self, encounter: str, signature: Signature) -> None:
        """Store the signature and set the state to `signed`, in one transaction.

        Raises:
            ConflictError: The note is signed already, or has another version.
        """
        with self._transaction() as db:
            row = self._row(encounter)
            if row["state"] == "signed" or self._newest(db, row["number"]) != signature.version:
                raise ConflictError("This is not the note to be signed.", hint="Load the encounter again.")
            self._put_entry(row, "signature", signature, 0)
            self._set(db, row["number"], state="signed")

    def signature(self, encounter: str) -> Signature | None:
        """The signature; None if the note is not signed.

        Raises:
            StorageError: The signed text is not the one that was signed.
        """
        for signature in self._entries(encounter, "signature", Signature):
            if hashlib.sha256(signature.text.encode()).hexdigest() == signature.sha256:
                return signature
            raise StorageError(
                "The text of a signed note is not the one that was signed.", hint="Restore the store from the backup."
            )
        return None

    def add_addendum(self, encounter: str, addendum: Addendum) -> None:
        """Store what is added to a signed note."""
        with self._transaction() as db:
            row = self._row(encounter)
            self._put_entry(row, "addendum", addendum)
            self._set(db, row["number"])

    def addenda(self, encounter: str) -> list[Addendum]:
        """What was added to the signed note, in order."""
        return self._entries(encounter, "addendum", Addendum)


def _author(key: EncounterKey, row: sqlite3.Row) -> Author:
    version = row["version"]
    if row["author"]:
        return "clinician" if key.open(f"author/{version}", row["author"]) == b"clinician" else "model"
    # Written before authors were stored: only a clinician's edit marks a section.
    note = msgspec.json.decode(key.open(f"note/{version}", row["note"]), type=Note)
    return "clinician" if any(section.edited for section in note.sections) else "model"
