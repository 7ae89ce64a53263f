"""Journal to speech, turns to store."""

from __future__ import annotations

import functools
import logging
import threading
import time
from typing import Final

from appliance.audio import CHUNK_SAMPLES
from appliance.errors import StorageError, UnavailableError, from_problem
from appliance.heard_events import KINDS
from appliance.kiosk.visit import Visit
from appliance.kiosk.worker import Worker
from appliance.runtime.client import ServerEvent, ServiceClient
from appliance.store.records import Problem

_log = logging.getLogger(__name__)
GRACE_SECONDS: Final = 10.0
"""How long, after the last sign of the page, missing chunks of a finished recording are waited for."""
IDLE_SECONDS: Final = 300.0
"""A session is given back after this long without audio, so that a visit that nobody finishes does not hold one for ever."""


class Transcriber(Worker):
    """Has the recording transcribed, from the sample up to which turns are final."""

    def __init__(self, visit: Visit, service: ServiceClient) -> None:
        super().__init__(visit, service)
        # How many chunks were stored when the last session was given back for want of audio.
        self._heard = 0

    def needed(self) -> bool:
        """While the recording is not transcribed to its end."""
        return self.visit.state in {"recording", "transcribing"}

    def may_give_up(self) -> bool:
        """Only after Finish: before, the audio is kept and there is always a later."""
        return self.visit.state == "transcribing"

    def progress(self) -> object:
        """Where the next attempt would start, and whether the recording is over."""
        return self.visit.committed, self.visit.state

    def attempt(self) -> None:
        """Feed one speech session while reading its events; wait first until there is audio for it."""
        self.visit.wait_for(lambda: self.dismissed() or self._has_news())
        if self.dismissed():
            return
        first_sample = self.visit.committed
        session = self.open_session({"first_sample": first_sample, "earlier": self.visit.heard.earlier()})
        feeder = _Feeder(self, session, first_sample // CHUNK_SAMPLES)
        feeder.start()
        try:
            for event in self.service.events(f"/sessions/{session}/events"):
                if self.taken(event):
                    return
        except UnavailableError as error:
            if not feeder.idle:
                raise feeder.error or error from error
        finally:
            feeder.stop()
        if self.stopped.is_set() or feeder.idle:
            self._heard = feeder.sent
            return
        raise feeder.error or UnavailableError("The speech service ended the session early.", hint="It is started again.")

    def _has_news(self) -> bool:
        return self.visit.chunks is not None or len(self.visit.journal) > self._heard

    def take(self, event: ServerEvent) -> bool:
        """Store or show one event; True when the recording is complete."""
        if event.name == "failed":
            raise from_problem(event.decode(dict[str, object]))
        if event.name in KINDS:
            self.visit.hear(event.decode(KINDS[event.name]))
        return event.name == "finished"


class _Feeder:
    """Sends chunks to one speech session as they come, then the end of the recording."""

    def __init__(self, transcriber: Transcriber, session: str, first: int) -> None:
        self._transcriber = transcriber
        self._visit: Visit = transcriber.visit
        self._path = f"/sessions/{session}"
        self._session = session
        self._first = first
        self._over = threading.Event()
        self.error: Exception | None = None
        """Why feeding stopped early."""
        self.idle = False
        """Feeding stopped because no audio came any more."""
        self.sent = 0
        """How many of the journal's chunks, by order of arrival, are sent or not needed."""

    def start(self) -> None:
        threading.Thread(target=self._run, name=f"feed-{self._visit.id[:8]}", daemon=True).start()

    def stop(self) -> None:
        """Feed no more. A request in flight goes to a session that is gone and does no harm."""
        self._over.set()
        self._visit.wake()

    def _run(self) -> None:
        try:
            self._feed()
        except Exception as error:  # noqa: BLE001 whatever it is, the reader must learn that nothing more is fed
            if self._over.is_set():
                return
            self.error = error
            self._end_stream()

    def _feed(self) -> None:
        while not self._over.is_set():
            arrived = self._visit.journal.arrivals(self.sent)
            for n in sorted(n for n in arrived if n >= self._first):
                if self._over.is_set():
                    return
                self._send(n)
            self.sent += len(arrived)
            # Whether to wait for the grace time or for the idle time changes when the recording ends.
            chunks = self._visit.chunks
            woken = self._visit.wait_for(functools.partial(self._has_work, chunks), self._patience())
            if self._complete():
                self._finish()
                return
            if not woken and chunks is None:
                self.idle = True
                self._end_stream()
                return

    def _send(self, n: int) -> None:
        try:
            chunk = self._visit.journal.read(n)
        except StorageError as error:
            # Half a second that cannot be read must not cost the visit: it becomes a gap, and the clinician is told.
            self._visit.warn(Problem.of(error))
            return
        self._transcriber.service.call("PUT", f"{self._path}/chunks/{n}", object, body=chunk)

    def _end_stream(self) -> None:
        """Let the reader of the events go on: they end with the session."""
        while not self._transcriber.close_session(self._session) and not self._over.wait(1.0):
            pass

    def _has_work(self, chunks: int | None) -> bool:
        """Whether there is something to do, or the recording has ended since `chunks` was looked at."""
        news = self._visit.chunks != chunks or len(self._visit.journal) > self.sent
        return self._over.is_set() or news or self._complete()

    def _patience(self) -> float:
        """Seconds until audio that does not come is waited for no more."""
        limit = IDLE_SECONDS if self._visit.chunks is None else GRACE_SECONDS
        return max(0.0, self._visit.recording.last_arrival + limit - time.monotonic())

    def _complete(self) -> bool:
        """Whether nothing more is to be sent: the recording is over, and all of it is here or was waited for."""
        chunks, journal = self._visit.chunks, self._visit.journal
        if chunks is None or len(journal) > self.sent or self._over.is_set():
            return False
        return self._patience() == 0.0 or not any(n >= self._first for n in journal.missing(chunks))

    def _finish(self) -> None:
        chunks = self._visit.chunks or 0
        body = {"chunks": chunks}
        if last := self._visit.journal.samples(chunks - 1):
            body["samples"] = (chunks - 1) * CHUNK_SAMPLES + last
        about = {"event": "recording-complete", "encounter": self._visit.id}
        _log.info("speech: visit %s: recording of %d chunks is complete", self._visit.id, chunks, extra=about)
        self._transcriber.service.call("POST", f"{self._path}/finish", object, json=body)
