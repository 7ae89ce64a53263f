"""What failed while it was in use: an execution provider that breaks in a visit is not taken again at the next start.

A call that fails is recorded at once. A process that dies (a driver may abort it) cannot record anything, so a mark is left
while a provider is in use and taken away when the process ends in order; a mark of the same boot that is still there counts as
a death, and `MOST_DEATHS` of them as a failure. A mark of another boot says nothing: the power may have failed.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from appliance.runtime.files import remember

_log = logging.getLogger(__name__)
MOST_DEATHS: Final = 3
_FAILURES_FILE = "failures.json"
_MARK_FILE = "in-use.json"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Failure(msgspec.Struct, frozen=True):
    """A provider that failed while it was in use."""

    candidate: str
    """Its name."""
    reason: str
    """One sentence."""
    at: datetime
    key: dict[str, str]
    """What its verdict depended on: under another driver, runtime or model it gets another chance."""


class _Mark(msgspec.Struct, frozen=True):
    candidate: str
    boot: str
    deaths: int
    key: dict[str, str]


class Failures:
    """The record of one box.

    Args:
        directory: Where it is kept.
    """

    def __init__(self, directory: Path) -> None:
        self.directory: Final = directory
        self._path: Final = directory / _FAILURES_FILE
        self._mark: Final = directory / _MARK_FILE

    def all(self) -> tuple[Failure, ...]:
        """What is recorded; nothing if the record cannot be read."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=tuple[Failure, ...])
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return ()

    def under(self, key: dict[str, str]) -> dict[str, str]:
        """Reasons by candidate, of the failures that happened under the same driver, runtime, options and model."""
        return {failure.candidate: failure.reason for failure in self.all() if failure.key == key}

    def record(self, candidate: str, reason: str, key: dict[str, str]) -> None:
        """Add a failure."""
        _log.error("execution provider %s failed in use: %s It is replaced at the next start.", candidate, reason)
        kept = [failure for failure in self.all() if failure.candidate != candidate]
        added = Failure(candidate, reason, datetime.now(UTC), key)
        remember(self._path, msgspec.json.encode([*kept, added]))

    def forget(self) -> None:
        """Give every provider another chance."""
        for path in (self._path, self._mark):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def count_deaths(self) -> None:
        """Look for the mark of a process that died, before a provider is chosen."""
        mark = self._read_mark()
        if mark is None or mark.deaths < MOST_DEATHS:
            return
        reason = f"The process died {mark.deaths} times while it was in use."
        self.record(mark.candidate, reason, mark.key)
        self._end()

    def begin(self, candidate: str, key: dict[str, str]) -> None:
        """Mark a provider as in use until this process ends in order."""
        earlier = self._read_mark()
        deaths = earlier.deaths if earlier and earlier.candidate == candidate else 0
        # The death is counted in advance; an end in order takes it back.
        remember(self._mark, msgspec.json.encode(_Mark(candidate, _boot(), deaths + 1, key)))
        atexit.register(self._end)

    def _end(self) -> None:
        with contextlib.suppress(OSError):
            self._mark.unlink(missing_ok=True)

    def _read_mark(self) -> _Mark | None:
        try:
            mark = msgspec.json.decode(self._mark.read_bytes(), type=_Mark)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None
        return mark if mark.boot == _boot() else None


def _boot() -> str:
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except OSError:
        return ""
