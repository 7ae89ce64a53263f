"""Whose pass is next: one model, many sources of audio, served in a way that is fair to all of them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from appliance.speech.engine import SpeechEngine

_log = logging.getLogger(__name__)

Pass = Callable[[SpeechEngine], None]
"""One run of the engine for one source; it stores its own result."""

_SHORTEST_INTERVAL: Final = 1.0
_SHARE: Final = 0.4  # of the time that quick passes may take
_FORGET: Final = 0.7


class Source(Protocol):
    """Something that wants audio transcribed. Called by who serves only, one call at a time."""

    @property
    def speaking(self) -> bool:
        """Quick passes are wanted now or soon."""

    def final_pass(self) -> Pass | None:
        """The next pass whose result is final, if one is due. These come before all others."""

    def quick_pass(self, interval: float) -> Pass | None:
        """The next pass that can wait, if there are at least `interval` seconds of new audio for it."""

    def fail(self, error: Exception) -> None:
        """A pass of this source failed; it gets no more."""


class Rota:
    """Runs the passes of all sources on one engine, one after the other.

    Sources take turns. Quick passes get about two fifths of the time at most: their interval stretches with their cost and
    with the number of sources that speak, so that final passes keep up under load. Sources may be added and removed by any
    thread; one thread serves.

    Args:
        engine: The engine.
    """

    def __init__(self, engine: SpeechEngine) -> None:
        self._engine = engine
        self._sources: list[Source] = []
        self._lock = threading.Lock()
        self._quick_cost = 0.0

    def add(self, source: Source) -> None:
        """Serve a source from now on."""
        with self._lock:
            self._sources.append(source)

    def remove(self, source: Source) -> None:
        """Serve a source no longer; a pass that is under way ends first, its result goes nowhere."""
        with self._lock:
            if source in self._sources:
                self._sources.remove(source)

    @property
    def interval(self) -> float:
        """Seconds of new audio that a quick pass needs now."""
        speaking = sum(source.speaking for source in self._now())
        return max(_SHORTEST_INTERVAL, self._quick_cost * speaking / _SHARE)

    def serve_one(self) -> bool:
        """Run the pass that is due; returns whether there was one."""
        sources = self._now()
        return any(self._serve(source, final=True) for source in sources) or any(
            self._serve(source, final=False) for source in sources
        )

    def _now(self) -> list[Source]:
        with self._lock:
            return list(self._sources)

    def _serve(self, source: Source, *, final: bool) -> bool:
        try:
            work = source.final_pass() if final else source.quick_pass(self.interval)
            if work is None:
                return False
            began = time.perf_counter()
            work(self._engine)
            if not final:
                cost = time.perf_counter() - began
                self._quick_cost = cost if not self._quick_cost else _FORGET * self._quick_cost + (1 - _FORGET) * cost
        except Exception as error:  # noqa: BLE001
            # Whatever breaks in one session must not take the other rooms down.
            _log.error("a pass failed: %s", type(error).__name__)
            _log.debug("traceback", exc_info=error)
            self.remove(source)
            source.fail(error)
            return True
        self._move_to_the_end(source)
        return True

    def _move_to_the_end(self, source: Source) -> None:
        with self._lock:
            if source in self._sources:
                self._sources.remove(source)
                self._sources.append(source)
