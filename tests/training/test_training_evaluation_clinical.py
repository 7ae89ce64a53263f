from __future__ import annotations

import pytest
from evaluation_visits import BONES, DIABETES, THYROID, VISITS

from training.evaluation.clinical import METRICS, clinical_scores, unsupported
from training.evaluation.lexicon import conditions, drugs, symptoms
from training.evaluation.normal import normal, quantities, sentences
from training.evaluation.polarity import negated
from training.evaluation.spoken import Spoken
from training.visits import Utterance, Visit


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("five hundred milligrams two times a day", "500 mg b.i.d."),
        ("five hundred milligrams twice daily", "500mg BID"),
        ("seven point two percent", "7.2%"),
        ("one forty two over eighty eight", "142/88"),
        ("twenty-five micrograms every morning", "25 mcg qAM"),
        ("fifty thousand units once a week", "50,000 IU weekly"),
        ("one gram a day", "1 g daily"),
        ("by mouth at bedtime", "p.o. q.h.s."),
        ("point five milligrams", "0.5 mg"),
        ("one point two by zero point eight centimeters", "1.2 x 0.8 cm"),
        ("a year", "1 year"),
        ("minus two point five", "-2.5"),
    ],
)
def test_what_is_said_equals_what_is_written(said: str, written: str) -> None:
    assert normal(said) == normal(written)


@pytest.mark.parametrize(
    ("one", "other"), [("1000 mcg", "1 mg"), ("one gram", "1000 mg"), ("two weeks", "14 days"), ("2.0", "2")]
)
def test_equal_quantities_in_other_units_are_equal(one: str, other: str) -> None:
    (first,), (second,) = quantities(one), quantities(other)
    assert first.equals(second)


@pytest.mark.parametrize(
    ("one", "other"), [("500 mg", "500 mcg"), ("5 mg", "50 mg"), ("3 months", "3 weeks"), ("1.5 cm", "1.6 cm")]
)
def test_unequal_quantities_are_not(one: str, other: str) -> None:
    (first,), (second,) = quantities(one), quantities(other)
    assert not first.equals(second)


def test_numbers_in_names_are_no_quantities() -> None:
    assert [quantity.text for quantity in quantities("HbA1c 7.2 %, free T4 1.1, B12 normal, type 2 diabetes, GLP-1")] == [
        "7.2 %",
        "1.1",
    ]
    assert [quantity.text for quantity in quantities("vitamin D 50,000 IU")] == ["50000 unit"]


def test_sentences_come_without_headings_and_titles_do_not_end_them() -> None:
    note = "SUBJECTIVE\n\nMr. Smith takes aspirin p.o. daily. NKDA.\n\nPLAN\n1. Stop aspirin."
    assert [text for _, text in sentences(note)] == ["Mr Smith takes aspirin po  daily.", "NKDA.", "Stop aspirin."]


def test_lexicons_know_brands_lay_words_and_double_meanings() -> None:
    assert drugs().names("She takes Synthroid and two Tylenol.") == {"levothyroxine", "acetaminophen"}
    assert len(drugs().names("metformin; lipitor; ozempic; insulin glargine")) == 4
    assert conditions().names("high blood pressure") == {"hypertension"}
    assert {"type 1 diabetes", "type 2 diabetes"} <= conditions().names("diabetes")
    assert conditions().names("type two diabetes") == {"type 2 diabetes"}
    assert symptoms().names("I feel short of breath") == {"shortness of breath"}


@pytest.mark.parametrize(
    ("sentence", "name", "expected"),
    [
        ("Denies chest pain, palpitations, or tremor.", "tremor", True),
        ("No fever but has a cough.", "cough", False),
        ("No fever but has a cough.", "fever", True),
        ("She does not have a fever.", "fever", True),
        ("Diabetes is not well controlled.", "diabetes", False),
        ("Not well controlled diabetes.", "diabetes", False),
        ("No changes to metformin.", "metformin", False),
        ("Nodules were not seen.", "nodules", True),
        ("Reports no fever and endorses headache.", "headache", False),
    ],
)
def test_negation_has_a_scope(sentence: str, name: str, expected: bool) -> None:  # noqa: FBT001  # a table of cases
    parts = normal(sentence).split()
    start = parts.index(name)
    assert negated(parts, start, start + 1) is expected


@pytest.mark.parametrize("visit", VISITS, ids=lambda visit: visit.id)
def test_a_good_note_is_exact(visit: Visit) -> None:
    scores = clinical_scores(visit.note, Spoken(visit.turns))
    assert set(scores) == set(METRICS)
    assert {scores[name] for name in METRICS if name != "unsupported_rate"} <= {1.0, None}
    assert (scores["unsupported_rate"] or 0.0) <= 0.1


def test_another_patients_note_is_not_exact() -> None:
    scores = clinical_scores(BONES.note, Spoken(DIABETES.turns))
    assert (scores["number_exactness"] or 0.0) < 0.5
    assert scores["dose_exactness"] == 0.0
    assert scores["drug_exactness"] == 0.0
    assert scores["laterality_exactness"] == 0.0
    assert (scores["unsupported_rate"] or 0.0) > 0.7


@pytest.mark.parametrize(
    ("metric", "right", "wrong"),
    [
        ("number_exactness", "blood pressure 142/88", "blood pressure 152/88"),
        ("dose_exactness", "metformin 500 mg", "metformin 50 mg"),
        ("drug_exactness", "Glucophage and Zestril", "Glucophage and Zocor"),
        ("laterality_exactness", "tingling in the left foot", "tingling in the right foot"),
        ("negation_exactness", "Denies chest pain", "Reports chest pain"),
    ],
)
def test_one_error_lowers_the_score_that_is_about_it(metric: str, right: str, wrong: str) -> None:
    spoken = Spoken(DIABETES.turns)
    assert clinical_scores(right + ".", spoken)[metric] == 1.0
    assert (clinical_scores(wrong + ".", spoken)[metric] or 0.0) < 1.0


def test_an_empty_note_has_nothing_to_score() -> None:
    assert set(clinical_scores("", Spoken(THYROID.turns)).values()) == {None}


def test_answers_decide_and_unclear_answers_do_not_count() -> None:
    turns = (
        Utterance("clinician", "Any fever?"),
        Utterance("patient", "Nope."),
        Utterance("clinician", "Any cough? "),
        Utterance("patient", "Yeah, a dry one."),
        Utterance("clinician", "Any nausea?"),
        Utterance("patient", "Well, it's hard to say."),
        Utterance("clinician", "Call us if you have a fever or start vomiting."),
    )
    assert Spoken(turns).symptoms == {"fever": False, "cough": True}


def test_synonyms_support_a_sentence() -> None:
    spoken = Spoken((Utterance("patient", "I have high blood pressure."),))
    assert not unsupported("Hypertension.", spoken)
    assert unsupported("Hepatic steatosis.", spoken)


def test_two_digits_said_in_a_row_are_two_numbers_too() -> None:
    spoken = Spoken([Utterance("patient", "I would say four five times a week.")])
    assert {"4", "5", "45"} <= spoken.numbers
    assert "6" not in spoken.numbers
