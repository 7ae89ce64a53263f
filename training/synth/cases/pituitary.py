# ruff: noqa: E501  # a template stays on one line
"""Cases of acromegaly and hypopituitarism."""

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
    onset,
    ordered,
    problem,
    proceed,
    recheck,
    referral,
    taken,
)
from training.synth.cases.prolactinoma import VISION, mri
from training.synth.drugs import DAILY, FOUR_WEEKS, TWICE, WEEKLY
from training.synth.findings import findings
from training.synth.labs import between, lab
from training.synth.social import social
from training.synth.speech import likely
from training.synth.symptoms import symptoms


def acromegaly(chance: random.Random) -> Case:
    """Acromegaly: found today, or treated after surgery."""
    sex: Sex = chance.choice(("female", "male"))
    age = chance.randint(34, 64)
    new = likely(chance, 0.5)
    signs = symptoms("headaches, joint pain, increased sweating, fatigue, snoring")
    if new:
        medications: list[Medication] = []
        changes: list[Change] = []
        size = str(chance.randint(11, 24))
        results: list[Result | Statement] = [
            lab("IGF-1", chance.randint(520, 960), "high", major=True),
            mri(size, "macroadenoma"),
            *([lab("Fasting glucose", chance.randint(104, 122), "high")] if likely(chance, 0.5) else []),
        ]
        orders: list[Order] = [
            referral("neurosurgery", "neurosurg", "{a neurosurgeon|neurosurgery}"),
            *chance.sample(
                (
                    ordered("echocardiogram", "echo", "an echocardiogram"),
                    ordered("sleep study", "sleep study", "a sleep study"),
                    ordered("colonoscopy", "colonoscopy", "a colonoscopy"),
                ),
                chance.randint(1, 2),
            ),
        ]
        shown, back, status = chance.sample(signs, 3), (chance.choice((4, 6)), "week"), ""
    else:
        drug, dose, more = chance.choice((("lanreotide", "90", "120"), ("octreotide", "20", "30")))
        medications = [taken(drug, dose, FOUR_WEEKS)]
        active = likely(chance, 0.6)
        level = chance.randint(310, 420) if active else chance.randint(140, 230)
        changes = [change("increase", drug, more, FOUR_WEEKS, dose)] if active else [proceed(medications[0])]
        results = [lab("IGF-1", level, "high" if active else "normal", previous=level + chance.randint(60, 240), major=True)]
        if likely(chance, 0.5):
            results.append(lab("Fasting glucose", chance.randint(84, 98), "normal"))
        orders = [
            recheck("IGF-1", "igf-1; igf1", 3, "month"),
            *([ordered("pituitary MRI", "mri", "{a pituitary MRI|an MRI of the pituitary}")] if likely(chance, 0.5) else []),
        ]
        shown, back, status = chance.sample(signs, 1 + active), (3, "month"), "active" if active else "well controlled"
    ring = Statement(
        "History",
        (
            "{Yes|Yeah}, my rings don't fit {anymore|any longer} and {my shoe size went up|I need bigger shoes}.",
            "{My|Now that you say it, my} rings {don't fit|had to be cut off} and {my shoes|my old shoes} are {too small|tight}.",
        ),
        ("The patient's rings and shoes no longer fit.",),
        (claim("history", "rings; ring; shoe", major=True),),
        (
            "Have your rings or shoes {changed size|gotten tight}?",
            "{Any change in|What about} your {ring or shoe size|rings and shoes}?",
        ),
    )
    return Case(
        "acromegaly",
        sex,
        age,
        (
            "{I see|So} you were {sent|referred} {here |}for {possible |}acromegaly",
            "Your doctor {sent you|referred you} for acromegaly",
        )
        if new
        else ("{I see|So} you're here {for|about} your acromegaly", "{We're|Today we're} following up on your acromegaly"),
        ("{They think|My doctor thinks} I {have|might have} acromegaly", "{It's about|They sent me about} {the |}acromegaly")
        if new
        else (
            "{It's|I'm here for} my acromegaly {follow-up|check-up}",
            "{The|It's the} acromegaly, {time for|I'm due for} {my|the} labs",
        ),
        ("Acromegaly.",) if new else ("Acromegaly follow-up.",),
        vitals(chance, (25, 33), sex, systolic=(122, 152)),
        back,
        story=[ring, onset(chance)] if new else [duration(chance, "acromegaly", 2, 10)],
        present=shown,
        denied=[
            s
            for s in symptoms(
                "loss of peripheral vision, double vision, nausea, abdominal pain, diarrhea, chest pain, shortness of breath, snoring"
            )
            if s not in shown
        ],
        background=[past(chance, "sleep apnea"), surgery(chance, sex, age), family(chance), *social(chance, age)],
        medications=[*medications, *other_medications(chance, medications, 2)],
        allergies=allergies(chance),
        findings=findings(
            chance,
            "acral, "
            + chance.choice(("visual fields full", "visual fields full", "bitemporal") if new else ("visual fields full",)),
            "heart, lungs, neck normal, no edema, general",
            3,
        ),
        results=results,
        assessments=[
            problem(
                "Acromegaly",
                ("acromegaly", "acromegaly, too much growth hormone") if new else ("acromegaly",),
                "acromegaly",
                status,
            )
        ],
        changes=changes,
        orders=orders,
        advice=[
            chance.choice(
                (
                    VISION,
                    advice(
                        (
                            "{Most of the|The} soft {swelling|tissue swelling} {gets better|goes down} with treatment, {the bones don't change back|but the bones stay}.",
                            "{Some of it.|Partly.} The soft {tissue |}swelling gets better with treatment.",
                        ),
                        "Counseled that soft swelling gets better with treatment.",
                        (
                            "Will my {hands|face} {go back to normal|change back}?",
                            "{Does|Will} {any of this|the swelling} go away?",
                        ),
                    ),
                )
            )
        ],
    )


def hypopituitarism(chance: random.Random) -> Case:
    """Hypopituitarism after pituitary surgery, on replacement."""
    sex: Sex = chance.choice(("female", "male"))
    age = chance.randint(32, 70)
    low = likely(chance, 0.6)
    index = chance.randint(0, 3)
    strengths = ("75", "88", "100", "112", "125")
    thyroid, cortisol = (
        taken("levothyroxine", strengths[index], DAILY),
        taken("hydrocortisone", chance.choice(("7.5", "10")), TWICE),
    )
    medications = [cortisol, thyroid]
    testosterone = sex == "male" and likely(chance, 0.5)
    if testosterone:
        medications.append(taken("testosterone cypionate", chance.choice(("80", "100")), WEEKLY))
    t4 = between(chance, 0.6, 0.8, 1) if low else between(chance, 1.2, 1.6, 1)
    changes = [
        change("increase", "levothyroxine", strengths[index + 1], DAILY, strengths[index]) if low else proceed(thyroid),
        proceed(cortisol),
    ]
    if testosterone:
        changes.append(proceed(medications[2]))
    results = [
        lab("Free T4", t4, "low" if low else "normal", digits=1, major=True),
        lab("Sodium", chance.randint(137, 142), "normal"),
        *([lab("Total testosterone", chance.randint(420, 640), "normal")] if testosterone else []),
    ]
    shown = chance.sample(
        symptoms("fatigue, cold intolerance, constipation, weight gain, dry skin")
        if low
        else symptoms("fatigue, joint pain, difficulty sleeping"),
        1 + low,
    )
    years = chance.randint(2, 12)
    operated = Statement(
        "Past history",
        (
            f"{{They|The surgeon}} took out {{the|my}} pituitary tumor #{years}# years ago.",
            f"I had pituitary surgery #{years}# years ago.",
            f"#{years}# years ago, {{they took out the tumor|I had the surgery}}.",
        ),
        (f"The patient had pituitary surgery {years} years ago.",),
        (claim("history", "pituitary", f"{years} years; {years}-year"),),
        (
            "{When was your pituitary surgery|When did you have pituitary surgery}?",
            "{Remind me,|And} when was the pituitary surgery?",
            "How long ago was {your|the} pituitary {surgery|operation}?",
        ),
    )
    return Case(
        "hypopituitarism",
        sex,
        age,
        (
            "{I see|So} you're here {for|about} your hypopituitarism",
            "{We're|Today we're} {checking|following up on} your pituitary hormones",
        ),
        (
            "{It's|I'm here for} my pituitary {check-up|follow-up}",
            "{Just|It's} the pituitary {hormones|check}, {same as every time|the regular visit}",
        ),
        ("Pituitary follow-up.",),
        vitals(chance, (24, 34), sex, systolic=(106, 132)),
        (6, "month") if not low else (chance.choice((6, 8)), "week"),
        story=[adherence(chance, chance.choice(("hydrocortisone", "levothyroxine")))],
        present=shown,
        denied=[
            s
            for s in symptoms(
                "headaches, loss of peripheral vision, dizziness, nausea, vomiting, increased thirst, frequent urination"
            )
            if s not in shown
        ],
        background=[operated, past(chance, "depression"), family(chance), *social(chance, age)],
        medications=[*medications, *other_medications(chance, medications, 1)],
        allergies=allergies(chance),
        findings=findings(chance, "visual fields full", "heart, lungs, no edema, dry skin, strength, general", 3),
        results=list(results),
        assessments=[
            problem(
                "Hypopituitarism",
                ("hypopituitarism",),
                "hypopituitarism; pituitary insufficiency",
                "undertreated" if low else "stable",
            )
        ],
        changes=changes,
        orders=[
            recheck("free T4", "free t4; ft4", *((6, "week") if low else (6, "month"))),
            *([ordered("pituitary MRI", "mri", "{a pituitary MRI|an MRI of the pituitary}")] if likely(chance, 0.5) else []),
        ],
        advice=[
            advice(
                (
                    "{Double|You double} the hydrocortisone for #2# to #3# days{ if you have a fever|}.",
                    "{With a fever|If you're sick}, {you |}double the hydrocortisone for #2# to #3# days.",
                ),
                "Double hydrocortisone for 2 to 3 days during illness.",
                (
                    "{Do I|Should I} change {my pills|anything} when I'm sick?",
                    "What {about|do I do about} the hydrocortisone {when|if} I get sick?",
                ),
            )
        ],
    )
