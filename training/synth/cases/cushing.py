# ruff: noqa: E501  # a template stays on one line
"""Cases of Cushing syndrome."""

from __future__ import annotations

import random
from typing import Final

from training.synth.background import family, past, surgery
from training.synth.baseline import allergies, other_medications, vitals
from training.synth.case import Case, Change, Order, Sex
from training.synth.cases.parts import (
    adherence,
    advice,
    change,
    onset,
    ordered,
    problem,
    recheck,
    referral,
    taken,
)
from training.synth.drugs import TWICE
from training.synth.findings import findings
from training.synth.labs import between, lab
from training.synth.social import social
from training.synth.speech import likely
from training.synth.symptoms import symptoms

_MENOPAUSE: Final = 50
"""Age in years from which periods are not asked for."""


def cushing(chance: random.Random) -> Case:
    """Cushing syndrome, being worked up or on medical therapy."""
    sex: Sex = chance.choices(("female", "male"), (4, 1))[0]
    age = chance.randint(26, 62)
    new = likely(chance, 0.6)
    dose = chance.choice(("2", "3", "4"))
    pill = taken("osilodrostat", dose, TWICE)
    urine = chance.randint(140, 420)
    results = (
        [
            lab(
                "24-hour urine free cortisol",
                urine,
                "high",
                major=True,
            ),
            lab("Late-night salivary cortisol", between(chance, 0.3, 0.8, 2), "high", digits=2),
            lab("ACTH", chance.randint(38, 96), "high", major=True),
        ]
        if new
        else [
            lab("24-hour urine free cortisol", chance.randint(70, 120), "high", previous=chance.randint(180, 420), major=True),
            lab("Potassium", between(chance, 3.6, 4.2, 1), "normal", digits=1),
        ]
    )
    if new and likely(chance, 0.6):
        results.append(lab("Cortisol after dexamethasone", between(chance, 5.8, 14, 1), "high", digits=1))
    signs = symptoms(
        "weight gain, facial rounding, easy bruising, muscle weakness, difficulty sleeping, irregular periods, excess facial hair, depressed mood"
        if sex == "female" and age < _MENOPAUSE
        else "weight gain, facial rounding, easy bruising, muscle weakness, difficulty sleeping, depressed mood"
    )
    shown = chance.sample(signs, chance.randint(3, 4)) if new else chance.sample(signs, 1)
    orders: list[Order] = (
        [
            ordered("pituitary MRI", "mri", "{a pituitary MRI|an MRI of the pituitary}"),
            *([referral("neurosurgery", "neurosurg", "{a neurosurgeon|neurosurgery}")] if likely(chance, 0.6) else []),
        ]
        if new
        else [
            recheck("24-hour urine cortisol", "urine cortisol; urine free cortisol", 4, "week", "24-hour urine cortisol"),
            *([ordered("ECG", "ecg; ekg", "an ECG")] if likely(chance, 0.5) else []),
        ]
    )
    changes: list[Change] = [] if new else [change("increase", "osilodrostat", str(int(dose) + 1), TWICE, dose)]
    medications = [] if new else [pill]
    return Case(
        "Cushing syndrome",
        sex,
        age,
        (
            "{I see|So} you were {sent|referred} {here |}for {a |}high cortisol",
            "Your {family doctor|primary care doctor} {sent you|referred you} {here |}for high cortisol",
        )
        if new
        else (
            "{I see|So} you're here {for|about} your Cushing syndrome",
            "{We're|Today we're} following up on your Cushing syndrome",
        ),
        (
            "{They said|My doctor said} my cortisol is {too |very |}high",
            "{It's|Because of} {the|my} high cortisol, {I don't look like myself|I've changed so much}",
        )
        if new
        else (
            "{It's|I'm here for} {the|my} Cushing {follow-up|check-up}",
            "{Checking|Just checking} {on |}the Cushing syndrome",
        ),
        ("High cortisol.",) if new else ("Cushing follow-up.",),
        vitals(chance, (29, 39), sex, systolic=(132, 160)),
        (chance.choice((2, 3, 4)), "week") if new else (4, "week"),
        story=[onset(chance, "the weight gain") if new else adherence(chance, "osilodrostat")],
        present=shown,
        denied=[
            s
            for s in symptoms("headaches, loss of peripheral vision, bone pain, nausea, dizziness, fever, leg swelling")
            if s not in shown
        ],
        background=[past(chance, "hypertension, depression"), surgery(chance, sex, age), family(chance), *social(chance, age)],
        medications=[*medications, *other_medications(chance, medications, 2)],
        allergies=allergies(chance),
        findings=findings(
            chance,
            "moon face, striae, bruises" if new else "no striae",
            "proximal weakness, waist, heart, lungs, visual fields full, no edema",
            3,
        ),
        results=list(results),
        assessments=[
            problem(
                "Cushing syndrome",
                ("Cushing syndrome", "Cushing syndrome, too much cortisol") if new else ("Cushing syndrome",),
                "cushing",
                "" if new else "improving",
            )
        ],
        changes=changes,
        orders=orders,
        advice=[
            advice(
                (
                    "{Call|You call} {us|me} right away for vomiting, dizziness, or {bad |}weakness.",
                    "{For|With} vomiting, dizziness or weakness, {you call|call} right away.",
                ),
                "Call right away for vomiting, dizziness, or weakness.",
                ("{What side effects|What} should I watch for{ with the pills|}?", "When {do I|should I} call you?"),
            )
            if not new
            else advice(
                (
                    "{It usually|Most of it} gets better {once|after} the cortisol {is|comes} down{, but it takes months|}.",
                    "{Yes,|For most people, yes,} {it|things} will get better once the cortisol comes down.",
                ),
                "Counseled that symptoms get better once cortisol comes down.",
                (
                    "Will {this|all of this|my face} {go back to normal|ever get better}?",
                    "{Is this|Will this be} {permanent|forever}?",
                ),
            )
        ],
    )
