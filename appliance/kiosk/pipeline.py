"""The workers of one visit."""

from __future__ import annotations

import threading
from typing import Final

from appliance.kiosk.checker import Checker
from appliance.kiosk.shared import LIVE_STATES
from appliance.kiosk.transcriber import Transcriber
from appliance.kiosk.visit import Visit
from appliance.kiosk.worker import Worker
from appliance.kiosk.writer import Writer
from appliance.runtime.client import ServiceClient

_STOP_SECONDS: Final = 5.0


class Pipeline:
    """Takes a visit from where it stands to its note, and has the note checked until the visit is closed.

    Args:
        visit: The visit.
        speech: The speech service.
        note: The note service.
    """

    def __init__(self, visit: Visit, speech: ServiceClient, note: ServiceClient) -> None:
        self._visit = visit
        self._speech = speech
        self._note = note
        self._workers: list[Worker] = []
        self._changing = threading.Lock()
        self._watched = False
        self._checker = Checker(visit, note)
        self._checker.start()

    def start(self) -> None:
        """Begin, or begin again when something is to be written again; does nothing if there is nothing to do."""
        with self._changing:
            self._start()

    def stop(self) -> None:
        """Stop the workers and give their sessions back."""
        with self._changing:
            self._stop()

    def lend(self) -> None:
        """Stop the workers, and let a tablet do their work until its lease is over; then begin again.

        Raises:
            ConflictError: Nothing is left to do.
            NotFoundError: The visit was deleted.
        """
        with self._changing:
            self._visit.lending.lend()
            for worker in self._workers:
                worker.stop()
            if not self._watched:
                self._watched = True
                threading.Thread(target=self._watch, name=f"lease-{self._visit.id[:8]}", daemon=True).start()

    def _start(self) -> None:
        # The last workers may be about to end: whether they saw the new state is not worth knowing.
        self._stop()
        if self._visit.closed or self._visit.lending.lent or self._visit.state not in LIVE_STATES:
            return
        self._workers = [Transcriber(self._visit, self._speech), Writer(self._visit, self._note)]
        for worker in self._workers:
            worker.start()

    def _stop(self) -> None:
        for worker in self._workers:
            worker.stop()
        for worker in self._workers:
            worker.join(_STOP_SECONDS)

    def _watch(self) -> None:
        """Begin again once no tablet has the visit."""
        while self._watched:
            self._visit.lending.wait()
            with self._changing:
                # It may have been lent again just now.
                if not self._visit.lending.lent:
                    self._watched = False
                    self._visit.lending.take_back()
                    self._start()

    def join(self) -> None:
        """Wait until nothing works on the visit any more; it must be stopped and closed."""
        self._checker.join(_STOP_SECONDS)

    @property
    def alive(self) -> bool:
        """Whether a worker is busy."""
        return any(worker.alive for worker in self._workers)
