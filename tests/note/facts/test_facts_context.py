from __future__ import annotations

import pytest

from appliance.note.facts.context import Context, context
from appliance.note.facts.facts import read_facts
from appliance.note.facts.sentences import is_question, sentence_spans
from appliance.note.facts.sides import sides


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("right knee", ["right"]),
        ("my left big toe", ["left"]),
        ("on the left", ["left"]),
        ("The left knee hurts more than the right.", ["left", "right"]),
        ("both feet, both of my knees", ["bilateral", "bilateral"]),
        ("bilateral lower extremity edema", ["bilateral"]),
        ("right upper quadrant, left-sided weakness", ["right", "left"]),
        ("Right, okay. That's right. All right. You're right, the knee.", []),
        ("He left the house right away and left my brace.", []),
        ("on the right track, on the right dose, right now, I'll be right back", []),
    ],
)
def test_sides_are_about_the_body(text: str, found: list[str]) -> None:
    assert [mention.side for mention in sides(text)] == found


PRESENT = Context()
DENIED = Context(negated=True)


@pytest.mark.parametrize(
    ("text", "span", "expected"),
    [
        ("She denies chest pain but has a cough", "chest pain", DENIED),
        ("She denies chest pain but has a cough", "cough", PRESENT),
        ("no fever, chills, or nausea", "nausea", DENIED),
        ("no chest pain, some nausea", "nausea", PRESENT),
        ("I haven't had any chest pain", "chest pain", DENIED),
        ("Chest pain: none.", "Chest pain", DENIED),
        ("Pregnancy was ruled out", "Pregnancy", DENIED),
        ("I've never missed a dose of hydrocortisone", "hydrocortisone", PRESENT),
        ("It doesn't really help the back pain", "back pain", PRESENT),
        ("No, I have a headache", "headache", PRESENT),
        ("you did not okay what are you doing for the pain", "pain", PRESENT),
        ("zero point five milligrams of alprazolam", "alprazolam", PRESENT),
        ("rule out pneumonia", "pneumonia", Context(uncertain=True)),
        ("maybe some tingling", "tingling", Context(uncertain=True)),
        ("call if you get a fever", "fever", Context(hypothetical=True)),
        ("I used to take metformin", "metformin", Context(past=True)),
        ("my mother had diabetes", "diabetes", Context(experiencer="family")),
        ("The patient's mother and brother have thyroid disease", "thyroid disease", Context(experiencer="family")),
        ("diabetes in her father", "diabetes", Context(experiencer="family")),
        ("My father never had diabetes", "diabetes", Context(negated=True, experiencer="family")),
        ("I live with my mother and have diabetes", "diabetes", PRESENT),
        ("my daughter says I have asthma", "asthma", PRESENT),
    ],
)
def test_words_around_a_name(text: str, span: str, expected: Context) -> None:
    start = text.index(span)
    assert context(text, start, start + len(span)) == expected


def test_sentences_keep_decimals_abbreviations_and_titles_whole() -> None:
    text = "Dr. Lee gave 7.5 mg b.i.d. with food. Any pain? No. 3 days."
    assert [text[start:end] for start, end in sentence_spans(text)] == [
        "Dr. Lee gave 7.5 mg b.i.d. with food.",
        "Any pain?",
        "No.",
        "3 days.",
    ]


def test_recognized_speech_without_punctuation_is_cut_where_it_asks() -> None:
    text = "so the knee looks a little swollen on the inside okay do you have any numbness in the foot"
    pieces = [text[start:end] for start, end in sentence_spans(text)]
    assert pieces == ["so the knee looks a little swollen on the inside", "okay", "do you have any numbness in the foot"] or (
        pieces[-1] == "do you have any numbness in the foot"
    )
    assert is_question(pieces[-1])
    assert not is_question(pieces[0])


def test_a_long_turn_without_punctuation_is_cut_where_something_new_is_said() -> None:
    text = (
        "your eyes seem equal and reactive I don't see any rash your lungs are clear and I do appreciate a small effusion "
        "I think you have bursitis so I'm gonna prescribe naproxen do you have any questions"
    )
    pieces = [text[start:end] for start, end in sentence_spans(text)]
    assert "I don't see any rash" in pieces
    assert "I think you have bursitis" in pieces
    assert [piece for piece in pieces if is_question(piece)] == ["do you have any questions"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Stay away from grapefruit and ibuprofen.", ["medication ibuprofen: no"]),
        ("Call right away for fever.", ["symptom fever: hypothetical"]),
        ("Ice did not relieve the pain.", ["symptom pain"]),
        ("Opioid: never.", ["medication opioid: no"]),
        ("White blood cell count is not elevated.", ["result white blood cell count: normal"]),
        ("Your osilodrostat goes up to 5 milligrams.", ["medication osilodrostat: increase, 5 mg"]),
        ("The prednisone comes down to 10 mg.", ["medication prednisone: decrease, 10 mg"]),
        ("You're in range 70 percent of the time.", ["result time in range: 70%"]),
        ("We'll do a refill today.", ["time: today", "order refill"]),
        ("I referred you for low cortisol.", ["result cortisol"]),
    ],
)
def test_small_wordings(text: str, expected: list[str]) -> None:
    assert sorted(fact.normal_form for fact in read_facts(text)) == sorted(expected)
