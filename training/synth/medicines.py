"""What the patient takes and cannot have; drugs with doses as they are said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from training.synth.asking import hesitant
from training.synth.beat import Beat
from training.synth.case import Allergy, Claim, Medication
from training.synth.drugs import UNITS_SAID, Amount, Drug
from training.synth.speech import Speech, listed

_MEDS: Final = (
    "{What medications|What medicines} {are you taking|are you on|do you take}{ right now| these days| currently|}?",
    "{Can you|Could you} {go over|tell me} {your medications|what you're taking}?",
    "{Let's go over|Let's review} your medications. {What are you taking?|What do you take?}",
    "{And which|So which} {medicines|pills|medications} do you take{ every day| now|}?",
    "{Tell me what you're taking|What are you taking} {for medicines|at the moment, medication-wise}{.|?}",
    "{Any changes to|Is this still right,} your medications? {What are you taking|What are you on}{ now|}?",
)

_MORE_MEDS: Final = (
    "{Anything else|What else|And what else}?",
    "{Any other|Are there other} {medications|medicines|pills}?",
    "{Okay, and|And} {besides that|aside from that}?",
    "{Is that all|Is that everything}, or {is there more|anything else}?",
    "{Any|What about} {vitamins|supplements} {or|and} other {pills|medications}?",
)

_STILL: Final = (
    "{You're|And you're} {still |}{taking|on} {the |}<drugs>, {right|correct|is that right}?",
    "{I have you|My list has you|It says here you're} on <drugs>{, is that right|, correct|}?",
    "{Are you still|Still} {taking|on} {the |your |}<drugs>?",
    "{So|Okay,} you {take|are taking} <drugs>, {right|is that still right|yes}?",
)

_TAKES: Final = (
    "{I take|I'm on|I'm taking|I'm still on} <drugs>.",
    "{Just|Only|It's just} {the |}<drugs>.",
    "<drugs>{, that's it| for now|}.",
    "{Let me see|Let me think}, <drugs>.",
    "{There's|I've got} {the |}<drugs>.",
    "{Yeah, I take|Yes,} <drugs>.",
    "{I wrote it down.|I have the list here.} <drugs>{, every day without fail|, like you told me|}.",
    "{They have me on|I'm supposed to take|My doctor put me on} <drugs>.",
)

_ALLERGIC: Final = (
    "{Any|Do you have any|Are there any} {allergies|drug allergies|allergies to medications|medication allergies}?",
    "{Are you allergic|Allergic} to {anything|any medications|any medicines}?",
    "{And|What about|How about} allergies{, any|}?",
    "{Remind me|Just to confirm}, any {drug |}allergies?",
    "Any reactions {or allergies |and allergies }to {medicines|drugs}?",
    "{Do I have this right|Let me check}, {do you have any|any} allergies?",
)

_NOT_ALLERGIC: Final = (
    "No{, none|, no allergies|, nothing|}.",
    "{None|Nothing} that I know of.",
    "{Nope|No}, {not that I know of|no allergies}.",
    "{No|Nope}.",
    "No known allergies.",
    "{Not to medicines|Not to any drugs}, no.",
)

_ALLERGIC_TO: Final = (
    "{Just|Only} <what>. {<reaction>|I get <reaction>|It gave me <reaction>}.",
    "{Yes|Yeah}, {to |}<what>, {<reaction>|I got <reaction>|I had <reaction>}.",
    "<what>. {<reaction>|I get <reaction>}.",
    "I'm allergic to <what>, <reaction>.",
    "{Well|Um}, <what>, {it gives me|I get} <reaction>.",
)


def said_dose(speech: Speech, dose: Amount, before: str = "") -> str:
    """A dose as it is said, sometimes corrected on the way."""
    unit = speech.pick(UNITS_SAID[dose.unit])
    if before and speech.maybe(0.07):
        return speech.fill(
            "#<before># {, no wait, it's|, no, sorry,|, I mean|, no, it's now} #<value># <unit>".replace(
                "<before>", before
            ).replace("<value>", dose.value),
            unit=unit,
        )
    return speech.fill(f"#{dose.value}# <unit>", unit=unit)


def said_drug(speech: Speech, drug: Drug) -> tuple[str, str]:
    """A name of the drug as it is said, and as it is then written."""
    name = drug.brands[0] if drug.brands and speech.maybe(0.2) else drug.name
    return name, name


def with_dose(speech: Speech, medication: Medication, wrong: str = "") -> tuple[str, str]:
    """A drug with dose and frequency, as said and as written."""
    said, written = said_drug(speech, medication.drug)
    dose, often = said_dose(speech, medication.dose, wrong), speech.pick(medication.frequency.said)
    route = medication.drug.route
    if route == "injection" and speech.maybe(0.4):
        how = speech.fill("{injection|shot|injection},")
        return f"{said} {how} {dose} {often}", f"{written} {medication.dose.written} injection {medication.frequency.written}"
    return (
        f"{said}{speech.fill('{ | | |, }')}{dose} {often}",
        f"{written} {medication.dose.written} {medication.frequency.written}",
    )


def medication_claims(medication: Medication, *, doses: bool = True) -> list[Claim]:
    """What a note must say about a drug that is taken."""
    names, frequency = medication.drug.names, medication.frequency
    claims = [Claim("medication", names, (frequency.names if doses else ()), severity="major")]
    return [*claims, Claim("dose", names, medication.dose.names, severity="major")] if doses else claims


def medications(speech: Speech, taken: Sequence[Medication]) -> list[Beat]:
    """What the patient takes, in groups of one or two."""
    if not taken:
        beat = Beat()
        turns = (
            beat.clinician(speech.say(_MEDS[:2] + _MEDS[3:4])),
            beat.patient(
                speech.say(
                    (
                        "{No|None}, {I don't take anything|nothing}{ at all|}.",
                        "{Nothing|I don't take anything}{, no pills|}.",
                        "I'm not on {any medications|anything}{ right now|}.",
                    )
                )
            ),
        )
        beat.line("Medications", "The patient takes no medications.", *turns)
        return [beat]
    groups = []
    rest = list(taken)
    while rest:
        count = speech.chance.choice((1, 2, 2))
        groups.append(rest[:count])
        rest = rest[count:]
    beats = []
    for position, group in enumerate(groups):
        beat = Beat()
        wrong = [_wrong(medication) for medication in group]
        told = [with_dose(speech, medication, dose) for medication, dose in zip(group, wrong, strict=True)]
        drugs = listed([said for said, _ in told])
        if speech.maybe(0.25):
            turns = (
                beat.clinician(speech.say(_STILL, drugs=drugs)),
                beat.patient(
                    speech.say(
                        (
                            "{Yes|Yeah|Yep}{, that's right|, I am|, still}.",
                            "{That's right|Right|Correct}.",
                            "{Mm-hmm|Yes, every day|Yes, doctor}.",
                            "{Yes|Yeah}, {same as before|no changes}.",
                        )
                    )
                ),
            )
        else:
            question = _MEDS if position == 0 else _MORE_MEDS
            turns = (beat.clinician(speech.say(question)), beat.patient(hesitant(speech, speech.say(_TAKES, drugs=drugs))))
        written = [text for _, text in told]
        beat.line("Medications", f"The patient takes {listed(written)}.", *turns)
        for medication in group:
            for claim in medication_claims(medication):
                beat.claim(claim, *turns)
        beats.append(beat)
    return beats


def _wrong(medication: Medication) -> str:
    value = medication.dose.value
    return str(int(value) // 2) if value.isdigit() and int(value) % 2 == 0 else ""


def allergies(speech: Speech, found: Sequence[Allergy]) -> Beat:
    """Allergies, or none."""
    beat = Beat()
    question = beat.clinician(speech.say(_ALLERGIC))
    if not found:
        answer = beat.patient(speech.say(_NOT_ALLERGIC))
        beat.line(
            "Allergies",
            speech.pick(
                ("The patient has no known allergies.", "The patient has no known drug allergies.", "No known drug allergies.")
            ),
            question,
            answer,
        )
        beat.claim(Claim("allergy", ("allerg", "nkda"), negated=True, severity="major"), question, answer)
        return beat
    (allergy,) = found
    reaction = speech.pick(allergy.reaction_said)
    template = (
        "{Just|Only|Yes, to|Yeah,|Um,|Well,|} <what>{, |. }<reaction>."
        if " " in reaction and reaction.split()[0] in {"I", "it", "my"}
        else speech.pick(_ALLERGIC_TO)
    )
    answer = beat.patient(speech.say((template,), what=speech.pick(allergy.said), reaction=reaction))
    beat.line(
        "Allergies",
        speech.pick(
            (
                f"The patient is allergic to {allergy.name}, which causes {allergy.reaction}.",
                f"The patient has an allergy to {allergy.name} with {allergy.reaction}.",
            )
        ),
        question,
        answer,
    )
    values = (allergy.reaction.removeprefix("a "), *(("itch",) if allergy.reaction == "itching" else ()))
    said = tuple(form.lower().split(",")[0] for form in allergy.said)
    beat.claim(Claim("allergy", (allergy.name.lower(), *said), values, severity="major"), question, answer)
    return beat
