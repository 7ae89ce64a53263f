"""Which tablets may use the box: rooms, devices, the administrator's PIN, and how often somebody guessed wrong.

Names and the PIN's hash are sealed with the box key. Of a device's key only the SHA-256 is stored: the key has 256 random bits,
so its hash cannot be searched for.
"""

from __future__ import annotations

import sqlite3
from typing import Literal

import msgspec

from appliance.errors import ConflictError, NotFoundError
from appliance.store.database import Database, now

Door = Literal["pin", "pairing"]
"""What can be guessed at."""


class Room(msgspec.Struct, frozen=True):
    """A room of the clinic."""

    number: int
    name: str


class Device(msgspec.Struct, frozen=True):
    """A tablet that was paired."""

    number: int
    room: Room
    name: str
    paired: float
    """Seconds since 1970-01-01 UTC."""
    seen: float
    """When it last asked for something, within five minutes."""
    revoked: float | None = None


class Failures(msgspec.Struct, frozen=True):
    """How often in a row somebody guessed wrong, and until when nobody may try."""

    count: int = 0
    until: float = 0.0
    """Seconds since 1970-01-01 UTC."""


class DeviceRecords(Database):
    """Rooms, devices, the PIN and failed attempts."""

    def add_room(self, name: str) -> Room:
        """Add a room.

        Raises:
            ConflictError: There is one of this name.
        """
        with self._transaction() as db:
            rooms = self._rooms(db)
            if any(room.name.casefold() == name.casefold() for room in rooms.values()):
                raise ConflictError("There is a room of this name.", hint="Choose it from the list, or use another name.")
            number = db.execute("INSERT INTO room (name) VALUES (x'')").lastrowid or 0
            db.execute("UPDATE room SET name = ? WHERE number = ?", (self._seal(f"room/{number}", name), number))
            return Room(number, name)

    def rooms(self) -> list[Room]:
        """All rooms, oldest first."""
        with self._transaction() as db:
            return list(self._rooms(db).values())

    def remove_room(self, room: int) -> None:
        """Remove a room in which no device is any more; revoked devices go with it.

        Raises:
            NotFoundError: There is no such room.
            ConflictError: A device that is not revoked belongs to it.
        """
        with self._transaction() as db:
            if room not in self._rooms(db):
                raise NotFoundError("There is no such room.", hint="It may have been removed; look at the list.")
            if db.execute("SELECT 1 FROM device WHERE room = ? AND revoked IS NULL", (room,)).fetchone():
                raise ConflictError("A tablet belongs to this room.", hint="Revoke the tablets of the room first.")
            db.execute("DELETE FROM device WHERE room = ?", (room,))
            db.execute("DELETE FROM room WHERE number = ?", (room,))

    def add_device(self, room: int, name: str, key_hash: bytes) -> Device:
        """Remember a paired tablet.

        Args:
            room: Number of its room.
            name: What the list calls it.
            key_hash: SHA-256 of the key it holds.

        Raises:
            NotFoundError: The room was removed.
        """
        with self._transaction() as db:
            if room not in self._rooms(db):
                raise NotFoundError("There is no such room.", hint="Make a new pairing code for another room.")
            row = (room, key_hash, now(), now())
            number = db.execute(
                "INSERT INTO device (room, name, key_hash, paired, seen) VALUES (?, x'', ?, ?, ?)", row
            ).lastrowid
            db.execute("UPDATE device SET name = ? WHERE number = ?", (self._seal(f"device/{number}", name), number))
            return next(device for device, _ in self._devices(db) if device.number == number)

    def devices(self) -> list[tuple[Device, bytes]]:
        """All devices, revoked ones too, each with the SHA-256 of its key, oldest first."""
        with self._transaction() as db:
            return self._devices(db)

    def set_seen(self, device: int) -> None:
        """The device has asked for something."""
        with self._transaction() as db:
            db.execute("UPDATE device SET seen = ? WHERE number = ?", (now(), device))

    def revoke(self, device: int) -> None:
        """Refuse a device from now on.

        Raises:
            NotFoundError: There is no such device.
        """
        with self._transaction() as db:
            revoked = "UPDATE device SET revoked = coalesce(revoked, ?) WHERE number = ?"
            if not db.execute(revoked, (now(), device)).rowcount:
                raise NotFoundError("There is no such device.", hint="Look at the list of devices.")

    def local_key(self, device: int | None) -> bytes:
        """What a device encrypts with while the box is away: 32 bytes, the same for as long as it is paired.

        Args:
            device: Its number; None for the browser on the box itself, which is not paired.

        Raises:
            NotFoundError: There is no such device, or it was revoked.
        """
        if device is None:
            return self._box.derive("local-key of this machine")
        with self._transaction() as db:
            row = db.execute("SELECT key_hash FROM device WHERE number = ? AND revoked IS NULL", (device,)).fetchone()
        if row is None:
            raise NotFoundError("There is no such device.", hint="Pair it again.")
        return self._box.derive(f"local-key {row['key_hash'].hex()}")

    def pin_hash(self) -> str | None:
        """The hash of the administrator's PIN; None while none was set."""
        with self._transaction() as db:
            row = db.execute("SELECT pin FROM administrator").fetchone()
            return None if row is None else self._open("pin", row["pin"])

    def set_pin_hash(self, hashed: str | None) -> None:
        """Store the hash of the administrator's PIN; None forgets it."""
        with self._transaction() as db:
            db.execute("DELETE FROM administrator")
            if hashed is not None:
                db.execute("INSERT INTO administrator VALUES (1, ?)", (self._seal("pin", hashed),))

    def failures(self, door: Door) -> Failures:
        """How often somebody guessed wrong at a door since the last right guess."""
        with self._transaction() as db:
            row = db.execute("SELECT failures, until FROM throttle WHERE door = ?", (door,)).fetchone()
            return Failures(row["failures"], row["until"] / 1000) if row else Failures()

    def set_failures(self, door: Door, failures: Failures) -> None:
        """Remember failed attempts, so that a restart forgives none."""
        with self._transaction() as db:
            values = (door, failures.count, int(failures.until * 1000))
            db.execute("INSERT OR REPLACE INTO throttle VALUES (?, ?, ?)", values)

    def _rooms(self, db: sqlite3.Connection) -> dict[int, Room]:
        rows = db.execute("SELECT number, name FROM room ORDER BY number").fetchall()
        return {row["number"]: Room(row["number"], self._open(f"room/{row['number']}", row["name"])) for row in rows}

    def _devices(self, db: sqlite3.Connection) -> list[tuple[Device, bytes]]:
        rooms = self._rooms(db)
        return [
            (
                Device(
                    row["number"],
                    rooms[row["room"]],
                    self._open(f"device/{row['number']}", row["name"]),
                    row["paired"] / 1000,
                    row["seen"] / 1000,
                    None if row["revoked"] is None else row["revoked"] / 1000,
                ),
                row["key_hash"],
            )
            for row in db.execute("SELECT * FROM device ORDER BY number").fetchall()
        ]

    def _seal(self, record: str, text: str) -> bytes:
        return self._box_records().seal(record, text.encode())

    def _open(self, record: str, sealed: bytes) -> str:
        return self._box_records().open(record, sealed).decode()
