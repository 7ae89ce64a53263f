# ruff: noqa: E501  # a template stays on one line
"""Cases of thyroid nodules."""

from __future__ import annotations

import random

from training.synth.background import family, past, surgery
from training.synth.baseline import allergies, other_medications, vitals
from training.synth.case import Case, Result, Sex, Statement, claim
from training.synth.cases.parts import (
    advice,
    onset,
    ordered,
    problem,
    recheck,
)
from training.synth.findings import findings
from training.synth.labs import between, lab
from training.synth.social import social
from training.synth.speech import article, likely
from training.synth.symptoms import symptoms


def nodule(chance: random.Random) -> Case:
    """A thyroid nodule: to be biopsied, benign and followed, or small and watched."""
    sex: Sex = chance.choices(("female", "male"), (3, 1))[0]
    age = chance.randint(28, 76)
    side = chance.choice(("right", "left"))
    state = chance.choice(("biopsy", "benign", "small"))
    size = {
        "biopsy": between(chance, 1.5, 3.8, 1),
        "benign": between(chance, 2.5, 3.6, 1),
        "small": between(chance, 1.0, 1.4, 1),
    }[state]
    echo, kind = {
        "biopsy": (("hypoechoic", "solid"), "TI-RADS 4" if likely(chance, 0.5) else "TI-RADS 5"),
        "benign": (("isoechoic", "solid"), "TI-RADS 3"),
        "small": (("hypoechoic", "solid"), "TI-RADS 4"),
    }[state]
    score = kind[-1]
    ultrasound = Statement(
        "Results",
        (
            f"{{The|Your}} {{thyroid |}}ultrasound shows {article(str(size))} #{size}# centimeter {echo[0]} {echo[1]} nodule in the {side} lobe, {{and it's |}}TI-RADS {score}",
            f"{{On|Looking at}} the ultrasound, there's {article(echo[0])} {echo[0]} {echo[1]} nodule in the {side} lobe{{ of the thyroid|}}, {{it measures|measuring}} #{size}# centimeters, {{TI-RADS {score}|and they call it TI-RADS {score}}}",
            f"{{So the|The}} ultrasound found a nodule in the {side} lobe, #{size}# centimeters, {echo[0]} and {echo[1]}, TI-RADS {score}",
        ),
        (
            f"Thyroid ultrasound shows {article(str(size))} {size} cm {echo[0]} {echo[1]} nodule in the {side} lobe, TI-RADS {score}.",
        ),
        (
            claim("result", "nodule", f"{size} cm; {size} centimeter; {size}-cm; {size}-centimeter", major=True),
            claim("finding", f"{side} lobe; {side} thyroid", major=True),
        ),
    )
    results: list[Result | Statement] = [lab("TSH", between(chance, 0.7, 3.6, 1), "normal", digits=1), ultrasound]
    if state == "benign":
        results.append(
            Statement(
                "Results",
                (
                    "{The|Your} biopsy {came back|was} benign{, which is great news|, so no cancer|}",
                    "{Good news,|Happily,} the {needle |}biopsy is benign",
                    "{The|Your} biopsy {result |}{shows|was} a benign nodule",
                ),
                ("Biopsy was benign.",),
                (claim("result", "biopsy", "benign", major=True),),
            )
        )
    months = {"benign": 12, "small": 12, "biopsy": 0}[state]
    orders = [
        ordered(
            f"ultrasound-guided biopsy of the {side} thyroid nodule",
            "biopsy; fna; fine-needle; fine needle",
            f"an ultrasound-guided biopsy of the {side} {{thyroid |}}nodule",
        )
        if state == "biopsy"
        else recheck("thyroid ultrasound", "ultrasound", months, "month", "thyroid ultrasound")
    ]
    follow = (chance.choice((2, 3)), "week") if state == "biopsy" else (months, "month")
    how = chance.choice(
        (
            (
                (
                    "{It was|They saw it} on a CT {scan |}{of my chest|for something else}, {just |}by accident.",
                    "By accident, {on|they did} a CT scan {for my cough|after a car accident}.",
                ),
                "The nodule was found incidentally on a CT scan.",
                "ct",
            ),
            (
                (
                    "{I|Well, I} felt a lump {in my neck |}{when I was shaving|in the mirror|putting on a necklace}.",
                    "I {noticed|felt} a lump {myself|in the shower|one morning}.",
                ),
                "The patient noticed a lump in the neck.",
                "lump",
            ),
            (
                (
                    "My doctor felt it {at|during} {my|the} {yearly |}physical{ exam|}.",
                    "{At|During} my {yearly |}physical, {the|my} doctor felt it.",
                ),
                "The nodule was found on a physical examination.",
                "physical",
            ),
        )
    )
    found = Statement(
        "History",
        how[0],
        (how[1],),
        (claim("history", how[2]),),
        (
            "How {did they find this nodule|did you find out about the nodule|was the neck nodule found}?",
            "{And how|So how} was the nodule {in your neck |}{found|discovered}?",
            "Who {found|noticed} the nodule in your neck{, or how did it come up|}?",
        ),
    )
    radiation = Statement(
        "Past history",
        ("No{, never|, no radiation|}.", "{No|Nope}, never{ had radiation|}."),
        ("The patient has no history of radiation to the neck.",),
        (claim("history", "radiation", negated=True),),
        (
            "{Any|Have you ever had} radiation to {your|the} {head or |}neck?",
            "{Ever had|Did you ever have} {any |}radiation to the neck{, even as a child|}?",
        ),
    )
    feel = f"nodule {side}" if size > 1.2 else "neck normal"  # noqa: PLR2004
    return Case(
        "thyroid nodule",
        sex,
        age,
        (
            "{I see|So} you're here {for|about} {a|your} thyroid nodule",
            "{We're|Today we're} {here to talk|going to talk} about your thyroid nodule",
        ),
        (
            "{They found|It's} a nodule {on|in} my thyroid",
            "{It's about|I came about} {the|this} thyroid nodule",
            "{This|The} nodule {they found |}{on|in} my thyroid",
        ),
        ("Thyroid nodule.",),
        vitals(chance, (21, 33), sex),
        follow,
        story=[found, *([onset(chance, "the lump")] if how[2] == "lump" and likely(chance, 0.5) else [])],
        present=chance.sample(symptoms("neck pain, hoarseness, fatigue, anxiety"), 1 if likely(chance, 0.6) else 2),
        denied=symptoms(
            "difficulty swallowing, shortness of breath, weight loss, palpitations, heat intolerance, cold intolerance"
        ),
        background=[
            radiation,
            past(chance),
            surgery(chance, sex, age),
            family(chance, chance.choice(("", "thyroid disease"))),
            *social(chance, age),
        ],
        medications=other_medications(chance, [], 3),
        allergies=allergies(chance),
        findings=findings(chance, feel + ", no nodes", "heart, lungs, reflexes normal, no tremor, general", 3),
        results=results,
        assessments=[
            problem(
                f"{side.capitalize()} thyroid nodule",
                (f"{side} thyroid nodule", f"{side}-sided thyroid nodule"),
                "thyroid nodule; nodule",
                "stable",
            )
            if state != "biopsy"
            else problem(
                f"{side.capitalize()} thyroid nodule",
                (f"a {side} thyroid nodule {{that needs a biopsy|big enough to biopsy|we need to biopsy}}",),
                "thyroid nodule; nodule",
            )
        ],
        changes=[],
        orders=[*orders, *([ordered("free T4", "free t4; ft4", "a free T4")] if likely(chance, 0.2) else [])],
        advice=[
            chance.choice(
                (
                    advice(
                        (
                            "{Most|The vast majority} of {nodules|these} are benign, {about|more than} #90# percent{ of them|}.",
                            "{It's unlikely|Probably not}. {About|More than} #90# percent of {these|nodules} are benign.",
                        ),
                        "Counseled that 90% of nodules are benign.",
                        (
                            "{Could it be|Is it|Do you think it's} cancer?",
                            "{I'm worried about cancer.|My mom is worried.} How likely is {it|that|cancer}?",
                        ),
                    ),
                    advice(
                        (
                            "{Call|You call} {us|me} if {it grows|the lump grows} or {you have|if you get} trouble swallowing.",
                            "{Yes,|Sure,} call me if it {grows|gets bigger, so if it grows,} or {if you get|you have} trouble swallowing.",
                        ),
                        "Call if the nodule grows or for trouble swallowing.",
                        (
                            "{When|For what} should I call you about the nodule?",
                            "{What do I|Should I} watch for {anything |}with {this|the} nodule?",
                        ),
                    ),
                )
            )
        ],
    )
