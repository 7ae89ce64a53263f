"""Cases of type 2 diabetes."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from training.synth.background import family, past, surgery
from training.synth.baseline import allergies, other_medications, vitals
from training.synth.case import Case, Change, Medication, Result, Sex, Statement, Symptom
from training.synth.cases.diabetes import QUESTIONS, TEACHING, eye_exam, home_sugars, kidneys
from training.synth.cases.parts import (
    adherence,
    change,
    diet,
    duration,
    ordered,
    problem,
    proceed,
    recheck,
    referral,
    taken,
)
from training.synth.drugs import BEDTIME, DAILY, TWICE, WEEKLY
from training.synth.findings import findings
from training.synth.labs import between, lab
from training.synth.social import social
from training.synth.speech import likely
from training.synth.symptoms import symptoms


@dataclass
class _State:
    """How the diabetes is doing and what follows from it."""

    status: str
    follow_up: tuple[int, str]
    added: list[Medication]
    """Drugs besides metformin."""
    changes: list[Change]
    a1c: Result
    sugars: Statement
    shown: list[Symptom]
    denied: str


_DENIED: Final = "chest pain, shortness of breath, foot ulcers, nausea, abdominal pain, blurred vision, leg swelling"


def _high(chance: random.Random, metformin: Medication) -> _State:
    a1c = between(chance, 7.6, 10.2, 1)
    previous = between(chance, 6.9, a1c - 0.2, 1) if likely(chance, 0.6) else ""
    wanted = chance.choice(
        ("metformin", "insulin glargine", "empagliflozin", "semaglutide", "dulaglutide", "tirzepatide", "glimepiride")
    )
    added: list[Medication] = []
    if wanted == "metformin" and metformin.dose.value == "500":
        changes = [change("increase", "metformin", "1000", TWICE, "500")]
    elif wanted == "insulin glargine":
        units = chance.choice((12, 14, 18, 20, 24, 30))
        added = [taken("insulin glargine", str(units), BEDTIME)]
        more = units + chance.choice((2, 4, 6))
        changes = [change("increase", "insulin glargine", str(more), BEDTIME, str(units)), proceed(metformin)]
    else:
        drug = "empagliflozin" if wanted == "metformin" else wanted
        changes = [change("start", drug, *_FIRST_DOSES[drug]), proceed(metformin)]
    complaints = symptoms("fatigue, increased thirst, frequent urination, weight gain")
    return _State(
        "not at goal",
        (3, "month"),
        added,
        changes,
        lab("Hemoglobin A1c", a1c, "high", previous=previous, digits=1, major=True),
        home_sugars(chance, round(a1c * 18), round(a1c * 18) + 60),
        chance.sample(complaints, chance.randint(1, 2)),
        f"{_DENIED}, low blood sugars",
    )


def _controlled(chance: random.Random, metformin: Medication) -> _State:
    a1c = between(chance, 6.2, 6.9, 1)
    previous = between(chance, a1c, 7.4, 1) if likely(chance, 0.5) else ""
    added = [taken(*chance.choice(_SECOND_DRUGS))] if likely(chance, 0.5) else []
    return _State(
        "well controlled",
        (chance.choice((3, 4, 6)), "month"),
        added,
        [proceed(medication) for medication in (metformin, *added)],
        lab("Hemoglobin A1c", a1c, "at goal", previous=previous, digits=1, major=True),
        home_sugars(chance, 95, 135),
        chance.sample(symptoms("difficulty sleeping, joint pain, heartburn"), chance.randint(1, 2)),
        f"{_DENIED}, low blood sugars, increased thirst, frequent urination",
    )


def _too_low(chance: random.Random, metformin: Medication) -> _State:
    dose = chance.choice(("5", "10"))
    glipizide = taken("glipizide", dose, TWICE if dose == "5" else DAILY)
    lower = change("decrease", "glipizide", "5" if dose == "10" else "2.5", glipizide.frequency, dose)
    return _State(
        "overtreated",
        chance.choice(((3, "month"), (6, "week"), (2, "month"))),
        [glipizide],
        [Change("stop", glipizide) if likely(chance, 0.6) else lower, proceed(metformin)],
        lab("Hemoglobin A1c", between(chance, 6.0, 6.8, 1), "at goal", digits=1, major=True),
        home_sugars(chance, 70, 115),
        symptoms("low blood sugars"),
        _DENIED,
    )


_FIRST_DOSES: Final = {
    "empagliflozin": ("10", DAILY),
    "semaglutide": ("0.25", WEEKLY),
    "dulaglutide": ("0.75", WEEKLY),
    "tirzepatide": ("2.5", WEEKLY),
    "glimepiride": ("1", DAILY),
}
_SECOND_DRUGS: Final = (
    ("empagliflozin", "10", DAILY),
    ("empagliflozin", "25", DAILY),
    ("sitagliptin", "100", DAILY),
    ("semaglutide", "0.5", WEEKLY),
    ("semaglutide", "1", WEEKLY),
    ("dulaglutide", "1.5", WEEKLY),
)


def type_2(chance: random.Random) -> Case:
    """Type 2 diabetes: not at goal, well controlled, or too low on a sulfonylurea."""
    sex: Sex = chance.choice(("female", "male"))
    age = chance.randint(38, 78)
    metformin = taken("metformin", chance.choice(("500", "850", "1000")), TWICE)
    state = chance.choices((_high, _controlled, _too_low), (6, 2, 2))[0](chance, metformin)
    medications, changes, shown = [metformin, *state.added], state.changes, state.shown
    neuropathy = likely(chance, 0.3)
    assessments = [
        problem(
            "Type 2 diabetes mellitus",
            ("type 2 diabetes", "diabetes, the type 2,", "type 2 diabetes"),
            "type 2 diabetes; diabetes type 2; diabetes",
            state.status,
        )
    ]
    exam = findings(
        chance, "feet numb" if neuropathy else "feet normal", "heart, lungs, no edema, no ulcers, acanthosis, abdomen, general"
    )
    if neuropathy:
        shown.append(symptoms(chance.choice(("numbness in the feet", "burning foot pain")))[0])
        assessments.append(
            problem(
                "Diabetic neuropathy",
                ("diabetic neuropathy", "the nerve damage in your feet, diabetic neuropathy"),
                "neuropathy",
            )
        )
        changes.append(change("start", "gabapentin", chance.choice(("100", "300")), BEDTIME))
    medications += other_medications(chance, medications, avoid="gabapentin")
    orders = [recheck("hemoglobin A1c", "a1c; hba1c", 3, "month", "A1c")]
    orders += chance.sample(
        (
            referral("ophthalmology", "ophthalmolog; eye", "{an eye doctor|ophthalmology}", "for a dilated eye exam"),
            ordered("urine albumin", "urine albumin; albumin", "a urine albumin{ test|}"),
            referral("a diabetes educator", "educator; education", "{a|our} diabetes educator"),
            referral("a dietitian", "dietitian; nutrition", "{a|our} dietitian"),
            ordered("lipid panel", "lipid", "a lipid panel"),
        ),
        chance.randint(0, 2),
    )
    story = [duration(chance, "diabetes", 2, 18), adherence(chance, "metformin"), diet(chance), eye_exam(chance)]
    return Case(
        "type 2 diabetes",
        sex,
        age,
        (
            "{I see|So|Looks like} you're here {for|to follow up on} your type 2 diabetes{ today|}",
            "{Today we're|We're} going to {talk about|go over} your type 2 diabetes",
        ),
        (
            "{I'm here for|It's just|Just} my check-up, {the diabetes|for the diabetes}",
            "{I'm here for|I came for} my diabetes{ follow-up|}",
            "{My sugars|Well, my sugars} are why I came, {the diabetes|it's the diabetes}",
            "{It's|It's just} time for my diabetes {check-up|visit}",
        ),
        ("Diabetes follow-up.",),
        vitals(chance, (26, 39), sex),
        state.follow_up,
        story=[state.sugars, *chance.sample(story, chance.randint(1, 3))],
        present=shown,
        denied=symptoms(state.denied if neuropathy else f"{state.denied}, numbness in the feet"),
        background=[
            past(chance),
            surgery(chance, sex, age),
            family(chance, chance.choice(("", "type 2 diabetes"))),
            *social(chance, age),
        ],
        medications=medications,
        allergies=allergies(chance),
        findings=exam,
        results=[state.a1c, *chance.sample(kidneys(chance), chance.randint(1, 3))],
        assessments=assessments,
        changes=changes,
        orders=orders,
        advice=[*chance.sample(QUESTIONS, 1), *chance.sample(TEACHING, chance.randint(1, 2))],
    )
