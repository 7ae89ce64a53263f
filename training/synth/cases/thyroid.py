# ruff: noqa: E501  # a template stays on one line
"""Cases of hypothyroidism."""

from __future__ import annotations

import random
from typing import Final

from training.synth.background import family, past, surgery
from training.synth.baseline import allergies, other_medications, vitals
from training.synth.case import Case, Change, Medication, Sex
from training.synth.cases.parts import (
    adherence,
    advice,
    change,
    duration,
    onset,
    ordered,
    problem,
    proceed,
    recheck,
    taken,
)
from training.synth.drugs import DAILY, MORNING
from training.synth.findings import findings
from training.synth.labs import between, lab
from training.synth.social import social
from training.synth.speech import likely
from training.synth.symptoms import symptoms

_STRENGTHS = ("25", "50", "75", "88", "100", "112", "125", "137", "150", "175", "200")

_HOW_TO_TAKE = advice(
    (
        "{Take it|You want to take it} on an empty stomach, {about |}#30# to #60# minutes before breakfast{, just with water|}.",
        "{Empty stomach|On an empty stomach}, {with water, |}#30# to #60# minutes before {you eat|breakfast|coffee or food}.",
        "{First thing|Right when you wake up}, on an empty stomach, {and wait|then wait} #30# to #60# minutes {before you eat|before breakfast}.",
    ),
    "Take levothyroxine on an empty stomach 30 to 60 minutes before breakfast.",
    (
        "{Should I take|Do I take} the levothyroxine with {food|breakfast|my coffee}?",
        "{When|What time} {should I|do I} take the levothyroxine?",
        "{Does it matter how|Is there a right way} I take {the|my} levothyroxine?",
        "Can I take {the|my} levothyroxine with {coffee|breakfast}?",
    ),
)

_CALCIUM_APART = advice(
    (
        "{Keep|You should keep} {the |}calcium and iron at least #4# hours {apart from it|away from it|away from the levothyroxine}.",
        "{Wait|Yes, but wait} at least #4# hours {between the two|after it} for calcium or iron.",
        "{You can|That's fine}, but calcium and iron {have to be|should be} #4# hours apart from the levothyroxine.",
    ),
    "Take calcium and iron at least 4 hours apart from levothyroxine.",
    (
        "{Can|May} I take {my|a} {vitamins|calcium} {with|along with} the levothyroxine?",
        "{What about|And} calcium {or|and} iron {pills|supplements}, {is that okay|can I take those} with the levothyroxine?",
    ),
)

_BIOTIN = advice(
    (
        "{Stop|Please stop} {any |}biotin #3# days before {the|your} blood {test|draw}{, it can fool the test|}",
        "{If you take biotin|One thing about biotin}, {stop it|hold it} #3# days before the blood {test|draw}",
    ),
    "Stop biotin 3 days before blood tests.",
)


_LOW_T4: Final = 0.8
"""ng/dL."""
_OLD: Final = 60
"""Age in years from which one begins with a small dose."""


def hypothyroidism(chance: random.Random) -> Case:
    """Hypothyroidism: undertreated, overtreated, stable, or found today."""
    sex: Sex = chance.choices(("female", "male"), (4, 1))[0]
    age = chance.randint(24, 76)
    state = chance.choices(("under", "over", "stable", "new"), (5, 2, 3, 2))[0]
    index = chance.randint(2, 7)
    dose = _STRENGTHS[index]
    tablet = taken("levothyroxine", dose, chance.choice((DAILY, MORNING)))
    medications: list[Medication] = [] if state == "new" else [tablet]
    slow = symptoms(
        "fatigue, weight gain, cold intolerance, constipation, dry skin, hair loss, depressed mood, difficulty concentrating"
    )
    fast = symptoms("palpitations, anxiety, difficulty sleeping, heat intolerance, tremor, weight loss")
    changes: list[Change]
    if state == "under":
        tsh, t4 = between(chance, 6.2, 18, 1), between(chance, 0.6, 0.9, 1)
        changes = [change("increase", "levothyroxine", _STRENGTHS[index + chance.choice((1, 2))], tablet.frequency, dose)]
        results = [
            lab("TSH", tsh, "high", digits=1, previous=between(chance, 1.8, 4, 1) if likely(chance, 0.5) else "", major=True),
            lab("Free T4", t4, "low" if t4 < _LOW_T4 else "normal", digits=1, major=t4 < _LOW_T4),
        ]
        shown, denied, status = chance.sample(slow, chance.randint(2, 4)), [*fast[:2], *slow], "undertreated"
        exam = findings(chance, "neck normal", "dry skin, reflexes slow, heart, no edema, lungs, general")
    elif state == "over":
        tsh, t4 = between(chance, 0.01, 0.2, 2), between(chance, 1.9, 2.4, 1)
        changes = [change("decrease", "levothyroxine", _STRENGTHS[index - chance.choice((1, 2))], tablet.frequency, dose)]
        results = [
            lab("TSH", tsh, "low", digits=2, previous=between(chance, 1.1, 3.5, 1) if likely(chance, 0.5) else "", major=True),
            lab("Free T4", t4, "high", digits=1, major=True),
        ]
        shown, denied, status = (
            chance.sample(fast, chance.randint(1, 3)),
            [*fast, *symptoms("chest pain, shortness of breath, constipation")],
            "overtreated",
        )
        exam = findings(chance, "neck normal", "tremor, reflexes brisk, heart, lungs, no edema, general")
    elif state == "stable":
        tsh, t4 = between(chance, 0.8, 3.4, 1), between(chance, 1.0, 1.6, 1)
        changes = [proceed(tablet)]
        results = [lab("TSH", tsh, "normal", digits=1, major=True), lab("Free T4", t4, "normal", digits=1)]
        shown, denied, status = (
            chance.sample(symptoms("difficulty sleeping, joint pain, fatigue, heartburn"), 1),
            [*slow[1:6], *fast[:3]],
            "well controlled",
        )
        exam = findings(chance, "neck normal", "heart, lungs, no edema, reflexes normal, general")
    else:
        tsh, t4 = between(chance, 12, 58, 1), between(chance, 0.3, 0.7, 1)
        changes = [
            change(
                "start",
                "levothyroxine",
                chance.choice(("25", "50")) if age > _OLD else chance.choice(("50", "75", "88")),
                MORNING,
            )
        ]
        results = [
            lab("TSH", tsh, "high", digits=1, major=True),
            lab("Free T4", t4, "low", digits=1, major=True),
            lab("TPO antibodies", chance.randint(120, 900), "high"),
        ]
        shown, denied, status = (
            chance.sample(slow, chance.randint(3, 4)),
            [*fast[:2], *symptoms("chest pain, difficulty swallowing, neck pain")],
            "",
        )
        exam = findings(chance, "goiter", "dry skin, reflexes slow, slow heart, lungs, no nodes, no edema")
    if likely(chance, 0.5):
        results.append(
            lab(
                "Total cholesterol",
                chance.randint(212, 268) if state in {"under", "new"} else chance.randint(148, 198),
                "high" if state in {"under", "new"} else "normal",
            )
        )
    weeks = chance.choice((6, 8))
    stable = state == "stable"
    names = "hashimoto; hypothyroid" if state == "new" else "hypothyroidism; underactive thyroid"
    diagnosis = (
        (
            "Hashimoto's hypothyroidism",
            (
                "Hashimoto's, an underactive thyroid, hypothyroidism",
                "hypothyroidism from Hashimoto's",
                "Hashimoto's hypothyroidism",
            ),
        )
        if state == "new"
        else ("Hypothyroidism", ("hypothyroidism", "hypothyroidism", "underactive thyroid"))
    )
    asked = (
        (
            "{I see|So} you're here {for|about} your {hypothyroidism|underactive thyroid}{ today|}",
            "{Today we're|We're} {checking on|following up on} your hypothyroidism",
        )
        if state != "new"
        else (
            "{I see|So} you were {sent|referred} {here |}{for|because of} an abnormal thyroid test",
            "Your {family doctor|primary care doctor} {sent you|referred you} for an abnormal thyroid test",
        )
    )
    said = (
        (
            "{I'm here for|It's|Just} my thyroid {check|follow-up|check-up}",
            "{My thyroid|It's the thyroid}, {I'm due for a check|it's time for my check-up}",
            "{I came to|Just here to} check on my thyroid",
            "The thyroid, {again|same as always}",
        )
        if state != "new"
        else (
            "{They said|My doctor said} my thyroid {test|blood test} was {off|not normal|abnormal}",
            "{My|The} thyroid {test|lab} {came back|was} abnormal{, so they sent me|}",
        )
    )
    return Case(
        "hypothyroidism",
        sex,
        age,
        asked,
        said,
        ("Thyroid follow-up.",) if state != "new" else ("Abnormal thyroid test.",),
        vitals(chance, (23, 35), sex, pulse=(84, 98) if state == "over" else (56, 76)),
        chance.choice(((6, "month"), (12, "month"))) if stable else (weeks + chance.choice((0, 1)), "week"),
        story=[onset(chance)]
        if state == "new"
        else [duration(chance, "hypothyroidism", 2, 20), adherence(chance, "levothyroxine")],
        present=shown,
        denied=[s for s in dict.fromkeys(denied) if s not in shown][: chance.randint(4, 7)],
        background=[
            past(chance),
            surgery(chance, sex, age),
            family(chance, chance.choice(("", "thyroid disease"))),
            *social(chance, age),
        ],
        medications=[*medications, *other_medications(chance, medications)],
        allergies=allergies(chance),
        findings=exam,
        results=list(results),
        assessments=[problem(diagnosis[0], diagnosis[1], names, status)],
        changes=changes,
        orders=[
            recheck("TSH", "tsh", 6, "month") if stable else recheck("TSH and free T4", "tsh", weeks, "week"),
            *(
                [ordered("thyroid ultrasound", "ultrasound", "{a thyroid ultrasound|an ultrasound of the thyroid}")]
                if state == "new" and likely(chance, 0.4)
                else []
            ),
            *([ordered("lipid panel", "lipid", "a lipid panel")] if likely(chance, 0.3) else []),
        ],
        advice=[chance.choice((_HOW_TO_TAKE, _CALCIUM_APART)), *([_BIOTIN] if likely(chance, 0.4) else [])],
    )
