from __future__ import annotations

import itertools

import msgspec
import pytest
from evaluation_visits import DIABETES, THYROID, VISITS

from training.evaluation.annotations import Findings, find, is_degenerate
from training.evaluation.spoken import Spoken
from training.visits import Fact, Visit


def findings(visit: Visit, note: str) -> Findings:
    return find(visit, note, Spoken(visit.turns))


def changed(visit: Visit, old: str, new: str) -> Findings:
    assert old in visit.note
    return findings(visit, visit.note.replace(old, new))


@pytest.mark.parametrize("visit", VISITS, ids=lambda visit: visit.id)
def test_a_good_note_omits_and_invents_nothing(visit: Visit) -> None:
    found = findings(visit, visit.note)
    assert found.omissions == ()
    assert found.hallucinations == ()
    assert found.safety_recall == 1.0
    assert (found.omission_grade, found.hallucination_grade) == ("none", "none")


@pytest.mark.parametrize("visit", VISITS, ids=lambda visit: visit.id)
@pytest.mark.parametrize(
    "note",
    [
        "",
        "   \n",
        "HISTORY",
        "The patient has diabetes. " * 30,
        "She takes metformin 500 mg. " + "and the and the and the " * 40,
    ],
    ids=["empty", "blank", "heading", "loop", "loop after a start"],
)
def test_a_degenerate_note_omits_everything(visit: Visit, note: str) -> None:
    found = findings(visit, note)
    assert found.degenerate
    assert len(found.omissions) == len(visit.facts)
    assert found.safety_recall == 0.0
    assert found.omission_grade == "major"


def test_an_ordinary_note_is_not_degenerate() -> None:
    assert not any(is_degenerate(visit.note) for visit in VISITS)
    assert not is_degenerate("Doing well on metformin 500 mg twice daily.")


@pytest.mark.parametrize("dose", ["500 milligrams two times a day", "500mg bid", "five hundred mg twice a day", "0.5 g b.i.d."])
def test_a_dose_may_be_written_in_many_ways(dose: str) -> None:
    found = changed(DIABETES, "500 mg b.i.d.", dose)
    assert found.omissions == ()
    assert found.hallucinations == ()


def test_left_out_facts_are_omissions_of_their_severity() -> None:
    found = changed(DIABETES, "She is allergic to penicillin (rash).", "")
    assert [(omission.kind, omission.severity) for omission in found.omissions] == [("allergy", "major")]
    assert found.recall["allergy"] == 0.0
    assert found.recall["medication"] == 1.0
    found = changed(DIABETES, "Denies chest pain. ", "")
    assert [(omission.kind, omission.severity) for omission in found.omissions] == [("symptom", "minor")]
    assert found.omission_grade == "minor"


@pytest.mark.parametrize(
    ("old", "new", "kind", "text"),
    [
        ("lisinopril 20 mg", "lisinopril 25 mg", "number", "25 mg"),
        ("metformin 500 mg", "glipizide and metformin 500 mg", "drug", "glipizide"),
        ("Denies chest pain", "Endorses chest pain", "negation", "no chest pain"),
        ("HbA1c 8.4%", "HbA1c 8.4%. LDL 130", "result", "130"),
        ("Type 2 diabetes, not", "Osteoporosis. Type 2 diabetes, not", "diagnosis", "osteoporosis"),
        ("She is allergic to penicillin (rash).", "No known drug allergies.", "allergy", "penicillin rash"),
        ("penicillin (rash)", "penicillin and sulfa", "allergy", "sulfa"),
        (
            "metformin 500 mg b.i.d. and lisinopril 20 mg daily",
            "metformin 500 mg b.i.d. and lisinopril 8 mg daily",
            "number",
            "8 mg",
        ),
    ],
)
def test_one_invention_is_one_major_hallucination_of_its_kind(old: str, new: str, kind: str, text: str) -> None:
    found = changed(DIABETES, old, new)
    assert [(error.kind, error.text, error.severity) for error in found.hallucinations if error.kind != "wrong value"] == [
        (kind, text, "major")
    ]
    assert found.hallucination_grade == "major"


def test_a_dose_of_another_drug_is_a_wrong_value() -> None:
    found = changed(THYROID, "TSH in 6 weeks", "TSH in 6 weeks. Metformin 88 mcg daily")
    assert [error.kind for error in found.hallucinations] == ["drug"]
    found = changed(THYROID, "free T4 0.9", "free T4 7.1")
    assert "wrong value" not in [error.kind for error in found.hallucinations]  # said two turns around it: not certain
    assert [omission.text for omission in found.omissions] == ["free t4 0.9"]


def test_a_number_that_was_said_far_from_the_drug_is_a_wrong_value() -> None:
    visit = msgspec.structs.replace(DIABETES, turns=DIABETES.turns[:9] + DIABETES.turns[:5] + DIABETES.turns[9:])
    found = findings(visit, visit.note.replace("HbA1c 8.4%", "HbA1c 20"))
    assert [(error.kind, error.text) for error in found.hallucinations] == [("wrong value", "hba1c 8.4 %")]
    assert found.omissions == ()  # counted once
    assert found.recall["result"] == 0.0


def test_other_unsupported_sentences_are_minor_and_repeats_count_once() -> None:
    found = changed(
        DIABETES, "Denies chest pain.", "Denies chest pain. Lives alone beside the harbour. Lives alone beside the harbour."
    )
    assert [(error.kind, error.severity) for error in found.hallucinations] == [("unsupported", "minor")]
    assert found.hallucination_grade == "minor"


def test_a_brand_name_and_a_lay_name_are_no_inventions() -> None:
    found = changed(DIABETES, "lisinopril 20 mg", "lisinopril (Zestril) 20 mg")
    assert found.hallucinations == ()


def test_a_fact_needs_its_own_number() -> None:
    swapped = DIABETES.note.replace(
        "metformin 500 mg b.i.d. and lisinopril 20 mg daily", "metformin 20 mg daily and lisinopril 500 mg b.i.d."
    )
    found = findings(DIABETES, swapped)
    assert {omission.text for omission in found.omissions} | {error.text for error in found.hallucinations} >= {
        "metformin 500 mg twice daily",
        "lisinopril 20 mg daily",
    }


@pytest.mark.parametrize(
    "note",
    ["No side effects from metformin.", "No changes to lisinopril 20 mg daily.", "Diabetes is not well controlled."],
)
def test_a_negation_beside_a_fact_is_not_a_denial_of_it(note: str) -> None:
    kinds = [error.kind for error in findings(DIABETES, note + " The patient denies chest pain.").hallucinations]
    assert "negation" not in kinds


def test_names_may_be_stems_and_values_words() -> None:
    visit = msgspec.structs.replace(
        DIABETES,
        facts=(
            Fact("medication", ("glipizide",), ("stop", "discontinu"), negated=True, severity="major"),
            Fact("allergy", ("allerg", "nkda"), negated=True, severity="major"),
            Fact("finding", ("tender",), negated=True),
        ),
    )
    good = findings(visit, "Glipizide was discontinued. NKDA. Abdomen soft and nontender.")
    assert good.omissions == ()
    assert not [error for error in good.hallucinations if error.severity == "major"]
    bad = findings(visit, "Continue glipizide. She has allergies. The abdomen is tender.")
    assert [omission.kind for omission in bad.omissions] == ["medication"]
    assert [error.kind for error in bad.hallucinations][-2:] == ["allergy", "negation"]


def test_reference_notes_of_generated_visits_are_good_notes() -> None:
    synth = pytest.importorskip("training.synth.generate", reason="needs the generator of visits")
    visits = list(synth.generate(12, seed=11, split="test"))
    found = [findings(visit, visit.note) for visit in visits]
    omitted = [omission for one in found for omission in one.omissions]
    assert len(omitted) <= 0.01 * sum(len(visit.facts) for visit in visits), omitted
    majors = [error for one in found for error in one.hallucinations if error.severity == "major"]
    assert majors == []
    # The note of the next visit is another matter.
    wrong = [findings(visit, other.note) for visit, other in itertools.pairwise(visits)]
    assert sum(len(one.hallucinations) for one in wrong) > 5 * len(wrong)
    assert sum(len(one.omissions) for one in wrong) > 10 * len(wrong)


def test_findings_survive_json() -> None:
    found = changed(DIABETES, "lisinopril 20 mg", "lisinopril 25 mg")
    assert msgspec.json.decode(msgspec.json.encode(found), type=Findings) == found
