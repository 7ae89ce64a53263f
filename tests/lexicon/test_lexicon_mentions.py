from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.errors import NotFoundError
from appliance.lexicon import tables
from appliance.lexicon.lexicon import default_units, drug, drug_words, everyday_words, measure, mentions


def named(text: str) -> list[tuple[str, str]]:
    return [(mention.kind, mention.concept) for mention in mentions(text)]


@pytest.mark.parametrize(
    ("text", "kind", "concept"),
    [
        ("She takes Lipitor at night", "drug", "atorvastatin"),
        ("metoprolol succinate ER 50", "drug", "metoprolol"),
        ("Metformin's side effects", "drug", "metformin"),
        ("a vitamin D supplement", "drug", "vitamin D"),
        ("your a one c today", "lab", "HbA1c"),
        ("Your A1C is up", "lab", "HbA1c"),
        ("the hemoglobin a1c came back", "lab", "HbA1c"),
        ("T.S.H. and", "lab", "TSH"),
        ("the t s h is", "lab", "TSH"),
        ("free T four", "lab", "free T4"),
        ("the vitamin D level", "lab", "25-hydroxyvitamin D"),
        ("her calcium is high today", "lab", "calcium"),
        ("blood-pressures at home", "vital", "blood pressure"),
        ("Graves' disease", "condition", "Graves' disease"),
        ("Hashimoto\u2019s thyroiditis", "condition", "Hashimoto's thyroiditis"),
        ("type two diabetes", "condition", "type 2 diabetes"),
        ("an MI last year", "condition", "myocardial infarction"),
        ("one hot flash", "symptom", "hot flashes"),
        ("short of breath", "symptom", "shortness of breath"),
        ("allergic to strawberries", "allergen", "strawberry"),
    ],
)
def test_a_name_is_found_in_every_form(text: str, kind: str, concept: str) -> None:
    assert (kind, concept) in named(text)


@pytest.mark.parametrize(
    "text",
    [
        "aspiration of the nodule",
        "mi casa",
        "I take the bus, it is low",
        "I feel fit and hear well with my hearing aid",
        "a stat in",
    ],
)
def test_like_words_are_no_drug(text: str) -> None:
    assert not [mention for mention in mentions(text) if mention.kind == "drug"]
    assert ("condition", "myocardial infarction") not in named(text)


def test_the_longest_name_wins() -> None:
    assert named("insulin glargine") == [("drug", "insulin glargine")]
    assert named("diabetic neuropathy") == [("condition", "diabetic neuropathy")]


def test_a_sentence_end_or_a_comma_parts_two_names() -> None:
    assert named("He takes insulin. Glargine was stopped") == [("drug", "insulin"), ("drug", "insulin glargine")]
    assert named("losartan, potassium") == [("drug", "losartan"), ("lab", "potassium")]
    assert named("losartan potassium") == [("drug", "losartan")]


def test_offsets_cut_the_name_out_of_the_text() -> None:
    text = "Stop Zocor; check Hashimoto's antibodies, T S H, Lp(a) and metformin XR."
    found = [text[mention.start : mention.end] for mention in mentions(text)]
    assert found == ["Zocor", "Hashimoto", "T S H", "Lp(a)", "metformin XR"]


@settings(deadline=None)  # the first call builds the tables
@given(st.text(max_size=200))
def test_any_text_is_read_without_overlap(text: str) -> None:
    at = 0
    for mention in mentions(text):
        assert at <= mention.start < mention.end <= len(text)
        at = mention.end


def test_every_form_in_the_tables_is_found_as_itself() -> None:
    lost = [form for kind, concept, form in tables.forms() if (kind, concept) not in named(f"and {form.removeprefix('=')} too")]
    assert lost == []


def test_a_form_has_one_concept() -> None:
    seen: dict[str, tuple[str, str]] = {}
    for kind, concept, form in tables.forms():
        assert seen.setdefault(form.lower(), (kind, concept)) == (kind, concept), form


def test_brand_and_generic_are_one_drug() -> None:
    assert drug("atorvastatin").drug_class == "statin"
    assert drug("atorvastatin").brands == ("Lipitor",)
    assert drug("statin").is_class
    assert not drug("insulin glargine").is_class
    with pytest.raises(NotFoundError):
        drug("listen opera")


def test_units_that_nobody_needs_to_say() -> None:
    assert default_units("HbA1c")[0] == "%"
    assert default_units("blood pressure")[0] == "mmHg"
    assert default_units("TSH")[0] == "mIU/L"
    assert default_units("weight")[0] == "lb"
    assert default_units("metformin") == ()
    with pytest.raises(NotFoundError):
        measure("metformin")


def test_plausible_ranges_are_ranges() -> None:
    for known in tables.measures().values():
        if known.low is not None and known.high is not None:
            assert known.low < known.high, known.concept
            assert known.units, known.concept


def test_the_tables_are_large_enough() -> None:
    kinds = [kind for kind, _ in tables.terms()]
    assert len(tables.drugs()) > 1200
    assert kinds.count("condition") >= 250
    assert kinds.count("symptom") >= 190


def test_everyday_words_and_words_of_drugs_are_apart() -> None:
    everyday, drugs = everyday_words(), drug_words()
    assert {"aspiration", "thyroid", "nodule", "auscultation", "acid", "vitamin"} <= everyday
    assert {"aspirin", "metformin", "lipitor", "zoledronic"} <= drugs
    assert not everyday & drugs
    assert not {"aspirin", "metformin", "insulin", "morphine"} & everyday


def test_a_visit_is_read_in_a_moment() -> None:
    visit = "We stop the metformin since your a1c of seven point eight is fine and the blood pressure too. " * 140
    mentions(visit[:100])
    start = time.process_time()
    assert len(mentions(visit)) == 420
    assert time.process_time() - start < 0.5  # seconds; 0.03 on an idle machine


@pytest.mark.parametrize(
    ("text", "concepts"),
    [
        ("a sestamibi scan and adrenal antibodies", ["sestamibi scan", "adrenal antibodies"]),
        ("the pumping function of the heart", ["ejection fraction"]),
        ("I'm seeing double and have loss of side vision", ["double vision", "vision loss"]),
        ("a core biopsy, then an FNA", ["core needle biopsy", "fine needle aspiration"]),
        ("diverticulosis, no diverticulitis", ["diverticulosis", "diverticulitis"]),
        ("CVA tenderness after a CVA", ["CVA tenderness", "stroke"]),
        ("he will fall asleep this summer and fall", []),
        ("no falls", ["falls"]),
    ],
)
def test_names_that_were_once_mixed_up(text: str, concepts: list[str]) -> None:
    assert [mention.concept for mention in mentions(text)] == concepts
