"""Slows down whoever guesses: each wrong guess doubles the wait for the next, and a restart forgives none."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Final

from appliance.errors import ThrottledError
from appliance.store.devices import DeviceRecords, Door, Failures

FIRST_WAIT: Final = 1.0
"""Seconds after the first wrong guess."""
LONGEST_WAIT: Final = {"pin": 900.0, "pairing": 60.0}
"""Seconds. At the longest wait, trying half of all six-digit PINs takes 14 years. A pairing code lives for minutes only."""


class Throttle:
    """Guards one door. Safe to use from several threads: only one guesses at a time.

    Args:
        store: Keeps the failures.
        door: What is guessed at.
        now: Seconds since 1970-01-01 UTC: the wait goes on while the box is off.
    """

    def __init__(self, store: DeviceRecords, door: Door, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._door: Door = door
        self._now = now
        self._lock = threading.Lock()

    def guess(self, right: Callable[[], bool]) -> bool:
        """Whether a guess is right.

        Args:
            right: Compares the guess; called at most once.

        Raises:
            ThrottledError: It is too early for another guess, right or wrong.
        """
        with self._lock:
            before = self._store.failures(self._door)
            wait = self._wait(before)
            if wait > 0:
                seconds = math.ceil(wait)
                message = f"There were {before.count} wrong attempts in a row."
                raise ThrottledError(message, hint=f"Wait {seconds} {'second' if seconds == 1 else 'seconds'}, then try again.")
            # Counted first: whoever pulls the plug while the guess is compared gains nothing.
            count = before.count + 1
            self._store.set_failures(self._door, Failures(count, self._now() + self._delay(count)))
            if not right():
                return False
            self._store.set_failures(self._door, Failures())
            return True

    def _wait(self, failures: Failures) -> float:
        # A clock that was set back must not lock anybody out for longer than the delay itself.
        return min(failures.until - self._now(), self._delay(failures.count))

    def _delay(self, count: int) -> float:
        return min(FIRST_WAIT * 2.0 ** min(count - 1, 30), LONGEST_WAIT[self._door]) if count else 0.0
