"""A section written again, and older versions taken back."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from review_driver import ReviewDriver
from review_peers import CORRECTED, PLAN

pytestmark = pytest.mark.browser

HISTORY = "history_of_present_illness"


def test_one_section_is_written_again_while_another_is_edited(review: ReviewDriver) -> None:
    review.type(HISTORY, "Typed before")
    with review.box.note.triggers.holding("corrected"):
        with review.box.note.triggers.holding("writing"):
            review.section(PLAN).get_by_test_id("write-section-again").click()
            expect(review.find("section-rewriting")).to_contain_text("Writing Assessment and plan again")
            expect(review.section(PLAN).get_by_test_id("edit-section")).to_have_count(0)
            field = review.section(HISTORY).get_by_test_id("section-text")
            field.press_sequentially(" and while it is written.")
        expect(review.sentence(CORRECTED)).to_have_attribute("data-state", "supported")
    expect(field).to_have_value("Typed before and while it is written.")
    review.wait_until_saved()
    texts = {section["name"]: section["text"] for section in review.stored()["note"]["sections"]}
    assert texts[PLAN] == CORRECTED
    assert texts[HISTORY] == "Typed before and while it is written."


def test_the_whole_note_is_written_again(review: ReviewDriver) -> None:
    review.edit(HISTORY, "Typed by hand.")
    with review.box.note.triggers.holding("corrected"):
        review.find("write-all-again").click()
        expect(review.sentence(CORRECTED)).to_be_visible()
    expect(review.section(HISTORY)).to_contain_text("dry cough for two weeks")


def test_an_older_version_is_looked_at_and_taken_back(review: ReviewDriver) -> None:
    before = review.note_sections()
    review.edit(PLAN, "Rest and fluids.")
    review.find("versions").click()
    expect(review.find("version")).to_contain_text(["Edited by a clinician", "Written by the model"])
    expect(review.find("version").first).to_contain_text("Version 2, now")
    review.find("version").last.click()
    expect(review.find("version-text")).to_contain_text("Start lisinopril 40 mg once daily.")
    expect(review.find("version-text").locator(".source-mark")).to_have_count(1)
    review.find("take-back").click()
    expect(review.find("versions-dialog")).to_have_count(0)
    expect(review.sentence("Start lisinopril 40 mg once daily.")).to_be_visible()
    review.wait_until_saved()
    assert review.note_sections() == before
    assert review.stored()["note_version"] == 3
