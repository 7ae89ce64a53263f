from __future__ import annotations

from kiosk_client import Kiosk, expected_texts, texts

from appliance.clinical_note import DRAFT_NOTICE, NOT_DISCUSSED


def test_a_visit_becomes_a_draft_note(kiosk: Kiosk) -> None:
    encounter = kiosk.record(10)
    document = kiosk.get(encounter)
    assert texts(document) == expected_texts(10)
    assert document["duration"] == 5.0
    assert document["received_through"] == 9
    assert document["missing"] == []
    assert document["note_version"] == 1
    assert document["note"]["notice"] == DRAFT_NOTICE
    assert document["note"]["sections"][0]["text"] == " | ".join(expected_texts(10))


def test_an_empty_recording_becomes_a_note_that_says_so(kiosk: Kiosk) -> None:
    document = kiosk.get(kiosk.record(0))
    assert document["transcript"]["turns"] == []
    assert {section["text"] for section in document["note"]["sections"]} == {NOT_DISCUSSED}
