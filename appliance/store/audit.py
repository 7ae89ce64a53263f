"""The audit chain: what was deleted, backed up and restored, and by what.

Each entry is sealed with the box key and bound to its number and to the SHA-256 of the sealed entry before it, so an entry that
is changed, moved, left out or put in makes the chain unreadable from there on. What is cut off at the end is not noticed; a
backup has it. Entries name encounters by id, which says nothing about anybody, and hold no text.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from appliance.errors import StorageError
from appliance.store.database import Database, now

Event = Literal["encounter deleted", "audio deleted", "backup made", "backup restored"]
"""What is written down."""
Actor = Literal["clinician", "retention", "administrator"]
"""On whose behalf: somebody at the page, the retention rules, or whoever runs commands on the box."""


class AuditEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that happened."""

    event: Event
    actor: Actor
    at: float
    """Seconds since 1970-01-01 UTC."""
    encounter: str = ""
    """Id of the encounter, if it is about one."""
    detail: str = ""
    """Name of a backup, if it is about one."""


class AuditRecords(Database):
    """Writes and reads the chain."""

    def add_audit(self, event: Event, actor: Actor, *, detail: str = "") -> None:
        """Append an entry that is about no encounter."""
        with self._transaction():
            self._add_audit(event, actor, detail=detail)

    def audit(self) -> list[AuditEntry]:
        """All entries, oldest first.

        Raises:
            StorageError: The chain was changed.
        """
        with self._transaction() as db:
            rows = db.execute("SELECT n, entry FROM audit ORDER BY n").fetchall()
            key = self._box_records()
        entries, link = [], ""
        for place, (n, sealed) in enumerate(rows):
            try:
                entries.append(msgspec.json.decode(key.open(_record(place, link), sealed), type=AuditEntry))
            except StorageError as error:
                raise StorageError(
                    f"The audit chain was changed: entry {n} does not follow the one before it.",
                    hint="Compare it with the chain in a backup, and ask who had access to the disk.",
                ) from error
            link = hashlib.sha256(sealed).hexdigest()
        return entries

    def _add_audit(self, event: Event, actor: Actor, *, encounter: str = "", detail: str = "") -> None:
        """The same within a transaction, so that it stands in the chain exactly if it happened."""
        last = self._db.execute("SELECT n, entry FROM audit ORDER BY n DESC LIMIT 1").fetchone()
        n, link = (last["n"] + 1, hashlib.sha256(last["entry"]).hexdigest()) if last else (0, "")
        entry = AuditEntry(event, actor, now() / 1000, encounter, detail)
        sealed = self._box_records().seal(_record(n, link), msgspec.json.encode(entry))
        self._db.execute("INSERT INTO audit VALUES (?, ?)", (n, sealed))


def _record(n: int, link: str) -> str:
    return f"audit/{n} {link}"
