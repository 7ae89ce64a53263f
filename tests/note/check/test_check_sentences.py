from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.clinical_note import NOT_DISCUSSED, Check, CheckedSentence, Section, Sentence
from appliance.lexicon import tables
from appliance.note.check.check import check, warm
from appliance.note.templates import template_named
from appliance.transcript import Speaker, Turn

SPEAKERS: tuple[Speaker, Speaker] = ("clinician", "patient")
VISIT = [
    Turn(text, speaker=SPEAKERS[place % 2])
    for place, text in enumerate(
        [
            "Any chest pain, or shortness of breath?",
            "No chest pain. I get short of breath on the stairs.",
            "Which medicines do you take?",
            "Insulin glargine, 12, no, sorry, 24 units at night, and lisinopril ten milligrams a day.",
            "Do you smoke?",
            "No, I never smoked. I have two drinks a week.",
            "Anything that runs in the family?",
            "My mother had breast cancer.",
            "Where does it hurt?",
            "My left knee. It swells at night.",
            "Your A1c is 7.1 percent, down from 8.4. Your blood pressure is 150 over 90.",
            "Okay.",
            "Your sugars look great. We'll go up on the lisinopril from ten to twenty milligrams once daily.",
            "All right.",
            "I'd like you to keep taking the glargine. See you back in 6 weeks.",
            "Thanks.",
        ]
    )
]


def checked(sentence: str, section: str = "assessment_and_plan", turns: list[Turn] = VISIT) -> CheckedSentence:
    (only,) = whole(Section(section, "", sentence), turns=turns).sections[0].sentences
    return only


def whole(*sections: Section, turns: list[Turn] = VISIT) -> Check:
    return check(template_named("aci"), sections, turns)


@pytest.mark.parametrize(
    "sentence",
    [
        "The patient denies chest pain.",
        "The patient takes insulin glargine 24 units at bedtime and lisinopril 10 mg daily.",
        "The patient does not smoke and drinks about 2 alcoholic beverages per week.",
        "Family history is significant for breast cancer in her mother.",
        "Hemoglobin A1c is 7.1%, down from 8.4%.",
        "Blood pressure is 150/90.",
        "Increase lisinopril from 10 mg to 20 mg once daily.",
        "Continue Lantus.",
        "Follow up in 6 weeks.",
    ],
)
def test_what_was_said_is_supported(sentence: str) -> None:
    found = checked(sentence)
    assert (found.state, found.severity, found.reasons) == ("supported", "none", ())
    assert found.turns


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("Increase lisinopril to 40 mg once daily.", "20 mg"),
        ("Increase lisinopril to 10 mg once daily.", "20 mg"),
        ("The patient takes insulin glargine 12 units at bedtime.", "24 units"),
        ("The patient takes lisinopril 10 mg twice daily.", "once daily"),
        ("Hemoglobin A1c is 7.9%.", "7.1%"),
        ("Blood pressure is 130/90.", "150 mmHg/90 mmHg"),
        ("The patient reports chest pain.", "no chest pain"),
        ("The patient denies shortness of breath.", "shortness of breath"),
        ("The patient has breast cancer.", "a relative"),
        ("Stop lisinopril.", "increase"),
        ("The patient smokes.", "in the negative"),
        ("Follow up in 3 months.", "in 6 weeks"),
    ],
)
def test_what_was_said_otherwise_is_contradicted_and_says_how(sentence: str, said: str) -> None:
    found = checked(sentence)
    assert found.state == "contradicted"
    assert found.severity == "major"
    assert said in found.reasons[0]
    assert "(turn " in found.reasons[0]


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("Start warfarin 5 mg daily.", "Never said: warfarin."),
        ("The patient reports a headache.", "Never said: headache."),
        ("The patient is allergic to penicillin.", "Never said: penicillin."),
        ("The patient enjoys mountain climbing.", "Little of this was said."),
    ],
)
def test_what_was_never_said_is_unsupported(sentence: str, reason: str) -> None:
    found = checked(sentence)
    assert (found.state, found.reasons) == ("unsupported", (reason,))


def test_the_other_side_is_flagged() -> None:
    assert checked("Left knee pain with swelling.").state in {"supported", "inferred"}
    assert checked("Right knee pain with swelling.").state in {"unsupported", "contradicted"}


def test_a_harmless_abstraction_is_inferred() -> None:
    found = checked("Glucose is well controlled.")
    assert found.state in {"supported", "inferred"}
    assert checked("Glucose is uncontrolled.").state == "contradicted"


def test_severity_is_of_the_section_and_of_what_is_stated() -> None:
    assert checked("The patient enjoys mountain climbing.", "history_of_present_illness").severity == "minor"
    assert checked("The patient enjoys mountain climbing.", "assessment_and_plan").severity == "major"
    assert checked("Start warfarin 5 mg daily.", "history_of_present_illness").severity == "major"


def test_a_question_belongs_to_its_answer() -> None:
    assert checked("The patient does not smoke.").turns == (4, 5)
    assert checked("The patient denies chest pain.").turns == (0, 1)


def test_the_turns_the_model_wrote_from_decide_between_equals() -> None:
    turns = [*VISIT, Turn("Your blood pressure is 150 over 90.", speaker="clinician")]
    sentence = "Blood pressure is 150/90."
    for place in (10, 16):
        section = Section("results", "", sentence, (Sentence(sentence, (place,)),))
        assert place in whole(section, turns=turns).sections[0].sentences[0].turns


def test_a_medicine_told_with_a_tag_question_counts() -> None:
    turns = [Turn("I'm going to prescribe meloxicam 15 milligrams once a day, okay?", speaker="clinician"), Turn("Okay.")]
    assert checked("Start meloxicam 15 mg once daily.", turns=turns).state in {"supported", "inferred"}
    assert checked("Start meloxicam 7.5 mg once daily.", turns=turns).state in {"unsupported", "contradicted"}


def test_nothing_that_was_not_discussed_is_checked_and_order_is_kept() -> None:
    found = whole(
        Section("results", "", NOT_DISCUSSED),
        Section("assessment_and_plan", "", "Follow up in 6 weeks. Start warfarin 5 mg daily."),
    )
    assert [(section.name, [item.state for item in section.sentences]) for section in found.sections] == [
        ("results", []),
        ("assessment_and_plan", ["supported", "unsupported"]),
    ]


def test_no_turns_support_nothing() -> None:
    assert checked("Start warfarin 5 mg daily.", turns=[]).state == "unsupported"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80), st.lists(st.text(max_size=60), max_size=4))
def test_any_text_can_be_checked(text: str, said: list[str]) -> None:
    turns = [Turn(line, speaker=SPEAKERS[place % 2]) for place, line in enumerate(said)]
    found = whole(Section("results", "", text), turns=turns)
    for sentence in found.sections[0].sentences:
        assert sentence.text in text
        assert all(0 <= turn < len(turns) for turn in sentence.turns)
        assert (sentence.severity == "none") == (sentence.state == "supported")


def test_a_side_that_the_visit_gives_a_part_of_the_body_is_known() -> None:
    turns = [
        Turn("What brings you in?", speaker="clinician"),
        Turn("My right ankle. I fell.", speaker="patient"),
        Turn("There is tenderness over the ankle, and some swelling.", speaker="clinician"),
    ]
    assert checked("Tenderness over the right ankle.", turns=turns).state in {"supported", "inferred"}
    assert checked("Tenderness over the left ankle.", turns=turns).state in {"unsupported", "contradicted"}


def test_what_a_long_turn_denies_in_one_sentence_it_does_not_deny_in_another() -> None:
    exam = (
        "okay so let me take a look at you your lungs are clear your heart sounds good there is no rash no bruising your eyes "
        "seem equal and reactive to light I do appreciate a small effusion of the knee so I'm gonna order an x-ray and I want "
        "you to change your diet and cut out caffeine until your symptoms have improved do you have any questions"
    )
    turns = [Turn(exam, speaker="clinician"), Turn("No I think that's all good.", speaker="patient")]
    for sentence in ("Eyes: equal and reactive to light.", "I advised her to change her diet.", "Small effusion of the knee."):
        assert checked(sentence, turns=turns).state in {"supported", "inferred"}, sentence
    assert checked("The skin shows a rash.", turns=turns).state == "contradicted"


def test_allergies_without_a_name_are_compared() -> None:
    turns = [Turn("Any drug allergies?", speaker="clinician"), Turn("No, none.", speaker="patient")]
    assert checked("The patient has drug allergies.", turns=turns).state == "contradicted"
    assert checked("The patient has no known drug allergies.", turns=turns).state in {"supported", "inferred"}


@pytest.mark.parametrize("sentence", ["All questions were answered.", "Special Testing:", "Medical"])
def test_routine_phrases_and_headings_stop_nobody(sentence: str) -> None:
    assert checked(sentence).state in {"supported", "inferred"}


def test_a_follow_up_may_be_put_as_a_question() -> None:
    turns = [Turn("Why don't we have you come back in about two weeks?", speaker="clinician"), Turn("Okay.", speaker="patient")]
    assert checked("Follow up in 2 weeks.", turns=turns).state in {"supported", "inferred"}
    assert checked("Follow up in 6 weeks.", turns=turns).state in {"unsupported", "contradicted"}


def test_the_first_check_after_warming_up_reads_no_table() -> None:
    warm()
    read = tables.drugs.cache_info().misses
    whole(Section("assessment_and_plan", "", "Start metformin 500 mg daily."))
    assert tables.drugs.cache_info().misses == read


def spoken(*lines: str) -> list[Turn]:
    return [Turn(line, speaker=SPEAKERS[place % 2]) for place, line in enumerate(lines)]


@pytest.mark.parametrize(
    ("lines", "true", "false"),
    [
        (
            ["Any weight loss, or feeling hot all the time?", "No. My weight has been the same for years."],
            "The patient denies weight loss or heat intolerance.",
            "The patient reports weight loss.",
        ),
        (
            ["Any chest pain, or shortness of breath?", "No chest pain, and my breathing is fine."],
            "The patient denies chest pain or shortness of breath.",
            "The patient reports shortness of breath.",
        ),
        (
            ["Your calcium is 9.6. Please add one calcium pill, 600 milligrams, with dinner.", "Okay."],
            "Take calcium 600 mg with dinner.",
            "Take calcium 500 mg with dinner.",
        ),
        (
            ["What are you seeing on your meter at home?", "Usually around 150, sometimes 160."],
            "The patient reports blood sugars between 150 and 160.",
            "The patient reports blood sugars between 150 and 190.",
        ),
        (
            ["Do you feel cold when others are comfortable?", "Oh yes. And I've gained nine pounds."],
            "The patient reports weight gain and cold intolerance.",
            "The patient denies weight gain.",
        ),
        (["Your heart sounds regular.", "Good."], "Heart has a regular rate and rhythm.", "The rhythm is irregular."),
    ],
)
def test_other_words_for_the_same_are_no_error(lines: list[str], true: str, false: str) -> None:
    assert checked(true, turns=spoken(*lines)).state in {"supported", "inferred"}
    assert checked(false, turns=spoken(*lines)).state in {"unsupported", "contradicted"}


@pytest.mark.parametrize(
    ("lines", "sentence", "reason"),
    [
        (
            [
                "How are you?", "Do I stay on the lisinopril?",
                "Yes, but let's go up from 10 to 20 milligrams a day. And raise the atorvastatin to 40 milligrams.",
            ],
            "Continue lisinopril at 10 mg daily.",
            "Said: lisinopril increase to 20 mg (turn 3), written: continue.",
        ),
        (
            ["Are you taking the metformin, 500 milligrams twice a day?", "Well, no, it's 1,000 twice a day now."],
            "The patient takes metformin 500 mg twice daily.",
            "Said: metformin 1000 mg (turn 2), written: 500 mg.",
        ),
        (
            ["Any kidney stones, any allergies?", "No stones. Sulfa drugs make me itch."],
            "The patient has no known allergies.",
            "Said: allergic to sulfa (turn 2), written: no known allergies.",
        ),
    ],
)  # fmt: skip
def test_the_reason_says_what_was_decided_in_the_end(lines: list[str], sentence: str, reason: str) -> None:
    found = checked(sentence, turns=spoken(*lines))
    assert (found.state, found.reasons) == ("contradicted", (reason,))


def test_a_time_that_nobody_said_is_flagged_in_whatever_sentence() -> None:
    turns = spoken("Just wait that one hour. Then enjoy it.", "Thanks.")
    assert checked("Enjoy this evening.", turns=turns).state == "unsupported"
