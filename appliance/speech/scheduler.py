"""The worker that serves all sources of audio on the box."""

from __future__ import annotations

import threading

from appliance.runtime import notify
from appliance.speech.engine import SpeechEngine
from appliance.speech.rota import Rota, Source


class Scheduler:
    """Runs the passes of all sources in a thread of its own; see `Rota` for the order.

    Args:
        engine: The engine; used by the worker thread only.
    """

    def __init__(self, engine: SpeechEngine) -> None:
        self._rota = Rota(engine)
        self._changed = threading.Condition()
        self._dirty = False
        self._stopping = False
        self._worker = threading.Thread(target=self._run, name="recognizer", daemon=True)
        self._worker.start()

    def add(self, source: Source) -> None:
        """See `Rota.add`."""
        self._rota.add(source)
        self.wake()

    def remove(self, source: Source) -> None:
        """See `Rota.remove`."""
        self._rota.remove(source)

    def wake(self) -> None:
        """Look for work: a source has new audio. Never blocks for long."""
        with self._changed:
            self._dirty = True
            self._changed.notify_all()

    def stop(self) -> None:
        """End the worker after the pass under way."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._worker.join()

    @property
    def interval(self) -> float:
        """See `Rota.interval`."""
        return self._rota.interval

    def _run(self) -> None:
        alive = notify.SignOfLife()
        while True:
            alive()
            with self._changed:
                if self._stopping:
                    return
                self._dirty = False
            if self._rota.serve_one():
                continue
            with self._changed:
                self._changed.wait_for(lambda: self._dirty or self._stopping, alive.interval or None)
