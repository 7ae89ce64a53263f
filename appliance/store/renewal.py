"""A new key for an encounter: all its records are sealed anew, and what stays under the old key cannot be read again.

That is how audio is deleted while the note is kept. The journal is encrypted with the encounter's key; removing the file would
leave its blocks on the disk, and overwriting them proves nothing on flash. Without the old key they are noise.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from appliance.store.keys import EncounterKey

SEALED: Final = {
    "encounter": ("template", "title", "problem", "section"),
    "turn": ("turn", "voice", "label"),
    "note": ("note", "author", "check"),
    "entry": ("entry",),
}
"""Every sealed column of an encounter, by table."""
_PLACE: Final = {"turn": "n", "note": "version", "entry": "kind || '/' || n"}
"""What makes the name of a record, in tables that hold several of an encounter."""


def reseal(db: sqlite3.Connection, number: int, old: EncounterKey, new: EncounterKey) -> None:
    """Seal every record of an encounter with another key. Belongs into a transaction that writes the wrapped key as well.

    Args:
        db: The database.
        number: Number of the encounter.
        old: The key it has.
        new: The key it gets.

    Raises:
        StorageError: A record does not open with the old key.
    """
    for table, columns in SEALED.items():
        place = _PLACE.get(table, "''")
        for column in columns:
            # The names are this module's own.
            sealed = f'SELECT rowid, {place}, "{column}" FROM {table} WHERE number = ? AND "{column}" IS NOT NULL'  # noqa: S608
            for row, where, blob in db.execute(sealed, (number,)).fetchall():
                record = {"encounter": column, "entry": where}.get(table, f"{column}/{where}")
                plain = old.open(record, blob)
                db.execute(f'UPDATE {table} SET "{column}" = ? WHERE rowid = ?', (new.seal(record, plain), row))  # noqa: S608
