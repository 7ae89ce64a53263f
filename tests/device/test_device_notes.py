from __future__ import annotations

import gc
import json
from typing import Any

import pytest
from box_bridge import BoxBridge

from appliance.device.notes import Checker, Notes
from appliance.device.telling import problem
from appliance.errors import ChartsideError, InputError, NotFoundError
from appliance.note.model import LanguageModel
from appliance.note.strategies import strategy_of
from appliance.note.templates import template_named
from appliance.runtime.bundle import MANIFEST_FILE, Bundle
from appliance.transcript import Turn

TURNS = (
    Turn("Your TSH is 14.2, which is high. Let's raise the levothyroxine to 88 micrograms.", speaker="clinician"),
    Turn("Okay. I'm allergic to penicillin, I got a rash.", speaker="patient"),
    Turn("How is your sleep? And do you feel cold when other people are comfortable?", speaker="clinician"),
    Turn("I sleep nine hours, and I'm still tired. I wear a sweater in the house since about August.", speaker="patient"),
    Turn("Let's repeat the TSH in six weeks. Anything else that you wanted to talk about today?", speaker="clinician"),
    Turn("No, that's all.", speaker="patient"),
)


@pytest.fixture(scope="module")
def language_model(default_bundle: Bundle) -> LanguageModel:
    return LanguageModel(default_bundle.note_directory, threads=0, context=default_bundle.manifest.note.context)


@pytest.fixture(scope="module")
def bridge(language_model: LanguageModel) -> BoxBridge:
    return BoxBridge(language_model)


@pytest.fixture
def notes(bridge: BoxBridge, default_bundle: Bundle) -> Notes:
    return Notes(bridge, (default_bundle.directory / MANIFEST_FILE).read_text("utf-8"))


def write(notes: Notes) -> list[dict[str, Any]]:
    notes.open("aci")
    for number, turn in enumerate(TURNS):
        notes.put_turn(number, json.dumps({"text": turn.text, "speaker": turn.speaker}))
        while notes.step():
            pass
    notes.finish(len(TURNS))
    while notes.step():
        pass
    events: list[dict[str, Any]] = json.loads(notes.events())
    return events


def test_the_page_writes_the_note_of_the_box(notes: Notes, language_model: LanguageModel, default_bundle: Bundle) -> None:
    writer = strategy_of(language_model, default_bundle.manifest.note, grounded=True).writer(template_named("aci"))
    for turn in TURNS:
        writer.add(turn)
        for _ in writer.advance():
            pass
    for _ in writer.finish():
        pass
    (note,) = [event["data"] for event in write(notes) if event["name"] == "note"]
    assert [section["text"] for section in note["sections"]] == [section.text for section in writer.sections()]
    assert any("14.2" in section["text"] for section in note["sections"])
    assert note["stamp"]["bundle"] == default_bundle.label


def test_the_end_that_comes_while_a_turn_is_written_is_not_overlooked(notes: Notes) -> None:
    notes.open("aci")
    for number, turn in enumerate(TURNS):
        notes.put_turn(number, json.dumps({"text": turn.text, "speaker": turn.speaker}))
    assert notes.step()
    notes.finish(len(TURNS))
    # A page asks no more once it was told that there is nothing to do.
    while notes.step():
        pass
    assert "note" in [event["name"] for event in json.loads(notes.events())]


def test_memory_of_a_finished_note_is_given_back(notes: Notes, bridge: BoxBridge) -> None:
    gc.collect()
    before = len(bridge.memories)
    write(notes)
    gc.collect()
    assert len(bridge.memories) == before


def test_events_come_once(notes: Notes) -> None:
    assert [event["name"] for event in write(notes)].count("note") == 1
    assert json.loads(notes.events()) == []


def test_a_stopped_note_says_so(notes: Notes) -> None:
    notes.open("aci")
    notes.put_turn(0, '{"text": "Hello."}')
    notes.cancel()
    assert notes.step()
    assert [event["name"] for event in json.loads(notes.events())] == ["failed"]
    assert not notes.step()


def test_without_a_note_nothing_can_be_said(notes: Notes) -> None:
    with pytest.raises(NotFoundError):
        notes.put_turn(0, '{"text": "Hello."}')


def test_a_body_that_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError):
        Checker().check('{"template": "aci"}')


def test_an_unexpected_error_tells_no_text() -> None:
    told = json.loads(problem(ValueError("Jane Doe")))
    assert "Jane" not in told["detail"]
    assert told["hint"]
    assert json.loads(problem(ChartsideError("Known.", hint="Do.")))["detail"] == "Known."
