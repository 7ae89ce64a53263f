from __future__ import annotations

from typing import Any

from kiosk_client import Kiosk, assert_problem, expected_texts, wait_until
from kiosk_killable import KioskProcess
from kiosk_peers import Peer


def states(checked: Any) -> dict[str, list[str]]:
    return {section["name"]: [s["state"] for s in section["sentences"]] for section in checked["check"]["sections"]}


def check_of(kiosk: Kiosk, encounter: str) -> Any:
    return kiosk.ok("GET", f"/encounters/{encounter}/check")


def test_a_note_is_checked_when_it_is_written_and_after_every_edit(kiosk: Kiosk) -> None:
    encounter = kiosk.start()
    assert_problem(kiosk.http.get(f"/api/encounters/{encounter}/check"), 404)
    with kiosk.events(encounter) as events:
        kiosk.send(encounter, range(4))
        kiosk.finish(encounter, 4)
        first = next(event.json() for event in events if event.event == "check")
        kiosk.edit(encounter, "plan", "Rest.\nThis is unsupported.")
        second = next(event.json() for event in events if event.event == "check")
    assert (first["version"], states(first)) == (1, {"subjective": ["supported"], "plan": ["supported"]})
    assert (second["version"], states(second)["plan"]) == (2, ["supported", "unsupported"])
    assert check_of(kiosk, encounter) == second


def test_a_check_that_is_overtaken_by_an_edit_is_not_kept(kiosk: Kiosk, note: Peer) -> None:
    encounter = kiosk.record(4)
    kiosk.checked(encounter)
    with note.triggers.holding("slow"):
        kiosk.edit(encounter, "plan", "This is contradicted.")
        wait_until(lambda: check_of(kiosk, encounter)["version"] == 2)
        kiosk.edit(encounter, "plan", "This is unsupported.")
        assert check_of(kiosk, encounter) == {"version": 3, "check": None, "dismissed": []}
    checked = kiosk.checked(encounter)
    assert (checked["version"], states(checked)["plan"]) == (3, ["unsupported"])


def test_a_note_service_that_cannot_check_leaves_the_note_usable(kiosk: Kiosk, note: Peer) -> None:
    with note.triggers.holding("old"):
        encounter = kiosk.record(4)
        assert kiosk.edit(encounter, "plan", "Rest.")["version"] == 2
        assert check_of(kiosk, encounter)["check"] is None
    assert kiosk.checked(encounter)["version"] == 2


def test_a_check_survives_that_everybody_dies(killable: tuple[Kiosk, KioskProcess], note: Peer) -> None:
    kiosk, process = killable
    encounter = kiosk.record(4)
    checked = kiosk.checked(encounter)
    process.kill()
    wait_until(lambda: process.starts == 2)
    assert kiosk.wait_for_state(encounter, "draft")["note_version"] == 1
    assert check_of(kiosk, encounter) == checked
    note.triggers.set("check")
    kiosk.edit(encounter, "plan", "This is contradicted.")
    assert states(kiosk.checked(encounter))["plan"] == ["contradicted"]
    assert note.triggers.fired("check")
    # A check that was pending when the kiosk died is made up for by the next one.
    with note.triggers.holding("slow"):
        kiosk.edit(encounter, "plan", "This is unsupported.")
        process.kill()
    wait_until(lambda: process.starts == 3)
    kiosk.wait_for_state(encounter, "draft")
    assert states(kiosk.checked(encounter))["plan"] == ["unsupported"]


def test_a_label_changes_what_the_note_is_checked_against(kiosk: Kiosk) -> None:
    encounter = kiosk.record(4)
    kiosk.checked(encounter)
    kiosk.ok("PATCH", f"/encounters/{encounter}/turns/0", json={"speaker": "patient"})
    checked = kiosk.checked(encounter)
    assert checked["version"] == 1
    assert checked["check"]["sections"][0]["sentences"][0]["reasons"] == ["patient: " + expected_texts(4)[0]]


def test_an_omission_stays_dismissed(kiosk: Kiosk) -> None:
    encounter = kiosk.record(8)
    for section in ("subjective", "plan"):
        kiosk.edit(encounter, section, expected_texts(8)[1])
    path = f"/api/encounters/{encounter}/omissions"
    assert [omission["text"] for omission in kiosk.checked(encounter)["check"]["omissions"]] == expected_texts(8)[:1]
    body = {"reason": "Small talk.", "version": 3}
    assert_problem(kiosk.http.post(f"{path}/0/dismiss", json={**body, "version": 2}), 409)
    assert_problem(kiosk.http.post(f"{path}/1/dismiss", json=body), 404)
    with kiosk.events(encounter) as events:
        next(events)
        answer = kiosk.http.post(f"{path}/0/dismiss", json=body).json()
        assert next(event.json() for event in events if event.event == "check") == answer
    assert answer["dismissed"] == [{"omission": 0, "reason": "Small talk."}]
    # A later check lists it again.
    kiosk.edit(encounter, "subjective", "Rest.")
    kiosk.edit(encounter, "plan", "Rest.")
    checked = kiosk.checked(encounter)
    assert [omission["text"] for omission in checked["check"]["omissions"]] == expected_texts(8)
    assert checked["dismissed"] == [{"omission": 0, "reason": "Small talk."}]
    # Without a reason is fine, twice is once, and what is not missing any more needs no dismissal.
    for _ in range(2):
        answer = kiosk.http.post(f"{path}/1/dismiss", json={}).json()
        assert answer["dismissed"] == [{"omission": 0, "reason": "Small talk."}, {"omission": 1, "reason": ""}]
    kiosk.edit(encounter, "plan", expected_texts(8)[0])
    assert kiosk.checked(encounter)["dismissed"] == [{"omission": 0, "reason": ""}]


def test_a_dismissal_can_be_taken_back(kiosk: Kiosk) -> None:
    encounter = kiosk.record(8)
    kiosk.edit(encounter, "subjective", expected_texts(8)[1])
    kiosk.edit(encounter, "plan", expected_texts(8)[1])
    kiosk.checked(encounter)
    path = f"/api/encounters/{encounter}/omissions"
    for _ in range(2):  # what is not dismissed is restored without a word
        answer = kiosk.http.post(f"{path}/0/restore", json={"version": 3}).json()
        assert answer["dismissed"] == []
        answer = kiosk.http.post(f"{path}/0/dismiss", json={"reason": "Small talk."}).json()
        assert answer["dismissed"] == [{"omission": 0, "reason": "Small talk."}]
    assert_problem(kiosk.http.post(f"{path}/0/restore", json={"version": 2}), 409)
    assert_problem(kiosk.http.post(f"{path}/1/restore", json={}), 404)
    with kiosk.events(encounter) as events:
        next(events)
        answer = kiosk.http.post(f"{path}/0/restore", json={}).json()
        assert next(event.json() for event in events if event.event == "check") == answer
    assert answer["dismissed"] == []
    kiosk.edit(encounter, "plan", "Rest.")
    assert kiosk.checked(encounter)["dismissed"] == []
