"""A tablet is measured, and a visit goes from the box to it and back, twice: real engines on both sides, a real browser."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from faster_whisper import decode_audio
from page_driver import MICROPHONE_RATE, PageDriver, chromium, chromium_path, new_context, write_microphone
from playwright.sync_api import Playwright, Request, expect
from sample_visits import sample_visits
from word_errors import word_errors

from appliance.kiosk.page import PAGE_DIR
from appliance.runtime.bundle import Bundle

sys.path.append(str(Path(__file__).parents[1] / "product"))
from chartside_process import Chartside

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SECONDS: Final = 36.0
"""Of the sample visit; the microphone plays them again and again, for as long as the hand-overs take."""
PATIENCE_MS: Final = 300_000


@pytest.fixture(scope="module")
def chartside(default_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chartside]:
    if chromium_path() is None:
        pytest.skip("no Chromium is installed")
    if not (PAGE_DIR / "index.html").exists():
        pytest.skip("the page is not built: run `make page`")
    with Chartside(tmp_path_factory.mktemp("chartside"), default_bundle) as running:
        yield running


@pytest.mark.timeout(1500)
def test_a_visit_is_handed_over_twice_and_back(chartside: Chartside, playwright: Playwright, tmp_path: Path) -> None:
    sample = sample_visits()[0]
    audio = decode_audio(str(sample.audio), sampling_rate=MICROPHONE_RATE)[: int(SECONDS * MICROPHONE_RATE)]
    wav = write_microphone(tmp_path / "visit.wav", np.concatenate([audio * 32767, np.zeros(MICROPHONE_RATE)]).astype(np.int16))
    with (
        chromium(playwright, wav) as browser,
        contextlib.closing(new_context(browser, chartside.origin)) as context,
    ):
        page = context.new_page()
        tablet = PageDriver(page, chartside.origin)
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        heard = _Heard(tablet)
        tablet.open()
        print(f"\nmeasured: {_measure(tablet)}")
        visit = tablet.start_visit("soap")
        tablet.wait_for_turns(1)

        began = time.monotonic()
        _choose(tablet, "tablet")
        _wait_for_place(tablet, "tablet")
        ready = time.monotonic() - began
        heard.wait_for_one_more()
        _choose(tablet, "automatic")
        _wait_for_place(tablet, "box")
        tablet.wait_for_turns(len(tablet.turns()) + 1)

        with _kept_dead(chartside, "speech"):
            _wait_for_place(tablet, "tablet")
            heard.wait_for_one_more()
        _wait_for_place(tablet, "box")
        tablet.wait_for_turns(len(tablet.turns()) + 1)

        tablet.finish()
        sections = tablet.wait_for_note()
        tablet.check()
    encounter = chartside.encounter(visit)
    whole = _heard_whole(chartside, tablet.chunks[visit])
    turns = encounter["transcript"]["turns"]
    errors = word_errors(_text(whole), _text(encounter))
    print(
        f"\nhand-over: {heard.turns} of {len(turns)} turns on the tablet, which was ready after {ready:.0f} s;"
        f" {encounter['duration']:.0f} s recorded; against a whole visit on the box {errors.wer:.3f} of the words differ"
        f" ({errors.deletions} deletions, {errors.insertions} insertions)"
    )
    assert heard.turns >= 2, "the tablet heard something of its own both times"
    assert encounter["transcript"]["gaps"] == []
    assert all(a["end"] <= b["start"] + 0.5 for a, b in pairwise(turns)), "no turn twice"
    unknown = sum(turn["speaker"] == "unknown" for turn in turns)
    assert unknown <= len(turns) // 5, "voices are told apart wherever the visit is heard"
    assert errors.wer < 0.15
    assert abs(errors.deletions - errors.insertions) < 12, "words would be lost or come twice"
    assert all(sections.values())
    print("handover=ok")


def _measure(tablet: PageDriver) -> str:
    """Have the tablet measured; what it says of its processor."""
    tablet.find("place").click()
    tablet.find("measure").click()
    tablet.find("report").wait_for()
    row = tablet.find("report").locator("tr[data-step=wasm]")
    expect(row).to_have_attribute("data-usable", "true")
    words = row.inner_text()
    tablet.find("placement-dialog").get_by_role("button", name="Close").click()
    return words


class _Heard:
    """The turns that the tablet heard itself and sent to the box."""

    def __init__(self, tablet: PageDriver) -> None:
        self.turns = 0
        self._page = tablet.page
        tablet.page.on("requestfinished", self._count)

    def wait_for_one_more(self) -> None:
        before, deadline = self.turns, time.monotonic() + PATIENCE_MS / 1000
        while self.turns == before:
            assert time.monotonic() < deadline, "the tablet hears nothing"
            self._page.wait_for_timeout(200)

    def _count(self, request: Request) -> None:
        if request.url.endswith("/heard"):
            events = json.loads(request.post_data or "{}").get("events", [])
            self.turns += sum(event["name"] == "final" for event in events)


def _choose(tablet: PageDriver, wish: str) -> None:
    tablet.find("place").click()
    tablet.find(f"wish-{wish}").check()
    tablet.find("placement-dialog").get_by_role("button", name="Close").click()


def _wait_for_place(tablet: PageDriver, on: str) -> None:
    expect(tablet.find("place")).to_have_attribute("data-on", on)


@contextlib.contextmanager
def _kept_dead(chartside: Chartside, name: str) -> Iterator[None]:
    """A service is killed whenever it is there, for as long as the block lasts."""
    over = threading.Event()

    def kill() -> None:
        while not over.wait(0.2):
            if (process := chartside.service(name)) is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield
    finally:
        over.set()
        killer.join()


def _heard_whole(chartside: Chartside, chunks: dict[int, bytes]) -> dict[str, Any]:
    """The same recording, heard by the box from its start to its end."""
    encounter = chartside.http.post("/api/encounters", json={"template": "soap"}).json()["id"]
    for n, chunk in sorted(chunks.items()):
        chartside.http.put(f"/api/encounters/{encounter}/audio/{n}", content=chunk).raise_for_status()
    chartside.http.post(f"/api/encounters/{encounter}/finish", json={"chunks": len(chunks)}).raise_for_status()
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while (document := chartside.encounter(encounter))["state"] in {"recording", "transcribing"}:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return document


def _text(encounter: dict[str, Any]) -> str:
    return " ".join(turn["text"] for turn in encounter["transcript"]["turns"])
