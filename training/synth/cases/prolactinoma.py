# ruff: noqa: E501  # a template stays on one line
"""Cases of prolactinoma."""

from __future__ import annotations

import random

from training.synth.background import family, past, surgery
from training.synth.baseline import allergies, other_medications, vitals
from training.synth.case import Case, Medication, Order, Result, Sex, Statement, claim
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
from training.synth.drugs import TWICE_WEEKLY
from training.synth.findings import findings
from training.synth.labs import between, lab
from training.synth.social import social
from training.synth.speech import article, likely
from training.synth.symptoms import symptoms


def mri(size: str, kind: str, before: str = "") -> Statement:
    """Size of the adenoma on MRI, mm, with the size it had before if it was another."""
    shrunk = f", {{it was|down from}} #{before}#" if before else ""
    written = f", down from {before} mm" if before else ""
    return Statement(
        "Results",
        (
            f"{{The|Your}} {{pituitary |}}MRI shows {article(size)} #{size}# millimeter {kind}{shrunk}",
            f"{{On|Looking at}} the MRI, {{there's|I see}} {article(kind)} {kind}{{ of the pituitary|}}, #{size}# millimeters{shrunk}",
            f"the {kind} on the MRI {{measures|is}} #{size}# millimeters{shrunk}",
        ),
        (
            f"Pituitary MRI shows {article(size)} {size} mm {kind}{written}."
            if not before
            else f"MRI shows {article(size)} {size} mm {kind}{written}.",
        ),
        (claim("result", f"{kind}; adenoma; mri", f"{size} mm; {size} millimeter; {size}-mm", major=True),),
    )


_WITH_FOOD = advice(
    (
        "{Take|You take} the cabergoline at bedtime with {some |}food, {it's easier on the stomach|that helps with the nausea}.",
        "{At bedtime|Right before bed, at bedtime,} with {some |a little |}food, {that helps|so you sleep through the nausea}.",
    ),
    "Take cabergoline at bedtime with food.",
    (
        "{Does|Will} {the |}cabergoline {make me sick|upset my stomach}?",
        "{How|When} should I take {the |}cabergoline?",
        "{I heard cabergoline makes you nauseous.|My friend got sick on cabergoline.} {What can I do|Any tips}?",
    ),
)

VISION = advice(
    (
        "{Call|Please call|You call} {us|me} right away {for|with|if there's} {a |}sudden headache or {any |}vision {change|loss}",
        "{Any|With any} sudden headache or vision {change|loss}, {you |}call right away",
    ),
    "Call right away for sudden headache or vision changes.",
)


def prolactinoma(chance: random.Random) -> Case:
    """Prolactinoma: found today, not at goal, or controlled on cabergoline."""
    sex: Sex = chance.choices(("female", "male"), (3, 1))[0]
    age = chance.randint(20, 46) if sex == "female" else chance.randint(30, 64)
    state = chance.choice(("new", "active", "controlled"))
    size = str(chance.randint(4, 9) if sex == "female" else chance.randint(11, 22))
    kind = "microadenoma" if int(size) < 10 else "macroadenoma"  # noqa: PLR2004
    signs = (
        symptoms("missed periods, irregular periods, nipple discharge, headaches, low libido")
        if sex == "female"
        else symptoms("low libido, erectile dysfunction, headaches, fatigue")
    )
    limit = 25 if sex == "female" else 17
    results: list[Result | Statement]
    if state == "new":
        medications: list[Medication] = []
        changes = [change("start", "cabergoline", "0.25", TWICE_WEEKLY)]
        level = chance.randint(90, 190) if kind == "microadenoma" else chance.randint(320, 1400)
        results = [
            lab("Prolactin", level, "high", major=True),
            mri(size, kind),
            lab("TSH", between(chance, 0.9, 3.2, 1), "normal", digits=1),
        ]
        shown, back, status = chance.sample(signs[:1] + signs[2:], chance.randint(2, 3)), (chance.choice((4, 6)), "week"), ""
    elif state == "active":
        dose, more = chance.choice((("0.25", "0.5"), ("0.5", "0.75"), ("0.5", "1")))
        medications = [taken("cabergoline", dose, TWICE_WEEKLY)]
        changes = [change("increase", "cabergoline", more, TWICE_WEEKLY, dose)]
        level = chance.randint(42, 96)
        results = [lab("Prolactin", level, "high", previous=level + chance.randint(20, 120), major=True)]
        shown, back, status = chance.sample(signs[:1] + signs[2:], 1), (chance.choice((2, 3)), "month"), "active"
    else:
        medications = [taken("cabergoline", chance.choice(("0.25", "0.5")), TWICE_WEEKLY)]
        changes = [proceed(medications[0])]
        results = [lab("Prolactin", between(chance, 4, limit - 4), "normal", major=True)]
        if likely(chance, 0.6):
            results.append(mri(str(max(2, int(size) - chance.randint(2, 4))), "adenoma", size))
        shown, back, status = (
            chance.sample(symptoms("headaches, nausea, fatigue, dizziness"), 1),
            (6, "month"),
            "well controlled",
        )
    new = state == "new"
    orders: list[Order] = [recheck("prolactin", "prolactin", *((back[0], back[1])))]
    if not new and likely(chance, 0.5):
        orders.append(ordered("pituitary MRI", "mri", "{a pituitary MRI|an MRI of the pituitary}"))
    if kind == "macroadenoma":
        orders.append(
            referral("ophthalmology", "ophthalmolog; visual field; eye", "{an eye doctor|ophthalmology}", "for visual fields")
        )
    tumor = (
        "a prolactinoma, a benign growth of the pituitary that makes prolactin",
        "a prolactinoma",
        "a prolactinoma, it's benign",
    )
    return Case(
        "prolactinoma",
        sex,
        age,
        (
            "{I see|So} you were {sent|referred} {here |}for {a |}high prolactin",
            "Your doctor {sent you|referred you} for {a |}high prolactin",
        )
        if new
        else ("{I see|So} you're here {for|about} your prolactinoma", "{We're|Today we're} following up on your prolactinoma"),
        ("{They said|I was told} my prolactin is {too |very |}high", "{It's|Because of} {the|my} high prolactin")
        if new
        else (
            "{It's|I'm here for} the prolactinoma{ follow-up| check|}",
            "{For|It's} my prolactinoma, {the usual check|time for labs}",
        ),
        ("High prolactin.",) if new else ("Prolactinoma follow-up.",),
        vitals(chance, (20, 31), sex),
        back,
        story=[onset(chance)]
        if new
        else [adherence(chance, "cabergoline"), *([duration(chance, "a prolactinoma", 2, 9)] if likely(chance, 0.5) else [])],
        present=shown,
        denied=[
            s
            for s in [*symptoms("loss of peripheral vision, double vision, nausea, dizziness, weight gain"), *signs]
            if s not in shown
        ],
        background=[past(chance, "depression, anxiety"), surgery(chance, sex, age), family(chance), *social(chance, age)],
        medications=[*medications, *other_medications(chance, medications, 2)],
        allergies=allergies(chance),
        findings=findings(
            chance,
            "visual fields full"
            + (", breasts normal" if sex == "female" and not any(s.written == "nipple discharge" for s in shown) else ""),
            "heart, lungs, neck normal, reflexes normal, no edema, general",
            3,
        ),
        results=list(results),
        assessments=[problem("Prolactinoma", tumor if new else ("prolactinoma",), "prolactinoma", status)],
        changes=changes,
        orders=orders,
        advice=[_WITH_FOOD, *([VISION] if likely(chance, 0.4) else [])],
    )
