"""What a page is told: JSON, in the shapes of the box's HTTP APIs."""

from __future__ import annotations

from typing import Final

import msgspec

from appliance.errors import ChartsideError
from appliance.runtime.events import EventLog


class Event(msgspec.Struct, frozen=True):
    """One event, as the box streams it."""

    id: int
    name: str
    data: msgspec.Raw


class Unread:
    """The events of a log that were not told yet.

    Args:
        log: Where they are published.
    """

    def __init__(self, log: EventLog) -> None:
        self._log: Final = log
        self._read = (0, 0)

    def take(self) -> str:
        """The events since the last call: a JSON list of `Event`."""
        after, seen = self._read
        fresh, seen = self._log.read(after, seen)
        self._read = (max([after, *(event.id for event in fresh)]), seen)
        return text([Event(event.id, event.name, msgspec.Raw(event.data)) for event in fresh])


def problem(error: Exception) -> str:
    """Any error as the members of a problem document, in JSON."""
    if isinstance(error, ChartsideError):
        return text(error.problem())
    known = ChartsideError(f"This tablet's engine failed ({type(error).__name__}).", hint="Reload the page.")
    return text(known.problem())


def text(value: object) -> str:
    """Anything as JSON."""
    return msgspec.json.encode(value).decode()
