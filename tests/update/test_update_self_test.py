from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from appliance.clinical_note import Note
from appliance.errors import UnavailableError
from appliance.runtime.client import ServiceClient
from appliance.transcript import Transcript, Turn
from appliance.update.self_test import once_ready, self_test


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the services would answer."""
    answers: dict[str, Any] = {"said": "Take the medicine before breakfast.", "note": "Takes medicine."}

    def transcribe(*_arguments: object) -> Transcript:
        return Transcript(turns=(Turn(speaker="patient", text=answers["said"], start=0.0, end=2.0),))

    def write_note(*_arguments: object) -> Any:
        sentences = (answers["note"],) if answers["note"] else ()
        return type("Written", (), {"sections": (type("Part", (), {"sentences": sentences}),)})

    monkeypatch.setattr("appliance.update.self_test.transcribe", transcribe)
    monkeypatch.setattr("appliance.update.self_test.write_note", write_note)
    return answers


def run_self_test() -> Note:
    speech, note = (ServiceClient(Path("/nowhere"), name) for name in ("speech", "note"))
    try:
        return self_test(speech, note, b"clip", ("medicine", "breakfast"))
    finally:
        speech.close()
        note.close()


@pytest.mark.usefixtures("services")
def test_a_clip_that_becomes_a_note_passes() -> None:
    assert run_self_test().sections


def test_a_word_that_is_not_heard_fails(services: dict[str, Any]) -> None:
    services["said"] = "Take the medicine."
    with pytest.raises(UnavailableError, match="breakfast not heard"):
        run_self_test()


def test_an_empty_note_fails(services: dict[str, Any]) -> None:
    services["note"] = ""
    with pytest.raises(UnavailableError, match="note is empty"):
        run_self_test()


def test_services_that_load_are_waited_for_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("appliance.update.self_test.time.monotonic", lambda: now[0])
    monkeypatch.setattr("appliance.update.self_test.time.sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))

    def loaded_after(seconds: float) -> str:
        if now[0] < seconds:
            raise UnavailableError("The model is loading.")
        return "ok"

    assert once_ready(lambda: loaded_after(20), deadline=60) == "ok"
    with pytest.raises(UnavailableError):
        once_ready(lambda: loaded_after(200), deadline=60)
