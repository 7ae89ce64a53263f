# ruff: noqa: E501  # a template stays on one line
"""Past and family history."""

from __future__ import annotations

import random
from typing import Final

from training.synth.case import Claim, Sex, Statement
from training.synth.speech import article, likely

PAST_ASKED: Final = (
    "{Any|Do you have any} {other |}{medical problems|health problems|conditions} {I should know about|besides this|}?",
    "{What|What other} medical {problems|conditions} {do you have|have you had}?",
    "{Tell me about your past medical history.|Anything else in your medical history?}",
    "{Have you had|Were there} {any other|other} {serious |}illnesses or medical {conditions|problems}?",
    "Remind me, what else {are you being treated for|do you have going on medically}?",
    "{And|So} any other {diagnoses|chronic conditions|health issues}?",
)

SURGERY_ASKED: Final = (
    "{Any|Have you had any} {surgeries|operations} {in the past|before|}?",
    "{Ever had|Have you ever had} {surgery|an operation}?",
    "What about surgeries?",
    "{And|Okay,} any surgical history?",
    "Any {operations|procedures} I should know about?",
)

FAMILY_ASKED: Final = (
    "{Does anyone|Anybody} in {your|the} family have {diabetes or thyroid problems|thyroid trouble or diabetes|hormone problems}?",
    "{Any|Is there any} family history {I should know about|of endocrine problems|of anything like this}?",
    "What {runs|kind of things run} in {the|your} family?",
    "{How about|What about} your family, {your parents or siblings|anything there}?",
    "{Parents|Mom, dad, brothers, sisters}, {any medical problems there|are they healthy}?",
    "Tell me about your family's health.",
)

# Written | names | said. Written is lower case, to stand after "The patient has a history of".
_PAST: Final = """
hypertension | hypertension; high blood pressure | high blood pressure; hypertension
hyperlipidemia | hyperlipidemia; high cholesterol | high cholesterol
gastroesophageal reflux disease | gastroesophageal reflux; gerd; acid reflux; reflux | acid reflux; GERD
asthma | asthma | asthma; {some |mild }asthma
osteoarthritis of the knee | osteoarthritis; knee arthritis; arthritis | arthritis in my {knee|right knee|left knee}
migraines | migraine | migraines
depression | depression | depression; {some |}depression
sleep apnea | sleep apnea | sleep apnea; sleep apnea, I use the machine
atrial fibrillation | atrial fibrillation; a-fib; afib | atrial fibrillation; a-fib
gout | gout | gout; gout once
celiac disease | celiac | celiac disease
fatty liver disease | fatty liver | a fatty liver; fatty liver
iron deficiency anemia | anemia | low iron, {anemia|they called it anemia}; anemia
seasonal allergies | seasonal allergies; hay fever | seasonal allergies; hay fever
anxiety | anxiety | anxiety; some anxiety
"""

_SURGERY: Final = """
appendectomy | appendectomy; appendix | my appendix {out|removed}
cholecystectomy | cholecystectomy; gallbladder | my gallbladder {out|removed}
knee replacement | knee replacement | a knee replacement
tonsillectomy | tonsillectomy; tonsils | my tonsils {out|removed}
hernia repair | hernia | a hernia {repair|operation}
rotator cuff repair | rotator cuff | {my|a} rotator cuff {repaired|repair}
"""

_FEMALE_SURGERY: Final = """
hysterectomy | hysterectomy | a hysterectomy
cesarean section | cesarean; c-section | a C-section
"""

_FAMILY: Final = """
type 2 diabetes | diabetes | type 2 diabetes; diabetes, type 2
thyroid disease | thyroid | thyroid {problems|trouble|disease}; a thyroid problem
high blood pressure | high blood pressure; hypertension | high blood pressure
heart disease | heart disease; heart attack | heart disease; heart {trouble|problems}
osteoporosis | osteoporosis | osteoporosis
breast cancer | breast cancer | breast cancer
stroke | stroke | a stroke
high cholesterol | high cholesterol; hyperlipidemia | high cholesterol
"""

_RELATIVES: Final = ("mother", "father", "brother", "sister", "grandmother", "grandfather", "aunt", "uncle")


def _rows(table: str) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    rows = []
    for row in filter(None, table.splitlines()):
        written, names, said = (cell.strip() for cell in row.split(" | "))
        rows.append((written, tuple(n.strip() for n in names.split(";")), tuple(s.strip() for s in said.split(";"))))
    return rows


def past(chance: random.Random, avoid: str = "") -> Statement:
    """One or two conditions, or none."""
    rows = [row for row in _rows(_PAST) if row[0] not in avoid]
    count = chance.choice((0, 1, 1, 2, 2))
    if not count:
        return Statement(
            "Past history",
            (
                "No{, nothing else|, that's it|, just this|, otherwise I'm healthy}.",
                "{Nothing else|No other problems|None that I know of}.",
                "No{, not really|, I've been healthy otherwise}.",
                "{Nope|No}, I'm {pretty |}healthy otherwise.",
            ),
            ("The patient has no other medical problems.", "No other significant past medical history."),
            (),
            PAST_ASKED,
        )
    chosen = chance.sample(rows, count)
    said = [f"{{{'|'.join(forms)}}}" if "{" not in "".join(forms) else chance.choice(forms) for _, _, forms in chosen]
    both = " and ".join(said)
    written = " and ".join(row[0] for row in chosen)
    claims = tuple(
        Claim(
            "history", names, said=tuple(f.lower().split("{")[0].strip() for f in forms if not f.startswith("{")) or (names[0],)
        )
        for _, names, forms in chosen
    )
    return Statement(
        "Past history",
        (
            f"{{Yeah|Yes|Well}}, {{I have|I've got}} {both}.",
            f"{{Just|Well, just|Mostly}} {both}.",
            f"{both}{{, that's about it|, that's it|, I think that's all|}}.",
            f"{{I also have|There's}} {both}{{ too|, and that's about it|}}.",
            f"{{Let me think.|Um,|Uh,}} {both}{{, nothing else|}}.",
            f"I was {{told I have|diagnosed with}} {both} {{years ago|a while back|some time ago}}.",
        ),
        (f"The patient has a history of {written}.", f"Past medical history is significant for {written}."),
        claims,
        PAST_ASKED,
    )


def surgery(chance: random.Random, sex: Sex, age: int) -> Statement:
    """One operation, or none."""
    if likely(chance, 0.45):
        return Statement(
            "Past history",
            (
                "No{, never|, no surgeries|, none|}.",
                "{None|Never}{, thankfully|, knock on wood|}.",
                "{Nope|No}, never had {surgery|an operation}.",
            ),
            ("The patient has had no surgeries.", "The patient denies any past surgeries."),
            (),
            SURGERY_ASKED,
        )
    written, names, said = chance.choice(_rows(_SURGERY + _FEMALE_SURGERY if sex == "female" else _SURGERY))
    year = 2024 - chance.randrange(2, min(25, age - 15) + 1)
    when, written_when = chance.choice(
        (
            (f"in #{year}#", f"in {year}"),
            (f"about #{2025 - year}# years ago", f"about {2025 - year} years ago"),
            ("years ago", "years ago"),
            ("a long time ago", "in the past"),
        )
    )
    when = when.replace("#", "") if "in #" in when else when
    return Statement(
        "Past history",
        (
            f"{{Yeah, |Yes, |}}I had {chance.choice(said)} {when}.",
            f"{{Just|Only}} {chance.choice(said)} {when}.",
            f"{{Well, |Uh, |}}{chance.choice(said)} {when}{{, that's all|}}.",
        ),
        (
            f"The patient had {article(written)} {written} {written_when}.",
            f"Surgical history includes {article(written)} {written} {written_when}.",
        ),
        (
            Claim(
                "history",
                names,
                said=tuple(
                    word
                    for form in said
                    for word in (form.lower().replace("{", "|").split("|")[0].strip().removeprefix("my ").removeprefix("a "),)
                ),
            ),
        ),
        SURGERY_ASKED,
    )


def family(chance: random.Random, sure: str = "") -> Statement:
    """A disease of a relative or two, or none.

    Args:
        chance: Source of all choices.
        sure: A disease of the table that runs in this family.
    """
    if not sure and likely(chance, 0.2):
        return Statement(
            "Family history",
            (
                "{No|Nope|Not that I know of}{, everybody's healthy|, nobody|}.",
                "{Nothing|Nobody} that I know of.",
                "No, {not in my family|no one}.",
            ),
            ("The patient denies any relevant family history.", "Family history is noncontributory."),
            (),
            FAMILY_ASKED,
        )
    rows = {row[0]: row for row in _rows(_FAMILY)}
    written, names, said = rows[sure] if sure else chance.choice(list(rows.values()))
    relative, other = chance.sample(_RELATIVES, 2)
    claims = (Claim("history", (f"{relative}",), names, said=(relative,)),)
    if likely(chance, 0.3):
        return Statement(
            "Family history",
            (
                f"{{Yeah|Yes}}, my {relative} and my {other} both {{have|had}} {said[0]}.",
                f"My {relative} has {said[0]}, {{and so does|so does}} my {other}.",
                f"{said[0]}, {{on my|from my}} {relative} and my {other}.",
            ),
            (
                f"Family history is significant for {written} in the patient's {relative} and {other}.",
                f"The patient's {relative} and {other} have {written}.",
            ),
            claims,
            FAMILY_ASKED,
        )
    return Statement(
        "Family history",
        (
            f"{{Yeah|Yes}}, my {relative} {{has|had}} {said[0]}.",
            f"My {relative} {{has|had}} {chance.choice(said)}.",
            f"{{Well|Um|Let's see}}, my {relative} {{has|had}} {said[0]}, {{nobody else|that's all I know|and that's it}}.",
            f"{{Just|Only}} my {relative}, {{with|she said it was|it was}} {said[0]}."
            if relative in {"mother", "sister", "aunt", "grandmother"}
            else f"{{Just|Only}} my {relative}, with {said[0]}.",
            f"{said[0]}, my {relative} {{has|had}} that.",
        ),
        (
            f"Family history is significant for {written} in the patient's {relative}.",
            f"The patient's {relative} has a history of {written}.",
        ),
        claims,
        FAMILY_ASKED,
    )
