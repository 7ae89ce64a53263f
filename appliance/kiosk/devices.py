"""The tablets of the clinic: paired to a room with a code, known by a key, refused once they are revoked."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from appliance.errors import ForbiddenError, NotFoundError
from appliance.kiosk.codes import new_code, same_code
from appliance.kiosk.throttle import Throttle
from appliance.store.devices import Device, DeviceRecords, Room

CODE_SECONDS: Final = 600.0
"""How long a pairing code can be used."""
_KEY_BYTES: Final = 32
_SEEN_EVERY: Final = 300.0


@dataclass(frozen=True)
class PairingCode:
    """Pairs one tablet, once."""

    code: str
    room: Room
    expires: float
    """On the monotonic clock: a code does not outlive the process, and a wrong clock does not matter."""


class Devices:
    """All devices and the codes that wait for one. Safe to use from several threads.

    Args:
        store: Keeps rooms and devices.
        changed: Called after a device was paired or revoked or a room added or removed.
        now: Seconds since 1970-01-01 UTC, for the waits between attempts.
    """

    def __init__(
        self, store: DeviceRecords, changed: Callable[[], None] = lambda: None, now: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._changed = changed
        self._throttle = Throttle(store, "pairing", now)
        self._codes: list[PairingCode] = []
        self._lock = threading.Lock()
        # Asked on every request; the store is asked only when something changes.
        self._known: dict[bytes, Device] = {}
        self._seen: dict[int, float] = {}
        self._load()

    def rooms(self) -> list[Room]:
        """All rooms."""
        return self._store.rooms()

    def add_room(self, name: str) -> Room:
        """Add a room.

        Raises:
            ConflictError: There is one of this name.
        """
        room = self._store.add_room(name)
        self._changed()
        return room

    def remove_room(self, room: int) -> None:
        """Remove a room without devices, and the codes for it.

        Raises:
            NotFoundError: There is no such room.
            ConflictError: A device belongs to it.
        """
        with self._lock:
            self._store.remove_room(room)
            self._codes = [code for code in self._codes if code.room.number != room]
        self._load()
        self._changed()

    def new_code(self, room: int) -> PairingCode:
        """A code that pairs one tablet to a room within ten minutes.

        Raises:
            NotFoundError: There is no such room.
        """
        found = next((known for known in self.rooms() if known.number == room), None)
        if found is None:
            raise NotFoundError("There is no such room.", hint="It may have been removed; look at the list.")
        code = PairingCode(new_code(), found, time.monotonic() + CODE_SECONDS)
        with self._lock:
            # One code per room: a new one is made because the old one was lost.
            self._codes = [other for other in self._codes if other.room.number != room] + [code]
        return code

    def pair(self, typed: str, name: str) -> tuple[Device, str]:
        """Use up a pairing code.

        Args:
            typed: What was scanned or typed.
            name: What the list calls the device.

        Returns:
            The device, and the key that it holds from now on.

        Raises:
            ForbiddenError: No such code waits for a tablet.
            ThrottledError: It is too early for another attempt.
        """
        taken: list[PairingCode] = []
        if not self._throttle.guess(lambda: self._take(typed, taken)):
            raise ForbiddenError(
                "This pairing code is not valid.", hint="Each works once, for ten minutes. Make a new one under set-up."
            )
        key = secrets.token_urlsafe(_KEY_BYTES)
        device = self._store.add_device(taken[0].room.number, name, _hashed(key))
        self._load()
        self._changed()
        return device, key

    def find(self, key: str) -> Device | None:
        """The device that holds a key; None if there is none, or it was revoked."""
        device = self._known.get(_hashed(key))
        if device is not None and time.monotonic() - self._seen.get(device.number, -_SEEN_EVERY) >= _SEEN_EVERY:
            self._seen[device.number] = time.monotonic()
            self._store.set_seen(device.number)
        return device

    def is_paired(self, device: int) -> bool:
        """Whether a device may go on."""
        return any(known.number == device for known in self._known.values())

    def all(self) -> list[Device]:
        """All devices, revoked ones too."""
        return [device for device, _ in self._store.devices()]

    def revoke(self, device: int) -> None:
        """Refuse a device from now on, and end its event streams.

        Raises:
            NotFoundError: There is no such device.
        """
        self._store.revoke(device)
        self._load()
        self._changed()

    def _take(self, typed: str, taken: list[PairingCode]) -> bool:
        with self._lock:
            waiting = [code for code in self._codes if code.expires > time.monotonic()]
            taken += [code for code in waiting if same_code(typed, code.code)][:1]
            self._codes = [code for code in waiting if code not in taken]
        return bool(taken)

    def _load(self) -> None:
        # Read and kept in one go: what another thread read before a device was revoked must not be kept after.
        with self._lock:
            self._known = {key_hash: device for device, key_hash in self._store.devices() if device.revoked is None}


def _hashed(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
