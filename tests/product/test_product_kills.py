"""`kill -9` of each service in the middle of a visit: nothing said is lost, nothing comes twice."""

from __future__ import annotations

import contextlib
import os
import time
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from chartside_process import Chartside, Microphone
from page_driver import PageDriver, chromium, new_context
from playwright.sync_api import Playwright
from sample_visits import sample_visits
from word_errors import word_errors

from appliance.proposals import Proposal, corrected
from appliance.runtime.bundle import Bundle
from appliance.transcript import Turn

pytestmark = pytest.mark.browser
SECONDS = 75.0


@pytest.mark.timeout(500)
def test_services_that_are_killed_come_back_and_the_visit_goes_on(
    chartside: Chartside, playwright: Playwright, microphone: Microphone
) -> None:
    visit = sample_visits()[1]
    wav, seconds = microphone(visit, SECONDS)
    with (
        chromium(playwright, wav, loop=False) as browser,
        contextlib.closing(new_context(browser, chartside.origin)) as context,
    ):
        tablet = PageDriver(context.new_page(), chartside.origin)
        tablet.expected_errors |= {"503", "502", "504", "Failed to load"}
        tablet.open()
        tablet.start_visit("aci")
        began = time.monotonic()
        tablet.wait_for_turns(2)
        chartside.kill("speech")
        tablet.wait_for_turns(len(tablet.turns()) + 1)
        chartside.kill("note")
        tablet.wait_for_turns(len(tablet.turns()) + 1)
        chartside.kill("kiosk")
        tablet.wait_for_turns(len(tablet.turns()) + 1)
        tablet.page.wait_for_timeout(max(0.0, seconds + 1.5 - (time.monotonic() - began)) * 1000)
        tablet.finish()
        sections = tablet.wait_for_note()
        shown = tablet.turns()
        encounter = chartside.encounter(tablet.visit)
        tablet.check()
    turns = encounter["transcript"]["turns"]
    said = " ".join(turn.text for turn in visit.turns if turn.end <= SECONDS)
    errors = word_errors(said, " ".join(turn["text"] for turn in turns))
    print(f"\nword error rate after three kills {errors.wer:.3f}; {errors.deletions} deletions, {errors.insertions} insertions")
    proposals = msgspec.convert(encounter["proposals"], list[Proposal])
    read = [corrected(msgspec.convert(turn, Turn), n, proposals).text for n, turn in enumerate(turns)]
    assert read == shown, "the page shows what is stored, with the drugs that were misheard"
    assert all(a["end"] <= b["start"] + 0.5 for a, b in pairwise(turns)), "no turn twice"
    assert encounter["transcript"]["gaps"] == []
    assert errors.wer < 0.25
    assert errors.insertions < 12, "words would come twice"
    assert all(sections.values())


@pytest.mark.timeout(300)
def test_the_note_service_killed_while_it_writes_writes_again(chartside: Chartside) -> None:
    """All turns again to a new process; the note is complete and there once."""
    from demo import read_chunks

    visit = sample_visits()[0]
    chunks = read_chunks(visit.audio)[:60]
    encounter = chartside.http.post("/api/encounters", json={"template": "soap"}).json()["id"]
    for number, chunk in enumerate(chunks):
        chartside.http.put(f"/api/encounters/{encounter}/audio/{number}", content=chunk).raise_for_status()
    chartside.http.post(f"/api/encounters/{encounter}/finish", json={"chunks": len(chunks)}).raise_for_status()
    deadline = time.monotonic() + 200
    killed = False
    while (state := chartside.encounter(encounter)["state"]) != "draft":
        assert time.monotonic() < deadline, state
        if state == "writing" and not killed:
            chartside.kill("note")
            killed = True
        time.sleep(0.02)
    note = chartside.encounter(encounter)
    assert note["note_version"] == 1
    assert [section["name"] for section in note["note"]["sections"]] == ["subjective", "objective", "assessment", "plan"]


@pytest.mark.timeout(300)
def test_nobody_is_left_behind(default_bundle: Bundle, tmp_path: Path) -> None:
    """SIGTERM stops all services; even a killed supervisor leaves none."""
    for end in ("stop", "kill"):
        data = tmp_path / end
        data.mkdir()
        chartside = Chartside(data, default_bundle)
        services = [chartside.service(name) for name in ("speech", "note", "kiosk")]
        assert None not in services
        if end == "stop":
            assert chartside.stop() == 0
        else:
            chartside.kill_supervisor()
        deadline = time.monotonic() + 30
        while any(alive(pid) for pid in services if pid):
            assert time.monotonic() < deadline, "a service is left behind"
            time.sleep(0.1)
        if end == "kill":
            chartside.stop()


def alive(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
