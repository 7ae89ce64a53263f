from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.note.facts.facts import read_facts

MEDICINES = ["metformin", "lisinopril", "atorvastatin", "levothyroxine", "gabapentin"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "The patient takes calcium citrate 600 mg twice daily and rosuvastatin 10 mg once daily.",
            ["medication calcium citrate: 600 mg, twice daily", "medication rosuvastatin: 10 mg, once daily"],
        ),
        (
            "Decrease levothyroxine from 88 mcg to 50 mcg every morning.",
            ["medication levothyroxine: decrease, 50 mcg (before: 88 mcg), once daily in the morning"],
        ),
        (
            "10 milligrams of lisinopril and 500 milligrams of metformin",
            ["medication lisinopril: 10 mg", "medication metformin: 500 mg"],
        ),
        ("We'll go up on the lisinopril from 10 to 20.", ["medication lisinopril: increase, 20 (before: 10)"]),
        ("TSH is 0.16 mIU/L, low, down from 2.30.", ["result TSH: 0.16 mIU/L (before: 2.3), low"]),
        (
            "TSH came in at 4.5, and for your free T4, it was 1.1, normal",
            ["result TSH: 4.5", "result free T4: 1.1, normal"],
        ),
        ("Blood pressure is 130/76.", ["vital blood pressure: 130 mmHg/76 mmHg"]),
        ("Repeat TSH and free T4 in 6 weeks.", ["order TSH: in 6 weeks", "order free T4: in 6 weeks"]),
        ("Follow up in 7 weeks.", ["follow_up: in 7 weeks"]),
        ("Refer to ophthalmology.", ["order ophthalmology"]),
        ("No known drug allergies.", ["allergy any: no"]),
        ("The patient is allergic to penicillin, which causes hives.", ["allergy penicillin: hives"]),
        ("12, no, sorry, 24 units of insulin glargine", ["medication insulin glargine: 24 units"]),
        ("The vitamin D is 48.", ["result 25-hydroxyvitamin D: 48"]),
        ("vitamin D 1000 units daily", ["medication vitamin D: 1000 units, once daily"]),
        ("The patient takes magnesium.", ["medication magnesium"]),
        ("Stop glipizide.", ["medication glipizide: stop"]),
        ("You weigh 177 pounds.", ["vital weight: 177 lb"]),
    ],
)
def test_facts_of_a_sentence(text: str, found: list[str]) -> None:
    assert [fact.normal_form for fact in read_facts(text)] == found


def test_brand_and_generic_are_one() -> None:
    (brand,) = read_facts("Continue Glucophage 500 mg BID.")
    (generic,) = read_facts("We'll continue the metformin, five hundred milligrams twice a day.")
    assert brand.normal_form == generic.normal_form


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.sampled_from(MEDICINES), st.integers(1, 1000), st.sampled_from(["daily", "twice daily", "at bedtime"])),
        min_size=1,
        max_size=4,
        unique_by=lambda item: item[0],
    )
)
def test_each_dose_stays_with_its_medicine(items: list[tuple[str, int, str]]) -> None:
    text = "The patient takes " + ", ".join(f"{name} {dose} mg {often}" for name, dose, often in items) + "."
    found = [(fact.concept, int(fact.quantities[0].value)) for fact in read_facts(text) if fact.kind == "medication"]
    assert found == [(name, dose) for name, dose, _ in items]


@settings(deadline=None, max_examples=50)
@given(st.text(alphabet=st.sampled_from("aeimnoprtTSH 0159./,-?!\n'%½")) | st.text())
def test_places_lie_in_any_text(text: str) -> None:
    for fact in read_facts(text):
        assert 0 <= fact.start < fact.end <= len(text)


WORDS = (
    "no metformin 500 mg twice a day TSH was 4.5 , . ? chest pain mother had left knee in 6 weeks follow up sorry to".split()
)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(WORDS), max_size=30))
def test_no_order_of_words_breaks_the_reader(words: list[str]) -> None:
    text = " ".join(words)
    for fact in read_facts(text):
        assert 0 <= fact.start < fact.end <= len(text)
        assert fact.text in text
        assert fact.normal_form
