"""Allergies, drugs for other conditions, vital signs."""

from __future__ import annotations

import random
from typing import Final

from training.synth.case import Allergy, Medication, Sex, Vitals
from training.synth.drugs import BEDTIME, DAILY, DRUGS, MORNING, TWICE, Frequency
from training.synth.speech import likely

_ALLERGIES: Final = (
    Allergy("penicillin", ("penicillin",), "hives", ("hives", "I get hives")),
    Allergy("penicillin", ("penicillin",), "a rash", ("a rash", "I break out in a rash")),
    Allergy("sulfa drugs", ("sulfa", "sulfa drugs"), "a rash", ("a rash", "I got a bad rash")),
    Allergy("codeine", ("codeine",), "nausea", ("nausea", "it makes me nauseous, a lot of nausea")),
    Allergy("latex", ("latex",), "itching", ("itching", "just itching")),
    Allergy(
        "iodinated contrast",
        ("iodinated contrast", "the contrast, the iodinated contrast dye"),
        "hives",
        ("hives", "I broke out in hives"),
    ),
    Allergy("shellfish", ("shellfish",), "throat swelling", ("my throat swells", "throat swelling")),
    Allergy("amoxicillin", ("amoxicillin",), "hives", ("hives", "I got hives")),
    Allergy("ciprofloxacin", ("ciprofloxacin", "Cipro, ciprofloxacin"), "tendon pain", ("tendon pain", "I got tendon pain")),
    Allergy("aspirin", ("aspirin",), "wheezing", ("wheezing", "it made me wheeze, real wheezing")),
)


def allergies(chance: random.Random) -> list[Allergy]:
    """One allergy, or none."""
    return [] if likely(chance, 0.45) else [chance.choice(_ALLERGIES)]


_OTHER_DRUGS: Final[tuple[tuple[str, tuple[str, ...], Frequency], ...]] = (
    ("lisinopril", ("5", "10", "20", "40"), DAILY),
    ("losartan", ("25", "50", "100"), DAILY),
    ("amlodipine", ("2.5", "5", "10"), DAILY),
    ("hydrochlorothiazide", ("12.5", "25"), DAILY),
    ("metoprolol succinate", ("25", "50", "100"), DAILY),
    ("omeprazole", ("20", "40"), MORNING),
    ("sertraline", ("50", "100"), DAILY),
    ("escitalopram", ("10", "20"), DAILY),
    ("atorvastatin", ("10", "20", "40", "80"), BEDTIME),
    ("rosuvastatin", ("5", "10", "20"), DAILY),
    ("gabapentin", ("100", "300"), BEDTIME),
    ("aspirin", ("81",), DAILY),
    ("vitamin D3", ("1000", "2000"), DAILY),
    ("calcium citrate", ("600",), TWICE),
)


def other_medications(chance: random.Random, taken: list[Medication], most: int = 2, avoid: str = "") -> list[Medication]:
    """Up to `most` further drugs, none of a kind that the patient takes already."""
    uses = {medication.drug.use for medication in taken}
    found: list[Medication] = []
    for name, doses, frequency in chance.sample(_OTHER_DRUGS, len(_OTHER_DRUGS)):
        drug = DRUGS[name]
        if len(found) < most and drug.use not in uses and name not in avoid:
            found.append(Medication(drug, drug.amount(chance.choice(doses)), frequency))
            uses.add(drug.use)
    return found[: chance.randint(0, most)]


def vitals(
    chance: random.Random,
    bmi: tuple[float, float],
    sex: Sex,
    *,
    pulse: tuple[int, int] = (60, 88),
    systolic: tuple[int, int] = (108, 146),
) -> Vitals:
    """Vital signs in plausible proportion."""
    inches = chance.randint(61, 68) if sex == "female" else chance.randint(66, 74)
    index = chance.uniform(*bmi)
    weight = round(index * inches**2 / 703)
    upper = chance.randint(*systolic)
    return Vitals(
        systolic=upper,
        diastolic=min(98, max(58, round(upper * chance.uniform(0.56, 0.66)))),
        pulse=chance.randint(*pulse),
        weight=weight,
        bmi=f"{weight * 703 / inches**2:.1f}",
        temperature=chance.choice(("", "", "", "98.2", "98.4", "97.9", "98.6")),
    )
