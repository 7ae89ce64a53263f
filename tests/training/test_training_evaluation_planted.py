from __future__ import annotations

from random import Random

from training.evaluation.planted import deletions, plants
from training.visits import Fact, Line, Utterance, Visit

VISIT = Visit(
    "planted",
    "synthetic",
    (
        Utterance("clinician", "Any chest pain?"),
        Utterance("patient", "No."),
        Utterance("clinician", "Your potassium is 4.1. Start lisinopril 10 mg daily for the left ventricle."),
        Utterance("clinician", "And your mother?"),
        Utterance("patient", "She had a stroke."),
    ),
    "",
    (
        Line("Symptoms", "The patient denies chest pain.", (0, 1)),
        Line("Results", "Potassium is 4.1.", (2,)),
        Line("Plan", "Start lisinopril 10 mg daily for the left ventricle.", (2,)),
        Line("Family history", "The patient's mother has a history of stroke.", (3, 4)),
    ),
    (
        Fact("symptom", ("chest pain",), negated=True, turns=(0, 1)),
        Fact("result", ("potassium",), ("4.1",), turns=(2,)),
        Fact("medication", ("lisinopril",), turns=(2,)),
        Fact("history", ("stroke",), turns=(3, 4)),
    ),
)


def test_each_plant_changes_one_thing() -> None:
    made = {plant.kind: plant for plant in reversed(plants(VISIT, Random(0)))}
    assert made["negation"].text == "The patient reports chest pain."
    assert made["side"].text == "Start lisinopril 10 mg daily for the right ventricle."
    assert made["action"].text == "Stop lisinopril 10 mg daily for the left ventricle."
    assert made["wrong_person"].text == "The patient has a history of stroke."
    assert "lisinopril" not in made["drug"].text.lower()
    assert "10 mg" in made["drug"].text
    assert made["dose"].text.replace(made["dose"].text.split()[2], "10") == VISIT.lines[2].text
    assert made["result"].text.startswith("Potassium is ")
    assert {kind: plant.line for kind, plant in made.items()} | {"invented_symptom": None, "invented_medication": None} == {
        "negation": 0, "result": 1, "dose": 2, "drug": 2, "action": 2, "side": 2, "wrong_person": 3,
        "invented_symptom": None, "invented_medication": None,
    }  # fmt: skip


def test_what_is_planted_was_never_said() -> None:
    said = " ".join(turn.text for turn in VISIT.turns).lower()
    for seed in range(20):
        for plant in plants(VISIT, Random(seed)):
            assert plant.text.lower() not in said
            assert plant.line is None or plant.text != VISIT.lines[plant.line].text


def test_the_same_seed_plants_the_same() -> None:
    assert plants(VISIT, Random(3)) == plants(VISIT, Random(3))


def test_a_deletion_loses_what_only_that_line_states() -> None:
    assert dict(deletions(VISIT)) == {
        1: frozenset({"result"}),
        2: frozenset({"medication"}),
        3: frozenset({"history"}),
    }
