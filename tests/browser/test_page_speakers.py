"""Who spoke, and what else may have been said: changed with one tap, and back."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from review_driver import ReviewDriver

pytestmark = pytest.mark.browser


def speakers(review: ReviewDriver) -> list[str]:
    return [turn["speaker"] for turn in review.stored()["transcript"]["turns"]]


def test_mixed_up_speakers_are_swapped_with_one_tap(review: ReviewDriver) -> None:
    before = speakers(review)
    expect(review.turn(0)).to_contain_text("Clinician")
    review.find("swap-speakers").click()
    expect(review.turn(0)).to_contain_text("Patient")
    expect(review.turn(1)).to_contain_text("Clinician")
    review.wait_for_check()
    assert speakers(review) == [{"clinician": "patient", "patient": "clinician"}[speaker] for speaker in before]


def test_one_turn_gets_another_speaker(review: ReviewDriver) -> None:
    review.turn(9).get_by_test_id("turn-button").click()
    expect(review.find("speaker-patient")).to_have_attribute("aria-pressed", "true")
    review.find("speaker-clinician").click()
    expect(review.find("speaker-clinician")).to_have_attribute("aria-pressed", "true")
    expect(review.turn(9).locator(".speaker")).to_have_text("Clinician")
    review.find("speaker-unknown").click()
    expect(review.turn(9).locator(".speaker")).to_have_count(0)
    assert speakers(review)[8:] == ["clinician", "unknown"]


def test_a_proposed_drug_goes_back_and_forth_and_the_note_is_checked_with_it(review: ReviewDriver) -> None:
    proposal = review.turn(5).get_by_test_id("proposal")
    expect(proposal).to_have_text("metformin 500,")
    expect(review.sentence("metformin 500 mg")).to_have_attribute("data-state", "supported")
    proposal.click()
    expect(proposal).to_have_text("met 4,500,")
    expect(review.sentence("metformin 500 mg")).to_have_attribute("data-state", "unsupported")
    proposal.click()
    expect(proposal).to_have_text("metformin 500,")
    expect(review.sentence("metformin 500 mg")).to_have_attribute("data-state", "supported")


def test_words_that_were_heard_with_doubt_are_underlined(review: ReviewDriver) -> None:
    doubtful = review.turn(9).locator(".doubtful")
    expect(doubtful).to_have_text("Okay,")
    expect(doubtful).to_have_css("text-decoration-style", "dotted")
    expect(review.page.locator(".legend")).to_be_visible()


def test_a_rejected_drug_is_still_marked_as_one(review: ReviewDriver) -> None:
    proposal = review.turn(5).get_by_test_id("proposal")
    proposal.click()
    expect(proposal).to_have_css("border-bottom-style", "dashed")
