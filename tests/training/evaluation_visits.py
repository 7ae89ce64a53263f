"""Three visits written by hand, with every fact that their notes must hold."""

from __future__ import annotations

from typing import Final

from training.visits import Fact, Utterance, Visit


def _turns(dialogue: str) -> tuple[Utterance, ...]:
    found = []
    for row in dialogue.strip().splitlines():
        speaker, _, text = row.strip().partition(": ")
        found.append(Utterance("clinician" if speaker == "D" else "patient", text))
    return tuple(found)


DIABETES: Final = Visit(
    "diabetes",
    "synthetic",
    _turns("""
        D: Good morning. So you're here for your type two diabetes, right?
        P: Yeah, and I've been so thirsty lately, I'm peeing all the time.
        D: Any chest pain?
        P: No, nothing like that.
        D: Any numbness in your feet?
        P: Yes, a bit of tingling in the left foot.
        D: What are you taking right now?
        P: Metformin, five hundred milligrams, two times a day. And lisinopril twenty milligrams once a day.
        D: Any allergies to medicines?
        P: Penicillin. I get a rash.
        D: Okay. Your A1c came back at eight point four percent. Blood pressure today is one forty two over eighty eight.
        D: So your diabetes isn't well controlled. Let's go up on the metformin to one thousand milligrams twice a day.
        P: Okay, that's fine.
        D: I'll see you back in three months and we'll repeat the A1c then.
        """),
    """CHIEF COMPLAINT

Follow-up of type 2 diabetes.

HISTORY OF PRESENT ILLNESS

The patient reports thirst and frequent urination. She takes metformin 500 mg b.i.d. and lisinopril 20 mg daily.
She is allergic to penicillin (rash).

REVIEW OF SYSTEMS

Denies chest pain. Endorses tingling in the left foot.

RESULTS

HbA1c 8.4%. Blood pressure 142/88.

ASSESSMENT AND PLAN

Type 2 diabetes, not well controlled. Increase metformin to 1,000 mg twice daily. Follow up in 3 months with a repeat HbA1c.
""",
    facts=(
        Fact("diagnosis", ("type 2 diabetes", "diabetes"), ("not well controlled", "uncontrolled"), severity="major"),
        Fact("symptom", ("thirst", "polydipsia")),
        Fact("symptom", ("frequent urination", "polyuria")),
        Fact("symptom", ("chest pain",), negated=True),
        Fact("medication", ("metformin",), severity="major"),
        Fact("dose", ("metformin",), ("500 mg twice daily",), severity="major"),
        Fact("dose", ("metformin",), ("1000 mg twice daily",), severity="major"),
        Fact("medication", ("lisinopril",), severity="major"),
        Fact("dose", ("lisinopril",), ("20 mg daily",), severity="major"),
        Fact("allergy", ("penicillin",), ("rash",), severity="major"),
        Fact("result", ("hba1c", "a1c"), ("8.4 %", "8.4"), severity="major"),
        Fact("vital", ("blood pressure",), ("142/88",)),
        Fact("follow_up", ("follow up", "return", "see"), ("3 months",), severity="major"),
    ),
)
THYROID: Final = Visit(
    "thyroid",
    "synthetic",
    _turns("""
        D: Hi there, how are you doing on the levothyroxine?
        P: I take Synthroid eighty eight micrograms every morning. I'm still tired, and my hair is falling out.
        D: Any palpitations or tremor?
        P: No, none.
        D: Any allergies?
        P: No, no allergies at all.
        D: Your TSH is seven point one, so it's still high. The free T4 was zero point nine.
        D: On exam your thyroid is not enlarged and I don't feel any nodules.
        D: This is hypothyroidism from Hashimoto's. I want to go up to one hundred micrograms daily.
        D: We'll recheck the TSH in six weeks.
        """),
    """HISTORY

The patient takes levothyroxine 88 mcg every morning. She reports fatigue and hair loss. She denies palpitations and tremor.
No known drug allergies.

PHYSICAL EXAMINATION

The thyroid is not enlarged. No nodules.

RESULTS

TSH 7.1, free T4 0.9.

ASSESSMENT AND PLAN

Hypothyroidism due to Hashimoto's thyroiditis. Increase levothyroxine to 100 mcg daily. Repeat TSH in 6 weeks.
""",
    facts=(
        Fact("diagnosis", ("hypothyroidism", "underactive thyroid"), severity="major"),
        Fact("medication", ("levothyroxine", "synthroid"), severity="major"),
        Fact("dose", ("levothyroxine", "synthroid"), ("88 mcg", "88 micrograms"), severity="major"),
        Fact("dose", ("levothyroxine", "synthroid"), ("100 mcg", "100 micrograms"), severity="major"),
        Fact("symptom", ("fatigue", "tired")),
        Fact("symptom", ("hair loss", "hair falling out")),
        Fact("symptom", ("palpitations",), negated=True, severity="major"),
        Fact("symptom", ("tremor",), negated=True),
        Fact("allergy", ("drug allergies", "allergies"), negated=True, severity="major"),
        Fact("finding", ("nodule",), negated=True),
        Fact("result", ("tsh",), ("7.1",), severity="major"),
        Fact("result", ("free t4",), ("0.9",)),
        Fact("order", ("tsh",), ("6 weeks",), severity="major"),
    ),
)
BONES: Final = Visit(
    "bones",
    "synthetic",
    _turns("""
        D: Your bone density scan shows a T-score of minus two point eight at the left hip, so that's osteoporosis.
        P: Oh. My mother broke her hip.
        D: Have you had any falls?
        P: No falls, thank goodness.
        D: I'd like to start alendronate, seventy milligrams once a week, and vitamin D, two thousand units a day.
        P: All right.
        D: Take it with a full glass of water, and stay upright for thirty minutes. Come back in a year for another scan.
        """),
    """Results: Bone density: T-score -2.8 at the left hip.

Assessment: Osteoporosis. Family history: mother with a broken hip. No falls.

Plan: Start alendronate 70 mg weekly with a full glass of water, staying upright for 30 minutes. Start vitamin D 2,000 IU daily.
Return in 1 year for another bone density scan.
""",
    facts=(
        Fact("diagnosis", ("osteoporosis",), severity="major"),
        Fact("result", ("t score",), ("2.8", "-2.8"), severity="major"),
        Fact("symptom", ("falls",), negated=True),
        Fact("medication", ("alendronate", "fosamax"), severity="major"),
        Fact("dose", ("alendronate", "fosamax"), ("70 mg weekly",), severity="major"),
        Fact("dose", ("vitamin d",), ("2000 units",)),
        Fact("follow_up", ("return", "follow up", "come back"), ("1 year", "12 months"), severity="major"),
    ),
)
VISITS: Final = (DIABETES, THYROID, BONES)
