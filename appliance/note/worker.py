"""The one thread that uses the note model: many visits, one model call at a time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from appliance.errors import NotFoundError, TooLargeError
from appliance.note.session import NoteSession
from appliance.runtime import notify

_log = logging.getLogger(__name__)

MOST_SESSIONS: Final = 32
"""Visits held at once."""
IDLE_SECONDS: Final = 3600.0
"""A session that nobody touched for this long is dropped; the kiosk can always rebuild it."""
_NAP_SECONDS = 0.05


class Worker(threading.Thread):
    """Holds the sessions and does their work.

    Visits that have ended come first, because somebody waits for the note; within a kind, each gets one model call in turn.

    Args:
        load: Loads the model; called on this thread, so that the service answers while it loads.
    """

    def __init__(self, load: Callable[[], None]) -> None:
        super().__init__(name="note-worker", daemon=True)
        self._load = load
        self._sessions: dict[str, NoteSession] = {}
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._stopped = False
        self.ready: Final = threading.Event()
        """Set once the model is loaded, or has failed to."""
        self.failure: Exception | None = None
        """Why the model could not be loaded."""

    def add(self, name: str, session: NoteSession) -> None:
        """Take a session.

        Raises:
            TooLargeError: There are `MOST_SESSIONS` already.
        """
        with self._lock:
            for old in [key for key, held in self._sessions.items() if time.monotonic() - held.touched > IDLE_SECONDS]:
                self._sessions.pop(old).events.close()
            if len(self._sessions) >= MOST_SESSIONS:
                raise TooLargeError(f"{MOST_SESSIONS} visits are open already.", hint="Finish or delete one first.")
            self._sessions[name] = session

    def get(self, name: str) -> NoteSession:
        """The session of that name.

        Raises:
            NotFoundError: There is none.
        """
        with self._lock:
            session = self._sessions.get(name)
        if session is None:
            raise NotFoundError("There is no such note session.", hint="Open one with POST /sessions and send the turns again.")
        return session

    def remove(self, name: str) -> None:
        """Drop a session and end its event stream."""
        session = self.get(name)
        session.cancel()
        with self._lock:
            self._sessions.pop(name, None)
        session.events.close()

    @property
    def count(self) -> int:
        """Sessions held."""
        return len(self._sessions)

    def wake(self) -> None:
        """There is something to do."""
        self._news.set()

    def stop(self) -> None:
        """End the thread after the current model call, and all event streams."""
        self._stopped = True
        self._news.set()
        with self._lock:
            for session in self._sessions.values():
                session.events.close()

    def run(self) -> None:
        """Load the model, then work until stopped."""
        try:
            self._load()
        except Exception as error:  # noqa: BLE001  # kept for the health endpoint, whatever it is
            self.failure = error
        self.ready.set()
        notify.ready()
        # Without a model there are no sessions, and the signs of life go on: the service still answers, with the reason.
        alive = notify.SignOfLife()
        while not self._stopped:
            alive()
            if not self._round():
                self._news.wait(_NAP_SECONDS)
                self._news.clear()

    def _round(self) -> bool:
        with self._lock:
            sessions = list(self._sessions.values())
        urgent = [session for session in sessions if session.finishing and not session.events.closed]
        worked = False
        for session in urgent or sessions:
            try:
                worked |= session.step()
            except Exception:  # noqa: BLE001  # one visit must not stop the others
                _log.error("a note session failed")  # its reader was told why; the traceback may hold patient text
        return worked
