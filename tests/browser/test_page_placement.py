"""A visit goes from the box to the tablet and back: a real browser, the real kiosk, and scripted engines on both sides."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from page_barriers import barriers
from page_box import Box
from page_driver import PORTRAIT, NewTablet, PageDriver, chromium
from playwright.sync_api import Browser, Playwright, expect
from scripted_engines import NOTE, script_engines, script_worker
from scripted_gpu import CLAIM_HALF
from whole_visit import assert_complete

pytestmark = pytest.mark.browser


@pytest.fixture
def able(new_tablet: NewTablet) -> PageDriver:
    """A tablet that was measured and can hear and write."""
    tablet = new_tablet()
    script_engines(tablet.page.context)
    tablet.page.reload()
    tablet.page.get_by_role("main").wait_for()
    return tablet


def choose(tablet: PageDriver, wish: str) -> None:
    """Ask for a place by hand."""
    tablet.find("place").click()
    tablet.find(f"wish-{wish}").check()
    tablet.find("placement-dialog").get_by_role("button", name="Close").click()


def wait_for_place(tablet: PageDriver, on: str) -> None:
    expect(tablet.find("place")).to_have_attribute("data-on", on)


def test_a_tablet_that_was_not_measured_leaves_visits_to_the_box(tablet: PageDriver, box: Box) -> None:
    choose(tablet, "tablet")
    tablet.find("place").click()
    expect(tablet.find("choice")).to_contain_text("On the box. This tablet was not measured yet.")
    tablet.find("placement-dialog").get_by_role("button", name="Close").click()
    visit = tablet.start_visit()
    tablet.wait_for_turns(2)
    wait_for_place(tablet, "box")
    tablet.finish()
    tablet.wait_for_note()
    assert_complete(tablet, box, visit)


def test_by_hand_to_the_tablet_and_back(able: PageDriver, box: Box) -> None:
    visit = able.start_visit()
    able.wait_for_turns(1)
    wait_for_place(able, "box")
    choose(able, "tablet")
    wait_for_place(able, "tablet")
    expect(able.find("place")).to_have_text("On this tablet")
    assert box.api("GET", f"/encounters/{visit}").json()["engine"] == "tablet"
    able.wait_for_turns(len(able.turns()) + 2)
    choose(able, "box")
    wait_for_place(able, "box")
    able.wait_for_turns(len(able.turns()) + 2)
    choose(able, "tablet")
    wait_for_place(able, "tablet")
    able.wait_for_turns(len(able.turns()) + 1)
    able.finish()
    able.wait_for_note()
    assert_complete(able, box, visit)
    assert box.api("GET", f"/encounters/{visit}").json()["note"]["stamp"]["model"] == "tablet"


def test_the_wish_is_remembered(able: PageDriver) -> None:
    choose(able, "tablet")
    able.page.reload()
    able.find("place").click()
    expect(able.find("wish-tablet")).to_be_checked()
    expect(able.find("choice")).to_contain_text("On this tablet. Chosen by hand.")


def test_a_box_without_its_speech_service_is_helped_until_that_is_back(able: PageDriver, box: Box) -> None:
    visit = able.start_visit()
    able.wait_for_turns(1)
    box.speech.freeze()
    try:
        wait_for_place(able, "tablet")
        able.wait_for_turns(len(able.turns()) + 2)
        able.find("place").click()
        expect(able.find("choice")).to_contain_text("The speech service of the box does not answer.")
        able.find("placement-dialog").get_by_role("button", name="Close").click()
    finally:
        box.speech.thaw()
    wait_for_place(able, "box")
    able.wait_for_turns(len(able.turns()) + 1)
    able.finish()
    able.wait_for_note()
    assert_complete(able, box, visit)


def test_a_box_that_is_lost_in_the_middle_gets_the_visit_back(able: PageDriver, box: Box) -> None:
    visit = able.start_visit()
    able.wait_for_turns(2)
    able.page.context.set_offline(offline=True)
    wait_for_place(able, "tablet")
    able.wait_for_turns(len(able.turns()) + 2)
    able.page.context.set_offline(offline=False)
    wait_for_place(able, "box")
    able.wait_for_turns(len(able.turns()) + 1)
    able.finish()
    able.wait_for_note()
    assert_complete(able, box, visit)


def test_a_page_that_is_reloaded_on_the_tablet_goes_on(able: PageDriver, box: Box) -> None:
    choose(able, "tablet")
    visit = able.start_visit()
    wait_for_place(able, "tablet")
    able.wait_for_turns(1)
    able.page.on("dialog", lambda dialog: dialog.accept())
    able.page.reload()
    able.continue_recording()
    wait_for_place(able, "tablet")
    able.wait_for_turns(len(able.turns()) + 2)
    able.finish()
    able.wait_for_note()
    assert_complete(able, box, visit)


def test_measuring_says_what_is_usable_and_why_not(new_tablet: NewTablet) -> None:
    tablet = new_tablet()
    script_engines(tablet.page.context, measured=False)
    tablet.page.reload()
    tablet.find("place").click()
    tablet.find("measure").click()
    rows = tablet.find("report").locator("tr")
    expect(rows).to_have_count(4)
    found = {row.get_attribute("data-step"): row.get_attribute("data-usable") for row in rows.all()}
    assert found == {"webgpu-f16": "false", "webgpu-f32": "false", "wasm": "true", "box": "true"}
    expect(rows.nth(0)).to_contain_text("This browser gives no GPU to pages.")
    expect(rows.nth(2)).to_contain_text("for a second of speech, reads 100 tokens a second, writes 2.0, 1 thread")
    tablet.page.reload()
    tablet.find("place").click()
    expect(rows).to_have_count(4)


@pytest.mark.parametrize(("claims", "refused"), [(False, ""), (True, "The GPU of this tablet computes wrong 16-bit numbers.")])
def test_16_bit_numbers_are_a_way_of_their_own(
    new_tablet: NewTablet,
    gpu_browser: Browser,
    claims: bool,  # noqa: FBT001
    refused: str,
) -> None:
    """A GPU without them is not asked; one that fell back to 32 bits was not measured in 16."""
    tablet = new_tablet(gpu_browser)
    context = tablet.page.context
    script_engines(context, measured=False)
    why = f"question.backend === 'webgpu-f16' ? {refused!r} : null"
    gpu = f"{{ adapter: 'scripted', software: false, half: false, refused: {why} }}"
    load = f"answers.load = (question) => ({{ ...loaded, gpu: {gpu} }})"
    script_worker(context, NOTE.replace("answers.load = () => loaded", load))
    if claims:
        context.add_init_script(CLAIM_HALF)
    tablet.page.reload()
    tablet.find("place").click()
    tablet.find("measure").click()
    rows = tablet.find("report").locator("tr")
    expect(rows).to_have_count(4)
    found = {row.get_attribute("data-step"): row.get_attribute("data-usable") for row in rows.all()}
    assert found == {"webgpu-f16": "false", "webgpu-f32": "true", "wasm": "true", "box": "true"}
    expect(rows.nth(0)).to_contain_text(refused or "This GPU does not compute with 16-bit numbers.")


def test_what_killed_the_page_is_not_tried_again_until_somebody_asks(
    new_tablet: NewTablet, playwright: Playwright, microphone: Path, box: Box
) -> None:
    with chromium(playwright, microphone) as browser:
        tablet = new_tablet(browser)
        script_engines(tablet.page.context)
        tablet.page.reload()
        choose(tablet, "tablet")
        visit = tablet.start_visit()
        wait_for_place(tablet, "tablet")
        with tablet.page.expect_event("crash"):
            processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
            for process in processes:
                if process["type"] == "renderer":
                    os.kill(process["id"], signal.SIGKILL)
        again = PageDriver(tablet.page.context.new_page(), box.origin)
        again.open(visit)
        again.find("place").click()
        expect(again.find("choice")).to_contain_text("On the box. The page died when this tablet did the work")
        again.find("wish-automatic").check()
        again.find("wish-tablet").check()
        expect(again.find("choice")).to_contain_text("On this tablet. Chosen by hand.")


def test_another_tablet_sees_where_the_visit_is_heard(able: PageDriver, new_tablet: NewTablet) -> None:
    visit = able.start_visit()
    choose(able, "tablet")
    wait_for_place(able, "tablet")
    other = new_tablet()
    other.open(visit)
    expect(other.find("place")).to_have_text("On a tablet")
    able.delete()


def test_the_dialog_has_no_barriers(new_tablet: NewTablet) -> None:
    for options in ({}, {"size": PORTRAIT, "touch": True}, {"dark": True}):
        tablet = new_tablet(**options)
        script_engines(tablet.page.context)
        tablet.page.reload()
        tablet.find("place").click()
        tablet.find("report").wait_for()
        assert barriers(tablet.page) == []
