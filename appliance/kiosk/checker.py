"""Note and turns to the note service's check, its answer to the store."""

from __future__ import annotations

import logging
import threading
from typing import Final

from appliance.clinical_note import Check
from appliance.kiosk.visit import Visit
from appliance.runtime.client import ServiceClient

_log = logging.getLogger(__name__)
_SHORTEST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 5.0


class Checker:
    """Has the note checked whenever it, or what it is checked against, has changed; ends when the visit is closed.

    A note service that is away, or too old to check, is asked again: the note can be used meanwhile.

    Args:
        visit: The visit.
        service: The note service.
    """

    def __init__(self, visit: Visit, service: ServiceClient) -> None:
        self._visit = visit
        self._service = service
        self._thread = threading.Thread(target=self._run, name=f"check-{visit.id[:8]}", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def join(self, timeout: float) -> None:
        """Wait until the thread has ended, at most `timeout` seconds; the visit must be closed."""
        self._thread.join(timeout)

    def _run(self) -> None:
        pause = _SHORTEST_PAUSE
        while not self._visit.closed:
            try:
                self._visit.wait_for(self._has_work)
                self._check()
                pause = _SHORTEST_PAUSE
            except Exception as error:  # noqa: BLE001 whatever it is, the check is still wanted
                _log.warning("check: visit %s: %s", self._visit.id, type(error).__name__)
                self._visit.wait_for(lambda: self._visit.closed, pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _has_work(self) -> bool:
        return self._visit.closed or self._visit.review.wanted() is not None

    def _check(self) -> None:
        with self._visit.unchanged():
            number = self._visit.review.wanted()
            if number is None:
                return
            note, turns = self._visit.review.note(), self._visit.heard.corrected()
        body = {"template": note.template, "sections": note.sections, "turns": turns}
        self._visit.review.checked(number, self._service.call("POST", "/check", Check, json=body))
