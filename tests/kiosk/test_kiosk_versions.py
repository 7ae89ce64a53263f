from __future__ import annotations

from typing import Any

import pytest
from kiosk_client import Kiosk, assert_problem, expected_texts
from kiosk_killable import KioskProcess
from kiosk_peers import Peer

from appliance.errors import BundleError


def versions(kiosk: Kiosk, encounter: str) -> Any:
    return kiosk.ok("GET", f"/encounters/{encounter}/note/versions")


def section_texts(document: Any) -> dict[str, str]:
    return {section["name"]: section["text"] for section in document["note"]["sections"]}


def test_every_version_is_kept_with_who_and_when(kiosk: Kiosk) -> None:
    encounter = kiosk.start()
    assert versions(kiosk, encounter) == []
    kiosk.send(encounter, range(4))
    kiosk.finish(encounter, 4)
    first = kiosk.wait_for_state(encounter, "draft")["note"]
    second = kiosk.edit(encounter, "plan", "Rest.")["note"]
    kiosk.ok("POST", f"/encounters/{encounter}/note")
    third = kiosk.wait_for_state(encounter, "draft")["note"]
    listed = versions(kiosk, encounter)
    assert [(entry["version"], entry["author"]) for entry in listed] == [(1, "model"), (2, "clinician"), (3, "model")]
    assert [entry["created"] for entry in listed] == sorted(entry["created"] for entry in listed)
    for entry, note in zip(listed, (first, second, third), strict=True):
        assert kiosk.ok("GET", f"/encounters/{encounter}/note/versions/{entry['version']}") == {**entry, "note": note}


@pytest.mark.parametrize("version", ["0", "2", "x", "-1", "9" * 50])
def test_a_version_that_is_none_is_not_found(kiosk: Kiosk, version: str) -> None:
    encounter = kiosk.record(4)
    assert_problem(kiosk.http.get(f"/api/encounters/{encounter}/note/versions/{version}"), 404)


def test_one_section_is_written_again_and_the_others_stay(kiosk: Kiosk) -> None:
    encounter = kiosk.record(4)
    kiosk.edit(encounter, "plan", "Rest.")
    kiosk.edit(encounter, "subjective", "Fine.")
    answer = kiosk.http.post(f"/api/encounters/{encounter}/note/sections/plan")
    assert answer.status_code == 202
    document = kiosk.wait_for(encounter, lambda document: bool(document["note_version"] == 4))
    assert (document["state"], document["section"]) == ("draft", None)
    assert section_texts(document) == {"subjective": "Fine.", "plan": expected_texts(4)[0]}
    assert [section["edited"] for section in document["note"]["sections"]] == [True, False]
    assert [entry["author"] for entry in versions(kiosk, encounter)][-1] == "model"


def test_other_sections_can_be_edited_while_one_is_written(kiosk: Kiosk, note: Peer) -> None:
    encounter = kiosk.record(4)
    # The note service dies before it has the section, so that there is time.
    with note.triggers.always("section-0"):
        document = kiosk.ok("POST", f"/encounters/{encounter}/note/sections/plan")
        assert (document["state"], document["section"]) == ("writing", "plan")
        kiosk.edit(encounter, "subjective", "Fine.")
        edit = {"version": 2, "sections": [{"name": "plan", "text": "Rest."}]}
        assert_problem(kiosk.http.put(f"/api/encounters/{encounter}/note", json=edit), 409)
        assert kiosk.get(encounter)["section"] == "plan"
        assert_problem(kiosk.http.post(f"/api/encounters/{encounter}/note/sections/plan"), 409)
    document = kiosk.wait_for_state(encounter, "draft")
    assert section_texts(document) == {"subjective": "Fine.", "plan": expected_texts(4)[0]}


def test_only_the_wanted_section_is_shown_while_it_is_written(kiosk: Kiosk) -> None:
    encounter = kiosk.record(4)
    names = []
    with kiosk.events(encounter) as events:
        next(events)
        kiosk.ok("POST", f"/encounters/{encounter}/note/sections/plan")
        for event in events:
            if event.event in {"section", "section_text"}:
                names.append(event.json()["name"])
            if event.event == "note":
                break
    assert set(names) == {"plan"}


def test_a_section_that_cannot_be_written_leaves_the_draft_as_it_was(kiosk: Kiosk, note: Peer) -> None:
    encounter = kiosk.record(4)
    kiosk.edit(encounter, "plan", "Rest.")
    with note.triggers.holding("refuse"):
        kiosk.ok("POST", f"/encounters/{encounter}/note/sections/plan")
        document = kiosk.wait_for_state(encounter, "draft")
    assert document["problem"]["title"] == BundleError.title
    assert (document["note_version"], document["section"]) == (2, None)
    assert section_texts(document)["plan"] == "Rest."


@pytest.mark.parametrize("victim", ["note", "kiosk"])
def test_a_section_is_written_again_although_somebody_dies(
    killable: tuple[Kiosk, KioskProcess], note: Peer, victim: str
) -> None:
    kiosk, process = killable
    encounter = kiosk.record(4)
    kiosk.edit(encounter, "subjective", "Fine.")
    with note.triggers.always("section-0"):
        kiosk.ok("POST", f"/encounters/{encounter}/note/sections/plan")
        if victim == "kiosk":
            process.kill()
    document = kiosk.wait_for(encounter, lambda document: bool(document["note_version"] == 3))
    assert document["state"] == "draft"
    assert section_texts(document) == {"subjective": "Fine.", "plan": expected_texts(4)[0]}


def test_a_section_that_is_none_is_not_found(kiosk: Kiosk) -> None:
    encounter = kiosk.record(4)
    assert_problem(kiosk.http.post(f"/api/encounters/{encounter}/note/sections/unknown"), 404)
    assert kiosk.get(encounter)["state"] == "draft"
    assert_problem(kiosk.http.post(f"/api/encounters/{kiosk.start()}/note/sections/plan"), 409)
