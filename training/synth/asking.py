"""Questions of the clinician about the disease and what the patient tells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from training.synth.beat import Beat
from training.synth.case import Claim, Statement, Symptom
from training.synth.speech import Speech, listed, lowered
from training.visits import Severity

_HOW: Final = (
    "{How have you been|How've you been} feeling{ lately|}?",
    "{Tell me|So tell me} {how you've been feeling|what you've been noticing|what's been going on}.",
    "{What symptoms|What kind of symptoms} {are you having|have you had|have you noticed}?",
    "{What's been|So what has been} bothering you{ the most| lately|}?",
    "{And how|How} are you feeling {overall|in general|these days}?",
    "{Any new symptoms|Anything new|Anything bothering you}{ since last time| lately|}?",
    "{Is there anything|Anything} {you've noticed|that's bothering you}?",
)

_ANY: Final = (
    "{Any|And any|Okay, any} <list>?",
    "{Have you had|Have you noticed|Are you having} {any |}<list>?",
    "{What about|How about|And what about} <list>?",
    "{Do you have|Do you get} {any |}<list>?",
    "{Any problems with|Are you having problems with} <list>?",
    "{And are you|Are you} bothered by <list>{ at all|}?",
    "{And no|No} <list>?",
    "{Let me ask you about a few things|Let me go through a list}: {any |}<list>?",
)

_NO: Final = (
    "No.",
    "{No|Nope}{, nothing like that|, none of that|, none of those|, not really|, not at all}.",
    "{None of that|Nothing like that|None of those}.",
    "{No|Nope}, {I haven't|not that I've noticed|I'm fine there|thank goodness}.",
    "{No|Mm-mm|Nah}.",
    "{Not really|Not that I can think of|No, doctor}.",
    "{No|No, no}, {that's all fine|I don't have any of that}.",
)

_OTHERS_NO: Final = (
    "but {no|not the} <rest>",
    "{but |}none of the {others|other things|rest}",
    "{the rest, no|otherwise no|but nothing else}",
    "but {not|no} <rest>",
    "no <rest>{ though|}",
)

_YES: Final = (
    "{Yes|Yeah},",
    "{Well|Actually}, yeah,",
    "{A little, yeah.|A bit.|Some.}",
    "{Um|Uh}, yeah,",
    "",
    "{Yeah, actually,|Yes, I do,|Mm-hmm,}",
    "{Now that you mention it|Funny you ask},",
)


def statement(speech: Speech, told: Statement, *, optional: bool = False) -> Beat:
    """A question of the clinician and the patient's answer."""
    beat = Beat(optional=optional, tail="answer")
    turns = (beat.clinician(speech.say(told.asked)), beat.patient(hesitant(speech, _corrected(speech, speech.say(told.said)))))
    beat.line(told.topic, speech.pick(told.written), *turns)
    for claim in told.claims:
        beat.claim(claim, *turns)
    return beat


def _corrected(speech: Speech, answer: str) -> str:
    """The answer, sometimes with a number that the patient takes back."""
    number = re.search(r"(?<![\d.,/])\d{1,2}(?![\d.,/])", answer)
    if number is None or not speech.maybe(0.07):
        return answer
    wrong = max(2, int(number[0]) + speech.chance.choice((-2, -1, 1, 2)))
    if wrong == int(number[0]):
        return answer
    back = speech.fill((", no wait, ", ", no, ", ", sorry, ", ", or no, ", ", I mean "))
    return f"{answer[: number.start()]}{wrong}{back}{answer[number.start() :]}"


def present(speech: Speech, symptoms: Sequence[Symptom]) -> Beat:
    """Symptoms that the patient tells when asked openly."""
    beat = Beat(tail="symptom")
    asked = beat.clinician(speech.say(_HOW))
    told = [speech.fill(symptom.said) for symptom in symptoms]
    joint = speech.fill(("{, and |. And |. Also, |, plus }",))
    answer = joint.join(told) + speech.fill("{.|.|.| too.}" if len(told) > 1 else ".")
    answered = beat.patient(
        hesitant(
            speech,
            speech.say(
                ("{Well, |Um, |Honestly, |Not great. |}<told>", "<told>", "{So, |You know, |To be honest, }<told>"), told=answer
            ),
        )
    )
    _reports(speech, beat, symptoms, asked, answered)
    return beat


def review(speech: Speech, denied: Sequence[Symptom], has: Symptom | None = None) -> Beat:
    """Symptoms asked in a list; the patient has at most one of them."""
    beat = Beat(optional=has is None, tail="symptom" if has else "")
    asked = {symptom.written: speech.pick(symptom.asked) for symptom in [*denied, *([has] if has else [])]}
    order = list(asked.values())
    speech.chance.shuffle(order)
    question = beat.clinician(speech.say(_ANY, list=listed(order, "or")))
    if has is None:
        answer = beat.patient(speech.say(_NO))
    else:
        rest = f", {speech.fill(_OTHERS_NO, rest=listed([asked[s.written] for s in denied], 'or'))}" if denied else ""
        answer = beat.patient(speech.say("<yes> <told><rest>.", yes=speech.fill(_YES), told=speech.fill(has.said), rest=rest))
        _reports(speech, beat, [has], question, answer)
    if denied:
        names = listed([symptom.written for symptom in denied], "or")
        beat.line(
            "Symptoms",
            speech.pick(("The patient denies <list>.", "The patient denies <list>.", "Denies <list>.")).replace(
                "<list>", names
            ),
            question,
            answer,
        )
        for symptom in denied:
            severity: Severity = "major" if symptom.major else "minor"
            beat.claim(
                Claim(
                    "symptom", symptom.all_names, (), negated=True, severity=severity, said=(asked[symptom.written].lower(),)
                ),
                question,
                answer,
            )
    return beat


def _reports(speech: Speech, beat: Beat, symptoms: Sequence[Symptom], *turns: int) -> None:
    names = listed([symptom.written for symptom in symptoms])
    beat.line(
        "Symptoms",
        speech.pick(("The patient reports <list>.", "The patient reports <list>.", "The patient endorses <list>.")).replace(
            "<list>", names
        ),
        *turns,
    )
    for symptom in symptoms:
        beat.claim(Claim("symptom", symptom.all_names, severity="major", said=("",)), *turns)


_HESITANT: Final = ("Um", "Uh", "Well", "Let", "Hmm", "Oh", "Honestly", "To be", "You", "I mean", "Don't", "Tell", "Remind")


def hesitant(speech: Speech, answer: str) -> str:
    """The answer, sometimes with a hesitation before it."""
    if not speech.maybe(0.16) or answer.startswith(_HESITANT):
        return answer
    return speech.fill(("{Um|Uh|Well|Hmm|Oh|Let's see|I mean|You know}, ",)) + lowered(answer)
