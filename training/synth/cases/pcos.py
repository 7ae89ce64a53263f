# ruff: noqa: E501  # a template stays on one line
"""Cases of polycystic ovary syndrome."""

from __future__ import annotations

import random

from training.synth.background import family, past, surgery
from training.synth.baseline import allergies, other_medications, vitals
from training.synth.case import Case, Change, Medication, Result, Statement, claim
from training.synth.cases.parts import (
    adherence,
    advice,
    change,
    ordered,
    problem,
    proceed,
    recheck,
    referral,
    taken,
)
from training.synth.drugs import DAILY, TWICE
from training.synth.findings import findings
from training.synth.labs import between, lab
from training.synth.social import social
from training.synth.speech import likely
from training.synth.symptoms import symptoms


def pcos(chance: random.Random) -> Case:
    """Polycystic ovary syndrome: found today, or under treatment."""
    age = chance.randint(18, 38)
    new = likely(chance, 0.5)
    signs = symptoms("irregular periods, excess facial hair, acne, weight gain, hair loss")
    testosterone = chance.randint(62, 98)
    extra = [
        lab("DHEA-S", chance.randint(180, 310), "normal"),
        lab("17-hydroxyprogesterone", chance.randint(38, 110), "normal"),
        lab("Hemoglobin A1c", between(chance, 5.3, 6.2, 1), "", digits=1),
        lab("TSH", between(chance, 0.9, 3.2, 1), "normal", digits=1),
        lab("Prolactin", chance.randint(7, 19), "normal"),
        lab("Fasting glucose", chance.randint(84, 98), "normal"),
    ]
    results: list[Result | Statement] = [
        lab(
            "Total testosterone",
            testosterone,
            "high",
            previous="" if new or likely(chance, 0.5) else testosterone + chance.randint(6, 24),
            major=True,
        ),
        *chance.sample(extra, chance.randint(1, 3)),
    ]
    if new and likely(chance, 0.5):
        results.append(
            Statement(
                "Results",
                (
                    "{The|Your} pelvic ultrasound shows polycystic ovaries",
                    "{On|Looking at} the pelvic ultrasound, {you have|there are} polycystic ovaries",
                ),
                ("Pelvic ultrasound shows polycystic ovaries.",),
                (claim("result", "ultrasound", "polycystic", major=True),),
            )
        )
    medications: list[Medication]
    changes: list[Change]
    if new:
        medications, changes = [], [change("start", "metformin", "500", chance.choice((DAILY, TWICE)))]
        if likely(chance, 0.4):
            changes.append(change("start", "spironolactone", "50", DAILY))
        shown, status = [signs[0], *chance.sample(signs[1:], chance.randint(1, 3))], ""
    else:
        dose, more = chance.choice((("25", "50"), ("50", "100")))
        medications = [taken("metformin", chance.choice(("500", "1000")), TWICE), taken("spironolactone", dose, DAILY)]
        raise_it = likely(chance, 0.6)
        changes = [
            proceed(medications[0]),
            change("increase", "spironolactone", more, DAILY, dose) if raise_it else proceed(medications[1]),
        ]
        shown, status = chance.sample(signs[1:], 1 + raise_it), "not at goal" if raise_it else "improving"
        results.append(lab("Potassium", between(chance, 3.9, 4.7, 1), "normal", digits=1))
    spironolactone = any(c.medication.drug.name == "spironolactone" for c in changes)
    cycle = chance.choice((6, 7, 8, 10))
    periods = Statement(
        "History",
        (
            f"{{About|Maybe}} every #{cycle}# weeks{{, if at all|, it's hard to predict|}}.",
            f"{{They come|It's}} every #{cycle}# weeks{{ or so|}}.",
            f"Every #{cycle}# weeks{{, sometimes longer|, give or take|}}.",
        ),
        (f"The patient has periods every {cycle} weeks.",),
        (claim("history", "period; menses; menstrual", f"{cycle} weeks"),),
        (
            "How often do you {get|have} your period?",
            "How far apart are your periods?",
            "{How many weeks|How long} between your periods?",
        ),
    )
    return Case(
        "PCOS",
        "female",
        age,
        (
            "{I see|So} you were {sent|referred} {here |}for irregular periods",
            "Your doctor {sent you|referred you} for irregular periods",
        )
        if new
        else (
            "{I see|So} you're here {for|about} your {PCOS|polycystic ovary syndrome, PCOS}",
            "{We're|Today we're} following up on your PCOS",
        ),
        (
            "{It's|Because of} my {irregular periods|periods, they're irregular}",
            "{I'm here for|It's about} {the |}irregular periods",
        )
        if new
        else ("{It's|I'm here for} my PCOS{ follow-up|}", "{Just|It's} the PCOS {check|follow-up}"),
        ("Irregular periods.",) if new else ("PCOS follow-up.",),
        vitals(chance, (25, 37), "female"),
        (chance.choice((3, 4)), "month"),
        story=[periods, *([adherence(chance, "metformin")] if not new else [])],
        present=shown,
        denied=[
            s
            for s in [
                *symptoms(
                    "nipple discharge, headaches, easy bruising, heat intolerance, cold intolerance, depressed mood, abdominal pain"
                ),
                *signs[1:],
            ]
            if s not in shown
        ],
        background=[
            past(chance, "osteoarthritis of the knee, atrial fibrillation, gout"),
            surgery(chance, "male", age),
            family(chance, chance.choice(("", "type 2 diabetes"))),
            *social(chance, age),
        ],
        medications=[
            *medications,
            *other_medications(
                chance, medications, 1, avoid="lisinopril losartan atorvastatin rosuvastatin aspirin amlodipine"
            ),
        ],
        allergies=allergies(chance),
        findings=findings(
            chance,
            "hirsutism" if any(s.written == "excess facial hair" for s in shown) else "neck normal",
            "acanthosis, heart, lungs, abdomen, no striae, general"
            + (", acne" if any(s.written == "acne" for s in shown) else ""),
            3,
        ),
        results=results,
        assessments=[
            problem(
                "Polycystic ovary syndrome",
                ("polycystic ovary syndrome, PCOS,", "polycystic ovary syndrome"),
                "polycystic ovary syndrome; pcos; polycystic",
                status,
            )
        ],
        changes=changes,
        orders=[
            recheck("testosterone", "testosterone", 3, "month")
            if likely(chance, 0.4) or not spironolactone
            else recheck("potassium", "potassium", 4, "week"),
            *chance.sample(
                (
                    ordered("lipid panel", "lipid", "a lipid panel"),
                    ordered("glucose tolerance test", "glucose tolerance", "a glucose tolerance test"),
                    referral("a dietitian", "dietitian; nutrition", "{a|our} dietitian"),
                ),
                chance.randint(0, 2),
            ),
        ],
        advice=[
            chance.choice(
                (
                    advice(
                        (
                            "{Yes|Usually yes|Very often}, losing #5# to #10# percent of {your|the} weight {can bring|often brings} {the |}periods back.",
                            "{It helps|That helps a lot}. Losing #5# to #10# percent of {your|the} weight often brings periods back.",
                        ),
                        "Counseled that losing 5 to 10% of weight often brings periods back.",
                        (
                            "{Would|Will} losing weight help{ with the periods|}?",
                            "{Does|Do} {weight|my weight} {matter|make a difference}?",
                        ),
                    ),
                    advice(
                        (
                            "{Yes,|Most women can, yes,} {and |}{tell me|let me know} before you {start trying|try}, we can help.",
                            "{You can|Absolutely}, {just |}{tell me|let me know} before you {start trying|try for a baby}.",
                        ),
                        "Notify the clinic before trying to conceive.",
                        (
                            "Can I {still |}have {children|a baby}{ one day|}?",
                            "{What about|How about} {kids|pregnancy}, can I {still |}get pregnant?",
                        ),
                    ),
                )
            ),
            *(
                [
                    advice(
                        (
                            "Use birth control {while you're |}on {the |}spironolactone{, it can harm a baby|}",
                            "{Please |}use birth control while you're on {the |}spironolactone",
                        ),
                        "Use birth control while on spironolactone.",
                    )
                ]
                if spironolactone
                else []
            ),
        ],
    )
