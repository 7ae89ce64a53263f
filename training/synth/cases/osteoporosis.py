# ruff: noqa: E501  # a template stays on one line
"""Cases of osteoporosis."""

from __future__ import annotations

import random

from training.synth.background import family, past, surgery
from training.synth.baseline import allergies, other_medications, vitals
from training.synth.case import Case, Change, Medication, Order, Result, Sex, Statement, claim
from training.synth.cases.parts import (
    adherence,
    advice,
    change,
    duration,
    ordered,
    problem,
    proceed,
    recheck,
    referral,
    taken,
)
from training.synth.drugs import DAILY, HALF_YEARLY, TWICE, WEEKLY, YEARLY
from training.synth.findings import findings
from training.synth.labs import between, lab
from training.synth.social import social
from training.synth.speech import likely
from training.synth.symptoms import symptoms

_FALLS = advice(
    (
        "{Get|Please get} rid of {loose rugs|throw rugs} and {keep|use} good lighting{ at home|}, {we don't want falls|to prevent falls}",
        "{Let's prevent falls,|To prevent falls,} {so |}remove loose rugs and {keep|use} good lighting",
    ),
    "Remove loose rugs and use good lighting to prevent falls.",
)

_WEIGHTS = advice(
    (
        "{Weight-bearing exercise|Walking and light weights} {is|would be} good for {your|the} bones, #30# minutes most days",
        "{I'd like you to|Try to} do weight-bearing exercise #30# minutes most days",
    ),
    "Weight-bearing exercise 30 minutes most days.",
)

_DENTIST = advice(
    (
        "{Tell|Let} your dentist {know |}{about it |}before any {extraction|dental surgery|implant}.",
        "{It's rare.|Very rare.} {But tell|Tell} your dentist before any {extraction|dental surgery|implant}.",
    ),
    "Inform the dentist before dental surgery.",
    (
        "{I read about|What about} {the |}jaw problems {with these drugs|with it}, {should I worry|is that true}?",
        "{My dentist asked about this.|I need dental work.} {Is that a problem|Is that okay}?",
    ),
)

_HOW_ALENDRONATE = advice(
    (
        "{Take it|You take it} {first thing |}in the morning with a {full |}glass of water, and stay upright for #30# minutes.",
        "{In the morning, with|With} a {full |}glass of water {on an empty stomach|}, and stay upright for #30# minutes.",
    ),
    "Take alendronate in the morning with a glass of water and stay upright for 30 minutes.",
    (
        "{How do I take|How should I take} {the |}alendronate?",
        "{Any|Are there any} special {rules|instructions} {for|with} the alendronate?",
    ),
)


def osteoporosis(chance: random.Random) -> Case:
    """Osteoporosis: treatment started, continued, or changed after a fracture."""
    sex: Sex = chance.choices(("female", "male"), (6, 1))[0]
    age = chance.randint(60, 82)
    state = chance.choices(("new", "on", "failing"), (4, 3, 2))[0]
    hip, spine = between(chance, 1.8, 2.7, 1), between(chance, 2.6, 3.7, 1)
    calcium = taken("calcium citrate", "600", TWICE) if likely(chance, 0.4) else taken("calcium carbonate", "600", DAILY)
    vitamin = taken("vitamin D3", chance.choice(("1000", "2000")), DAILY)
    supplements = [m for m in (calcium, vitamin) if likely(chance, 0.7)]
    scan = Statement(
        "Results",
        (
            f"{{Your|The}} bone density {{scan |test |}}shows a T-score of minus #{spine}# in the spine and minus #{hip}# in the hip",
            f"{{On|Looking at}} the DEXA, the T-score is minus #{spine}# at the spine and minus #{hip}# at the hip",
            f"{{So the|The}} DEXA {{scan |}}came back with a T-score of negative #{spine}# at the spine, {{and |}}negative #{hip}# at the hip",
        ),
        (f"DEXA scan shows a T-score of -{spine} at the spine and -{hip} at the hip.",),
        (
            claim("result", "t-score; t score; dexa; bone density", f"-{spine}; {spine}", major=True),
            claim("result", "hip", f"-{hip}; {hip}", said="hip"),
        ),
    )
    results: list[Result | Statement] = [
        scan,
        lab("Vitamin D", chance.randint(32, 48), "normal"),
        lab("Calcium", between(chance, 9.1, 10, 1), "normal", digits=1),
        lab("Creatinine", between(chance, 0.7, 1.0, 1), "normal", digits=1),
    ]
    story: list[Statement] = []
    fracture = Statement(
        "History",
        (
            "{Yes,|Yeah,} I broke my wrist {last year|last winter} when I {slipped on ice|tripped on the curb|fell in the kitchen}.",
            "I {had|got} a wrist fracture {last year|last winter}, {I slipped|from a simple fall}.",
        ),
        ("The patient had a wrist fracture after a fall.",),
        (claim("history", "wrist fracture; fracture; broke", major=True, said="wrist"),),
        (
            "{Have you broken|Did you ever break} any bones{ as an adult|}?",
            "{Any|Ever had any} fractures{ as an adult|}, {maybe from a fall|broken bones}?",
        ),
    )
    no_fracture = Statement(
        "History",
        ("No{, never|, no broken bones|}.", "{Nope|Never}, {I've been lucky|not one}."),
        ("The patient has had no fractures.", "The patient denies any fractures."),
        (claim("history", "fracture", negated=True, major=True, said="fracture; broken; break"),),
        (
            "{Have you broken|Did you ever break} any bones{, any fractures|, any fractures at all} as an adult?",
            "{Any|Ever had any} fractures{ as an adult|}?",
        ),
    )
    if state == "new":
        start = chance.choice(
            (
                ("alendronate", "70", WEEKLY),
                ("alendronate", "70", WEEKLY),
                ("risedronate", "35", WEEKLY),
                ("zoledronic acid", "5", YEARLY),
            )
        )
        medications: list[Medication] = []
        changes = [change("start", *start)]
        story.append(fracture if likely(chance, 0.5) else no_fracture)
        status, asks = "", [_DENTIST, _HOW_ALENDRONATE] if start[0] == "alendronate" else [_DENTIST]
    elif state == "on":
        medications = [
            taken(
                *chance.choice((("alendronate", "70", WEEKLY), ("risedronate", "35", WEEKLY), ("denosumab", "60", HALF_YEARLY)))
            )
        ]
        changes = [proceed(medications[0])]
        story += [
            no_fracture,
            adherence(chance, medications[0].drug.name)
            if medications[0].drug.name != "denosumab"
            else duration(chance, "osteoporosis", 2, 9),
        ]
        status, asks = "stable", [_DENTIST]
    else:
        medications = [taken("alendronate", "70", WEEKLY)]
        new = chance.choice((("denosumab", "60", HALF_YEARLY), ("teriparatide", "20", DAILY), ("zoledronic acid", "5", YEARLY)))
        changes = [Change("stop", medications[0]), change("start", *new)]
        story += [fracture, duration(chance, "osteoporosis", 3, 9)]
        status, asks = "worsening", [_DENTIST]
    changes += [proceed(m) for m in supplements if likely(chance, 0.4)]
    shown = chance.sample(symptoms("back pain, height loss, joint pain, heartburn"), chance.randint(1, 2))
    orders: list[Order] = [
        recheck("DEXA scan", "dexa; bone density", 2, "year", "{bone density|DEXA scan}")
        if likely(chance, 0.5)
        else ordered("spine X-ray", "x-ray; xray", "{an X-ray of the spine|a spine X-ray}")
    ]
    orders += chance.sample(
        (
            ordered("celiac antibodies", "celiac", "celiac antibodies"),
            referral("physical therapy", "physical therapy", "{physical therapy|a physical therapist}", "for balance"),
            ordered("PTH", "pth; parathyroid", "a PTH{ level|}"),
        ),
        chance.randint(0, 2),
    )
    return Case(
        "osteoporosis",
        sex,
        age,
        (
            "{I see|So} you're here {for|about} your {osteoporosis|bones, the osteoporosis}",
            "{Today we're|We're} {talking|going to talk} about your osteoporosis",
        )
        if state != "new"
        else (
            "{I see|So} you were {sent|referred} {here |}for an abnormal bone density {scan|test}",
            "Your {family doctor|primary care doctor} {sent you|referred you} {here |}for an abnormal bone density {scan|test}",
        ),
        ("{I'm here for|It's about} my osteoporosis{ follow-up|}", "{For|It's} my bones, the osteoporosis")
        if state != "new"
        else (
            "{They said|I was told} my bone density {scan|test} {was bad|was abnormal|is low}",
            "{I had|It's} a bone density {scan|test} {that was|and it came back} {low|abnormal}",
        ),
        ("Osteoporosis follow-up.",) if state != "new" else ("Abnormal bone density test.",),
        vitals(chance, (19, 29), sex, systolic=(112, 144)),
        chance.choice(((6, "month"), (12, "month"), (1, "year"))) if state != "failing" else (chance.choice((3, 6)), "month"),
        story=story,
        present=shown,
        denied=[
            s
            for s in symptoms(
                "falls, back pain, heartburn, difficulty swallowing, dizziness, bone pain, muscle weakness, kidney stones"
            )
            if s not in shown
        ],
        background=[
            past(chance, "celiac disease, gastroesophageal reflux disease"),
            surgery(chance, sex, age),
            family(chance, chance.choice(("", "osteoporosis"))),
            *social(chance, age),
        ],
        medications=[
            *medications,
            *supplements,
            *other_medications(chance, [*medications, *supplements], 2, avoid="vitamin D3 calcium citrate"),
        ],
        allergies=allergies(chance),
        findings=findings(
            chance,
            "gait, "
            + chance.choice(
                ("spine normal", "spine tender") if state == "failing" else ("spine normal", "spine normal", "spine tender")
            ),
            "kyphosis, heart, lungs, strength, general",
            3,
        ),
        results=[scan, *chance.sample(results[1:], chance.randint(1, 3))],
        assessments=[problem("Osteoporosis", ("osteoporosis",), "osteoporosis", status)],
        changes=changes,
        orders=orders,
        advice=[chance.choice(asks), chance.choice((_FALLS, _WEIGHTS))],
    )
