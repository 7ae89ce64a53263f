"""Signing is a decision: what stands in the way is named, resolved or overridden with a reason."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from review_driver import NewReview, ReviewDriver
from review_peers import PLAN

pytestmark = pytest.mark.browser


def test_doubts_block_the_signing_until_they_are_resolved_or_overridden(review: ReviewDriver) -> None:
    review.expected_errors.add("409")
    review.open_signing("Dr. Ada Meyer")
    review.find("confirm-sign").click()
    blocks = review.find("block")
    expect(blocks).to_contain_text(["Start lisinopril 40 mg once daily.", "Order a chest x-ray."])
    expect(review.find("confirm-sign")).to_be_disabled()
    # The dose is wrong: the way leads to it, and it is mended.
    blocks.first.get_by_test_id("visit-block").click()
    expect(review.sentence("lisinopril 40 mg")).to_be_focused()
    expect(review.sentence("lisinopril 40 mg")).to_have_attribute("aria-expanded", "true")
    review.edit(PLAN, "Start lisinopril 10 mg once daily. Order a chest x-ray.")
    expect(review.sentence("lisinopril 10 mg")).to_have_attribute("data-state", "supported")
    # The x-ray is right although it was not said.
    review.find("sign").click()
    expect(review.find("signer")).to_have_value("Dr. Ada Meyer")
    review.find("confirm-sign").click()
    expect(blocks).to_have_count(1)
    blocks.get_by_test_id("override-reason").fill("Decided after the recording.")
    review.find("confirm-sign").click()
    expect(review.find("signature")).to_contain_text("Signed by Dr. Ada Meyer")
    expect(review.find("override")).to_contain_text("“Order a chest x-ray.” Signed because: Decided after the recording.")
    signature = review.stored()["signature"]
    assert signature["signer"] == "Dr. Ada Meyer"
    assert [(o["kind"], o["reason"]) for o in signature["overrides"]] == [("unsupported", "Decided after the recording.")]


def signed(review: ReviewDriver) -> None:
    review.edit(PLAN, "Start lisinopril 10 mg once daily.")
    expect(review.sentence("lisinopril 10 mg")).to_have_attribute("data-state", "supported")
    review.open_signing("Dr. Ada Meyer")
    review.find("confirm-sign").click()
    review.wait_for_state("signed")


def test_a_signed_note_is_read_only_and_copied_as_it_was_signed(review: ReviewDriver) -> None:
    signed(review)
    for gone in ("edit-section", "write-section-again", "write-all-again", "insert-omission", "swap-speakers", "save-state"):
        expect(review.find(gone)).to_have_count(0)
    # What it rests on can still be looked at.
    review.sentence("lisinopril 10 mg").click()
    assert review.marked() == [7]
    assert "reviewed and signed by Dr. Ada Meyer" in review.copy_note()
    assert "reviewed and signed by Dr. Ada Meyer" in review.copy_section(PLAN)
    review.page.reload()
    expect(review.find("signature")).to_contain_text("Dr. Ada Meyer")


def test_an_addendum_is_added_to_a_signed_note(review: ReviewDriver) -> None:
    signed(review)
    review.find("add-addendum").click()
    expect(review.find("addendum-signer")).to_have_value("Dr. Ada Meyer")
    expect(review.find("confirm-addendum")).to_be_disabled()
    review.find("addendum-text").fill("The patient called: the cough is gone.")
    review.find("addendum-signer").fill("Dr. Ben Ito")
    review.find("confirm-addendum").click()
    expect(review.find("addendum-dialog")).to_have_count(0)
    expect(review.find("addendum")).to_contain_text("The patient called: the cough is gone.")
    expect(review.find("addendum")).to_contain_text("Dr. Ben Ito")
    text = review.box.api("GET", f"/encounters/{review.visit}/note.txt").text
    assert "the cough is gone" in text
    assert review.copy_note() == text


def test_a_note_that_is_not_checked_yet_needs_a_reason_or_patience(review: ReviewDriver) -> None:
    review.expected_errors.add("409")
    with review.box.note.triggers.holding("slow"):
        review.edit(PLAN, "Start lisinopril 10 mg once daily.")
        review.open_signing("Dr. Ada Meyer")
        review.find("confirm-sign").click()
        expect(review.find("block")).to_have_attribute("data-kind", "check_pending")
        expect(review.find("confirm-sign")).to_be_disabled()
    # Once it has come, nothing stands in the way.
    expect(review.find("block")).to_have_count(0)
    review.find("confirm-sign").click()
    review.wait_for_state("signed")


def test_a_note_that_somebody_else_changed_is_not_signed_unseen(review: ReviewDriver) -> None:
    review.expected_errors.add("409")
    review.open_signing("Dr. Ada Meyer")
    sections = [{"name": PLAN, "text": "Start lisinopril 10 mg once daily."}]
    review.box.api("PUT", f"/encounters/{review.visit}/note", json={"version": 1, "sections": sections})
    expect(review.sentence("lisinopril 10 mg")).to_have_attribute("data-state", "supported")
    review.find("confirm-sign").click()
    expect(review.find("block")).to_have_attribute("data-kind", "version")
    expect(review.find("confirm-sign")).to_be_disabled()
    review.find("visit-block").click()
    review.find("sign").click()
    review.find("confirm-sign").click()
    review.wait_for_state("signed")
    assert review.stored()["signature"]["version"] == 2


def test_another_tablet_sees_the_signature(review: ReviewDriver, new_review: NewReview) -> None:
    other = new_review()
    other.open(review.visit)
    other.find("sign").wait_for()
    signed(review)
    expect(other.find("signature")).to_contain_text("Dr. Ada Meyer")
    expect(other.find("edit-section")).to_have_count(0)
