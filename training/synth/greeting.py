# ruff: noqa: E501  # a template stays on one line
"""Greeting and reason for the visit."""

from __future__ import annotations

import re
from typing import Final

from training.synth.beat import Beat
from training.synth.case import Case
from training.synth.speech import Speech, article

_HOW_ARE_YOU: Final = (
    "{Hi|Hello|Good morning|Good afternoon} <name>, {how are you|how are you doing}{ today|}?",
    "{Hello|Hi there} <name>, {come on in|have a seat}. {How are you|How have you been}?",
    "{Well hello|Hey}, <name>. {Long time no see|Good to see you again}. How {are you|are things}?",
    "{Sorry to keep you waiting|Thanks for waiting|Sorry, we're running a bit late}, <name>. {How are you|How are you doing}?",
    "All right, <name>, {let me just|I'm just going to} {pull up|open} your chart. How are {you|things}?",
    "{Good morning|Hi}, I'm Doctor <doctor>, {nice to meet you|we haven't met}. How are {you|you doing}?",
)

_I_AM_FINE: Final = (
    "{Hi|Hello}{, doctor|, Doctor <doctor>|}. {Good, thanks|I'm okay|Doing all right|Fine, thank you|Not too bad}.",
    "{Good|I'm good|Fine}, {how are you|and you}?",
    "{Hi|Hello}. {Can't complain|Hanging in there|Same old}.",
    "{Oh, you know|Well}, {hanging in there|getting by|surviving}.",
    "{Pretty good|Okay, I guess|So-so}, {thanks|thank you}.",
)

_WELCOME: Final = (
    "<name>? {Hi, come in|Come on in}, {I'm|this is} Doctor <doctor>.",
    "{Good morning|Hi}, I'm Doctor <doctor>. {You must be|And you're} <name>{, right|}?",
    "{Hi|Hello|Good afternoon} <name>, {good to see you|nice to see you}{ again|}.",
    "{Come in|Come on in}, <name>, {have a seat|make yourself comfortable}. {I'm Doctor <doctor>.|I'll be right with you.|}",
)

_THANKS: Final = (
    "{Yes, hi|Hi|Hello}, {nice to meet you|good to see you}{, doctor|}.",
    "{Hi|Hello}{, doctor|, Doctor <doctor>|}.",
    "{Yes|Yes, hello}{, thank you|}.",
    "{Hi there|Good morning|Hello}{, thanks for seeing me|, thanks for having me|}.",
)

_DICTATED: Final = (
    "{This is|Next is|Next patient is} <name>, {a|an} <age> year old <sex> {here|who is here} {today |}{for|because of} <reason>.",
    "<name> is {a|an} <age> year old <sex> {here|coming in|presenting} {for|with} <reason>.",
    "{I'm seeing|Seeing} <name>, {a|an} <age> year old <sex>, {here |}for <reason>.",
)

_WHY: Final = (
    "{So, what|What} brings you in{ today|}?",
    "{So what|What} can I do for you{ today|}?",
    "{Tell me|So tell me} why you're here{ today|}.",
    "{How can I help|What can I help you with}{ today|}?",
    "{So, |}what are we {seeing you for|doing} today?",
    "{What's|So what's} {going on|the reason for your visit today}?",
)

_RIGHT: Final = (
    "{Yes|Yeah|Right}, {that's right|exactly|that's it}.",
    "{That's right|Correct|Yes, that's why I'm here}.",
    "Mm-hmm{, that's right|, yes|}.",
    "{Yep|Yes}.",
    "{Right|Exactly}, {same as always|that's the one|that's me}.",
    "{Yeah|Yes}, {unfortunately|I guess so|so they tell me}.",
)

_SEX: Final = {"female": "{woman|female|lady}", "male": "{man|male|gentleman}"}

_SEX_WRITTEN: Final = {"female": "female", "male": "male"}

_PROPER: Final = frozenset({"Graves", "Cushing"})


def opening(speech: Speech, case: Case, name: str, doctor: str) -> Beat:
    """Greeting and reason for the visit."""
    beat = Beat()
    dictated = speech.maybe(0.2)
    if dictated:
        reason = case.reason_written[0].rstrip(".")
        reason = reason if reason[:2].isupper() or reason.split()[0] in _PROPER else reason[0].lower() + reason[1:]
        text = speech.fill(_DICTATED, name=name, age=str(case.age), sex=speech.fill(_SEX[case.sex]), reason=reason)
        turn = beat.clinician(re.sub(r"\ban? (?=\d)", article(str(case.age)) + " ", text))
        sex = _SEX_WRITTEN[case.sex]
        beat.line("Chief complaint", case.reason_written[0], turn)
        beat.line(
            "History", f"The patient is {article(str(case.age))} {case.age}-year-old {sex} who presents for {reason}.", turn
        )
    hello, answer = (_HOW_ARE_YOU, _I_AM_FINE) if speech.maybe(0.65) else (_WELCOME, _THANKS)
    beat.clinician(speech.say(hello, name=name, doctor=doctor))
    beat.patient(speech.say(answer, doctor=doctor))
    if dictated:
        return beat
    if speech.maybe(0.5):
        asked = beat.clinician(speech.say(case.reason_asked) + speech.fill("{, is that right?|, right?|.}"))
        answered = beat.patient(speech.say(_RIGHT))
    else:
        asked = beat.clinician(speech.say(_WHY))
        answered = beat.patient(speech.say(case.reason_said) + ".")
    beat.line("Chief complaint", speech.pick(case.reason_written), asked, answered)
    return beat
