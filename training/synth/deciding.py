"""The clinician tells what it is and what to do."""

from __future__ import annotations

from typing import Final

from training.synth.beat import Beat
from training.synth.case import Assessment, Change, Claim, Order, Statement
from training.synth.cases.parts import plural, timed
from training.synth.medicines import medication_claims, said_dose, said_drug, with_dose
from training.synth.speech import Speech

_BACKCHANNEL: Final = (
    "{Okay|Mm-hmm|Right|Sure|I see|Got it|All right}.",
    "{Oh, okay|Okay, sure|Okay, I see|Makes sense}.",
    "{Hm, okay|Oh|Huh, okay|Huh}.",
    "{Okay|Yeah|Uh-huh}.",
)

_START: Final = (
    "{I'd like to|I want to|I'm going to|Let's|We're going to} start {you on |}<drug>.",
    "{I'm going to|I'll|I'd like to} {prescribe|put you on} <drug>.",
    "{Let's|We should|I think we should} {add|begin} <drug>.",
    "{I'm sending|I'll send} in a prescription for <drug>.",
    "{The plan is to|So we'll} start <drug>.",
    "{What I'd like to do is|I think it's time to} start <drug>.",
)

_UP: Final = (
    "{I'd like to|I want to|I'm going to|Let's|We're going to} {increase|go up on|bump up|raise} {your|the} <drug> <change>.",
    "{I think we should|We need to|It makes sense to} {increase|go up on} {your|the} <drug> <change>.",
    "{So let's|So we'll} {raise|increase} {your|the} <drug> <change>.",
    "{Your|The} <drug> {needs to go up|goes up} <change>.",
    "{The plan is|What I'd do is} to increase {your|the} <drug> <change>.",
)

_DOWN: Final = (
    "{I'd like to|I want to|I'm going to|Let's|We're going to} {decrease|lower|cut back|reduce} {your|the} <drug> <change>.",
    "{I think we should|We need to|It makes sense to} {go down on|decrease|lower} {your|the} <drug> <change>.",
    "{So let's|So we'll} {reduce|decrease} {your|the} <drug> <change>.",
    "{Your|The} <drug> {should come down|comes down|goes down} <change>.",
)

_STOP: Final = (
    "{I'd like you to|I want you to|You can|Please} stop {taking |}{the|your} <drug>.",
    "{Let's|We're going to|We'll} {stop|discontinue|take you off} {the|your} <drug>.",
    "{You don't need|No need for} the <drug> anymore, {so |}{stop that|you can stop it}.",
    "{I'm going to|I'll} stop {the|your} <drug>.",
)

_KEEP: Final = (
    "{Keep taking|Continue|Stay on|Keep going with} {the |your |}<drug>.",
    "{I'd like you to|I want you to|You should} {stay on|continue|keep taking} {the |}<drug>.",
    "{No change to|We'll leave} {the |your }<drug>, {just continue|keep that going}.",
    "{We'll|Let's} {continue|keep} {you on |}{the |}<drug>.",
    "{The|Your} <drug> {stays the same|is fine}, {continue that|keep taking it}.",
)

_BACK: Final = (
    "{I'll see you|I'd like to see you|Let's see you|I want to see you} {back |again |}in <when>.",
    "{Come back|Come and see me} in <when>.",
    "{Follow up|Let's follow up|We'll follow up} in <when>{, okay|}.",
    "{Let's meet again|We'll meet again|Let's get you back} in <when>.",
    "{Make|Please make} an appointment for <when> from now.",
    "{And then|So} {I'll see you|back here} in <when>.",
    "Schedule {a follow-up|a visit} in <when>{ at the front desk| on your way out|}.",
)

_ACCEPTS: Final = (
    "{Okay|All right|Sounds good|Sure|Perfect}.",
    "{That works|I can do that|No problem|That's fine}.",
    "{Okay, great|Okay, thank you|Thanks, doctor|Thank you}.",
    "{If you think so|Whatever you think|I trust you}{, doctor|}.",
    "{Got it|Understood|Makes sense}.",
    "{Oh, good|Okay, good|Great}.",
)


def assessment(speech: Speech, problem: Assessment) -> Beat:
    """A problem and how it is doing."""
    beat = Beat(tail="problem")
    turn = beat.clinician(speech.say(problem.said) + ".")
    beat.line("Assessment", speech.pick(problem.written), turn)
    beat.claim(Claim("diagnosis", problem.names, problem.status, severity="major", said=("",)), turn)
    return beat


def change(speech: Speech, decided: Change) -> Beat:
    """A decision about a medication."""
    beat = Beat(tail="change")
    said, name = said_drug(speech, decided.medication.drug)
    if decided.kind in {"start", "continue"}:
        if decided.kind == "continue" and speech.maybe(0.25):
            turn = beat.clinician(
                speech.say(
                    _KEEP, drug=f"{said} {speech.pick(('at the same dose', 'at your current dose', 'at the current dose'))}"
                )
            )
            beat.line("Plan", f"Continue {name} at the current dose.", turn)
            claims = [Claim("medication", decided.medication.drug.names, ("continue",), severity="major", said=("",))]
        else:
            drug, written = with_dose(speech, decided.medication)
            turn = beat.clinician(speech.say(_START if decided.kind == "start" else _KEEP, drug=drug))
            beat.line("Plan", f"{decided.kind.capitalize()} {written}.", turn)
            claims = medication_claims(decided.medication)
    elif decided.kind == "stop":
        turn = beat.clinician(speech.say(_STOP, drug=said))
        beat.line("Plan", f"{speech.pick(('Stop', 'Stop', 'Discontinue'))} {name}.", turn)
        claims = [
            Claim(
                "medication",
                decided.medication.drug.names,
                ("stop", "discontinu", "hold", "off"),
                negated=True,
                severity="major",
            )
        ]
    else:
        dose, often = decided.medication.dose, speech.pick(decided.medication.frequency.said)
        before = decided.before
        if before and speech.maybe(0.5):
            step = speech.fill(f"from #{before.value}# to <dose>", dose=said_dose(speech, dose))
            written = f"from {before.written} to {dose.written}"
        else:
            step = f"to {said_dose(speech, dose, before.value if before else '')}"
            written = f"to {dose.written}"
        turn = beat.clinician(speech.say(_UP if decided.kind == "increase" else _DOWN, drug=said, change=f"{step} {often}"))
        beat.line("Plan", f"{decided.kind.capitalize()} {name} {written} {decided.medication.frequency.written}.", turn)
        claims = medication_claims(decided.medication)
    for claim in claims:
        beat.claim(claim, turn)
    if decided.kind != "stop" and speech.maybe(0.12):
        how = speech.pick(decided.medication.frequency.said)
        beat.patient(speech.say(("{So |}<how>?", "{And |}that's <how>, right?", "{Did you say|You said} <how>?"), how=how))
        beat.clinician(speech.say(("{Right|Yes|Exactly}, <how>.", "{That's right|Correct}{, <how>|}."), how=how))
    elif speech.maybe(0.35):
        beat.patient(speech.say(_ACCEPTS))
    return beat


def order(speech: Speech, ordered: Order) -> Beat:
    """A test or referral."""
    beat = Beat(tail="order")
    turn = beat.clinician(speech.say(ordered.said) + ".")
    beat.line("Plan", speech.pick(ordered.written), turn)
    beat.claim(Claim("order", ordered.names, ordered.values, severity="major" if ordered.major else "minor", said=("",)), turn)
    return beat


def advice(speech: Speech, told: Statement) -> Beat:
    """Something the clinician explains, unasked or in answer to the patient."""
    beat = Beat(optional=True)
    turns = [beat.patient(speech.say(told.asked))] if told.asked else []
    text = speech.say(told.said)
    turns.append(beat.clinician(text if text[-1] in ".?!" else text + "."))
    beat.line(told.topic, speech.pick(told.written), *turns)
    for claim in told.claims:
        beat.claim(claim, *turns)
    if speech.maybe(0.5):
        beat.patient(speech.say(_ACCEPTS))
    return beat


def follow_up(speech: Speech, when: tuple[int, str]) -> Beat:
    """When the patient comes back."""
    number, unit = when
    beat = Beat()
    said = f"#{number}# {unit}s" if number > 1 else f"{{a|one}} {unit}"
    turn = beat.clinician(speech.say(_BACK, when=said))
    written = plural(number, unit) if number > 1 else f"one {unit}"
    beat.line("Plan", speech.pick((f"Follow up in {written}.", f"Follow up in {written}.", f"Return in {written}.")), turn)
    beat.claim(
        Claim(
            "follow_up",
            ("follow up", "follow-up", "return", "see", "recheck"),
            timed(number, unit),
            severity="major",
            said=("",),
        ),
        turn,
    )
    beat.patient(speech.say(_ACCEPTS))
    return beat


def backchannel(speech: Speech) -> str:
    """What a patient says to show that they listen."""
    return speech.say(_BACKCHANNEL)
