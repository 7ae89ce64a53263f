"""What the two workers of a visit share: attempts against a service that may go away at any moment."""

from __future__ import annotations

import contextlib
import logging
import threading
from abc import ABC, abstractmethod
from typing import Final

import msgspec

from appliance.errors import CancelledError, ChartsideError, StorageError, UnavailableError
from appliance.kiosk.visit import Visit
from appliance.runtime.client import ServerEvent, ServiceClient
from appliance.store.records import Problem

_log = logging.getLogger(__name__)
_SHORTEST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 3.0
_HEALTH_TIMEOUT: Final = 5.0
_GOODBYE_TIMEOUT: Final = 2.0
_MOST_ATTEMPTS: Final = 8
"""Attempts in a row without any progress, once the visit is over, before it is marked as failed."""
_MOST_REFUSALS: Final = 3
"""Answers in a row by which a service says that it is broken, once the visit is over, before it is marked as failed."""


class Opened(msgspec.Struct, frozen=True):
    """A session that a service opened."""

    id: str


class Worker(ABC):
    """A thread that does its part of a visit, again from what is stored whenever the service loses its session.

    Args:
        visit: The visit.
        service: The service that does the work.
    """

    def __init__(self, visit: Visit, service: ServiceClient) -> None:
        self.visit = visit
        self.service = service
        self.stopped = threading.Event()
        self._session: str | None = None
        self._thread = threading.Thread(target=self._run, name=f"{service.name}-{visit.id[:8]}", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Stop working and give the session back; returns at once, and nothing is stored any more then."""
        with self.visit.unchanged():
            self.stopped.set()
        self.visit.wake()
        session = self._session
        if session and self._thread.is_alive():
            # This also ends the event stream that the thread is reading.
            self.close_session(session)

    def join(self, timeout: float) -> None:
        """Wait until the thread has ended, at most `timeout` seconds."""
        if self._thread.ident is not None:
            self._thread.join(timeout)

    @property
    def alive(self) -> bool:
        """Whether the thread is at work."""
        return self._thread.is_alive()

    @abstractmethod
    def attempt(self) -> None:
        """Open a session, do the work, return when it is complete or nothing is left to do.

        Raises:
            ChartsideError: The session was lost; try again.
        """

    @abstractmethod
    def progress(self) -> object:
        """Something that changes whenever an attempt got anywhere."""

    @abstractmethod
    def needed(self) -> bool:
        """Whether there is, or will be, work."""

    @abstractmethod
    def take(self, event: ServerEvent) -> bool:
        """Store or show one event; True when the work is complete.

        Raises:
            ChartsideError: The event says that the session is lost.
        """

    def taken(self, event: ServerEvent) -> bool:
        """Take an event unless the worker was stopped; True when nothing more is to be read."""
        # A tablet may go on with the visit from what is stored now: what comes after `stop` would be there twice.
        with self.visit.unchanged():
            return self.stopped.is_set() or self.take(event)

    def dismissed(self) -> bool:
        """Whether there is nothing to do any more."""
        return self.stopped.is_set() or self.visit.closed or not self.needed()

    @abstractmethod
    def may_give_up(self) -> bool:
        """Whether the visit is over, so that endless attempts would only keep the clinician waiting."""

    def open_session(self, body: object) -> str:
        """Open a session and return its id.

        Raises:
            CancelledError: The worker was stopped meanwhile.
        """
        session = self.service.call("POST", "/sessions", Opened, json=body).id
        self._session = session
        # `stop` sets the flag before it looks for a session: one of the two sides closes this one.
        if self.stopped.is_set():
            self.close_session(session)
            raise CancelledError("The work was stopped.", hint="It goes on when it is wanted again.")
        return session

    def close_session(self, session: str) -> bool:
        """Delete a session; False if the service did not answer."""
        try:
            self.service.call("DELETE", f"/sessions/{session}", object, timeout=_GOODBYE_TIMEOUT)
        except UnavailableError:
            return False
        except ChartsideError:
            # It does not know the session: that is what was wanted.
            return True
        return True

    def _run(self) -> None:
        failures, before = 0, self.progress()
        while not self.dismissed():
            error, opened = self._one_attempt()
            if error is None or self.stopped.is_set():
                continue
            if self.progress() != before:
                failures, before = 0, self.progress()
            # A full disk and a service that opens no session are waited out: the visit did nothing to cause them.
            failures += not isinstance(error, StorageError) and (opened or not isinstance(error, UnavailableError))
            if failures >= _MOST_ATTEMPTS and self.may_give_up():
                self._give_up(error)
            if not self.dismissed():
                self._wait_for_service(
                    min(_SHORTEST_PAUSE * 2 ** min(failures, _MOST_ATTEMPTS), _LONGEST_PAUSE),
                    store_failed=isinstance(error, StorageError),
                )

    def _one_attempt(self) -> tuple[ChartsideError | None, bool]:
        """Returns what ended the attempt, None if it was complete, and whether it had a session."""
        error: ChartsideError
        try:
            self.attempt()
        except ChartsideError as raised:
            error = raised
        except msgspec.MsgspecError as raised:
            error = ChartsideError(
                f"The {self.service.name} service sent something unreadable.", hint="Update both to one version."
            )
            error.__cause__ = raised
        except Exception as raised:  # noqa: BLE001 a surprise must not leave the visit without a worker
            error = ChartsideError(f"Something unexpected went wrong: {type(raised).__name__}.", hint="Run `chartside doctor`.")
            error.__cause__ = raised
        else:
            return None, True
        finally:
            session, self._session = self._session, None
            if session and not self.stopped.is_set():
                self.close_session(session)
        _log.warning("%s: visit %s: %s: %s", self.service.name, self.visit.id, type(error).__name__, error.message)
        return error, session is not None

    def _give_up(self, error: ChartsideError) -> None:
        with contextlib.suppress(ChartsideError), self.visit.unchanged():
            if not self.stopped.is_set():
                self.visit.fail(Problem.of(error))

    def _wait_for_service(self, pause: float, *, store_failed: bool) -> None:
        if not store_failed:
            self.visit.service(self.service.name, up=False)
        refusals = 0
        while not self.stopped.wait(pause):
            try:
                self.service.call("GET", "/health", object, timeout=_HEALTH_TIMEOUT)
            except UnavailableError:
                pause = min(2 * pause, _LONGEST_PAUSE)
            except ChartsideError as error:
                # It is there, but cannot work: waiting is no help, another bundle may be.
                pause, refusals = _LONGEST_PAUSE, refusals + 1
                if refusals >= _MOST_REFUSALS and self.may_give_up():
                    self._give_up(error)
                    return
            else:
                self.visit.service(self.service.name, up=True)
                return
