"""The kiosk with the note service's own check, which needs no model."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kiosk_client import Kiosk
from kiosk_serving import serving

from appliance.clinical_note import NOT_DISCUSSED, Note, Section, Stamp
from appliance.note.service import NoteService, create_app
from appliance.note.templates import template_named
from appliance.runtime.server import Server, listen_unix
from appliance.settings import Settings
from appliance.store.encounters import EncounterStore
from appliance.transcript import Turn

PLAN = "assessment_and_plan"
SAID = (
    Turn("Do you take any medications?", 0.0, 2.0, speaker="clinician"),
    Turn("I take metformin 500 milligrams twice a day.", 2.0, 5.0, speaker="patient"),
    Turn("I am allergic to penicillin.", 5.0, 7.0, speaker="patient"),
)


@pytest.fixture
def note_socket(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "note.sock"
    server = Server(create_app(NoteService(settings)), listen_unix(path), lambda: None)
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield path
    server.stop()
    thread.join()


@pytest.fixture
def reviewed(settings: Settings, shut_door: Path, note_socket: Path, tmp_path: Path) -> Iterator[tuple[Kiosk, str]]:
    store = EncounterStore.open(settings)
    encounter = store.create("aci", "").id
    for n, turn in enumerate(SAID):
        store.add_turn(encounter, turn, n + 1)
    sections = (Section(section.name, section.title, NOT_DISCUSSED) for section in template_named("aci").sections)
    store.add_note(
        encounter, Note("aci", tuple(sections), Stamp("b", "m", "none", "topics", "0" * 12, "0")), after=0, state="draft"
    )
    store.close()
    with serving(settings, shut_door, note_socket, tmp_path / "page") as kiosk:
        yield kiosk, encounter


def plan_states(checked: Any) -> list[str]:
    section = next(section for section in checked["check"]["sections"] if section["name"] == PLAN)
    return [sentence["state"] for sentence in section["sentences"]]


def test_a_dose_that_was_never_said_blocks_the_signing_until_it_is_corrected(reviewed: tuple[Kiosk, str]) -> None:
    kiosk, encounter = reviewed
    kiosk.edit(encounter, PLAN, "Continue metformin 1000 mg twice daily.")
    checked = kiosk.checked(encounter)
    assert plan_states(checked)[0] in {"contradicted", "unsupported"}
    assert any("penicillin" in omission["text"].lower() for omission in checked["check"]["omissions"])
    path = f"/api/encounters/{encounter}/sign"
    refused = kiosk.http.post(path, json={"version": 2, "signer": "Dr. A"})
    assert refused.status_code == 409
    assert [(block["section"], block["sentence"]) for block in refused.json()["blocks"]] == [(PLAN, 0)]
    kiosk.edit(encounter, PLAN, "Continue metformin 500 mg twice daily.")
    assert plan_states(kiosk.checked(encounter))[0] in {"supported", "inferred"}
    assert kiosk.http.post(path, json={"version": 3, "signer": "Dr. A"}).is_success
