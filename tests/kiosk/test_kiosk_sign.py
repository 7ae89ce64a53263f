from __future__ import annotations

import hashlib
from typing import Any

import httpx
import pytest
from kiosk_client import Kiosk, assert_problem, wait_until
from kiosk_killable import KioskProcess
from kiosk_peers import Peer

SIGNER = "Dr. Ada Ärzt"


def sign(kiosk: Kiosk, encounter: str, **body: Any) -> httpx.Response:
    version = kiosk.get(encounter)["note_version"]
    return kiosk.http.post(f"/api/encounters/{encounter}/sign", json={"version": version, "signer": SIGNER, **body})


def blocks(response: httpx.Response) -> list[tuple[str, str | None, int | None]]:
    assert_problem(response, 409)
    return [(block["kind"], block["section"], block["sentence"]) for block in response.json()["blocks"]]


def doubtful(kiosk: Kiosk) -> str:
    encounter = kiosk.record(4)
    kiosk.edit(encounter, "subjective", "This is contradicted.\nThis is unsupported.\nFine.")
    kiosk.edit(encounter, "plan", "Fine.\nThis is unsupported.")
    kiosk.checked(encounter)
    return encounter


def signed(kiosk: Kiosk) -> str:
    encounter = kiosk.record(4)
    kiosk.checked(encounter)
    assert sign(kiosk, encounter).is_success
    return encounter


def test_a_note_without_doubts_is_signed(kiosk: Kiosk) -> None:
    encounter = kiosk.record(4)
    kiosk.checked(encounter)
    with kiosk.events(encounter) as events:
        next(events)
        signature = sign(kiosk, encounter).json()
        assert next(event.json() for event in events if event.event == "signature") == signature
        assert next(event.json() for event in events if event.event == "state")["state"] == "signed"
    document = kiosk.get(encounter)
    assert document["state"] == "signed"
    assert document["signature"] == signature
    assert (signature["version"], signature["signer"], signature["overrides"]) == (1, SIGNER, [])
    assert signature["stamp"] == document["note"]["stamp"]
    assert signature["created"].endswith("Z")
    text = kiosk.http.get(f"/api/encounters/{encounter}/note.txt").text
    assert text.startswith("SUBJECTIVE\nheard 1 2 3 4\n")
    assert f"reviewed and signed by {SIGNER}, " in text
    assert "Draft written" not in text
    assert hashlib.sha256(text.encode()).hexdigest() == signature["sha256"]


def test_doubts_block_until_each_is_overridden_with_a_reason(kiosk: Kiosk) -> None:
    encounter = doubtful(kiosk)
    contradicted, unsupported = ("contradicted", "subjective", 0), ("unsupported", "plan", 1)
    assert blocks(sign(kiosk, encounter)) == [contradicted, unsupported]
    first = {"section": "subjective", "sentence": 0, "reason": "Said on the phone."}
    blank = {"section": "plan", "sentence": 1, "reason": " \n"}
    assert blocks(sign(kiosk, encounter, overrides=[first, blank])) == [unsupported]
    elsewhere = {"section": "plan", "sentence": 0, "reason": "Not asked for."}
    assert blocks(sign(kiosk, encounter, overrides=[elsewhere])) == [contradicted, unsupported]
    assert kiosk.get(encounter)["state"] == "draft"
    second = {**blank, "reason": "Standard care."}
    signature = sign(kiosk, encounter, overrides=[first, second, elsewhere]).json()
    assert signature["overrides"] == [
        {"kind": "contradicted", "text": "This is contradicted.", **first},
        {"kind": "unsupported", "text": "This is unsupported.", **second},
    ]


def test_doubts_that_were_resolved_block_no_more(kiosk: Kiosk) -> None:
    encounter = doubtful(kiosk)
    kiosk.edit(encounter, "subjective", "This is unsupported.\nFine.")
    kiosk.edit(encounter, "plan", "Fine.")
    kiosk.checked(encounter)
    assert sign(kiosk, encounter).is_success


def test_another_version_than_the_stored_one_is_never_signed(kiosk: Kiosk) -> None:
    encounter = doubtful(kiosk)
    assert blocks(sign(kiosk, encounter, version=2, overrides=[{"reason": "I want it."}])) == [("version", None, None)]


def test_a_pending_check_blocks_unless_it_is_overridden(kiosk: Kiosk, note: Peer) -> None:
    encounter = kiosk.record(4)
    kiosk.checked(encounter)
    with note.triggers.holding("slow"):
        kiosk.edit(encounter, "plan", "This is contradicted.")
        assert blocks(sign(kiosk, encounter)) == [("check_pending", None, None)]
        signature = sign(kiosk, encounter, overrides=[{"reason": "The check is broken."}]).json()
        assert [override["kind"] for override in signature["overrides"]] == ["check_pending"]
    # The answer that comes too late does not change what was signed.
    assert kiosk.ok("GET", f"/encounters/{encounter}/check")["check"] is None


@pytest.mark.parametrize(
    "body",
    [
        {"signer": ""},
        {"signer": "  "},
        {"signer": "x" * 201},
        {"signer": None},
        {"version": "1"},
        {"overrides": [{"section": "plan"}]},
        {"overrides": None},
    ],
)
def test_a_signature_that_makes_no_sense_is_refused(kiosk: Kiosk, body: dict[str, Any]) -> None:
    encounter = kiosk.record(4)
    kiosk.checked(encounter)
    assert_problem(sign(kiosk, encounter, **body), 400)
    assert kiosk.get(encounter)["signature"] is None


def test_a_note_that_is_not_there_cannot_be_signed(kiosk: Kiosk) -> None:
    assert_problem(sign(kiosk, kiosk.start()), 409)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/note", {"version": 1, "sections": [{"name": "plan", "text": "Rest."}]}),
        ("POST", "/note", None),
        ("POST", "/note/sections/plan", None),
        ("POST", "/sign", {"version": 1, "signer": SIGNER}),
        ("PATCH", "/turns/0", {"speaker": "patient"}),
        ("POST", "/speakers/swap", None),
        ("PATCH", "/proposals/0", {"state": "accepted"}),
        ("POST", "/omissions/0/dismiss", {}),
        ("POST", "/omissions/0/restore", {}),
    ],
)
def test_a_signed_note_does_not_change(kiosk: Kiosk, method: str, path: str, body: object) -> None:
    encounter = signed(kiosk)
    before = kiosk.get(encounter)
    response = kiosk.http.request(method, f"/api/encounters/{encounter}{path}", json=body)
    assert_problem(response, 409)
    assert "addendum" in response.json()["hint"]
    assert kiosk.get(encounter) == before


def test_addenda_follow_the_signed_text(kiosk: Kiosk) -> None:
    encounter = kiosk.record(4)
    path = f"/api/encounters/{encounter}/addenda"
    body = {"text": "The result came: normal.", "signer": "Dr. B"}
    assert_problem(kiosk.http.post(path, json=body), 409)
    kiosk.checked(encounter)
    sign(kiosk, encounter)
    signed_text = kiosk.http.get(f"/api/encounters/{encounter}/note.txt").text
    with kiosk.events(encounter) as events:
        next(events)
        answer = kiosk.http.post(path, json=body)
        assert next(event.json() for event in events if event.event == "addendum") == answer.json()
    assert answer.status_code == 201
    kiosk.http.post(path, json={"text": "Patient told.", "signer": SIGNER})
    for bad in ({**body, "text": " "}, {**body, "signer": ""}, {"text": "x"}):
        assert_problem(kiosk.http.post(path, json=bad), 400)
    addenda = kiosk.get(encounter)["addenda"]
    assert addenda[0] == answer.json()
    assert [(addendum["text"], addendum["signer"]) for addendum in addenda] == [
        ("The result came: normal.", "Dr. B"),
        ("Patient told.", SIGNER),
    ]
    text = kiosk.http.get(f"/api/encounters/{encounter}/note.txt").text
    assert text.startswith(signed_text)
    assert text.index("ADDENDUM\nThe result came: normal.\nDr. B, 20") < text.index(f"ADDENDUM\nPatient told.\n{SIGNER}, 20")
    assert kiosk.get(encounter)["state"] == "signed"


def test_signature_and_addendum_survive_a_kill(killable: tuple[Kiosk, KioskProcess]) -> None:
    kiosk, process = killable
    encounter = signed(kiosk)
    kiosk.ok("POST", f"/encounters/{encounter}/addenda", json={"text": "More.", "signer": SIGNER})
    before = kiosk.get(encounter), kiosk.http.get(f"/api/encounters/{encounter}/note.txt").text
    process.kill()
    wait_until(lambda: process.starts == 2)
    kiosk.wait_for_state(encounter, "signed")
    assert (kiosk.get(encounter), kiosk.http.get(f"/api/encounters/{encounter}/note.txt").text) == before


def test_a_signed_encounter_can_be_deleted(kiosk: Kiosk) -> None:
    encounter = signed(kiosk)
    kiosk.ok("DELETE", f"/encounters/{encounter}")
    assert_problem(kiosk.http.get(f"/api/encounters/{encounter}/note.txt"), 404)
