"""Cases of lipid disorders."""

from __future__ import annotations

import random

from training.synth.background import family, past, surgery
from training.synth.baseline import allergies, other_medications, vitals
from training.synth.case import Case, Change, Medication, Order, Sex
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
from training.synth.drugs import BEDTIME, DAILY, TWICE
from training.synth.findings import findings
from training.synth.labs import between, lab
from training.synth.social import social
from training.synth.speech import likely
from training.synth.symptoms import symptoms

_FATS = advice(
    (
        "{Cut back on|Go easy on|Try to limit} fried food and {eat|have} more fish",
        "{More fish|Let's do more fish} and less fried food{, okay|}",
    ),
    "Eat more fish and less fried food.",
)

WALK = advice(
    (
        "{Try to|I want you to|Let's} walk #30# minutes {a day|every day}",
        "{Walking|A walk of} #30# minutes {every day|a day} {would be great|is a good start}",
    ),
    "Walk 30 minutes a day.",
)


def lipids(chance: random.Random) -> Case:
    """High LDL cholesterol or high triglycerides."""
    sex: Sex = chance.choice(("female", "male"))
    age = chance.randint(34, 74)
    state = chance.choice(("start", "increase", "intolerant", "triglycerides", "controlled"))
    hdl = lab("HDL cholesterol", chance.randint(38, 62), "")
    triglycerides = chance.randint(98, 188)
    medications: list[Medication] = []
    shown = chance.sample(symptoms("fatigue, joint pain, snoring, heartburn, difficulty sleeping"), 1)
    exam = findings(chance, "heart", "xanthelasma, no xanthomas, lungs, abdomen, neck normal, no edema, general", 3)
    status, disease, spoken, names = (
        "not at goal",
        "Hyperlipidemia",
        ("high cholesterol, hyperlipidemia,", "hyperlipidemia"),
        "hyperlipidemia; high cholesterol; dyslipidemia; hypercholesterolemia",
    )
    if state == "start":
        ldl = chance.randint(162, 214)
        changes = [
            change(
                "start",
                *chance.choice(
                    (("atorvastatin", chance.choice(("20", "40")), DAILY), ("rosuvastatin", chance.choice(("10", "20")), DAILY))
                ),
            )
        ]
    elif state == "increase":
        ldl = chance.randint(104, 148)
        dose, more = chance.choice((("10", "20"), ("20", "40"), ("40", "80")))
        medications = [taken("atorvastatin", dose, BEDTIME)]
        changes = (
            [change("increase", "atorvastatin", more, BEDTIME, dose)]
            if likely(chance, 0.6)
            else [proceed(medications[0]), change("start", "ezetimibe", "10", DAILY)]
        )
    elif state == "intolerant":
        ldl = chance.randint(128, 176)
        medications = [taken("simvastatin", chance.choice(("20", "40")), BEDTIME)]
        changes = [
            Change("stop", medications[0]),
            change("start", *chance.choice((("rosuvastatin", "5", DAILY), ("ezetimibe", "10", DAILY)))),
        ]
        shown = symptoms("muscle aches")
    elif state == "triglycerides":
        ldl, triglycerides = chance.randint(74, 118), chance.randint(520, 890)
        medications = [taken("atorvastatin", chance.choice(("20", "40")), BEDTIME)]
        changes = [
            proceed(medications[0]),
            change("start", *chance.choice((("icosapent ethyl", "2", TWICE), ("fenofibrate", "145", DAILY)))),
        ]
        disease, spoken, names = (
            "Hypertriglyceridemia",
            ("hypertriglyceridemia", "high triglycerides, hypertriglyceridemia,"),
            "hypertriglyceridemia; triglyceride",
        )
    else:
        ldl = chance.randint(48, 68)
        medications = [
            taken("rosuvastatin", chance.choice(("10", "20", "40")), DAILY),
            *([taken("ezetimibe", "10", DAILY)] if likely(chance, 0.4) else []),
        ]
        changes = [proceed(m) for m in medications]
        status = "well controlled"
    goal = state == "controlled"
    results = [
        lab(
            "LDL cholesterol",
            ldl,
            "at goal" if goal else "" if state == "triglycerides" else "high",
            previous=ldl + chance.randint(30, 80) if goal and likely(chance, 0.6) else "",
            major=True,
        ),
        lab("Triglycerides", triglycerides, "high" if triglycerides > 150 else "normal", major=state == "triglycerides"),  # noqa: PLR2004
        *chance.sample(
            (
                hdl,
                lab("ALT", chance.randint(17, 39), "normal"),
                lab("Hemoglobin A1c", between(chance, 5.2, 5.6, 1), "normal", digits=1),
                lab("TSH", between(chance, 0.9, 3.4, 1), "normal", digits=1),
            ),
            chance.randint(1, 2),
        ),
    ]
    orders: list[Order] = [
        recheck("lipid panel", "lipid; cholesterol", *((6, "month") if goal else (chance.choice((2, 3)), "month")))
    ]
    orders += chance.sample(
        (
            ordered("coronary calcium score", "calcium score", "a coronary calcium score"),
            ordered("lipoprotein(a)", "lipoprotein; lp(a)", "a {lipoprotein(a)|lipoprotein little a}"),
            referral("a dietitian", "dietitian; nutrition", "{a|our} dietitian"),
        ),
        chance.randint(0, 1),
    )
    if state == "intolerant":
        orders.append(ordered("CK level", "ck; creatine kinase", "a CK level"))
    return Case(
        "lipid disorder",
        sex,
        age,
        (
            "{I see|So} you're here {for|about} your high cholesterol",
            "{We're|Today we're} {talking|going to talk} about your high cholesterol",
        ),
        (
            "{It's|I'm here for} my high cholesterol",
            "{They said|My doctor said} {I have |it's the }high cholesterol",
            "{My|For my} high cholesterol, {mostly|I guess}",
        ),
        ("High cholesterol.",),
        vitals(chance, (24, 34), sex),
        (6, "month") if goal else (chance.choice((2, 3)), "month"),
        story=[
            diet(chance),
            *([adherence(chance, medications[0].drug.name)] if medications else [duration(chance, "high cholesterol", 2, 12)]),
        ],
        present=shown,
        denied=[
            s
            for s in symptoms(
                "chest pain, shortness of breath, muscle aches, abdominal pain, leg swelling, muscle weakness, dizziness"
            )
            if s not in shown
        ],
        background=[
            past(chance, "hyperlipidemia, fatty liver disease"),
            surgery(chance, sex, age),
            family(chance, chance.choice(("heart disease", "high cholesterol", ""))),
            *social(chance, age),
        ],
        medications=[*medications, *other_medications(chance, medications, 2, avoid="atorvastatin rosuvastatin")],
        allergies=allergies(chance),
        findings=exam,
        results=list(results),
        assessments=[problem(disease, spoken, names, status)],
        changes=changes,
        orders=orders,
        advice=[
            chance.choice(
                (
                    advice(
                        (
                            "Call {us|me} {right away |}for {muscle pain|bad muscle pain} or dark urine.",
                            "{They can.|Some do.} Call {us|me} for {bad |severe |}muscle pain or dark urine.",
                        ),
                        "Call for muscle pain or dark urine.",
                        (
                            "{Do statins|Don't these drugs} {hurt|damage} the muscles?",
                            "{What side effects|What} should I {watch|look out} for?",
                        ),
                    ),
                    advice(
                        (
                            "No, {you can|it's fine to} take it any time of day, {just be consistent|same time every day}.",
                            "{Any time of day is fine|Any time of day works}, {just pick one|morning or night}.",
                        ),
                        "Take the medication at any time of day.",
                        (
                            "{Should I take|Do I take} it {in the morning or at night|at night}?",
                            "{When should|What time should} I take {it|the new one}?",
                        ),
                    ),
                )
            ),
            chance.choice((_FATS, WALK)),
        ],
    )
