"""Server-sent events with resume by event id (WHATWG HTML, section 9.2)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

HEARTBEAT_SECONDS = 5.0
"""Longest silence on a stream: a comment line is sent then, so that a dead connection is noticed."""


@dataclass(frozen=True)
class Event:
    """One event of a stream."""

    id: int
    """Position in the stream, from 1. A volatile event carries the id of the event before it."""
    name: str
    data: bytes
    """JSON."""

    def encode(self, epoch: str = "") -> bytes:
        """The event as it travels; with an epoch, its id is `<epoch>-<n>`."""
        number = f"{epoch}-{self.id}" if epoch else str(self.id)
        return b"id: %s\nevent: %s\ndata: %s\n\n" % (number.encode(), self.name.encode(), self.data)


class EventLog:
    """Events of one session, kept so that a reader who lost the connection resumes without loss or repetition.

    Two kinds of events: *kept* events are numbered and replayed to whoever asks for a lower id; *volatile* events (a partial
    transcript, a half-written sentence) only matter while they are fresh: of each `key` a reader gets the latest, and a
    kept event published with the same key takes it away.

    Args:
        epoch: Put before every id, so that ids of another log, such as that of an earlier process, are recognized as foreign.
    """

    def __init__(self, epoch: str = "") -> None:
        self.epoch = epoch
        self._kept: list[Event] = []
        self._volatile: dict[str, tuple[int, Event]] = {}
        self._published = 0
        self._closed = False
        self._changed = threading.Condition()

    def publish(self, name: str, data: object, *, volatile: bool = False, key: str | None = None) -> int:
        """Add an event.

        Args:
            name: Event name.
            data: Anything `msgspec.json` encodes.
            volatile: The event may be skipped by readers who are behind.
            key: What the event is about; defaults to its name.

        Returns:
            The id of the event.
        """
        body = msgspec.json.encode(data)
        with self._changed:
            self._published += 1
            key = key or name
            if volatile:
                self._volatile[key] = (self._published, Event(len(self._kept), name, body))
            else:
                self._kept.append(Event(len(self._kept) + 1, name, body))
                self._volatile.pop(key, None)
            self._changed.notify_all()
            return len(self._kept)

    @property
    def last_id(self) -> int:
        """Id of the newest kept event; 0 when there is none."""
        with self._changed:
            return len(self._kept)

    @property
    def closed(self) -> bool:
        """Nothing more will be published."""
        with self._changed:
            return self._closed

    def close(self) -> None:
        """End all streams once they have sent what is there."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def read(self, after: int = 0, seen: int = 0) -> tuple[list[Event], int]:
        """What there is now, without waiting.

        Args:
            after: The id of the last kept event that was read.
            seen: What the last call returned, 0 at first.

        Returns:
            Events later than `after`, with the latest volatile ones published since; and what to give as `seen` next time.
        """
        with self._changed:
            return self._fresh(after, seen), self._published

    def stream(self, after: int = 0) -> Iterator[bytes]:
        """Encoded events later than id `after`, then those to come, until the log is closed.

        A heartbeat comment is sent when nothing happened for `HEARTBEAT_SECONDS`.
        """
        seen_volatile = 0
        yield b": open\n\n"
        while True:
            with self._changed:
                ready = self._fresh(after, seen_volatile)
                if not ready and not self._closed:
                    self._changed.wait(HEARTBEAT_SECONDS)
                    ready = self._fresh(after, seen_volatile)
                seen_volatile = self._published
                after = max(after, len(self._kept))
                closed = self._closed
            # Yield outside the lock: a slow reader must not hold up the publisher.
            yield from (event.encode(self.epoch) for event in ready)
            if closed:
                return
            if not ready:
                yield b": beat\n\n"

    def _fresh(self, after: int, seen_volatile: int) -> list[Event]:
        latest = sorted(entry for entry in self._volatile.values() if entry[0] > seen_volatile)
        return self._kept[after:] + [event for _, event in latest]
