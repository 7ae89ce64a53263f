from __future__ import annotations

import pytest

from appliance.clinical_note import Omission, Section
from appliance.note.check.check import check
from appliance.note.templates import template_named
from appliance.transcript import Speaker, Turn

SPEAKERS: tuple[Speaker, Speaker] = ("clinician", "patient")


def left_out(lines: list[str], note: str = "", template: str = "aci") -> tuple[Omission, ...]:
    turns = [Turn(text, speaker=SPEAKERS[place % 2]) for place, text in enumerate(lines)]
    name = template_named(template).sections[-1].name
    return check(template_named(template), [Section(name, "", note)], turns).omissions


@pytest.mark.parametrize(
    ("lines", "kind", "text", "section", "severity"),
    [
        (
            ["We'll go up on the lisinopril from ten to twenty milligrams daily."],
            "medication", "Increase lisinopril from 10 mg to 20 mg once daily.", "assessment_and_plan", "major",
        ),
        (["Please stop the ibuprofen."], "medication", "Stop ibuprofen.", "assessment_and_plan", "major"),
        (
            ["What do you take?", "Metformin 500 milligrams twice a day."],
            "medication", "The patient takes metformin 500 mg twice daily.", "history_of_present_illness", "major",
        ),
        (
            ["Any allergies?", "Penicillin, I get hives."],
            "allergy", "Allergic to penicillin (hives).", "history_of_present_illness", "major",
        ),
        (["Any drug allergies?", "No."], "allergy", "No known allergies.", "history_of_present_illness", "minor"),
        (["Your A1c is 9.1 percent, that's high."], "result", "HbA1c is 9.1%, high.", "results", "major"),
        (["Your potassium is 4.1, that's normal."], "result", "Potassium is 4.1, normal.", "results", "minor"),
        (["Your blood pressure is 150 over 90."], "result", "Blood pressure is 150/90 mmHg.", "physical_examination", "minor"),
        (["You have hypothyroidism."], "diagnosis", "Hypothyroidism.", "assessment_and_plan", "major"),
        (["Let's repeat the TSH in 6 weeks."], "order", "Order TSH in 6 weeks.", "assessment_and_plan", "major"),
        (["I'll refer you to cardiology."], "order", "Refer to cardiology.", "assessment_and_plan", "major"),
        (["I'd like to see you back in three months."], "follow_up", "Follow up in 3 months.", "assessment_and_plan", "major"),
        (
            ["What brings you in?", "I have had chest pain."],
            "red_flag", "The patient reports chest pain.", "review_of_systems", "major",
        ),
    ],
)  # fmt: skip
def test_what_is_left_out_is_drafted(lines: list[str], kind: str, text: str, section: str, severity: str) -> None:
    (found,) = left_out(lines)
    assert (found.kind, found.text, found.section, found.severity) == (kind, text, section, severity)
    assert found.turns
    assert left_out(lines, found.text) == ()


@pytest.mark.parametrize(
    "lines",
    [
        ["Any chest pain or fainting?", "No."],
        ["Call us if you get chest pain."],
        ["Does anyone in your family have diabetes?", "My mother."],
        ["Your body does not listen to insulin very well."],
        ["How was the parking?", "Fine."],
    ],
)
def test_what_needs_no_line_is_no_omission(lines: list[str]) -> None:
    assert left_out(lines) == ()


def test_a_change_is_left_out_though_the_medicine_is_named() -> None:
    lines = ["We'll go up on the lisinopril from ten to twenty milligrams daily."]
    assert [item.text for item in left_out(lines, "The patient takes lisinopril 10 mg daily.")] == [
        "Increase lisinopril from 10 mg to 20 mg once daily."
    ]


def test_the_severe_come_first_and_the_template_says_where() -> None:
    lines = ["Your potassium is 4.1, that's normal.", "Okay.", "Start amlodipine 5 milligrams daily."]
    assert [(item.severity, item.section) for item in left_out(lines, template="soap")] == [
        ("major", "plan"),
        ("minor", "objective"),
    ]


@pytest.mark.parametrize(
    ("line", "kind", "text"),
    [
        ("Let's get a sestamibi scan.", "order", "Order sestamibi scan."),
        ("I just sent a 90 day refill.", "order", "Refill of the medications."),
        ("We should get a 24-hour urine calcium.", "order", "Order 24-hour urine calcium."),
        ("The biopsy came back benign, so no cancer.", "result", "Biopsy came back benign."),
        ("I looked at your sensor, you're in range 41 percent of the time.", "result", "Time in range is 41%."),
    ],
)
def test_tests_and_refills_are_missed(line: str, kind: str, text: str) -> None:
    (found,) = left_out([line])
    assert (found.kind, found.text) == (kind, text)
    assert left_out([line], text) == ()
    assert left_out([line], "Repeat calcium in 3 months.") == (found,)


@pytest.mark.parametrize(
    "lines",
    [
        ["The adrenals are two little caps on top of the kidneys and they make cortisol."],
        ["Possible causes are alcohol, fatty liver disease, and cirrhosis."],
        ["Your doctor referred you for low cortisol."],
        ["What did you eat?", "Fish and milk."],
    ],
)
def test_an_explanation_is_no_omission(lines: list[str]) -> None:
    assert [item for item in left_out(lines) if item.kind != "result"] == []


@pytest.mark.parametrize(
    ("lines", "note"),
    [
        (["Your TSH is 14.2, and it should be under about 4."], "TSH is 14.2."),
        (["We want that LDL under 70."], ""),
        (["It sends sugar out, so you can get a yeast infection."], ""),
        (["Please add one calcium pill, 600 milligrams, with dinner."], "Take calcium 600 mg with dinner."),
        (
            ["Are you taking the metformin, 500 milligrams twice a day?", "Well, no, it's 1,000 twice a day now."],
            "The patient takes metformin 1000 mg twice daily.",
        ),
    ],
)
def test_a_goal_a_risk_and_what_was_corrected_are_no_omission(lines: list[str], note: str) -> None:
    assert left_out(lines, note) == ()


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["Your TSH is 14.2, and it should be under about 4."], "TSH is 14.2."),
        (["I want to go over your labs, the A1c is 9.1 percent."], "HbA1c is 9.1%."),
        (["Okay.", "Do I stay on the lisinopril?", "Let's go up from 10 to 20 milligrams a day."],
         "Increase lisinopril from 10 mg to 20 mg once daily."),
        (["Are you taking the metformin, 500 milligrams?", "No, it's 1,000 now."], "The patient takes metformin 1000 mg."),
    ],
)  # fmt: skip
def test_what_holds_in_the_end_is_drafted(lines: list[str], text: str) -> None:
    assert [found.text for found in left_out(lines)] == [text]
