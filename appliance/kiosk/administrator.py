"""Who may set up the box: whoever knows the PIN.

The first PIN is set by whoever reads the set-up code on the box's own screen, so that nobody on the network
can be faster. The PIN is stored as an argon2id hash (RFC 9106), sealed with the box key, and stands in no log.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from typing import Final

import argon2

from appliance.errors import ConflictError, ForbiddenError, InputError, NotPairedError
from appliance.kiosk.codes import new_code, same_code
from appliance.kiosk.throttle import Throttle
from appliance.store.devices import DeviceRecords

LEAST_LENGTH: Final = 6
MOST_LENGTH: Final = 64
SESSION_SECONDS: Final = 900.0
"""So long after the last click the PIN is asked for again."""
_TOKEN_BYTES: Final = 32
_RUNS: Final = ("01234567890", "09876543210")


class Administrator:
    """The PIN and who has entered it. Safe to use from several threads.

    Args:
        store: Keeps the PIN's hash and the failed attempts.
        now: Seconds since 1970-01-01 UTC, for the waits between attempts.
    """

    def __init__(self, store: DeviceRecords, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._hasher = argon2.PasswordHasher()
        self._throttle = Throttle(store, "pin", now)
        self._sessions: dict[bytes, float] = {}
        self._lock = threading.Lock()
        self.setup_code = "" if store.pin_hash() else new_code()
        """Allows to set the first PIN; empty once there is one."""

    def set_first_pin(self, code: str, pin: str) -> str:
        """Set the PIN of a new box.

        Args:
            code: The set-up code.
            pin: The new PIN.

        Returns:
            A session's token.

        Raises:
            ConflictError: There is a PIN.
            ForbiddenError: The code is wrong.
            ThrottledError: It is too early for another attempt.
            InputError: The PIN is too simple.
        """
        _check(pin)
        if not self.setup_code:
            raise ConflictError("This box has a PIN.", hint="Enter it; `chartside connect reset-pin` on the box forgets it.")
        # Compared and set within the same guess: two who know the code cannot both set a PIN.
        if not self._throttle.guess(lambda: same_code(code, self.setup_code) and self._set(pin)):
            raise ForbiddenError("The set-up code is wrong.", hint="It stands on the box's screen: `chartside connect show`.")
        return self._open_session()

    def sign_in(self, pin: str) -> str:
        """A session's token for whoever knows the PIN.

        Raises:
            ForbiddenError: The PIN is wrong.
            ThrottledError: It is too early for another attempt.
        """
        hashed = self._store.pin_hash()
        if hashed is None or not self._throttle.guess(lambda: self._matches(pin, hashed)):
            raise _wrong_pin()
        return self._open_session(hashed)

    def change_pin(self, pin: str) -> None:
        """Set another PIN and end all sessions.

        Raises:
            InputError: The PIN is too simple.
        """
        _check(pin)
        with self._lock:
            self._set(pin)
            self._sessions.clear()

    def check(self, token: str) -> None:
        """Refuse who has not entered the PIN.

        Raises:
            NotPairedError: There is no such session, or it has ended.
        """
        now, key = time.monotonic(), _hashed(token)
        with self._lock:
            if self._sessions.get(key, 0.0) < now:
                self._sessions.pop(key, None)
                raise NotPairedError("Set-up needs the administrator's PIN.", hint="Open /setup/ and enter it.")
            self._sessions[key] = now + SESSION_SECONDS

    def sign_out(self, token: str) -> None:
        """End a session."""
        with self._lock:
            self._sessions.pop(_hashed(token), None)

    def _set(self, pin: str) -> bool:
        self._store.set_pin_hash(self._hasher.hash(pin))
        self.setup_code = ""
        return True

    def _matches(self, pin: str, hashed: str) -> bool:
        try:
            return self._hasher.verify(hashed, pin)
        except argon2.exceptions.VerificationError:
            return False

    def _open_session(self, hashed: str | None = None) -> str:
        """A session for whoever knew the PIN with this hash, unless it has been changed since."""
        token, now = secrets.token_urlsafe(_TOKEN_BYTES), time.monotonic()
        with self._lock:
            if hashed and hashed != self._store.pin_hash():
                raise _wrong_pin()
            self._sessions = {key: end for key, end in self._sessions.items() if end >= now}
            self._sessions[_hashed(token)] = now + SESSION_SECONDS
        return token


def _wrong_pin() -> ForbiddenError:
    return ForbiddenError("The PIN is wrong.", hint="`chartside connect reset-pin` on the box forgets it.")


def _check(pin: str) -> None:
    if not LEAST_LENGTH <= len(pin) <= MOST_LENGTH:
        raise InputError(f"The PIN has {len(pin)} characters.", hint=f"Use {LEAST_LENGTH} to {MOST_LENGTH} digits or letters.")
    if len(set(pin)) == 1 or any(pin in run for run in _RUNS):
        raise InputError("The PIN is too easy to guess.", hint="Do not repeat one digit or count up or down.")


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
