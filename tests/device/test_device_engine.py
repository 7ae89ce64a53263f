from __future__ import annotations

from typing import Any

import pytest
from box_bridge import BoxBlock, BoxBridge

from appliance.device.engine import PageEngine
from appliance.errors import ChartsideError


class SaidError(Exception):
    """As Pyodide shows an error of the browser's side: its members are those of the JavaScript object."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class FailingBridge(BoxBridge):
    """Holds memories, and fails whenever the graph is to run."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def allocate(self, rows: int, capacity: int) -> int:
        return rows * capacity

    def release(self, memory: int) -> None:
        pass

    def run(self, *_call: Any, **_named: Any) -> BoxBlock:
        raise self.error


def prefill(error: Exception) -> None:
    engine = PageEngine(FailingBridge(error), 64)
    engine.prefill(engine.empty_cache(8), [1, 2])


def test_what_the_browser_says_with_a_hint_reaches_people() -> None:
    with pytest.raises(ChartsideError) as raised:
        prefill(SaidError("The GPU is gone.", "Use the box."))
    assert (str(raised.value), raised.value.hint) == ("The GPU is gone.", "Use the box.")


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError):
        prefill(RuntimeError("Jane Doe"))
