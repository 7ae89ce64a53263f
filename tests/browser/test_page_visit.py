"""A whole visit, as a clinician does it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from page_box import Box
from page_driver import MICROPHONE_RATE, PORTRAIT, NewTablet, PageDriver, chromium, write_microphone
from playwright.sync_api import Playwright, expect

from appliance.audio import CHUNK_BYTES
from appliance.clinical_note import DRAFT_NOTICE

pytestmark = pytest.mark.browser


def test_a_visit_from_start_to_the_copied_note(tablet: PageDriver, box: Box) -> None:
    visit = tablet.start_visit()
    tablet.wait_for_turns(1)
    tablet.finish()
    sections = tablet.wait_for_note()
    assert list(sections) == ["subjective", "plan"]
    assert sections["plan"] == " | ".join(tablet.turns())
    tablet.edit("plan", "Rest and fluids.")
    assert tablet.copy_note() == (
        f"SUBJECTIVE\n{sections['subjective']}\n\nPLAN\nRest and fluids.\n\n{DRAFT_NOTICE}\n"
    )  # fmt: skip
    assert tablet.copy_note() == box.api("GET", f"/encounters/{visit}/note.txt").text
    assert tablet.copy_section("plan") == f"PLAN\nRest and fluids.\n\n{DRAFT_NOTICE}\n"
    stored = box.api("GET", f"/encounters/{visit}").json()
    assert [section["edited"] for section in stored["note"]["sections"]] == [False, True]


def test_the_audio_arrives_in_numbered_half_seconds(tablet: PageDriver) -> None:
    visit = tablet.start_visit()
    tablet.wait_for_turns(1)
    tablet.finish()
    tablet.wait_for_note()
    chunks = tablet.chunks[visit]
    assert sorted(chunks) == list(range(len(chunks)))
    *whole, last = (len(chunks[n]) for n in range(len(chunks)))
    assert set(whole) == {CHUNK_BYTES}
    assert 0 < last <= CHUNK_BYTES
    heard = np.frombuffer(b"".join(chunks[n] for n in sorted(chunks)), "<i2")
    assert np.abs(heard).max() > 3_000


def test_nothing_is_recorded_during_a_pause_and_the_short_chunk_is_kept(tablet: PageDriver, box: Box) -> None:
    visit = tablet.start_visit()
    tablet.wait_for_turns(1)
    tablet.pause()
    expect(tablet.find("recording-state")).to_have_text("Paused")
    paused_at = box.api("GET", f"/encounters/{visit}").json()["duration"]
    tablet.page.wait_for_timeout(1_500)
    assert box.api("GET", f"/encounters/{visit}").json()["duration"] == paused_at
    tablet.resume()
    tablet.wait_for_turns(2)
    tablet.finish()
    tablet.wait_for_note()
    assert {len(body) for n, body in tablet.chunks[visit].items() if n < len(tablet.chunks[visit]) - 1} == {CHUNK_BYTES}


def test_every_generated_note_says_what_it_is(tablet: PageDriver) -> None:
    tablet.start_visit()
    tablet.wait_for_turns(1)
    tablet.finish()
    tablet.wait_for_note()
    expect(tablet.find("draft-notice")).to_have_text(DRAFT_NOTICE)
    expect(tablet.find("model-caution")).to_contain_text("Expect errors and omissions")


def test_visits_are_listed_renamed_opened_and_deleted(new_tablet: NewTablet) -> None:
    tablet = new_tablet(size=PORTRAIT, touch=True)
    visit = tablet.start_visit()
    tablet.rename("Knee, left")
    tablet.wait_for_turns(1)
    tablet.finish()
    tablet.wait_for_note()
    tablet.find("back").click()
    assert tablet.visits() == ["Knee, left"]
    tablet.page.get_by_role("link", name="Knee, left").click()
    tablet.wait_for_note()
    tablet.find("back").click()
    tablet.delete_from_list(visit)
    expect(tablet.find("visit-row")).to_have_count(0)


def test_another_tablet_sees_the_deletion(new_tablet: NewTablet) -> None:
    first, second = new_tablet(), new_tablet()
    visit = first.start_visit()
    second.open(visit)
    second.find("elsewhere").wait_for()
    second.expected_errors.add("404")
    first.delete()
    second.find("deleted").wait_for()


def test_two_tablets_that_edit_one_note_must_choose(new_tablet: NewTablet) -> None:
    first, second = new_tablet(), new_tablet()
    visit = first.start_visit()
    first.wait_for_turns(1)
    first.finish()
    first.wait_for_note()
    second.open(visit)
    second.wait_for_note()
    second.page.context.set_offline(offline=True)
    second.type("plan", "From the second.")
    first.edit("plan", "From the first.")
    second.page.context.set_offline(offline=False)
    second.expected_errors.add("409")
    second.find("save-conflict").wait_for()
    second.find("load-stored").click()
    expect(second.section("plan").get_by_test_id("section-text")).to_have_value("From the first.")
    expect(second.find("save-conflict")).to_have_count(0)


def test_a_note_that_failed_is_written_again(tablet: PageDriver, box: Box) -> None:
    box.note.triggers.set("refuse")
    tablet.start_visit()
    tablet.wait_for_turns(1)
    tablet.finish()
    expect(tablet.find("note-failed")).to_contain_text("The model is broken. Mend it.")
    (box.note.triggers.directory / "refuse").unlink()
    tablet.find("write-again").click()
    assert tablet.wait_for_note()


def test_silence_is_noticed(new_tablet: NewTablet, playwright: Playwright, tmp_path: Path) -> None:
    silence = write_microphone(tmp_path / "silence.wav", np.zeros(MICROPHONE_RATE, np.int16))
    with chromium(playwright, silence) as browser:
        tablet = new_tablet(browser)
        tablet.start_visit()
        expect(tablet.find("no-sound")).to_contain_text("No sound")
        tablet.delete()


def test_a_refused_microphone_starts_no_visit(
    new_tablet: NewTablet, playwright: Playwright, microphone: Path, box: Box
) -> None:
    with chromium(playwright, microphone, grant=False) as browser:
        tablet = new_tablet(browser)
        tablet.find("start").click()
        expect(tablet.find("start-trouble")).to_contain_text("The microphone is blocked.")
        assert box.api("GET", "/encounters").json() == []
