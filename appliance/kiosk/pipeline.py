"""The workers of one visit."""

from __future__ import annotations

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
        self._checker = Checker(visit, note)
        self._checker.start()

    def start(self) -> None:
        """Begin, or begin again when something is to be written again; does nothing if there is nothing to do."""
        # The last workers may be about to end: whether they saw the new state is not worth knowing.
        self.stop()
        if self._visit.state not in LIVE_STATES:
            return
        self._workers = [Transcriber(self._visit, self._speech), Writer(self._visit, self._note)]
        for worker in self._workers:
            worker.start()

    def stop(self) -> None:
        """Stop the workers and give their sessions back."""
        for worker in self._workers:
            worker.stop()
        for worker in self._workers:
            worker.join(_STOP_SECONDS)

    def join(self) -> None:
        """Wait until nothing works on the visit any more; it must be stopped and closed."""
        self._checker.join(_STOP_SECONDS)

    @property
    def alive(self) -> bool:
        """Whether a worker is busy."""
        return any(worker.alive for worker in self._workers)
