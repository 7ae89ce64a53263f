# ruff: noqa: E501  # a template stays on one line
"""Cases of Graves disease."""

from __future__ import annotations

import random
from typing import Final

from training.synth.background import family, past, surgery
from training.synth.baseline import allergies, other_medications, vitals
from training.synth.case import Case, Change, Medication, Order, Sex
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
    referral,
    taken,
)
from training.synth.drugs import DAILY, THRICE
from training.synth.findings import findings
from training.synth.labs import between, lab
from training.synth.social import social
from training.synth.speech import likely
from training.synth.symptoms import symptoms

_FEVER = advice(
    (
        "{If you get|If you ever get} a fever or {a bad |}sore throat, stop the methimazole and {call us|call me|call the office} {right away|the same day|immediately}",
        "{Very important:|Now listen,|One warning:} {with a|any} fever or sore throat, you stop the methimazole and call us right away",
        "{The thing to watch for is|Watch for} fever or sore throat. {If that happens,|Then} stop methimazole and call {us|me} right away",
    ),
    "Stop methimazole and call right away for fever or sore throat.",
)

_PREGNANCY = advice(
    (
        "{Please |}avoid pregnancy {while|as long as} you're on methimazole{, use birth control|}",
        "{You shouldn't get|I don't want you to get} pregnant on methimazole, {so |}{avoid pregnancy|please avoid pregnancy} {for now|}",
    ),
    "Avoid pregnancy while on methimazole.",
)

_GRAVES_QUESTIONS = (
    advice(
        (
            "{Usually|Most people take it|We typically treat} for #12# to #18# months, {and then we see|then we try to stop}.",
            "{It's about|Typically} #12# to #18# months{ of methimazole|}.",
        ),
        "Methimazole treatment is planned for 12 to 18 months.",
        ("How long {will I|do I have to} {be on|take} {the |}methimazole?", "{Will I be on|Do I take} methimazole forever?"),
    ),
    advice(
        (
            "{Yes, smoking|Smoking, yes, it} makes the eye disease worse, {so |}{please |}{avoid|stay away from} {smoking|cigarettes}.",
            "{The big one is|Mostly} smoking, {so |}{avoid|please avoid} smoking{, it's bad for the eyes|}.",
        ),
        "Avoid smoking because of the eyes.",
        ("{Is there anything|What} can I {do|avoid} for my eyes?", "{Can this|Could this} {hurt|affect} my eyes?"),
    ),
)


_FERTILE: Final = 45
"""Age in years up to which pregnancy is spoken of."""


def graves(chance: random.Random) -> Case:
    """Graves disease: found today, under treatment and improving, or overtreated."""
    sex: Sex = chance.choices(("female", "male"), (4, 1))[0]
    age = chance.randint(22, 58)
    state = chance.choices(("new", "improving", "active"), (5, 3, 3))[0]
    heart = chance.choice(
        (("propranolol", chance.choice(("10", "20")), THRICE), ("atenolol", chance.choice(("25", "50")), DAILY))
    )
    fast = symptoms(
        "palpitations, weight loss, heat intolerance, tremor, anxiety, difficulty sleeping, fatigue, diarrhea, muscle weakness, increased sweating"
    )
    eyes = symptoms("eye irritation, double vision")
    if state == "new":
        tsh, t4 = "0.01", between(chance, 2.8, 5.4, 1)
        medications: list[Medication] = []
        changes = [change("start", "methimazole", chance.choice(("10", "15", "20", "30")), DAILY), change("start", *heart)]
        shown, pulse = chance.sample(fast, chance.randint(3, 4)), (98, 118)
        exam = findings(
            chance, "diffuse goiter, tremor, fast heart", "bruit, lid lag, proptosis, no proptosis, reflexes brisk, lungs", 2
        )
        status, weeks = "", 4
    elif state == "improving":
        tsh, t4 = str(between(chance, 0.05, 0.35, 2)), between(chance, 1.1, 1.6, 1)
        dose = chance.choice(("20", "30", "15"))
        lower = {"20": "10", "30": "15", "15": "10"}[dose]
        medications = [taken("methimazole", dose, DAILY), taken(*heart)]
        changes = [change("decrease", "methimazole", lower, DAILY, dose), Change("stop", medications[1])]
        shown, pulse = chance.sample(symptoms("fatigue, difficulty sleeping, eye irritation"), 1), (66, 84)
        exam = findings(chance, "diffuse goiter, no tremor", "heart, no proptosis, reflexes normal, lungs", 3)
        status, weeks = "improving", 6
    else:
        tsh, t4 = "0.01", between(chance, 2.1, 3.2, 1)
        dose = chance.choice(("10", "15", "20"))
        medications = [taken("methimazole", dose, DAILY), taken(*heart)]
        changes = [
            change("increase", "methimazole", {"10": "20", "15": "30", "20": "30"}[dose], DAILY, dose),
            proceed(medications[1]),
        ]
        shown, pulse = chance.sample(fast, chance.randint(2, 3)), (88, 104)
        exam = findings(chance, "diffuse goiter, tremor", "bruit, lid lag, no proptosis, reflexes brisk, heart, lungs", 2)
        status, weeks = "active", 4
    if any(finding.written[0] == "Mild proptosis is present." for finding in exam):
        exam = [finding for finding in exam if finding.written[0] != "No proptosis."]
    results = [
        lab("TSH", tsh, "low", major=True),
        lab("Free T4", t4, "normal" if state == "improving" else "high", digits=1, major=True),
    ]
    if state != "improving":
        results.append(lab("Free T3", between(chance, 5.6, 12, 1), "high", digits=1))
    if state == "new" or likely(chance, 0.4):
        results.append(lab("TRAb", between(chance, 3.1, 18, 1), "high", digits=1, major=True))
    orders: list[Order] = [recheck("TSH and free T4", "tsh", weeks, "week")]
    orders += chance.sample(
        (
            ordered("CBC and liver panel", "cbc; blood count", "a CBC and {a |}liver panel"),
            referral("ophthalmology", "ophthalmolog; eye", "{an eye doctor|ophthalmology}", "for the eyes"),
            ordered("thyroid uptake scan", "uptake", "{an uptake scan|a thyroid uptake scan}")
            if state == "new"
            else ordered("TRAb level", "trab; receptor antibod", "a TRAb level"),
        ),
        chance.randint(0, 2),
    )
    new = state == "new"
    return Case(
        "Graves disease",
        sex,
        age,
        (
            "{I see|So} you were {sent|referred} {here |}{for|because of} an overactive thyroid",
            "Your {family doctor|primary care doctor} {sent you|referred you} for an overactive thyroid",
        )
        if new
        else (
            "{I see|So} you're {back|here} {for|about} your {Graves disease|Graves}",
            "{We're|Today we're} following up on your Graves disease",
        ),
        (
            "{They told me|My doctor said} {I have an|it's an} overactive thyroid",
            "{It's my|My} thyroid, {it's|they say it's} overactive",
        )
        if new
        else (
            "{It's|I'm here for} my Graves {follow-up|check-up}",
            "{Just|It's} the Graves disease {check|follow-up}",
            "{For|I came for} {my|the} Graves disease, {checking the labs|to see how it's going}",
        ),
        ("Overactive thyroid.",) if new else ("Graves disease follow-up.",),
        vitals(chance, (19, 27), sex, pulse=pulse, systolic=(118, 146)),
        (weeks, "week"),
        story=[onset(chance)]
        if new
        else [adherence(chance, "methimazole"), *([duration(chance, "Graves disease", 2, 4)] if likely(chance, 0.5) else [])],
        present=shown,
        denied=[
            s
            for s in [*eyes, *symptoms("chest pain, shortness of breath, difficulty swallowing, fever"), *fast]
            if s not in shown
        ][: chance.randint(4, 7)],
        background=[
            past(chance, "atrial fibrillation, anxiety, asthma"),
            surgery(chance, sex, age),
            family(chance, chance.choice(("", "thyroid disease"))),
            *social(chance, age),
        ],
        medications=[*medications, *other_medications(chance, medications, 1, avoid="metoprolol succinate")],
        allergies=allergies(chance),
        findings=exam,
        results=list(results),
        assessments=[
            problem(
                "Graves disease",
                ("Graves disease", "hyperthyroidism from Graves disease", "Graves disease")
                if new
                else ("Graves disease", "Graves"),
                "graves",
                status,
            )
        ],
        changes=changes,
        orders=orders,
        advice=[
            chance.choice(_GRAVES_QUESTIONS),
            _FEVER,
            *([_PREGNANCY] if sex == "female" and age < _FERTILE and likely(chance, 0.5) else []),
        ],
    )
