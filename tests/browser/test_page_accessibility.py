"""The page for everyone: axe, keyboard alone, touch sizes, both colour schemes."""

from __future__ import annotations

import pytest
from page_barriers import barriers
from page_driver import LANDSCAPE, PORTRAIT, NewTablet, PageDriver
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT], ids=["landscape", "portrait"])
def test_axe_finds_nothing_and_targets_can_be_touched_in_every_state(
    new_tablet: NewTablet, size: tuple[int, int], scheme: str
) -> None:
    tablet = new_tablet(size=size, dark=scheme == "dark", touch=True)

    def check() -> None:
        assert barriers(tablet.page) == []

    tablet.find("template").locator("option").first.wait_for(state="attached")
    check()
    tablet.start_visit()
    tablet.wait_for_turns(1)
    check()
    tablet.pause()
    check()
    tablet.page.reload()
    tablet.find("continue").wait_for()
    check()
    tablet.finish()
    tablet.wait_for_note()
    check()
    tablet.find("delete-visit").click()
    check()
    tablet.find("delete-dialog").get_by_role("button", name="Keep").click()
    tablet.find("back").click()
    tablet.visits()
    check()


def test_a_visit_with_the_keyboard_alone(tablet: PageDriver) -> None:
    keyboard = tablet.page.keyboard

    def tab_to(test_id: str) -> None:
        for _ in range(40):
            if tablet.page.evaluate("document.activeElement?.dataset.testid") == test_id:
                return
            keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {test_id}")

    expect(tablet.find("start")).to_be_enabled()
    tab_to("start")
    keyboard.press("Enter")
    tablet.wait_for_turns(1)
    tab_to("pause")
    keyboard.press("Space")
    expect(tablet.find("recording-state")).to_have_text("Paused")
    keyboard.press("Alt+p")
    expect(tablet.find("recording-state")).to_have_text("Recording")
    keyboard.press("Alt+f")
    tablet.wait_for_note()
    tab_to("edit-section")
    keyboard.press("Enter")
    expect(tablet.find("section-text")).to_be_focused()
    keyboard.press("Control+a")
    keyboard.type("Typed by hand.")
    keyboard.press("Escape")
    expect(tablet.find("sentence").first).to_contain_text("Typed by hand.")
    tablet.wait_until_saved()
    keyboard.press("Alt+c")
    expect(tablet.find("copy-note")).to_contain_text("Copied")
    keyboard.press("Escape")
    tablet.page.reload()
    tablet.wait_for_note()
    tab_to("delete-visit")
    keyboard.press("Enter")
    expect(tablet.find("delete-dialog").get_by_role("button", name="Keep")).to_be_focused()
    keyboard.press("Escape")
    expect(tablet.find("delete-dialog")).to_have_count(0)
    expect(tablet.find("delete-visit")).to_be_focused()


def test_a_screen_reader_hears_final_turns_once_and_where_the_visit_stands(tablet: PageDriver) -> None:
    tablet.start_visit()
    tablet.wait_for_turns(1)
    log = tablet.page.get_by_role("log", name="Turns")
    expect(log).to_have_attribute("aria-live", "polite")
    expect(log.get_by_test_id("turn").first).to_be_visible()
    # Words that may still change are outside of every live region, and hidden from it.
    assert tablet.page.locator("[role=log] [data-testid=partial], [role=status] [data-testid=partial]").count() == 0
    tablet.finish()
    tablet.wait_for_note()
    expect(tablet.find("spoken")).to_have_text("The note is ready. It is a draft: please review it.")
