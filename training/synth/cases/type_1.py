# ruff: noqa: E501  # a template stays on one line
"""Cases of type 1 diabetes."""

from __future__ import annotations

import random
from typing import Final

from training.synth.background import family, past, surgery
from training.synth.baseline import allergies, other_medications, vitals
from training.synth.case import Case, Result, Sex, Statement, claim
from training.synth.cases.diabetes import QUESTIONS, TEACHING, eye_exam, kidneys
from training.synth.cases.parts import (
    adherence,
    advice,
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
from training.synth.drugs import AS_NEEDED, BEDTIME, MEALS
from training.synth.findings import findings
from training.synth.labs import between, lab
from training.synth.social import social
from training.synth.speech import likely
from training.synth.symptoms import symptoms

_GOAL: Final = 7.0
"""Hemoglobin A1c in percent below which it is at goal."""


def type_1(chance: random.Random) -> Case:
    """Type 1 diabetes on basal and mealtime insulin."""
    sex: Sex = chance.choice(("female", "male"))
    age = chance.randint(19, 58)
    basal = chance.choice(("insulin glargine", "insulin degludec"))
    rapid = chance.choice(("insulin lispro", "insulin aspart"))
    units, meal = chance.randrange(14, 34, 2), chance.choice((4, 5, 6, 7, 8, 10))
    medications = [taken(basal, str(units), BEDTIME), taken(rapid, str(meal), MEALS)]
    lows = likely(chance, 0.4)
    a1c = between(chance, 6.1, 7.2, 1) if lows else between(chance, 7.4, 9.6, 1)
    if lows:
        changes = [
            change("decrease", basal, str(units - 2 - 2 * (likely(chance, 0.4))), BEDTIME, str(units)),
            proceed(medications[1]),
        ]
        shown, status, back = symptoms("low blood sugars"), "overtreated", (6, "week")
        if likely(chance, 0.5):
            changes.append(change("start", "glucagon", "3", AS_NEEDED))
    else:
        target = likely(chance, 0.5)
        changes = [
            change("increase", basal, str(units + chance.choice((2, 4))), BEDTIME, str(units))
            if target
            else proceed(medications[0]),
            proceed(medications[1])
            if target
            else change("increase", rapid, str(meal + chance.choice((1, 2))), MEALS, str(meal)),
        ]
        shown, status, back = (
            chance.sample(symptoms("fatigue, increased thirst, frequent urination, blurred vision"), 2),
            "not at goal",
            (3, "month"),
        )
    inside, below = (chance.randint(58, 70), chance.randint(6, 9)) if lows else (chance.randint(38, 58), chance.randint(1, 3))
    sensor = Statement(
        "Results",
        (
            f"{{Looking at|I downloaded|I looked at}} your {{sensor|CGM|glucose monitor}}, {{and |}}you're in range #{inside}# percent of the time and low #{below}# percent",
            f"Your {{sensor|CGM}} {{shows|says}} time in range {{is|of}} #{inside}# percent, and {{time |}}below range #{below}# percent",
        ),
        (f"Continuous glucose monitor shows time in range {inside}% and below range {below}%.",),
        (claim("result", "time in range; in range", f"{inside}%; {inside} %; {inside} percent", major=True),),
    )
    results: list[Result | Statement] = [
        lab(
            "Hemoglobin A1c",
            a1c,
            "at goal" if a1c < _GOAL else "high",
            previous=between(chance, 7.1, 8.8, 1) if likely(chance, 0.5) else "",
            digits=1,
            major=True,
        ),
        sensor,
    ]
    results += chance.sample(kidneys(chance), chance.randint(1, 2))
    denied = symptoms(
        "chest pain, shortness of breath, nausea, vomiting, abdominal pain, numbness in the feet, foot ulcers, blurred vision, weight loss, dizziness"
    )
    questions = (
        QUESTIONS[1],
        advice(
            (
                "{Yes,|Sure,} {but |}check {it |your sugar |}before {you|the} exercise, and {eat|have} #15# grams of {carbs|carbohydrates} if {it's|you're} under #100#.",
                "{Just check|Check} {your sugar|it} before exercise, {and if it's|if you're} {under|below} #100# {have|eat} #15# grams of carbs first.",
            ),
            "Check blood sugar before exercise and eat 15 grams of carbohydrates if it is below 100.",
            (
                "{Can I|Is it okay to} {keep running|exercise|work out} with {the|my} insulin?",
                "What about {exercise|the gym}, {do I need to do anything|should I change anything}?",
            ),
        ),
        advice(
            (
                "{You should|Always, yes,|If you're sick,} {never stop|don't stop|keep taking} the {long-acting |basal |}insulin, even when you're {not eating|sick}.",
                "Never stop your {basal|long-acting} insulin when you're sick{, never| even if you don't eat|}.",
            ),
            "Do not stop insulin when sick.",
            (
                "What {should I do|do I do} when I'm sick{ and can't eat|}?",
                "{Last winter I had the flu.|If I get the flu,} {do I still take|should I still take} {my|the} insulin?",
            ),
        ),
    )
    return Case(
        "type 1 diabetes",
        sex,
        age,
        (
            "{I see|So} you're here {for|to follow up on} your type 1 diabetes{ today|}",
            "{We're|Today we're} {going to talk about|going over} your type 1 diabetes",
        ),
        (
            "{I'm here for|It's} my {regular |}diabetes {visit|follow-up|check-up}",
            "{Just|Only} {the|my} usual diabetes {visit|check-up}",
            "{I came about|Here for} my diabetes, {the insulin and all that|my sugars are bouncing around}",
        ),
        ("Diabetes follow-up.",),
        vitals(chance, (20, 28), sex),
        back,
        story=[
            duration(chance, "diabetes", 4, 25),
            *chance.sample([adherence(chance, "insulin"), eye_exam(chance), diet(chance)], 2),
        ],
        present=shown,
        denied=[s for s in denied if s not in shown],
        background=[past(chance, "fatty liver disease"), surgery(chance, sex, age), family(chance), *social(chance, age)],
        medications=[*medications, *other_medications(chance, medications, 1)],
        allergies=allergies(chance),
        findings=findings(chance, "injection sites, feet normal", "heart, lungs, neck normal, no edema, general", 3),
        results=list(results),
        assessments=[
            problem(
                "Type 1 diabetes mellitus",
                ("type 1 diabetes",),
                "type 1 diabetes; diabetes type 1; diabetes",
                "not at goal" if status == "overtreated" and a1c > _GOAL else status,
            )
        ],
        changes=changes,
        orders=[
            recheck("hemoglobin A1c", "a1c; hba1c", 3, "month", "A1c"),
            *chance.sample(
                (
                    referral("ophthalmology", "ophthalmolog; eye", "{an eye doctor|ophthalmology}", "for a dilated eye exam"),
                    ordered("urine albumin", "urine albumin; albumin", "a urine albumin{ test|}"),
                    referral("a diabetes educator", "educator; education", "{a|our} diabetes educator", "for carb counting"),
                    ordered("TSH", "tsh", "a TSH"),
                ),
                chance.randint(0, 2),
            ),
        ],
        advice=[chance.choice(questions), *chance.sample(TEACHING[:1] + TEACHING[2:], 1)],
    )
