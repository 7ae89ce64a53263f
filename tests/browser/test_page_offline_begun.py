"""Visits that the box began to hear go on after a reload without it: a real kiosk that is switched off, a real Chromium."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from offline_box import OfflineBox
from offline_tablet import FOUND, assert_nothing_is_left, copy_page, keeping_tablet, script_page, stored, wait_for
from page_driver import PageDriver
from playwright.sync_api import Browser, expect
from scripted_engines import REPORT
from whole_visit import assert_complete

pytestmark = pytest.mark.browser


@pytest.fixture
def box(tmp_path: Path) -> Iterator[OfflineBox]:
    page = copy_page(tmp_path)
    script_page(page)
    with tempfile.TemporaryDirectory() as directory, contextlib.closing(OfflineBox(Path(directory), page)) as box:
        yield box


@pytest.fixture
def tablet(box: OfflineBox, browser: Browser) -> Iterator[PageDriver]:
    with keeping_tablet(browser, box) as tablet:
        tablet.page.on("dialog", lambda dialog: dialog.accept())
        yield tablet


@pytest.fixture
def able(tablet: PageDriver) -> PageDriver:
    """A tablet that was measured and can hear and write."""
    tablet.page.context.add_init_script(REPORT)
    tablet.page.reload()
    tablet.find("start").wait_for()
    return tablet


def lose_the_box(tablet: PageDriver, box: OfflineBox, turns: int) -> list[str]:
    """Switch the box off once it has heard some turns, and load the page again; the turns that are shown then."""
    tablet.wait_for_turns(turns)
    heard = tablet.turns()
    wait_for(lambda: len(stored(tablet.page, "chartside/seen")) == 1, tablet.page)
    box.switch_off()
    tablet.page.reload()
    tablet.find("unsent").wait_for()
    shown = tablet.wait_for_turns(turns)
    assert shown[: len(heard)] == heard
    return shown


def finish_whole(tablet: PageDriver, box: OfflineBox, visit: str) -> None:
    """End a visit that the box has again: nothing of it is missing there, and nothing of it is left here."""
    tablet.finish()
    tablet.wait_for_note()
    assert_complete(tablet, box, visit)
    assert_nothing_is_left(tablet)


def test_a_visit_of_the_box_goes_on_without_it_after_a_reload(able: PageDriver, box: OfflineBox) -> None:
    visit = able.start_visit()
    shown = lose_the_box(able, box, 2)
    assert "heard" not in "".join(text for texts in able.page.evaluate(FOUND).values() for text in texts)
    able.continue_recording()
    turns = able.wait_for_turns(len(shown) + 2)
    assert turns[: len(shown)] == shown
    able.finish()
    assert able.wait_for_note()["plan"] == " | ".join(able.turns())
    expect(able.find("check-state")).to_have_attribute("data-state", "checked")
    able.edit("plan", "Rest for a week.")
    box.switch_on()
    expect(able.find("unsent")).to_have_count(0)
    expect(able.find("sign")).to_be_visible()
    assert_complete(able, box, visit, plan="Rest for a week.")
    # A quick box may have written a note before the tablet brought its own; what the clinician wrote is above all.
    authors = [version["author"] for version in box.api("GET", f"/encounters/{visit}/note/versions").json()]
    assert authors[-1] == "clinician"
    assert set(authors[:-1]) == {"model"}
    assert_nothing_is_left(able)


def test_a_visit_is_finished_without_the_box_after_a_reload(able: PageDriver, box: OfflineBox) -> None:
    visit = able.start_visit()
    lose_the_box(able, box, 2)
    able.finish()
    able.wait_for_note()
    box.switch_on()
    expect(able.find("unsent")).to_have_count(0)
    assert_complete(able, box, visit)
    assert_nothing_is_left(able)


def test_without_engines_the_box_hears_the_rest_when_it_is_back(tablet: PageDriver, box: OfflineBox) -> None:
    visit = tablet.start_visit()
    shown = lose_the_box(tablet, box, 2)
    # It is in the list, as the box's own list cannot be had.
    tablet.open()
    tablet.page.reload()
    row = tablet.page.locator(f"[data-testid=visit-row][data-id='{visit}']")
    expect(row.get_by_test_id("unsent")).to_have_text("On this tablet, not yet on the box")
    tablet.open(visit)
    tablet.continue_recording()
    tablet.page.wait_for_timeout(3_000)
    assert tablet.turns() == shown
    box.switch_on()
    expect(tablet.find("unsent")).to_have_count(0)
    tablet.wait_for_turns(len(shown) + 1)
    finish_whole(tablet, box, visit)


def test_a_box_that_is_back_before_anything_was_heard_here_goes_on_itself(able: PageDriver, box: OfflineBox) -> None:
    visit = able.start_visit()
    shown = lose_the_box(able, box, 2)
    box.switch_on()
    expect(able.find("unsent")).to_have_count(0)
    able.continue_recording()
    able.wait_for_turns(len(shown) + 2)
    finish_whole(able, box, visit)


def test_a_visit_that_is_loaded_again_and_again_loses_nothing(able: PageDriver, box: OfflineBox) -> None:
    visit = able.start_visit()
    shown = lose_the_box(able, box, 1)
    able.continue_recording()
    able.wait_for_turns(len(shown) + 1)
    able.page.reload()
    able.continue_recording()
    able.wait_for_turns(len(shown) + 2)
    box.switch_on()
    expect(able.find("unsent")).to_have_count(0)
    # The box has it again, and goes once more.
    shown = lose_the_box(able, box, len(shown) + 3)
    able.finish()
    able.wait_for_note()
    box.switch_on()
    expect(able.find("unsent")).to_have_count(0)
    assert_complete(able, box, visit)
    assert_nothing_is_left(able)
