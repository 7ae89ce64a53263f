"""The time, if it can be believed.

A box whose clock battery is empty starts in the past, and a certificate from the wrong year is refused by every tablet. So the
clock is held against what is certain: it is not before this software was released, nor before the last time the box ran, and
five years without a start are less likely than a wrong clock. While it cannot be believed, certificates are made for the last
time that could.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

RELEASED: Final = datetime(2026, 11, 1, tzinfo=UTC)
"""No clock is right before this; set anew with every release."""
LONGEST_REST: Final = timedelta(days=5 * 365)
"""A clock so far ahead of the last start is wrong."""
SLACK: Final = timedelta(days=1)
"""How far a clock may be set back without a word."""
_EPOCH_FILE: Final = Path("/usr/lib/clock-epoch")
"""Its time of change is when the image was built (systemd)."""
_HINT: Final = (
    "Set the clock of the box: connect it to a time server, or run `timedatectl set-time`. "
    "If the clock is right, run `chartside connect accept-clock`."
)

Now = Callable[[], datetime]
"""A clock."""


@dataclass(frozen=True)
class Reading:
    """What time it is."""

    time: datetime
    """The clock's time, or the last that could be believed."""
    trouble: str = ""
    """Why the clock is not believed; empty if it is."""
    hint: str = ""
    shown: datetime = RELEASED
    """What the clock says, believed or not."""


class Clock:
    """The clock of the box, compared with what is known.

    Args:
        memory: File that keeps the last time that could be believed, as its time of change.
        now: The clock itself.
    """

    def __init__(self, memory: Path, now: Now | None = None) -> None:
        self._memory = memory
        self._now = now or _system

    def read(self) -> Reading:
        """The time. Nothing is written."""
        floor, now = self._floor(), self._now()
        if now < floor - SLACK:
            trouble = f"The clock of the box says {day(now)}, but it is {day(floor)} or later."
        elif now > floor + LONGEST_REST:
            trouble = f"The clock of the box says {day(now)}, and this box last ran or was updated on {day(floor)}."
        else:
            return Reading(now, shown=now)
        return Reading(floor, trouble, _HINT, now)

    def remember(self) -> None:
        """Keep the present time as the last that could be believed, if it can be."""
        if not self.read().trouble:
            self.accept()

    def accept(self) -> None:
        """Believe the clock, whatever it says."""
        self._memory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._memory.touch(mode=0o600)
        seconds = self._now().timestamp()
        os.utime(self._memory, (seconds, seconds))

    def _floor(self) -> datetime:
        """The latest time that has certainly passed."""
        times = [RELEASED]
        for path in (_EPOCH_FILE, self._memory):
            with contextlib.suppress(OSError):
                times.append(datetime.fromtimestamp(path.stat().st_mtime, UTC))
        return max(times)


def day(time: datetime) -> str:
    """A day as it is shown, in UTC and without a doubt about the order of month and day."""
    return f"{time.day} {time:%B %Y}"


def _system() -> datetime:
    return datetime.now(UTC)
