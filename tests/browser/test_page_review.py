"""The note beside what was said: evidence seen and heard, doubts, edits and what was left out."""

from __future__ import annotations

import pytest
from page_driver import PORTRAIT
from playwright.sync_api import expect
from review_driver import NewReview, ReviewDriver
from review_peers import PLAN

pytestmark = pytest.mark.browser

DOSE = "Start lisinopril 40 mg once daily."
XRAY = "Order a chest x-ray."


def test_each_sentence_says_how_it_stands_to_what_was_said(review: ReviewDriver) -> None:
    expect(review.sentence("dry cough for two weeks")).to_have_attribute("data-state", "supported")
    expect(review.sentence(DOSE)).to_contain_text("Contradicted")
    expect(review.sentence(XRAY)).to_contain_text("Not supported")
    # Doubts are words to see; that a sentence is supported is said to screen readers only.
    unseen = ".flag .visually-hidden"
    expect(review.sentence(DOSE).locator(unseen)).to_have_count(0)
    expect(review.sentence("dry cough for two weeks").locator(unseen)).to_have_text("Supported")
    expect(review.find("check-state")).to_contain_text("1 contradicted")
    expect(review.find("check-state")).to_contain_text("1 not supported")
    expect(review.find("check-state")).to_contain_text("3 left out")


@pytest.mark.parametrize("portrait", [False, True], ids=["landscape", "portrait"])
def test_a_tapped_sentence_shows_its_evidence_and_lets_it_be_heard(new_review: NewReview, *, portrait: bool) -> None:
    review = new_review(touch=True, **({"size": PORTRAIT} if portrait else {}))
    review.sentence(DOSE).tap()
    assert review.marked() == [7]
    expect(review.turn(7)).to_be_in_viewport()
    expect(review.find("line-card")).to_contain_text("Said: lisinopril 10 mg (at 0:13), written: 40 mg.")
    review.find("hear").tap()
    review.wait_for_sound()
    assert review.heard == [(13.5, 17.0)]
    expect(review.find("hear")).to_contain_text("Stop")
    # Played to its end, it stops there.
    expect(review.find("hear")).to_contain_text("Hear it")
    assert review.sound_at() == pytest.approx(3.5, abs=0.2)
    review.sentence(DOSE).tap()
    assert review.marked() == []


def test_turns_that_follow_each_other_are_heard_in_one_stretch_until_it_is_stopped(review: ReviewDriver) -> None:
    review.sentence("He has no fever.").click()
    assert review.marked() == [2, 3]
    review.find("hear").click()
    review.wait_for_sound()
    assert review.heard == [(4.5, 6.5)]
    review.find("hear").click()
    review.page.wait_for_function("() => document.querySelector('[data-testid=sound]').paused")


def test_evidence_that_was_said_in_two_places_is_heard_one_after_the_other(review: ReviewDriver) -> None:
    review.edit(PLAN, "Allergic to penicillin, and no fever.")
    sentence = review.sentence("penicillin, and no fever")
    expect(sentence).to_have_attribute("data-state", "supported")
    sentence.click()
    assert review.marked() == [2, 3, 6]
    review.find("hear").click()
    expect(review.find("hear")).to_contain_text("Stop")
    expect(review.find("hear")).to_contain_text("Hear it")
    assert review.heard == [(4.5, 6.5), (11.5, 13.0)]


def test_a_tapped_turn_shows_where_it_went(review: ReviewDriver) -> None:
    review.turn(1).locator(".words").click()
    expect(review.find("where-it-went")).to_have_text("2 sentences of the note rest on this.")
    expect(review.page.locator(".line.is-resting")).to_contain_text(["Dry cough.", "dry cough for two weeks"])
    review.find("hear").click()
    review.wait_for_sound()
    assert review.heard == [(1.5, 4.0)]
    review.turn(9).get_by_test_id("turn-button").click()
    expect(review.find("where-it-went")).to_have_text("Nothing in the note rests on this.")
    expect(review.page.locator(".line.is-resting")).to_have_count(0)


def test_audio_that_cannot_be_played_is_named(review: ReviewDriver) -> None:
    review.expected_errors.add("404")
    review.page.route("**/audio?*", lambda route: route.fulfill(status=404))
    review.sentence(DOSE).click()
    review.find("hear").click()
    expect(review.find("player-trouble")).to_have_text("This part of the recording cannot be played.")


def test_an_edit_is_saved_and_checked_again(review: ReviewDriver) -> None:
    review.sentence(DOSE).click()
    review.find("edit-line").click()
    expect(review.find("section-text")).to_be_focused()
    review.find("section-text").fill("Start lisinopril 10 mg once daily.")
    with review.box.note.triggers.holding("slow"):
        review.section(PLAN).get_by_test_id("edit-section").click()
        expect(review.find("check-state")).to_have_attribute("data-state", "pending")
        expect(review.sentence("lisinopril 10 mg")).to_have_attribute("data-state", "unchecked")
        # What was checked before stays as it was.
        expect(review.sentence("Dry cough.")).to_have_attribute("data-state", "supported")
    expect(review.sentence("lisinopril 10 mg")).to_have_attribute("data-state", "supported")
    expect(review.find("check-state")).not_to_contain_text("contradicted")
    assert review.stored()["note"]["sections"][-1]["text"] == "Start lisinopril 10 mg once daily."


def test_a_check_that_does_not_come_keeps_nobody_from_reviewing(review: ReviewDriver) -> None:
    review.page.clock.install()
    with review.box.note.triggers.holding("old"):
        review.edit(PLAN, XRAY)
        expect(review.find("check-state")).to_contain_text("Checking the note")
        review.sentence("two weeks").click()
        assert review.marked() == [0, 1]
        review.page.clock.fast_forward(10_000)
        expect(review.find("check-state")).to_contain_text("Not checked yet. You can go on.")
    review.wait_for_check()


def test_what_was_left_out_is_inserted_with_one_tap(review: ReviewDriver) -> None:
    omission = review.omission("Allergic to penicillin.")
    expect(omission).to_contain_text("Important")
    omission.get_by_role("button").first.click()
    assert review.marked() == [6]
    omission.get_by_test_id("insert-omission").click()
    expect(omission).to_have_count(0)
    review.wait_until_saved()
    expect(review.sentence("Allergic to penicillin.")).to_have_attribute("data-state", "supported")
    assert review.text_of("history_of_present_illness").endswith("500 mg twice daily. Allergic to penicillin.")
    assert "Allergic to penicillin." in str(review.stored()["note"])


def test_what_does_not_belong_in_the_note_is_dismissed_until_it_is_listed_again(review: ReviewDriver) -> None:
    omission = review.omission("Follow up in 3 months.")
    omission.get_by_test_id("dismiss-omission").click()
    omission.get_by_test_id("dismissal-reason").fill("In the letter.")
    omission.get_by_test_id("confirm-dismiss").click()
    expect(omission).to_have_count(0)
    review.edit(PLAN, XRAY)
    review.wait_for_check()
    review.page.reload()
    review.wait_for_check()
    expect(omission).to_have_count(0)
    review.find("all-omissions").click()
    expect(review.find("dismissed")).to_contain_text("Follow up in 3 months. Because: In the letter.")
    review.find("restore-omission").click()
    expect(omission).to_have_count(1)
    expect(review.find("dismissed")).to_have_count(0)


def test_next_leads_through_the_doubts_worst_first(review: ReviewDriver) -> None:
    review.edit(PLAN, f"{XRAY} {DOSE}")
    expect(review.sentence(DOSE)).to_have_attribute("data-state", "contradicted")
    for text in (DOSE, XRAY, DOSE):
        review.find("next-doubtful").click()
        expect(review.sentence(text)).to_have_attribute("aria-expanded", "true")
        expect(review.sentence(text)).to_be_focused()
