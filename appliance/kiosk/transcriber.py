"""Journal to speech, turns to store."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Annotated, Final

import msgspec

from appliance.audio import CHUNK_SAMPLES
from appliance.errors import StorageError, UnavailableError
from appliance.kiosk.visit import Visit
from appliance.kiosk.worker import Worker
from appliance.runtime.client import ServerEvent
from appliance.store.records import Problem
from appliance.transcript import Gap, Seconds, Turn

_log = logging.getLogger(__name__)
GRACE_SECONDS: Final = 10.0
"""How long, after the last sign of the page, missing chunks of a finished recording are waited for."""
_Sample = Annotated[int, msgspec.Meta(ge=0)]


class _Partial(msgspec.Struct, frozen=True):
    start: Seconds
    end: Seconds
    stable: str
    tentative: str


class _Final(msgspec.Struct, frozen=True):
    turn: Turn
    committed: _Sample


class _Gap(msgspec.Struct, frozen=True):
    gap: Gap
    committed: _Sample


class _Finished(msgspec.Struct, frozen=True):
    duration: Seconds


class Transcriber(Worker):
    """Has the recording transcribed, from the sample up to which turns are final."""

    def needed(self) -> bool:
        """While the recording is not transcribed to its end."""
        return self.visit.state in {"recording", "transcribing"}

    def may_give_up(self) -> bool:
        """Only after Finish: before, the audio is kept and there is always a later."""
        return self.visit.state == "transcribing"

    def progress(self) -> object:
        """Where the next attempt would start."""
        return self.visit.committed

    def attempt(self) -> None:
        """Feed one speech session while reading its events."""
        first_sample = self.visit.committed
        session = self.open_session({"first_sample": first_sample})
        feeder = _Feeder(self, session, first_sample // CHUNK_SAMPLES)
        feeder.start()
        try:
            for event in self.service.events(f"/sessions/{session}/events"):
                if self.stopped.is_set() or self._take(event):
                    return
        except UnavailableError as error:
            raise feeder.error or error from error
        finally:
            feeder.stop()
        if self.stopped.is_set():
            return
        raise feeder.error or UnavailableError("The speech service ended the session early.", hint="It is started again.")

    def _take(self, event: ServerEvent) -> bool:
        """Store or show one event; True when the recording is complete."""
        match event.name:
            case "partial":
                self.visit.show("partial", event.decode(_Partial))
            case "final":
                final = event.decode(_Final)
                self.visit.add_turn(final.turn, final.committed)
            case "gap":
                gap = event.decode(_Gap)
                self.visit.add_gap(gap.gap, gap.committed)
            case "finished":
                self.visit.transcribed(event.decode(_Finished).duration)
                return True
        return False


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
            # The reader of the events learns of it when they end.
            while not self._transcriber.close_session(self._session) and not self._over.wait(1.0):
                pass

    def _feed(self) -> None:
        position = 0
        while not self._over.is_set():
            arrived = self._visit.journal.arrivals(position)
            position += len(arrived)
            for n in sorted(n for n in arrived if n >= self._first):
                if self._over.is_set():
                    return
                self._send(n)
            sent = position
            self._visit.wait_for(self._woken(sent), self._patience())
            if self._complete(sent):
                self._finish()
                return

    def _send(self, n: int) -> None:
        try:
            chunk = self._visit.journal.read(n)
        except StorageError as error:
            # Half a second that cannot be read must not cost the visit: it becomes a gap, and the clinician is told.
            self._visit.warn(Problem.of(error))
            return
        self._transcriber.service.call("PUT", f"{self._path}/chunks/{n}", object, body=chunk)

    def _woken(self, sent: int) -> Callable[[], bool]:
        return lambda: self._over.is_set() or len(self._visit.journal) > sent or self._complete(sent)

    def _patience(self) -> float | None:
        """Seconds until missing chunks are given up; None while the recording runs."""
        if self._visit.chunks is None:
            return None
        return max(0.0, self._visit.last_arrival + GRACE_SECONDS - time.monotonic())

    def _complete(self, sent: int) -> bool:
        """Whether nothing more is to be sent: the recording is over, and all of it is here or was waited for."""
        chunks, journal = self._visit.chunks, self._visit.journal
        if chunks is None or len(journal) > sent or self._over.is_set():
            return False
        return self._patience() == 0.0 or not any(n >= self._first for n in journal.missing(chunks))

    def _finish(self) -> None:
        chunks = self._visit.chunks or 0
        body = {"chunks": chunks}
        if last := self._visit.journal.samples(chunks - 1):
            body["samples"] = (chunks - 1) * CHUNK_SAMPLES + last
        _log.info("speech: visit %s: recording of %d chunks is complete", self._visit.id, chunks)
        self._transcriber.service.call("POST", f"{self._path}/finish", object, json=body)
