from __future__ import annotations

import pytest

from appliance.clinical_note import Sentence
from appliance.note.check.dialogue import read_dialogue
from appliance.note.check.omissions import omissions
from appliance.note.completion import _TOPICS, MOST_QUESTIONS, Completion, Question
from appliance.note.exchanges import LONGEST, ExchangeCutter
from appliance.note.model import LanguageModel
from appliance.note.templates import all_templates, template_named
from appliance.note.topics import TopicsStrategy
from appliance.note.writer import tidy
from appliance.runtime.bundle import Bundle, NoteModel
from appliance.transcript import Turn

TEMPLATE = template_named("aci")
VISIT = [
    Turn("What brings you in?", speaker="clinician"),
    Turn("I am so tired, and I don't sleep.", speaker="patient"),
    Turn("Are you allergic to anything?", speaker="clinician"),
    Turn("Penicillin, I got a rash.", speaker="patient"),
    Turn("Your TSH is 9.2, that is high. You have hypothyroidism.", speaker="clinician"),
    Turn("Okay.", speaker="patient"),
    Turn("We'll start levothyroxine 50 micrograms once a day. See me in 6 weeks.", speaker="clinician"),
]
NOTE = [Sentence("The patient reports fatigue.", (0, 1)), Sentence("TSH is 9.2, elevated.", (4,))]


def completion(visit: list[Turn] = VISIT, note: list[Sentence] = NOTE) -> Completion:
    cutter = ExchangeCutter()
    exchanges = [exchange for turn in visit for exchange in cutter.add(turn)] + cutter.finish()
    return Completion(TEMPLATE, note, visit, exchanges)


def asked_for(kind: str) -> Question:
    return next(question for question in completion().questions() if question.omission.kind == kind)


def test_what_the_note_misses_is_asked_where_it_was_said() -> None:
    questions = {question.omission.kind: question for question in completion().questions()}
    assert {kind: question.topic for kind, question in questions.items()} == {
        "allergy": "Allergies",
        "medication": "Plan",
        "diagnosis": "Assessment",
        "follow_up": "Plan",
    }
    assert questions["allergy"].exchange.turns[-2:] == (2, 3)
    assert "Patient: Penicillin, I got a rash." in questions["allergy"].exchange.text
    assert 6 in questions["medication"].exchange.turns


def test_what_is_lost_among_other_things_is_asked_by_its_sentence_alone() -> None:
    visit = [
        Turn("Good morning. What is bothering you?", speaker="clinician"),
        Turn("I feel down. Also, I'm freezing all the time. And I keep gaining weight.", speaker="patient"),
    ]
    asked = completion(visit, [Sentence("The patient reports low mood and weight gain.", (1,))]).questions()
    assert {(question.omission.kind, question.omission.severity, question.topic) for question in asked} == {
        ("symptom", "minor", "Symptoms")
    }
    assert [question.exchange.text for question in asked] == [
        f"Doctor: {visit[0].text}\nPatient: {visit[1].text}",
        "Doctor: What is bothering you?\nPatient: Also, I'm freezing all the time.",
    ]


def test_a_complete_note_is_not_asked_about() -> None:
    rest = [
        "The patient is allergic to penicillin (rash).",
        "Hypothyroidism.",
        "Start levothyroxine 50 mcg once daily.",
        "Follow up in 6 weeks.",
    ]
    assert completion(note=[*NOTE, *(Sentence(text) for text in rest)]).questions() == []


@pytest.mark.parametrize(
    ("kind", "topic", "written", "kept"),
    [
        ("allergy", "Allergies", "The patient is allergic to penicillin, which causes a rash.", True),
        ("allergy", "Allergies", "The patient has no known allergies.", False),
        ("allergy", "Allergies", "The patient has a rash.", False),
        ("medication", "Plan", "Start levothyroxine 50 mcg once daily.", True),
        ("medication", "Plan", "Stop levothyroxine.", False),
        ("medication", "Plan", "Start levothyroxine 75 mcg once daily.", False),
        ("diagnosis", "Assessment", "Hypothyroidism.", True),
        ("diagnosis", "Assessment", "No hypothyroidism.", False),
        ("follow_up", "Plan", "Return in 6 weeks.", True),
        ("follow_up", "Plan", "Return in 6 months.", False),
    ],
)
def test_only_what_states_it_and_was_said_is_kept(kind: str, topic: str, written: str, *, kept: bool) -> None:
    question = asked_for(kind)
    found = list(completion().choose([(question, [("Social history", "The patient is tired."), (topic, written)])]))
    assert found == ([(topic, Sentence(written, question.exchange.turns))] if kept else [])


def test_one_sentence_is_kept_for_one_omission() -> None:
    question = asked_for("follow_up")
    twice = [(question, [("Plan", "Return in 6 weeks.")]), (question, [("Plan", "Follow up in 6 weeks.")])]
    assert [sentence.text for _, sentence in completion().choose(twice)] == ["Return in 6 weeks."]


def test_a_long_turn_is_shown_in_the_pieces_of_the_visit() -> None:
    long = Turn("So it goes on and on about this and that. " * 30 + VISIT[6].text, speaker="clinician")
    shown = completion([*VISIT[:6], long]).questions()
    assert len(shown) <= MOST_QUESTIONS
    assert max(len(question.exchange.text.split()) for question in shown) <= LONGEST + len(VISIT)
    assert any("levothyroxine 50" in q.exchange.text for q in shown if q.omission.kind == "medication")


def test_every_topic_of_a_question_has_a_home_in_every_template() -> None:
    topics = {topic for several in _TOPICS.values() for topic in several}
    for template in all_templates().values():
        assert topics <= {topic for section in template.sections for topic in section.topics}


@pytest.mark.parametrize("completed", [False, True])
def test_the_default_model_states_more_when_it_is_asked_again(
    language_model: LanguageModel, default_bundle: Bundle, *, completed: bool
) -> None:
    writer = TopicsStrategy(language_model, default_bundle.manifest.note, completed=completed).writer(TEMPLATE)
    for turn in VISIT:
        writer.add(turn)
    assert list(writer.finish())
    done, total = writer.progress()
    assert done == total
    texts = [sentence.text for section in writer.sections() for sentence in section.sentences]
    missing = [found.kind for found in omissions(TEMPLATE, texts, read_dialogue(VISIT)) if found.severity == "major"]
    assert ("result" in missing) is not completed


def test_an_untuned_model_is_not_asked_again(language_model: LanguageModel) -> None:
    assert not TopicsStrategy(language_model, NoteModel("", "", "topics", 2048, "verbatim")).completes


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        ("prolactinoma", "Prolactinoma."),
        ("Okay.", ""),
        (" denies  fever ", "Denies fever."),
        ("7.8", ""),
        ("Penicillin.", ""),
        ("VitaminD is 11, low", "Vitamin D is 11, low."),
        ("Takes vitaminb12", "Takes vitamin b12."),
        ("Takes vitamins", "Takes vitamins."),
    ],
)
def test_a_sentence_is_tidied_and_one_word_is_one_if_it_is_a_clinical_term(text: str, tidied: str) -> None:
    assert tidy(text) == tidied
