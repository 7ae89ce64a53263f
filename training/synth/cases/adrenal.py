# ruff: noqa: E501  # a template stays on one line
"""Cases of adrenal insufficiency and adrenal nodules."""

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
    taken,
)
from training.synth.drugs import DAILY, TWICE
from training.synth.findings import findings
from training.synth.labs import between, lab
from training.synth.social import social
from training.synth.speech import article, likely
from training.synth.symptoms import symptoms

_SICK_DAYS = (
    advice(
        (
            "{Double|You double} the hydrocortisone for #2# to #3# days{ when you have a fever|}.",
            "{If you have a fever|With a fever|With a fever or the flu}, {you |}double the hydrocortisone for #2# to #3# days.",
        ),
        "Double hydrocortisone for 2 to 3 days during illness.",
        (
            "What {do I do|should I do} {when|if} I get sick{ or have a fever|}?",
            "{And if I'm sick|If I catch the flu}, {do I take more|what about the dose}?",
        ),
    ),
    advice(
        (
            "{Go|Go straight} to the emergency room {for a shot|} if you're {vomiting|throwing up} and can't keep {it|the pills} down.",
            "{Vomiting is an emergency.|That's an emergency.} {Go|You go} to the emergency room if you can't keep the pills down.",
        ),
        "Go to the emergency room if unable to keep the pills down.",
        ("What if I {throw up|vomit} {my pills|the pills}?", "{And if|What if} I can't keep the {pills|medicine} down?"),
    ),
)

_BRACELET = advice(
    (
        "{Wear|Please wear|Always wear} {a|your} medical alert bracelet",
        "{I want you to|You should} {get|wear} a medical alert bracelet{, please|}",
    ),
    "Wear a medical alert bracelet.",
)


def insufficiency(chance: random.Random) -> Case:
    """Primary adrenal insufficiency (Addison disease): undertreated, stable, or found today."""
    sex: Sex = chance.choice(("female", "male"))
    age = chance.randint(22, 66)
    state = chance.choices(("new", "low", "stable"), (3, 3, 2))[0]
    mineral = chance.choice(("0.05", "0.1"))
    hydrocortisone, fludrocortisone = taken("hydrocortisone", "10", TWICE), taken("fludrocortisone", mineral, DAILY)
    signs = symptoms("fatigue, dizziness, salt craving, weight loss, nausea, poor appetite, muscle weakness, abdominal pain")
    medications: list[Medication] = [] if state == "new" else [hydrocortisone, fludrocortisone]
    if state == "new":
        changes = [
            change("start", "hydrocortisone", "10", TWICE),
            change("start", "fludrocortisone", chance.choice(("0.05", "0.1")), DAILY),
        ]
        results = [
            lab("Morning cortisol", between(chance, 1.1, 2.9, 1), "low", digits=1, major=True),
            lab("ACTH", chance.randint(210, 880), "high", major=True),
            lab("Sodium", chance.randint(128, 133), "low", major=True),
            lab("Potassium", between(chance, 5.2, 5.8, 1), "high", digits=1, major=True),
        ]
        shown, status, back = chance.sample(signs, 4), "", (chance.choice((2, 3)), "week")
    elif state == "low":
        changes = [
            change("increase", "fludrocortisone", {"0.05": "0.1", "0.1": "0.15"}[mineral], DAILY, mineral),
            proceed(hydrocortisone),
        ]
        results = [
            lab("Sodium", chance.randint(131, 134), "low", major=True),
            lab("Potassium", between(chance, 5.1, 5.5, 1), "high", digits=1, major=True),
            lab("Creatinine", between(chance, 0.8, 1.1, 1), "normal", digits=1),
        ]
        shown, status, back = (
            [*symptoms("dizziness"), *chance.sample(symptoms("salt craving, fatigue, nausea"), 2)],
            "undertreated",
            (chance.choice((4, 6)), "week"),
        )
    else:
        changes = [proceed(hydrocortisone), proceed(fludrocortisone)]
        results = [
            lab("Sodium", chance.randint(137, 141), "normal"),
            lab("Potassium", between(chance, 3.9, 4.6, 1), "normal", digits=1),
            lab("TSH", between(chance, 1, 3.4, 1), "normal", digits=1),
        ]
        shown, status, back = (
            chance.sample(symptoms("fatigue, difficulty sleeping, joint pain"), 1),
            "well controlled",
            (6, "month"),
        )
    new = state == "new"
    return Case(
        "adrenal insufficiency",
        sex,
        age,
        (
            "{I see|So} you were {sent|referred} {here |}{for|because of} {a |}low cortisol",
            "Your {family doctor|primary care doctor} {sent you|referred you} for {a |}low cortisol",
        )
        if new
        else (
            "{I see|So} you're here {for|about} your {adrenal insufficiency}",
            "{We're|Today we're} following up on your adrenal insufficiency",
        ),
        (
            "{They said|I was told} my cortisol is {too |}low",
            "{I feel terrible,|I'm a mess,} and {they say|my doctor says} {it's |}{the|my} low cortisol",
        )
        if new
        else (
            "{It's|I'm here for} my {adrenal} {follow-up|check-up}",
            "{My|For my} adrenal insufficiency, {the usual check|just a check}",
        ),
        ("Low cortisol.",) if new else ("Adrenal follow-up.",),
        vitals(chance, (19, 27), sex, systolic=(92, 108) if state != "stable" else (112, 128), pulse=(72, 98)),
        back,
        story=[onset(chance)]
        if new
        else [
            adherence(chance, "hydrocortisone"),
            *([duration(chance, "adrenal insufficiency", 2, 15)] if likely(chance, 0.6) else []),
        ],
        present=shown,
        denied=[
            s
            for s in symptoms("vomiting, abdominal pain, fever, chest pain, weight loss, nausea, salt craving, easy bruising")
            if s not in shown
        ],
        background=[
            past(chance, "hypertension, depression"),
            surgery(chance, sex, age),
            family(chance, chance.choice(("", "thyroid disease"))),
            *social(chance, age),
        ],
        medications=[
            *medications,
            *other_medications(
                chance, medications, 1, avoid="lisinopril losartan amlodipine hydrochlorothiazide metoprolol succinate"
            ),
        ],
        allergies=allergies(chance),
        findings=findings(
            chance,
            "hyperpigmentation" if state != "stable" else "general",
            "heart, lungs, abdomen, no edema, strength, neck normal",
            4,
        ),
        results=list(results),
        assessments=[
            problem(
                "Primary adrenal insufficiency",
                ("primary adrenal insufficiency", "primary adrenal insufficiency, also called Addison's disease")
                if new
                else ("primary adrenal insufficiency",),
                "adrenal insufficiency; addison",
                status,
            )
        ],
        changes=changes,
        orders=[
            recheck(
                "sodium and potassium",
                "sodium; electrolyte; potassium",
                *((chance.choice((2, 4)), "week") if state != "stable" else (6, "month")),
            ),
            *([ordered("adrenal antibodies", "antibod", "{adrenal antibodies|the adrenal antibodies}")] if new else []),
        ],
        advice=[chance.choice(_SICK_DAYS), _BRACELET],
    )


_BENIGN = advice(
    (
        "{Very unlikely|Almost certainly not}, it {looks|really looks} benign.",
        "{The density is low,|It's low density,} {so |}it looks benign.",
    ),
    "Counseled that the nodule looks benign.",
    ("{Is it|Could it be} cancer?", "{Should I be worried about|Do you think it's} cancer?"),
)

_WATCHED = advice(
    (
        "{No|Not now}, {most of these|most nodules like this} never need {surgery|an operation}.",
        "{I don't think so.|Probably not.} Most {of these|nodules like this} never need {surgery|an operation}.",
    ),
    "Counseled that most nodules like this never need surgery.",
    ("{Do I need|Will I need} {surgery|an operation} for the nodule?", "{Does it|Does the nodule} have to come out?"),
)


def incidentaloma(chance: random.Random) -> Case:
    """An adrenal mass found by chance, not functioning or with mild cortisol excess."""
    sex: Sex = chance.choice(("female", "male"))
    age = chance.randint(42, 78)
    side, size = chance.choice(("left", "right")), between(chance, 1.2, 3.4, 1)
    # Homogeneous and up to 10 HU is benign; from 11 to 20 HU it is scanned again (ESE/ENSAT 2023).
    benign = likely(chance, 0.6)
    density = chance.randint(2, 9) if benign else chance.randint(12, 19)
    cortisol_excess = likely(chance, 0.3)
    cortisol = between(chance, 2.2, 4.4, 1) if cortisol_excess else between(chance, 0.7, 1.5, 1)
    scan = Statement(
        "Results",
        (
            f"{{The|Your}} CT {{scan |}}shows {article(str(size))} #{size}# centimeter {side} adrenal nodule with a density of #{density}# Hounsfield units",
            f"{{On|Looking at}} the CT, there's a {side} adrenal nodule, #{size}# centimeters, {{and |}}#{density}# Hounsfield units, {{which looks benign|a benign-looking one}}"
            if benign
            else f"on the CT there's a {side} adrenal nodule, #{size}# centimeters, #{density}# Hounsfield units",
            f"{{So the|The}} nodule on the CT is on the {side} adrenal, {{it measures |}}#{size}# centimeters, {{density|with a density of}} #{density}# Hounsfield units",
        ),
        (f"CT shows {article(str(size))} {size} cm {side} adrenal nodule with a density of {density} Hounsfield units.",),
        (
            claim(
                "result",
                "adrenal nodule; adrenal mass; adrenal lesion; adrenal",
                f"{size} cm; {size} centimeter; {size}-cm",
                major=True,
            ),
            claim("finding", side, said=side),
        ),
    )
    results: list[Result | Statement] = [
        scan,
        lab("Cortisol after dexamethasone", cortisol, "high" if cortisol_excess else "normal", digits=1, major=True),
        lab("Plasma metanephrines", between(chance, 0.2, 0.4, 1), "normal", digits=1),
        *([lab("Aldosterone-to-renin ratio", chance.randint(4, 16), "normal")] if likely(chance, 0.6) else []),
    ]
    shown = chance.sample(
        symptoms("anxiety, fatigue, weight gain, headaches, easy bruising")
        if cortisol_excess
        else symptoms("anxiety, back pain, fatigue, headaches"),
        chance.randint(1, 2),
    )
    found = Statement(
        "History",
        (
            "{They did|I had} a CT {scan |}for {my belly pain|a kidney stone|my back|my appendix} and {saw it|there it was}.",
            "{Totally by accident|By accident}, on a CT {scan |}for {belly pain|my back|kidney stones}.",
        ),
        ("The adrenal nodule was found incidentally on a CT scan.",),
        (claim("history", "incidental; ct"),),
        (
            "How {was the adrenal nodule found|did they find the adrenal nodule}?",
            "{Tell me how|So how was it that} they found the adrenal nodule.",
        ),
    )
    orders: list[Order] = [
        *([] if benign else [recheck("adrenal CT", "ct", 12, "month")]),
        *([ordered("hemoglobin A1c", "a1c; hba1c", "an A1c")] if likely(chance, 0.5) else []),
        *(
            [
                ordered("ACTH", "acth", "an ACTH{ level|}"),
                ordered("DEXA scan", "dexa; bone density", "a {DEXA|bone density} scan"),
            ]
            if cortisol_excess
            else []
        ),
    ]
    medications = other_medications(chance, [], 3)
    names = "adrenal incidentaloma; incidentaloma; adrenal nodule; adrenal adenoma"
    return Case(
        "adrenal incidentaloma",
        sex,
        age,
        (
            "{I see|So} you're here {for|about} {a|the} nodule on your adrenal gland",
            "{They sent you|You were sent} here {for|about} an adrenal nodule",
        ),
        (
            "{They found|There's} a nodule on my adrenal{ gland|, an adrenal nodule|}",
            "{It's|I'm here for} the adrenal nodule{ they found|}",
        ),
        ("Adrenal nodule.",),
        vitals(chance, (24, 35), sex, systolic=(124, 152)),
        (12, "month") if not cortisol_excess else (chance.choice((2, 3)), "month"),
        story=[found],
        present=shown,
        denied=[
            s
            for s in symptoms(
                "palpitations, increased sweating, headaches, easy bruising, muscle weakness, weight gain, chest pain"
            )
            if s not in shown
        ],
        background=[past(chance), surgery(chance, sex, age), family(chance), *social(chance, age)],
        medications=medications,
        allergies=allergies(chance),
        findings=findings(chance, "no striae", "heart, lungs, abdomen, no edema, strength, general", 4),
        results=results,
        assessments=[
            problem(
                f"{side.capitalize()} adrenal incidentaloma"
                + (" with mild cortisol excess" if cortisol_excess else ", nonfunctioning"),
                (f"a {side} adrenal incidentaloma {{with|making}} mild cortisol excess",)
                if cortisol_excess
                else (f"a {side} adrenal incidentaloma, nonfunctioning{{, so it makes no hormones|}}",),
                names,
            )
        ],
        changes=[],
        orders=orders,
        advice=[_BENIGN if benign else _WATCHED],
    )
