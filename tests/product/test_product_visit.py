"""The main job: a visit spoken into the page becomes a transcript and a note. Real browser, real services, real models."""

from __future__ import annotations

import contextlib
import time

import pytest
from chartside_process import Chartside, Microphone
from page_driver import LANDSCAPE, PORTRAIT, PageDriver, chromium, new_context
from playwright.sync_api import Playwright
from sample_visits import SampleVisit, sample_visits
from word_errors import word_errors

from appliance.clinical_note import DRAFT_NOTICE

pytestmark = pytest.mark.browser
SECTIONS = [
    "chief_complaint",
    "history_of_present_illness",
    "review_of_systems",
    "physical_examination",
    "results",
    "assessment_and_plan",
]
VISITS = sample_visits()


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "visits", [VISITS[0::2], VISITS[1::2]], ids=lambda visits: " and ".join(visit.name for visit in visits)
)
def test_spoken_visits_become_transcripts_and_notes(
    chartside: Chartside, playwright: Playwright, microphone: Microphone, visits: list[SampleVisit]
) -> None:
    """Two exam rooms at once, each a browser of its own that hears another visit."""
    with contextlib.ExitStack() as rooms:
        tablets: list[tuple[SampleVisit, PageDriver]] = []
        longest = 0.0
        for visit, size in zip(visits, (LANDSCAPE, PORTRAIT), strict=True):
            wav, seconds = microphone(visit)
            browser = rooms.enter_context(chromium(playwright, wav, loop=False))
            context = rooms.enter_context(contextlib.closing(new_context(browser, chartside.origin, size=size)))
            tablet = PageDriver(context.new_page(), chartside.origin)
            tablet.open()
            tablet.start_visit("aci")
            longest = max(longest, seconds)
            tablets.append((visit, tablet))
        began = time.monotonic()
        for _, tablet in tablets:
            tablet.wait_for_turns(2)  # the transcript appears while the visit runs
        tablets[0][1].page.wait_for_timeout(max(0.0, longest + 1.5 - (time.monotonic() - began)) * 1000)
        for _, tablet in tablets:
            tablet.finish()
        for visit, tablet in tablets:
            check_visit(chartside, visit, tablet)


def check_visit(chartside: Chartside, visit: SampleVisit, tablet: PageDriver) -> None:
    sections = tablet.wait_for_note()
    errors = word_errors(visit.text, " ".join(tablet.turns()))
    encounter = chartside.encounter(tablet.visit)
    finish_to_note = encounter["note"]["timing"]["finish_to_note_seconds"]
    print(f"\n{visit.name}: word error rate {errors.wer:.3f}, {len(tablet.turns())} turns, note {finish_to_note:.1f} s")
    assert errors.wer < 0.25
    assert encounter["transcript"]["gaps"] == []
    assert list(sections) == SECTIONS
    assert all(sections.values())
    assert tablet.find("draft-notice").inner_text() == DRAFT_NOTICE

    tablet.edit("assessment_and_plan", "Continue metformin.")
    assert "ASSESSMENT AND PLAN\nContinue metformin." in tablet.copy_note()
    tablet.delete()
    assert chartside.http.get(f"/api/encounters/{encounter['id']}").status_code == 404
    tablet.check()
    assert encounter["transcript"]["turns"][0]["text"] not in chartside.log(), "no patient text in the log"
