from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.note.facts.dialogue import TurnFact, read_turns
from appliance.transcript import Speaker, Turn


def said(*lines: str, speakers: tuple[Speaker, Speaker] = ("clinician", "patient")) -> tuple[TurnFact, ...]:
    return read_turns([Turn(line, speaker=speakers[place % 2]) for place, line in enumerate(lines)])


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["Any chest pain?", "No."], ["symptom chest pain: no"]),
        (["Are you taking the metformin?", "Yes, twice a day."], ["medication metformin: twice daily"]),
        (["How about your feet, any numbness?", "Some tingling at night."], ["symptom tingling: once daily at bedtime"]),
        (["Any fever, chills, or nausea?", "Just the nausea."], ["symptom fever: no", "symptom chills: no", "symptom nausea"]),
        (
            ["Any fever, nausea, or back pain?", "Yeah, I've had back pain off and on, none of the others."],
            ["symptom fever: no", "symptom nausea: no", "symptom back pain"],
        ),
        (["No headaches?", "Right."], ["symptom headache: no"]),
        (["Any fever? No? Good."], ["symptom fever: no"]),
        (["How much metformin do you take?", "500 milligrams twice a day."], ["medication metformin: 500 mg, twice daily"]),
        (
            ["And you're taking the levothyroxine eighty eight mcg every morning, right?", "Yeah, same as before."],
            ["medication levothyroxine: 88 mcg, once daily in the morning"],
        ),
        (["Any allergies?", "Penicillin. I get hives."], ["allergy penicillin: hives"]),
        (["Any drug allergies?", "Nope, nothing."], ["allergy any: no"]),
        (["Does anyone in the family have diabetes?", "My mother."], ["condition diabetes: family"]),
        (["Any supplements?", "Would biotin count? I take some of that."], ["medication biotin"]),
        (["How long have you had the back pain?", "Three weeks."], ["symptom back pain: for 3 weeks"]),
        (
            ["Let's talk about the metformin. Let's go up to 1000 milligrams twice a day."],
            ["medication metformin: increase, 1000 mg, twice daily"],
        ),
        (["I'll see you in 12 months."], ["follow_up: in 12 months"]),
        (["Do you have any chest pain?", "I saw a movie."], []),
        (["Any trouble swallowing?", "Swallowing is fine."], ["symptom difficulty swallowing: no"]),
        (["Do you have back pain?", "My back has been the same as ever, normal."], ["symptom back pain: no"]),
        (["Do you have back pain?", "My back is not fine."], ["symptom back pain"]),
        (
            ["Have you noticed weight loss, or palpitations?", "No. My weight has been the same for years."],
            ["symptom weight loss: no", "symptom palpitations: no"],
        ),
        (
            ["Any fever, or weakness in your muscles?", "No, but my thighs get weak."],
            ["symptom fever: no", "symptom weakness"],
        ),
        (
            ["Are you taking the metformin, 500 milligrams twice a day?", "Well, no, it's 1,000 once a day now."],
            ["medication metformin: 1000 mg, once daily"],
        ),
        (
            ["Are you taking the metformin, 500 milligrams?", "No, I stopped in May."],
            ["medication metformin: no, 500 mg", "time: may"],
        ),
        (
            [
                "Do I stay on the lisinopril?",
                "Let's go up from 10 to 20 milligrams. And raise the atorvastatin to 40 milligrams.",
            ],
            ["medication atorvastatin: increase, 40 mg", "medication lisinopril: increase, 20 mg (before: 10 mg)"],
        ),
        (
            [
                "You take levothyroxine, 75 micrograms.",
                "Yes.",
                "Move the iron to bedtime. I'd raise the dose from 75 to 88 micrograms.",
            ],
            [
                "medication levothyroxine: 75 mcg",
                "result iron",
                "medication levothyroxine: increase, 88 mcg (before: 75 mcg)",
            ],
        ),
        (["What do you see on your meter?", "Around 150, sometimes 160."], ["result glucose: 150/160"]),
        (
            ["Do I stay on the lisinopril?", "Yes, but let's go up to 20 milligrams a day."],
            ["medication lisinopril: increase, 20 mg, once daily"],
        ),
        (
            ["Any missed doses of the methimazole?", "I try, but I miss about 2 doses a week."],
            ["medication methimazole: 2 dose, once weekly"],
        ),
        (["Leave out the biotin for now."], ["medication biotin: stop"]),
    ],
)
def test_question_and_answer_are_one_fact(lines: list[str], found: list[str]) -> None:
    assert [item.fact.normal_form for item in said(*lines)] == found


def test_a_fact_names_its_turns_and_who_stated_it() -> None:
    (denied,) = said("Any chest pain?", "No.")
    assert (denied.turn, denied.turns, denied.speaker) == (0, (0, 1), "patient")
    assert "Any chest pain?"[denied.fact.start : denied.fact.end] == "chest pain"


def test_a_question_alone_states_nothing() -> None:
    assert said("Any chest pain, fever, or chills?", "What do you mean?") == ()


def test_speakers_may_be_unknown_and_punctuation_missing() -> None:
    turns = said("any chest pain", "no", "are you taking the metformin", "yes twice a day", speakers=("unknown", "unknown"))
    assert [item.fact.normal_form for item in turns] == ["symptom chest pain: no", "medication metformin: twice daily"]


def test_an_answer_in_other_words_is_never_turned_into_a_denial() -> None:
    found = said("Any weakness in your muscles, or fever?", "Yeah, my thighs get weak on stairs, otherwise no.")
    denied = {item.fact.concept for item in found if item.fact.negated}
    assert denied <= {"fever"}


LINES = [
    "Any fever?",
    "no",
    "Yes.",
    "metformin 500 mg",
    "is it?",
    "I take that",
    "go up to 20 mg",
    "my mother",
    "allergies?",
    "hives",
    "",
]


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.sampled_from(LINES) | st.text(max_size=40), st.sampled_from(["clinician", "patient", "unknown"])),
        max_size=8,
    )
)
def test_no_dialogue_breaks_the_reader(lines: list[tuple[str, Speaker]]) -> None:
    turns = [Turn(text, speaker=speaker) for text, speaker in lines]
    for item in read_turns(turns):
        assert item.turn in item.turns
        assert all(0 <= place < len(turns) for place in item.turns)
        assert 0 <= item.fact.start <= item.fact.end <= len(turns[item.turn].text)
