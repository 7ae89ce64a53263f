"""`POST /check` over the real socket, without any model."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.clinical_note import Check
from appliance.errors import InputError, UnknownTemplateError
from appliance.note.service import NoteService, create_app
from appliance.runtime.client import ServiceClient
from appliance.runtime.server import Server, listen_unix
from appliance.settings import Settings

TURNS = [
    {"text": "We'll go up on the lisinopril from ten to twenty milligrams daily.", "speaker": "clinician"},
    {"text": "Okay.", "speaker": "patient"},
]


@pytest.fixture(scope="module")
def no_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceClient]:
    """The service before its model is loaded."""
    directory: Path = tmp_path_factory.mktemp("check")
    service = NoteService(Settings(bundle=directory))
    server = Server(create_app(service), listen_unix(directory / "note.sock"), service.worker.stop)
    thread = threading.Thread(target=server.start)
    thread.start()
    client = ServiceClient(directory / "note.sock", "note")
    yield client
    client.close()
    server.stop()
    thread.join()


def asked(**changes: object) -> dict[str, object]:
    section = {"name": "assessment_and_plan", "text": "Increase lisinopril to 20 mg daily. Start warfarin 5 mg daily."}
    return {"template": "aci", "sections": [section], "turns": TURNS, **changes}


def test_a_note_is_checked_though_no_model_is_there(no_model: ServiceClient) -> None:
    found = no_model.call("POST", "/check", Check, json=asked())
    assert [(item.state, item.severity, item.turns) for item in found.sections[0].sentences] == [
        ("supported", "none", (0,)),
        ("unsupported", "major", ()),
    ]
    assert found.omissions == ()


def test_what_is_left_out_comes_with_its_section(no_model: ServiceClient) -> None:
    (omitted,) = no_model.call("POST", "/check", Check, json=asked(sections=[])).omissions
    assert (omitted.text, omitted.section) == (
        "Increase lisinopril from 10 mg to 20 mg once daily.",
        "assessment_and_plan",
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sections": [{"name": "horoscope", "text": ""}]}, "no section 'horoscope'"),
        ({"sections": [{"name": "results", "text": ""}] * 2}, "comes twice"),
        ({"sections": [{"name": "results", "text": "", "sentences": [{"text": "", "turns": [2]}]}]}, "was not sent"),
        ({"sections": [{"name": "results", "text": "", "sentences": [{"text": "", "turns": [-1]}]}]}, "was not sent"),
        ({"turns": [{"text": "a" * 1_000_001}]}, "too long"),
        ({"turns": "hello"}, "does not fit"),
    ],
)
def test_bad_input_is_refused(no_model: ServiceClient, changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        no_model.call("POST", "/check", Check, json=asked(**changes))


def test_an_unknown_template_is_refused(no_model: ServiceClient) -> None:
    with pytest.raises(UnknownTemplateError):
        no_model.call("POST", "/check", Check, json=asked(template="poem"))
