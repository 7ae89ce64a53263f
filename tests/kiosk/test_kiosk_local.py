"""What a tablet needs to work without the box, and how it brings back what it did."""

from __future__ import annotations

import base64
import secrets
from typing import Any

from kiosk_client import Kiosk, assert_problem
from kiosk_network import NetworkKiosk
from kiosk_peers import Peer


def local_key(answer: Any) -> bytes:
    return base64.b64decode(answer["key"], validate=True)


def versions(kiosk: Kiosk, encounter: str) -> list[tuple[str, str]]:
    """Author and plan of every version."""
    found = []
    for entry in kiosk.ok("GET", f"/encounters/{encounter}/note/versions"):
        note = kiosk.ok("GET", f"/encounters/{encounter}/note/versions/{entry['version']}")["note"]
        found.append((entry["author"], plan(note)))
    return found


def plan(note: Any) -> str:
    text: str = next(section["text"] for section in note["sections"] if section["name"] == "plan")
    return text


def a_note(text: str) -> dict[str, Any]:
    sections = [{"name": name, "title": name.title(), "text": text} for name in ("subjective", "plan")]
    stamp = {"bundle": "test", "model": "tablet", "adapter": "none", "strategy": "topics", "prompt": "0", "software": "0"}
    return {"template": "aci", "sections": sections, "stamp": stamp}


def bring(kiosk: Kiosk, encounter: str, text: str, after: int, turns: int = 1, **more: str) -> Any:
    body = {"note": a_note(text), "after": after, "turns": turns, **more}
    return kiosk.ok("POST", f"/encounters/{encounter}/written", json=body)


def test_every_device_has_a_key_of_its_own_that_stays(network_kiosk: NetworkKiosk) -> None:
    one, other = network_kiosk.paired(), network_kiosk.paired()
    keys = [local_key(tablet.get("/api/local-key").json()) for tablet in (one, other, one)]
    assert [len(key) for key in keys] == [32, 32, 32]
    assert keys[0] == keys[2] != keys[1]


def test_a_device_that_is_paired_anew_has_another_key(network_kiosk: NetworkKiosk) -> None:
    tablet = network_kiosk.paired()
    before = local_key(tablet.get("/api/local-key").json())
    code = network_kiosk.administrator().new_code(1)
    assert tablet.pair(code).status_code == 303
    assert local_key(tablet.get("/api/local-key").json()) != before


def test_a_page_that_the_tablet_keeps_stays_paired(network_kiosk: NetworkKiosk) -> None:
    tablet = network_kiosk.paired()
    assert "set-cookie" in tablet.get("/api/local-key").headers
    assert "set-cookie" not in tablet.get("/api/status").headers


def test_the_browser_on_the_box_itself_has_a_key(kiosk: Kiosk) -> None:
    assert len(local_key(kiosk.ok("GET", "/local-key"))) == 32


def test_an_id_of_the_tablet_names_one_encounter(kiosk: Kiosk) -> None:
    chosen = secrets.token_hex(16)
    body = {"id": chosen, "title": "In the garden", "created": "2026-03-01T08:00:00Z"}
    first = kiosk.ok("POST", "/encounters", json=body)
    assert (first["id"], first["created"]) == (chosen, "2026-03-01T08:00:00Z")
    kiosk.ok("PATCH", f"/encounters/{chosen}", json={"title": "Renamed"})
    again = kiosk.ok("POST", "/encounters", json=body)
    assert (again["id"], again["title"]) == (chosen, "Renamed")
    assert [encounter["id"] for encounter in kiosk.ok("GET", "/encounters")] == [chosen]


def test_a_clock_that_is_ahead_begins_no_visit_in_the_future(kiosk: Kiosk) -> None:
    encounter = kiosk.ok("POST", "/encounters", json={"created": "2999-01-01T00:00:00Z"})
    assert encounter["created"] <= encounter["updated"]


def test_what_is_no_id_is_refused(kiosk: Kiosk) -> None:
    for wrong in ("", "0" * 31, "0" * 33, "g" * 32, "A" * 32, "0" * 32 + "\n", "../" + "0" * 29):
        assert kiosk.http.post("/api/encounters", json={"id": wrong}).status_code == 400
    assert kiosk.ok("GET", "/encounters") == []


def test_a_note_of_the_tablet_ends_the_writing(kiosk: Kiosk, note: Peer) -> None:
    encounter = kiosk.start()
    with note.triggers.always("turn-0"):  # the box's own service does not get to write
        kiosk.hear(encounter, [1, 2, 3, 4])
        kiosk.wait_for_state(encounter, "writing")
        assert bring(kiosk, encounter, "Rest.", 0)["version"] == 1
        assert kiosk.get(encounter)["state"] == "draft"
        assert bring(kiosk, encounter, "Rest.", 0) == {**bring(kiosk, encounter, "Rest.", 0), "version": 1, "newest": 1}
        assert bring(kiosk, encounter, "Rest more.", 1, author="clinician")["newest"] == 2
    assert versions(kiosk, encounter) == [("model", "Rest."), ("clinician", "Rest more.")]
    # The box checks it like its own.
    assert plan_of(kiosk.checked(encounter)) == ["Rest more."]


def plan_of(checked: Any) -> list[str]:
    sections = {section["name"]: section["sentences"] for section in checked["check"]["sections"]}
    return [sentence["text"] for sentence in sections["plan"]]


def test_both_sides_of_a_conflict_are_kept(kiosk: Kiosk) -> None:
    encounter = kiosk.record(4)
    kiosk.edit(encounter, "plan", "Changed on the box.")
    brought = bring(kiosk, encounter, "Changed on the tablet.", 1, author="clinician")
    assert (brought["version"], brought["newest"]) == (3, 4)
    assert plan(kiosk.get(encounter)["note"]) == "Changed on the box."
    assert bring(kiosk, encounter, "Changed on the tablet.", 1, author="clinician") == brought
    found = versions(kiosk, encounter)[1:]
    assert found == [("clinician", text) for text in ("Changed on the box.", "Changed on the tablet.", "Changed on the box.")]
    assert plan_of(kiosk.checked(encounter)) == ["Changed on the box."]


def test_what_a_clinician_wrote_on_the_tablet_comes_above_what_the_box_wrote_by_itself(kiosk: Kiosk) -> None:
    encounter = kiosk.record(4)
    written = plan(kiosk.get(encounter)["note"])
    brought = bring(kiosk, encounter, "Written on the tablet.", 0)
    assert (brought["version"], brought["newest"]) == (2, 3)
    edited = bring(kiosk, encounter, "Changed on the tablet.", 2, author="clinician")
    assert (edited["version"], edited["newest"]) == (4, 4)
    assert bring(kiosk, encounter, "Changed on the tablet.", 2, author="clinician") == edited
    expected = [
        ("model", written),
        ("model", "Written on the tablet."),
        ("model", written),
        ("clinician", "Changed on the tablet."),
    ]
    assert versions(kiosk, encounter) == expected


def test_a_note_of_part_of_the_visit_does_not_end_its_writing(kiosk: Kiosk, note: Peer) -> None:
    encounter = kiosk.start()
    with note.triggers.always("turn-0"):
        kiosk.hear(encounter, list(range(1, 9)))
        kiosk.wait_for_state(encounter, "writing")
        bring(kiosk, encounter, "Half of it.", 0, turns=1)
        assert kiosk.get(encounter)["state"] == "writing"
    kiosk.wait_for_state(encounter, "draft")
    assert [author for author, _ in versions(kiosk, encounter)] == ["model", "model"]


def test_a_note_comes_after_what_was_heard(kiosk: Kiosk) -> None:
    encounter = kiosk.start()
    body = {"note": a_note("Rest."), "after": 0, "turns": 0}
    assert_problem(kiosk.http.post(f"/api/encounters/{encounter}/written", json=body), 409)
    encounter = kiosk.record(4)
    assert_problem(kiosk.http.post(f"/api/encounters/{encounter}/written", json={**body, "after": 2}), 400)


def judge(kiosk: Kiosk, encounter: str, **decisions: list[dict[str, Any]]) -> Any:
    return kiosk.ok("POST", f"/encounters/{encounter}/decisions", json=decisions)


def a_proposal(turn: int, state: str, drug: str = "metformin 500") -> dict[str, Any]:
    return {"turn": turn, "first": 2, "last": 3, "said": "met 4,500", "drug": drug, "state": state}


def test_decisions_of_the_tablet_are_found_by_what_they_are_about(kiosk: Kiosk, note: Peer) -> None:
    heard = [1001, 1003, 1004, 1007]
    encounter = kiosk.start()
    with note.triggers.always("turn-0"):
        kiosk.hear(encounter, [*heard, *heard])
        kiosk.wait_for_state(encounter, "writing")
        # The first one is of no turn, the second of another name.
        decided = [a_proposal(7, "rejected"), a_proposal(0, "rejected", "metformin"), a_proposal(1, "rejected")]
        for _ in range(2):
            found = judge(kiosk, encounter, proposals=decided)["proposals"]
            assert [proposal["state"] for proposal in found] == ["accepted", "rejected"]
    text = kiosk.wait_for_state(encounter, "draft")["note"]["sections"][0]["text"]
    assert text == "heard Take met 4,500, tablets".replace("met 4,500,", "metformin 500,") + " | heard Take met 4,500, tablets"


def test_an_omission_that_was_dismissed_on_the_tablet_is_so_in_the_boxs_own_check(kiosk: Kiosk) -> None:
    encounter = kiosk.record(4)
    kiosk.edit(encounter, "subjective", "Nothing.")
    kiosk.edit(encounter, "plan", "Nothing.")
    (omission,) = kiosk.checked(encounter)["check"]["omissions"]
    said = {"kind": omission["kind"], "text": omission["text"], "reason": " An old one. "}
    with kiosk.events(encounter) as events:
        for _ in range(2):
            judge(kiosk, encounter, omissions=[said, {**said, "text": "Something else."}])
        told = next(event.json() for event in events if event.event == "check")
    assert told["dismissed"] == [{"omission": 0, "reason": "An old one."}]
    assert kiosk.checked(encounter)["dismissed"] == told["dismissed"]
    # Of what comes twice nothing is told twice.
    judge(kiosk, encounter, omissions=[{**said, "withdrawn": True}])
    assert kiosk.checked(encounter)["dismissed"] == []
    kiosk.edit(encounter, "plan", "Still nothing.")
    judge(kiosk, encounter, omissions=[said])
    assert kiosk.checked(encounter)["dismissed"] == told["dismissed"]


def test_a_signed_note_takes_nothing(kiosk: Kiosk) -> None:
    encounter = kiosk.record(4)
    kiosk.checked(encounter)
    kiosk.ok("POST", f"/encounters/{encounter}/sign", json={"version": 1, "signer": "Dr. Amara Okafor"})
    body = {"note": a_note("Rest."), "after": 1, "turns": 1}
    assert_problem(kiosk.http.post(f"/api/encounters/{encounter}/written", json=body), 409)
    said = {"kind": "medication", "text": "Something.", "reason": "An old one."}
    assert_problem(kiosk.http.post(f"/api/encounters/{encounter}/decisions", json={"omissions": [said]}), 409)
    # What was taken before may come again, after an answer that was lost.
    judge(kiosk, encounter, omissions=[{**said, "withdrawn": True}])
    assert len(versions(kiosk, encounter)) == 1
