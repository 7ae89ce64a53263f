# ruff: noqa: E501  # a template stays on one line
"""Cases of disorders of calcium and vitamin D."""

from __future__ import annotations

import random

from training.synth.background import family, past, surgery
from training.synth.baseline import allergies, other_medications, vitals
from training.synth.case import Case, Change, Order, Sex, Statement, claim
from training.synth.cases.parts import (
    adherence,
    advice,
    change,
    onset,
    ordered,
    problem,
    proceed,
    recheck,
    referral,
    taken,
)
from training.synth.drugs import DAILY, TWICE, WEEKLY
from training.synth.findings import findings
from training.synth.labs import between, lab
from training.synth.social import social
from training.synth.speech import likely
from training.synth.symptoms import symptoms

_WATER = advice(
    (
        "{Drink plenty of|Please drink plenty of|Keep drinking plenty of} {water|fluids}",
        "{I want you to stay|Stay} {well |}hydrated, plenty of {water|fluids}",
    ),
    "Drink plenty of fluids.",
)


def hyperparathyroidism(chance: random.Random) -> Case:
    """Primary hyperparathyroidism: surgery or surveillance."""
    sex: Sex = chance.choices(("female", "male"), (3, 1))[0]
    age = chance.randint(42, 78)
    operate = age < 50 or likely(chance, 0.5)  # noqa: PLR2004
    calcium = between(chance, 11.2, 12.1, 1) if operate else between(chance, 10.5, 11.1, 1)
    stones = operate and likely(chance, 0.5)
    results = [
        lab(
            "Calcium",
            calcium,
            "high",
            digits=1,
            previous=between(chance, 10.4, calcium, 1) if likely(chance, 0.5) else "",
            major=True,
        ),
        lab("PTH", chance.randint(78, 180), "high", major=True),
        lab("Vitamin D", chance.randint(28, 42), ""),
        lab("Creatinine", between(chance, 0.7, 1.0, 1), "normal", digits=1),
        *([lab("24-hour urine calcium", chance.randint(260, 420), "high" if operate else "")] if likely(chance, 0.6) else []),
    ]
    shown = [
        *([symptoms("kidney stones")[0]] if stones else []),
        *chance.sample(
            symptoms("fatigue, constipation, frequent urination, increased thirst, difficulty concentrating, bone pain"),
            chance.randint(1, 2),
        ),
    ]
    orders: list[Order] = (
        [
            referral("surgery", "surg", "{a surgeon|an endocrine surgeon|surgery}", "for the parathyroid"),
            ordered("sestamibi scan", "sestamibi", "a sestamibi scan"),
        ]
        if operate
        else [recheck("calcium", "calcium", 6, "month")]
    )
    if likely(chance, 0.6):
        orders.append(ordered("DEXA scan", "dexa; bone density", "a {DEXA|bone density} scan"))
    if stones:
        orders.append(ordered("kidney ultrasound", "ultrasound", "{a kidney ultrasound|an ultrasound of the kidneys}"))
    medications = other_medications(chance, [], 2, avoid="hydrochlorothiazide calcium citrate")
    changes: list[Change] = []
    if not operate and likely(chance, 0.35):
        changes.append(change("start", "vitamin D3", "1000", DAILY))
        medications = [m for m in medications if m.drug.name != "vitamin D3"]
    return Case(
        "primary hyperparathyroidism",
        sex,
        age,
        (
            "{I see|So} you were {sent|referred} {here |}for {a |}high calcium",
            "Your {family doctor|primary care doctor} {sent you|referred you} for high calcium",
        ),
        (
            "{They found|My doctor found} {a |}high calcium {on my blood work|in my labs}",
            "{It's|Because of} {the|a} high calcium",
            "{My|The} calcium is {too |}high, {they say|apparently}",
        ),
        ("High calcium.",),
        vitals(chance, (22, 33), sex),
        (6, "month") if not operate else (chance.choice((4, 6, 8)), "week"),
        story=[onset(chance, "the high calcium")] if likely(chance, 0.5) else [],
        present=shown,
        denied=[
            s
            for s in symptoms("kidney stones, bone pain, abdominal pain, nausea, depressed mood, muscle weakness, palpitations")
            if s not in shown
        ],
        background=[past(chance), surgery(chance, sex, age), family(chance), *social(chance, age)],
        medications=medications,
        allergies=allergies(chance),
        findings=findings(chance, "neck normal", "heart, lungs, abdomen, spine normal, strength, reflexes normal, general", 4),
        results=list(results),
        assessments=[
            problem(
                "Primary hyperparathyroidism",
                ("primary hyperparathyroidism", "primary hyperparathyroidism, an overactive parathyroid gland"),
                "hyperparathyroidism",
            )
        ],
        changes=changes,
        orders=orders,
        advice=[
            _WATER,
            chance.choice(
                (
                    advice(
                        (
                            "No, {don't|please don't} {stop|cut out} {dairy|calcium}, {keep|just keep} a normal calcium diet.",
                            "{Surprisingly, no|Actually no}. {Keep|Just keep} a normal calcium diet.",
                        ),
                        "Keep a normal calcium diet.",
                        (
                            "Should I {stop|cut out|avoid} {milk and cheese|dairy}?",
                            "{Do I need|Should I try} {to eat less calcium|a low calcium diet}?",
                        ),
                    ),
                    advice(
                        (
                            "{Avoid|Stay away from} {thiazides|thiazide water pills} and lithium, {they raise calcium|they can raise the calcium}.",
                            "{Yes, thiazide water pills|Thiazides} and lithium, {please |}avoid those.",
                        ),
                        "Avoid thiazides and lithium.",
                        (
                            "{Are there|Any} medicines I should {avoid|stay away from}{ with this|}?",
                            "Is there {any medicine|anything} I {shouldn't take|should avoid}?",
                        ),
                    ),
                )
            ),
        ],
    )


def hypoparathyroidism(chance: random.Random) -> Case:
    """Hypoparathyroidism after thyroid surgery."""
    sex: Sex = chance.choices(("female", "male"), (3, 1))[0]
    age = chance.randint(28, 68)
    low = likely(chance, 0.65)
    dose = chance.choice(("0.25", "0.5"))
    pills = [
        taken("calcitriol", dose, TWICE),
        taken("calcium carbonate", chance.choice(("500", "1000")), TWICE),
        taken("levothyroxine", chance.choice(("100", "112", "125", "137")), DAILY),
    ]
    calcium = between(chance, 7.3, 8.2, 1) if low else between(chance, 8.4, 8.9, 1)
    changes = (
        [change("increase", "calcitriol", {"0.25": "0.5", "0.5": "0.75"}[dose], TWICE, dose), proceed(pills[1])]
        if low
        else [proceed(pills[0]), proceed(pills[1])]
    )
    shown = (
        chance.sample(symptoms("tingling around the mouth, muscle cramps, fatigue, anxiety"), chance.randint(1, 2))
        if low
        else chance.sample(symptoms("fatigue, difficulty sleeping"), 1)
    )
    operated = Statement(
        "Past history",
        (
            "{They|The surgeon} took out my {whole |}thyroid #2# years ago.",
            "I had {my|a} thyroid removed #2# years ago.",
            "#2# years ago, {they took out my thyroid|I had the thyroid out}.",
        ),
        ("The patient had a thyroidectomy 2 years ago.", "The patient had the thyroid removed 2 years ago."),
        (claim("history", "thyroidectomy; thyroid removed; thyroid surgery", "2 years; two years", said="thyroid"),),
        (
            "{When was your thyroid surgery|When did you have thyroid surgery}?",
            "{Remind me when|When was it that} you had {the|your} thyroid {taken out|surgery}{?|, was it recently?}",
        ),
    )
    return Case(
        "hypoparathyroidism",
        sex,
        age,
        ("{I see|So} you're here {for|about} your low calcium", "{We're|Today we're} following up on your low calcium"),
        (
            "{It's|I'm here for} my {low calcium|calcium check, the low calcium}",
            "{Checking|Just checking} {on |}my low calcium",
        ),
        ("Low calcium follow-up.",),
        vitals(chance, (21, 32), sex),
        (chance.choice((2, 3, 4)), "week") if low else (chance.choice((3, 6)), "month"),
        story=[adherence(chance, "calcium and calcitriol")],
        present=shown,
        denied=[
            s
            for s in symptoms(
                "tingling around the mouth, muscle cramps, palpitations, shortness of breath, kidney stones, increased thirst, falls"
            )
            if s not in shown
        ],
        background=[operated, past(chance), family(chance), *social(chance, age)],
        medications=[
            *pills,
            *other_medications(chance, pills, 1, avoid="vitamin D3 calcium citrate omeprazole hydrochlorothiazide"),
        ],
        allergies=allergies(chance),
        findings=findings(
            chance,
            "scar, " + ("chvostek" if low and likely(chance, 0.6) else "no chvostek"),
            "heart, lungs, reflexes brisk, strength, general",
            3,
        ),
        results=[
            lab(
                "Calcium",
                calcium,
                "low",
                digits=1,
                previous=between(chance, 8.4, 9, 1) if low and likely(chance, 0.5) else "",
                major=True,
            )
            if low
            else lab("Calcium", calcium, "at goal", digits=1, major=True),
            lab(
                "Phosphorus",
                between(chance, 4.6, 5.4, 1) if low else between(chance, 3.6, 4.4, 1),
                "high" if low else "normal",
                digits=1,
            ),
            lab("PTH", chance.choice((5, 6, 8, 9)), "low", major=True),
            lab("Magnesium", between(chance, 1.8, 2.1, 1), "normal", digits=1),
        ],
        assessments=[
            problem("Hypoparathyroidism", ("hypoparathyroidism",), "hypoparathyroidism", "undertreated" if low else "stable")
        ],
        changes=changes,
        orders=[
            recheck("calcium", "calcium", *((chance.choice((1, 2)), "week") if low else (3, "month"))),
            *([ordered("24-hour urine calcium", "urine calcium", "a 24-hour urine calcium")] if likely(chance, 0.5) else []),
        ],
        advice=[
            advice(
                (
                    "{If you get|For} tingling or cramps, {take an extra|chew one extra|take one extra} calcium and call {us|me}.",
                    "{Take|Chew} {an|one} extra calcium {tablet |}for tingling or cramps, and call {us|me}{ if it stays|}.",
                ),
                "Take an extra calcium tablet for tingling or cramps and call.",
                (
                    "What {do I do|should I do} if {the tingling comes back|I get the tingling and the cramps}?",
                    "{When should I|When do I} take {more|extra} calcium{, if I get cramps|}?",
                ),
            )
        ],
    )


def vitamin_d_deficiency(chance: random.Random) -> Case:
    """Vitamin D deficiency with loading and maintenance."""
    sex: Sex = chance.choice(("female", "male"))
    age = chance.randint(22, 78)
    level = chance.randint(7, 18)
    shown = chance.sample(symptoms("bone pain, muscle aches, fatigue, muscle weakness, back pain"), chance.randint(2, 3))
    load = chance.choice((8, 12))
    return Case(
        "vitamin D deficiency",
        sex,
        age,
        (
            "{I see|So} you're here {for|about} {a |your |}low vitamin D",
            "Your {family doctor|primary care doctor} {sent you|referred you} for low vitamin D",
        ),
        ("{They said|I was told} my vitamin D is {very |}low", "{It's|Because of} {the|my} low vitamin D"),
        ("Low vitamin D.",),
        vitals(chance, (21, 38), sex),
        (load // 4, "month"),
        story=[
            onset(chance, "the aching"),
            *(
                [
                    Statement(
                        "Social history",
                        (
                            "{Hardly|Not much}, I'm {inside|indoors} {all day|most of the day}.",
                            "{No, not really|Barely}, I {work|stay} {inside|indoors} all day.",
                        ),
                        ("The patient spends most of the day indoors.",),
                        (claim("history", "indoors; inside"),),
                        (
                            "{Do you get|Are you getting} {much|any} sun?",
                            "{Are you outside|Do you spend time outside} {much|at all}?",
                        ),
                    )
                ]
                if likely(chance, 0.7)
                else []
            ),
        ],
        present=shown,
        denied=[
            s
            for s in symptoms(
                "falls, diarrhea, weight loss, kidney stones, tingling around the mouth, abdominal pain, poor appetite"
            )
            if s not in shown
        ],
        background=[
            past(chance),
            surgery(chance, sex, age),
            family(chance, chance.choice(("", "osteoporosis"))),
            *social(chance, age),
        ],
        medications=other_medications(chance, [], 3, avoid="vitamin D3 calcium citrate"),
        allergies=allergies(chance),
        findings=findings(chance, "gait", "heart, lungs, abdomen, strength, proximal weakness, spine normal, general", 3),
        results=[
            lab("Vitamin D", level, "low", major=True),
            *chance.sample(
                (
                    lab("Calcium", between(chance, 8.6, 9.2, 1), "normal", digits=1),
                    lab("PTH", chance.randint(74, 118), "high"),
                    lab("Alkaline phosphatase", chance.randint(122, 168), "high"),
                    lab("Creatinine", between(chance, 0.7, 1.0, 1), "normal", digits=1),
                ),
                chance.randint(1, 3),
            ),
        ],
        assessments=[
            problem(
                "Vitamin D deficiency", ("vitamin D deficiency", "a vitamin D deficiency"), "vitamin d deficiency; deficien"
            )
        ],
        changes=[change("start", "ergocalciferol", "50000", WEEKLY)],
        orders=[
            recheck("vitamin D", "vitamin d", load // 4, "month"),
            *([ordered("celiac antibodies", "celiac", "celiac antibodies")] if likely(chance, 0.3) else []),
        ],
        advice=[
            advice(
                (
                    f"{{After|Once you finish}} the #{load}# weeks, {{go to|switch to|take}} vitamin D3 #2000# {{units|international units}} {{a day|every day|daily}}.",
                    f"{{For|You take it for}} #{load}# weeks, and then {{go to|take}} vitamin D3 #2000# {{units|international units}} daily.",
                ),
                f"After {load} weeks take vitamin D3 2000 IU daily.",
                (
                    "How long {do I take|will I be on} {the|that} {big|weekly} {dose|pill}?",
                    "And after the weekly pills{, then what|, what's next|}?",
                ),
            )
        ],
    )
