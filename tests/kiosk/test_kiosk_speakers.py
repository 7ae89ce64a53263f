from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kiosk_client import Kiosk, assert_problem, expected_texts, speakers, texts
from kiosk_killable import KioskProcess
from kiosk_peers import Peer

from appliance.kiosk.speakers import heard, shown, swapped
from appliance.store.records import Label
from appliance.transcript import Speaker

CLINICIAN_FIRST = ["clinician", "patient", "clinician", "patient"]
PATIENT_FIRST = ["patient", "clinician", "patient", "clinician"]


def say(kiosk: Kiosk, encounter: str, n: int, speaker: str) -> Any:
    return kiosk.ok("PATCH", f"/encounters/{encounter}/turns/{n}", json={"speaker": speaker})


def swap(kiosk: Kiosk, encounter: str) -> Any:
    return kiosk.ok("POST", f"/encounters/{encounter}/speakers/swap")


def test_labels_of_speech_come_with_the_turns_and_later(kiosk: Kiosk, speech: Peer, note: Peer) -> None:
    encounter = kiosk.start()
    with speech.triggers.holding("label", "clinician"), kiosk.events(encounter) as events:
        kiosk.send(encounter, range(16))
        kiosk.finish(encounter, 16)
        seen: dict[int, list[str]] = {}
        for event in events:
            if event.event == "turn":
                data = json.loads(event.data)
                seen.setdefault(data["n"], []).append(data["turn"]["speaker"])
                assert data["turn"]["text"] == expected_texts(16)[data["n"]]
            if event.event == "note":
                break
    assert {n: labels[-1] for n, labels in seen.items()} == dict(enumerate(CLINICIAN_FIRST))
    assert seen[0] == ["unknown", "clinician"]
    document = kiosk.wait_for_state(encounter, "draft")
    assert speakers(document) == CLINICIAN_FIRST
    assert texts(document) == expected_texts(16)
    # The note was written from the last labels, though the turns had been sent before they came.
    assert (note.triggers.directory / "labels").read_text("utf-8").split() == CLINICIAN_FIRST


def test_without_labels_the_turns_stay_and_can_be_labelled_by_hand(kiosk: Kiosk) -> None:
    encounter = kiosk.record(12)
    assert speakers(kiosk.get(encounter)) == ["unknown"] * 3
    with kiosk.events(encounter) as events:
        next(events)
        answer = say(kiosk, encounter, 1, "patient")
        event = next(event for event in events if event.event == "turn")
    assert json.loads(event.data) == answer
    assert (answer["n"], answer["turn"]["text"], answer["turn"]["speaker"]) == (1, expected_texts(12)[1], "patient")
    # Nobody knows the others, so there is nothing in them to swap.
    assert speakers(swap(kiosk, encounter)) == ["unknown", "clinician", "unknown"]


def test_a_label_by_hand_wins_over_later_automatic_ones(kiosk: Kiosk, speech: Peer) -> None:
    encounter = kiosk.start()
    kiosk.send(encounter, range(8))
    kiosk.wait_for(encounter, lambda document: len(texts(document)) == 2)
    say(kiosk, encounter, 0, "patient")
    with speech.triggers.holding("label", "clinician"):
        kiosk.send(encounter, range(8, 16))
        kiosk.finish(encounter, 16)
        document = kiosk.wait_for_state(encounter, "draft")
    assert speakers(document) == ["patient", "patient", "clinician", "patient"]


def test_a_swap_holds_for_what_is_still_to_come_until_speech_finds_out(kiosk: Kiosk, speech: Peer) -> None:
    encounter = kiosk.start()
    with speech.triggers.holding("label", "patient") as path:
        kiosk.send(encounter, range(12))
        kiosk.wait_for(encounter, lambda document: speakers(document) == PATIENT_FIRST[:3])
        assert speakers(swap(kiosk, encounter)) == CLINICIAN_FIRST[:3]
        kiosk.send(encounter, range(12, 16))
        kiosk.wait_for(encounter, lambda document: speakers(document) == CLINICIAN_FIRST)
        path.write_text("clinician")
        kiosk.send(encounter, range(16, 24))
        kiosk.finish(encounter, 24)
        document = kiosk.wait_for_state(encounter, "draft")
    assert speakers(document) == [*CLINICIAN_FIRST, "clinician", "patient"]
    assert speakers(swap(kiosk, encounter)) == [*PATIENT_FIRST, "patient", "clinician"]


@pytest.mark.parametrize("victim", ["speech", "kiosk"])
def test_labels_survive_a_kill(killable: tuple[Kiosk, KioskProcess], speech: Peer, victim: str) -> None:
    kiosk, process = killable
    encounter = kiosk.start()
    with speech.triggers.holding("label", "clinician"):
        kiosk.send(encounter, range(12))
        kiosk.wait_for(encounter, lambda document: speakers(document) == CLINICIAN_FIRST[:3])
        say(kiosk, encounter, 2, "patient")
        (speech if victim == "speech" else process).kill()
        # The next session is told of all turns with their voices; without them the peer refuses it.
        for n in range(12, 24):
            kiosk.put_reliably(encounter, n)
        kiosk.finish(encounter, 24)
        document = kiosk.wait_for_state(encounter, "draft")
    assert speakers(document) == ["clinician", "patient", "patient", "patient", "clinician", "patient"]
    assert texts(document) == expected_texts(24)


@pytest.mark.parametrize(
    ("n", "body", "status"),
    [("1", "patient", 404), ("x", "patient", 404), ("-1", "patient", 404), ("0", "nurse", 400), ("0", None, 400)],
)
def test_a_label_that_makes_no_sense_is_refused(kiosk: Kiosk, n: str, body: object, status: int) -> None:
    encounter = kiosk.record(4)
    assert_problem(kiosk.http.patch(f"/api/encounters/{encounter}/turns/{n}", json={"speaker": body}), status)
    assert speakers(kiosk.get(encounter)) == ["unknown"]


_SPEAKERS: st.SearchStrategy[Speaker] = st.sampled_from(["clinician", "patient", "unknown"])
_LABELS = st.lists(st.builds(Label, _SPEAKERS, st.none() | _SPEAKERS), max_size=8)


@given(_LABELS, st.dictionaries(st.integers(-2, 9), _SPEAKERS))
def test_swapping_twice_changes_nothing_and_hands_win(labels: list[Label], changes: dict[int, Speaker]) -> None:
    def applied(labels: list[Label], new: dict[int, Label]) -> list[Label]:
        return [new.get(n, label) for n, label in enumerate(labels)]

    once = applied(labels, swapped(labels))
    known = [n for n, speaker in enumerate(shown(labels)) if speaker != "unknown"]
    assert all(shown(once)[n] != shown(labels)[n] for n in known)
    assert [shown(applied(once, swapped(once)))[n] for n in known] == [shown(labels)[n] for n in known]
    later = applied(once, heard(once, changes))
    assert [shown(later)[n] for n in known] == [shown(once)[n] for n in known]
