"""The review for everyone: with the keyboard alone from start to signature, and without barriers."""

from __future__ import annotations

import pytest
from page_barriers import barriers
from playwright.sync_api import expect
from review_driver import NewReview, ReviewDriver

pytestmark = pytest.mark.browser


def test_a_note_is_reviewed_and_signed_with_the_keyboard_alone(review: ReviewDriver) -> None:
    keyboard = review.page.keyboard
    review.expected_errors.add("409")

    def focus() -> str:
        at: str = review.page.evaluate("document.activeElement?.dataset.testid ?? ''")
        return at

    def tab_to(test_id: str) -> None:
        for _ in range(40):
            if focus() == test_id:
                return
            keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {test_id}")

    keyboard.press("Alt+k")
    expect(review.find("help-dialog")).to_contain_text("Next sentence that needs a look")
    keyboard.press("Escape")
    # Tab leads to the first sentence, the arrow keys from one to the next, and Enter shows what it rests on.
    tab_to("sentence")
    expect(review.sentence("Dry cough.")).to_be_focused()
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    assert review.marked() == [0, 1]
    keyboard.press("Alt+h")
    review.wait_for_sound()
    assert review.heard == [(0.0, 4.0)]
    keyboard.press("Escape")
    assert review.marked() == []
    # The wrong dose is found and mended.
    keyboard.press("Alt+n")
    expect(review.sentence("lisinopril 40 mg")).to_be_focused()
    outline = review.sentence("lisinopril 40 mg").evaluate("e => getComputedStyle(e).outlineStyle")
    assert outline == "solid"
    keyboard.press("Alt+e")
    expect(review.find("section-text")).to_be_focused()
    # The caret stands behind the sentence.
    for _ in "40 mg once daily.":
        keyboard.press("Backspace")
    keyboard.type("10 mg once daily.")
    keyboard.press("Escape")
    expect(review.sentence("lisinopril 10 mg")).to_have_attribute("data-state", "supported")
    review.wait_until_saved()
    # From a turn to where it went.
    tab_to("turn-button")
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    expect(review.find("where-it-went")).to_contain_text("2 sentences")
    # And to the signature, over the one doubt that is left.
    keyboard.press("Alt+s")
    expect(review.find("signer")).to_be_focused()
    keyboard.type("Dr. Ada Meyer")
    keyboard.press("Enter")
    review.find("block").wait_for()
    tab_to("override-reason")
    keyboard.type("Decided after the recording.")
    keyboard.press("Enter")
    expect(review.find("signature")).to_contain_text("Signed by Dr. Ada Meyer")
    assert review.stored()["state"] == "signed"


@pytest.mark.parametrize(
    "look", [{"size": (1024, 768)}, {"size": (768, 1024), "dark": True}], ids=["landscape", "portrait-dark"]
)
def test_no_barrier_is_found_in_any_state_of_the_review(new_review: NewReview, look: dict[str, object]) -> None:
    review = new_review(touch=True, **look)
    review.expected_errors.add("409")

    def check() -> None:
        assert barriers(review.page) == []

    review.sentence("lisinopril 40 mg").tap()
    check()
    review.find("edit-line").tap()
    review.omission("penicillin").get_by_test_id("dismiss-omission").tap()
    review.turn(1).locator(".words").tap()
    check()
    review.find("versions").tap()
    review.find("version").first.tap()
    review.find("version-text").get_by_role("heading").first.wait_for()
    check()
    review.page.keyboard.press("Escape")
    review.open_signing("Dr. Ada Meyer")
    review.find("confirm-sign").tap()
    review.find("block").first.wait_for()
    check()
    for reason in review.find("override-reason").all():
        reason.fill("Agreed.")
    review.find("confirm-sign").tap()
    review.find("signature").wait_for()
    check()
    review.find("add-addendum").tap()
    review.find("addendum-dialog").wait_for()
    check()


def test_a_screen_reader_hears_of_the_check_and_the_state_of_each_sentence(review: ReviewDriver) -> None:
    expect(review.find("check-state")).to_have_role("status")
    expect(review.sentence("Dry cough.")).to_have_accessible_name("Dry cough. Supported")
    expect(review.sentence("x-ray")).to_have_accessible_name("Order a chest x-ray. Not supported")
    expect(review.turn(1).get_by_test_id("turn-button")).to_have_accessible_name("Patient at 0:01: where it went")
