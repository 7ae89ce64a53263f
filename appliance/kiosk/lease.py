"""A tablet's right to hear and write one visit itself, for as long as it goes on asking for it.

A lease is kept in memory only: after a restart the box works on every visit, and a tablet has to ask again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from appliance.errors import ConflictError

LEASE_SECONDS: Final = 30.0
"""A lease ends this long after it was last asked for or used."""


class Lease:
    """The lease of one visit. Whoever uses it holds the visit's lock.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = 0.0
        self.number = 0
        """Of the last lease, from 1; 0 if there was none."""

    @property
    def left(self) -> float:
        """Seconds until it ends; 0.0 when it is over."""
        return max(0.0, self._until - self._clock())

    def take(self) -> None:
        """Begin a lease; one that still runs goes on under its number, so that asking twice does no harm."""
        if not self.left:
            self.number += 1
        self._until = self._clock() + LEASE_SECONDS

    def use(self, number: int | None) -> None:
        """Go on with a lease.

        Args:
            number: What `number` was when it began; None for whichever runs.

        Raises:
            ConflictError: It is over, or another one runs.
        """
        if not self.left or number not in {None, self.number}:
            raise ConflictError("The box hears this visit now.", hint="Ask for the visit again, and go on from what is stored.")
        self._until = self._clock() + LEASE_SECONDS

    def end(self) -> None:
        """Give it back."""
        self._until = 0.0
