from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kiosk_client import Kiosk, assert_problem, texts
from kiosk_peers import chunk_of, turn_text

from appliance.proposals import Proposal, corrected, proposed
from appliance.transcript import Turn, Word

MISHEARD = [1001, 1003, 1004, 1007]  # Take met 4,500, tablets
HEARD = turn_text(MISHEARD)
MEANT = HEARD.replace("met 4,500,", "metformin 500,")


def record(kiosk: Kiosk) -> str:
    encounter = kiosk.start()
    kiosk.hear(encounter, MISHEARD)
    return encounter


def decide(kiosk: Kiosk, encounter: str, state: str) -> Any:
    return kiosk.ok("PATCH", f"/encounters/{encounter}/proposals/0", json={"state": state})


def test_a_proposal_stands_beside_the_turn(kiosk: Kiosk) -> None:
    encounter = kiosk.start()
    with kiosk.events(encounter) as events:
        kiosk.hear(encounter, MISHEARD)
        event = next(event for event in events if event.event == "proposal").json()
    document = kiosk.wait_for_state(encounter, "draft")
    expected = {"turn": 0, "first": 2, "last": 3, "said": "met 4,500", "drug": "metformin 500", "state": "accepted"}
    assert document["proposals"] == [expected]
    assert event == {"k": 0, "proposal": expected}
    assert texts(document) == [HEARD]
    assert document["note"]["sections"][0]["text"] == MEANT


def test_a_rejected_proposal_is_not_what_the_note_service_reads(kiosk: Kiosk) -> None:
    encounter = record(kiosk)
    note = kiosk.wait_for_state(encounter, "draft")["note"]
    kiosk.checked(encounter)
    assert decide(kiosk, encounter, "rejected")["proposal"]["state"] == "rejected"
    # The note stays as it was written, but is checked against what was heard.
    checked = kiosk.checked(encounter)["check"]
    assert checked["sections"][0]["sentences"][0]["reasons"] == ["unknown: " + HEARD]
    document = kiosk.get(encounter)
    assert (document["note"], document["note_version"]) == (note, 1)
    assert texts(document) == [HEARD]
    kiosk.ok("POST", f"/encounters/{encounter}/note")
    document = kiosk.wait_for_state(encounter, "draft")
    assert document["note"]["sections"][0]["text"] == HEARD
    assert texts(document) == [HEARD]
    # And back again.
    decide(kiosk, encounter, "accepted")
    assert kiosk.checked(encounter)["check"]["sections"][0]["sentences"][0]["reasons"] == ["unknown: " + MEANT]
    assert kiosk.get(encounter)["proposals"][0]["state"] == "accepted"


def test_a_proposal_that_is_rejected_during_the_visit_reaches_the_note(kiosk: Kiosk) -> None:
    encounter = kiosk.start()
    for n, value in enumerate(MISHEARD):
        kiosk.put(encounter, n, chunk_of(value))
    kiosk.wait_for(encounter, lambda document: bool(document["proposals"]))
    # The note service may have had the turn already: it is told anew.
    decide(kiosk, encounter, "rejected")
    kiosk.send(encounter, range(4, 8))
    kiosk.finish(encounter, 8)
    document = kiosk.wait_for_state(encounter, "draft")
    assert document["note"]["sections"][0]["text"] == f"{HEARD} | heard 5 6 7 8"
    assert texts(document) == [HEARD, "heard 5 6 7 8"]


@pytest.mark.parametrize(("k", "state", "status"), [("1", "accepted", 404), ("x", "accepted", 404), ("0", "maybe", 400)])
def test_a_decision_that_makes_no_sense_is_refused(kiosk: Kiosk, k: str, state: str, status: int) -> None:
    encounter = record(kiosk)
    kiosk.wait_for_state(encounter, "draft")
    assert_problem(kiosk.http.patch(f"/api/encounters/{encounter}/proposals/{k}", json={"state": state}), status)
    assert kiosk.get(encounter)["proposals"][0]["state"] == "accepted"


def test_a_lexicon_that_fails_costs_no_turn(kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("appliance.proposals.propose", fail)
    document = kiosk.wait_for_state(record(kiosk), "draft")
    assert (texts(document), document["proposals"]) == ([HEARD], [])


def test_words_around_a_replacement_stay() -> None:
    words = tuple(Word(text, n, n + 0.5, 0.5) for n, text in enumerate('I "took met 4,500," and met 4,500 today.'.split()))
    turn = Turn(" ".join(word.text for word in words), 0.0, 9.0, words)
    accepted = [Proposal(3, 2, 3, "met 4,500", "metformin 500", "accepted"), Proposal(3, 5, 6, "", "metformin 500", "accepted")]
    assert corrected(turn, 3, accepted).text == 'I "took metformin 500," and metformin 500 today.'
    assert corrected(turn, 3, accepted).words[2] == Word('metformin 500,"', 2.0, 3.5, 0.5)
    assert corrected(turn, 2, accepted) is turn


@given(
    st.lists(st.sampled_from('Take the met 4,500 twice, listen opera. "Ok met 4,500," said'.split()), max_size=14), st.data()
)
def test_what_is_accepted_replaces_only_its_own_words(heard: list[str], data: st.DataObject) -> None:
    words = tuple(Word(text, float(n), n + 0.5, 0.4) for n, text in enumerate(heard))
    turn = Turn(" ".join(heard), words=words)
    proposals = [
        msgspec.structs.replace(proposal, state=data.draw(st.sampled_from(["accepted", "rejected"])))
        for proposal in proposed(turn, 0)
    ]
    accepted = [proposal for proposal in proposals if proposal.state == "accepted"]
    replaced = {n for proposal in accepted for n in range(proposal.first, proposal.last + 1)}
    result = corrected(turn, 0, proposals)
    assert [word for word in result.words if word in words] == [word for n, word in enumerate(words) if n not in replaced]
    assert len(result.words) == len(words) - len(replaced) + len(accepted)
