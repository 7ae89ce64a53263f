from __future__ import annotations

import functools
import threading

import pytest
from speech_material import Fingerprints

from appliance.speech.engine import SpeechEngine
from appliance.speech.rota import Pass
from appliance.speech.scheduler import Scheduler


class Queue:
    """A source with a number of final and quick passes to do; writes down what was done in what order."""

    def __init__(self, name: str, log: list[str], *, final: int = 0, quick: int = 0, broken: bool = False) -> None:
        self.name, self.log, self.final, self.quick, self.broken = name, log, final, quick, broken
        self.speaking = True
        self.failed = threading.Event()
        self.done = threading.Event()

    def final_pass(self) -> Pass | None:
        if not self.final:
            return None
        self.final -= 1
        return functools.partial(self._work, "final")

    def quick_pass(self, interval: float) -> Pass | None:
        assert interval >= 1.0
        if not self.quick:
            self.done.set()
            return None
        self.quick -= 1
        return functools.partial(self._work, "quick")

    def fail(self, error: Exception) -> None:
        assert isinstance(error, ValueError)
        self.failed.set()

    def _work(self, kind: str, engine: SpeechEngine) -> None:
        assert engine.name == "fingerprints"
        if self.broken:
            raise ValueError("broken")
        self.log.append(f"{self.name} {kind}")


@pytest.fixture
def scheduler() -> Scheduler:
    return Scheduler(Fingerprints())


def run(scheduler: Scheduler, *sources: Queue) -> None:
    with scheduler._rota._lock:  # the worker sees all of them at once
        scheduler._rota._sources.extend(sources)
    scheduler.wake()
    for source in sources:
        assert (source.failed if source.broken else source.done).wait(30)
    scheduler.stop()


def test_sources_take_turns_and_final_passes_come_first(scheduler: Scheduler) -> None:
    log: list[str] = []
    run(scheduler, Queue("a", log, final=3, quick=1), Queue("b", log, final=2, quick=2), Queue("c", log, quick=1))
    assert log[:5] == ["a final", "b final", "a final", "b final", "a final"]
    assert sorted(log[5:]) == ["a quick", "b quick", "b quick", "c quick"]
    assert log[-1] == "b quick"


def test_a_source_that_fails_does_not_stop_the_others(scheduler: Scheduler) -> None:
    log: list[str] = []
    broken = Queue("broken", log, final=5, broken=True)
    run(scheduler, broken, Queue("sound", log, final=3, quick=2))
    assert log == ["sound final"] * 3 + ["sound quick"] * 2
    assert broken.final == 4


def test_the_interval_grows_with_cost_and_sources(scheduler: Scheduler) -> None:
    assert scheduler.interval == 1.0
    scheduler._rota._quick_cost = 0.75
    for number in range(5):
        source = Queue("idle", [])
        source.speaking = number > 0
        scheduler.add(source)
    assert scheduler.interval == pytest.approx(7.5)
    scheduler.stop()


def test_a_removed_source_is_left_alone(scheduler: Scheduler) -> None:
    source = Queue("gone", [])
    scheduler.add(source)
    assert source.done.wait(30)
    scheduler.remove(source)
    source.quick = 1
    last = Queue("last", [])
    scheduler.add(last)
    assert last.done.wait(30)
    scheduler.stop()
    assert source.log == []
