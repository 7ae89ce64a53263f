# ruff: noqa: E501  # a template stays on one line
"""Cases of obesity."""

from __future__ import annotations

import random
from dataclasses import replace

from training.synth.background import family, past, surgery
from training.synth.baseline import allergies, other_medications, vitals
from training.synth.case import Case, Change, Medication, Order, Sex, Statement, claim
from training.synth.cases.lipids import WALK
from training.synth.cases.parts import (
    advice,
    diet,
    ordered,
    problem,
    recheck,
    referral,
)
from training.synth.drugs import DRUGS, WEEKLY
from training.synth.findings import findings
from training.synth.labs import between, lab
from training.synth.social import social
from training.synth.speech import likely
from training.synth.symptoms import symptoms


def obesity(chance: random.Random) -> Case:
    """Obesity: a drug started, increased, or stopped for side effects."""
    sex: Sex = chance.choices(("female", "male"), (2, 1))[0]
    age = chance.randint(24, 66)
    state = chance.choice(("new", "titrate", "titrate", "side effects"))
    name, brand, steps = chance.choice(
        (("semaglutide", "Wegovy", ("0.25", "0.5", "1", "1.7", "2.4")), ("tirzepatide", "Zepbound", ("2.5", "5", "7.5", "10")))
    )
    drug = replace(DRUGS[name], brands=(brand,))
    index = chance.randint(0, len(steps) - 2)

    def pen(value: str) -> Medication:
        return Medication(drug, drug.amount(value), WEEKLY)

    prediabetes = likely(chance, 0.5)
    a1c = between(chance, 5.8, 6.4, 1) if prediabetes else between(chance, 5.1, 5.6, 1)
    results = [
        lab("Hemoglobin A1c", a1c, "high" if prediabetes else "normal", digits=1, major=prediabetes),
        *chance.sample(
            (
                lab("TSH", between(chance, 0.9, 3.4, 1), "normal", digits=1),
                lab("LDL cholesterol", chance.randint(102, 138), ""),
                lab("Triglycerides", chance.randint(155, 260), "high"),
                lab("ALT", chance.randint(22, 40), "normal"),
                lab("Creatinine", between(chance, 0.7, 1.0, 1), "normal", digits=1),
            ),
            chance.randint(1, 3),
        ),
    ]
    lost = chance.randint(6, 28)
    progress = Statement(
        "History",
        (
            f"{{I've|I have}} lost {{about |}}#{lost}# pounds{{ so far|}}.",
            f"{{About|Down}} #{lost}# pounds{{ since I started|, so I'm happy|}}.",
            f"{{The scale says|I'm down}} #{lost}# pounds{{, down from the start|}}.",
        ),
        (f"The patient has lost {lost} pounds.",),
        (claim("history", "lost; weight loss; down; pounds", f"{lost} pounds; {lost}-pound", said="pounds"),),
        (
            "How much {weight |}have you lost{ so far|}?",
            "{And how|How} much weight {is off|have you lost} {since you started|since last time}?",
            "{How's|So how's} the weight loss, how many pounds{ are off|}?",
        ),
    )
    tried = Statement(
        "History",
        (
            "{I've tried|I did} keto and Weight Watchers{, twice| and it all came back|}.",
            "{Oh, everything.|You name it.} Keto and Weight Watchers{, and the weight came back|}.",
        ),
        ("The patient has tried keto and Weight Watchers.",),
        (claim("history", "keto"),),
        (
            "What {have you tried|diets have you tried} {so far|before|in the past}?",
            "Have you tried any {diets|programs} before?",
        ),
    )
    if state == "new":
        medications: list[Medication] = []
        changes = [Change("start", pen(steps[0]))]
        story, shown, status, back = (
            [tried, diet(chance)],
            chance.sample(symptoms("fatigue, snoring, joint pain, increased hunger, heartburn"), 2),
            "",
            (chance.choice((4, 6)), "week"),
        )
    elif state == "titrate":
        medications = [pen(steps[index])]
        changes = [Change("increase", pen(steps[index + 1]), drug.amount(steps[index]))]
        story, shown, status, back = (
            [progress, diet(chance)],
            chance.sample(symptoms("nausea, constipation, heartburn, fatigue"), 1),
            "improving",
            (chance.choice((4, 6, 8)), "week"),
        )
    else:
        medications = [pen(steps[index + 1])]
        changes = [Change("decrease", pen(steps[index]), drug.amount(steps[index + 1]))]
        story, shown, status, back = [progress], symptoms("nausea, vomiting"), "improving", (chance.choice((2, 4)), "week")
    assessments = [
        problem(
            "Obesity",
            ("obesity",) if status else ("obesity, which is a medical condition", "obesity"),
            "obesity; obese",
            status,
        )
    ]
    orders: list[Order] = [
        *([recheck("hemoglobin A1c", "a1c; hba1c", 6, "month", "A1c")] if prediabetes else []),
        *chance.sample(
            (
                referral("a dietitian", "dietitian; nutrition", "{a|our} dietitian"),
                ordered("sleep study", "sleep study", "a sleep study"),
                ordered("lipid panel", "lipid", "a lipid panel"),
                ordered("liver panel", "liver", "a liver panel"),
            ),
            chance.randint(1, 2),
        ),
    ]
    if prediabetes:
        assessments.append(problem("Prediabetes", ("prediabetes", "prediabetes as well"), "prediabetes"))
    return Case(
        "obesity",
        sex,
        age,
        (
            "{I see|So} you're here {for|about} your weight",
            "{We're|Today we're} {talking|going to talk} about {your weight|weight management, your weight}",
        ),
        (
            "{I need|I want} help with my weight",
            "{It's|I'm here for} {the|my} weight{, nothing works| again|}",
            "{My|Just my} weight, {doctor|mostly}",
        ),
        ("Weight management.",),
        vitals(chance, (31, 44), sex, systolic=(116, 150)),
        back,
        story=story,
        present=shown,
        denied=[
            s
            for s in symptoms(
                "nausea, vomiting, abdominal pain, chest pain, shortness of breath, palpitations, depressed mood, easy bruising"
            )
            if s not in shown
        ],
        background=[
            past(chance, "hyperlipidemia"),
            surgery(chance, sex, age),
            family(chance, chance.choice(("", "type 2 diabetes"))),
            *social(chance, age),
        ],
        medications=[*medications, *other_medications(chance, medications, 2)],
        allergies=allergies(chance),
        findings=findings(
            chance,
            "waist, no striae" if likely(chance, 0.5) else "waist",
            "heart, lungs, abdomen, acanthosis, no edema, neck normal, general",
            3,
        ),
        results=list(results),
        assessments=assessments,
        changes=changes,
        orders=orders,
        advice=[
            chance.choice(
                (
                    advice(
                        (
                            "{Eat|Have} {small|smaller} meals and stop {when you're full|as soon as you're full}, {that helps a lot|it helps}.",
                            "{Smaller meals|It's mostly smaller meals,} and stop when you're full{, that's the trick|}.",
                        ),
                        "Eat smaller meals and stop when full.",
                        (
                            "What {can I do|should I do} {about|for} {the |}nausea?",
                            "{Any tips|What helps} {for|with} the nausea?",
                        ),
                    ),
                    advice(
                        (
                            "{Aim for|Try for} #80# grams of protein a day and do some strength training.",
                            "{Protein and|Yes, protein and} strength training. {About|Around} #80# grams of protein a day.",
                        ),
                        "Aim for 80 grams of protein a day and strength training.",
                        (
                            "{How do I|Can I} keep {my|the} muscle{ while I lose weight|}?",
                            "{I'm afraid of losing muscle.|I read you lose muscle.} What {can I do|helps}?",
                        ),
                    ),
                )
            ),
            *([WALK] if likely(chance, 0.5) else []),
        ],
    )
