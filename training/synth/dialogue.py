"""Puts a case into beats, in an order that varies from visit to visit, and joins them into one dialogue."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final

from training.synth import asking, chatter, deciding, examining, greeting, medicines
from training.synth.beat import Beat
from training.synth.case import Case
from training.synth.check import unsupported
from training.synth.daily_life import daily_life
from training.synth.explanations import explanation
from training.synth.general_advice import general_advice
from training.synth.speech import Speech
from training.synth.symptoms import GENERAL
from training.synth.tails import Tails
from training.visits import Line, Utterance

SHORTEST: Final = 500
"""Words of the shortest dialogue."""
LONGEST: Final = 1100
"""Words of the longest dialogue."""
_MEAN, _SPREAD = 800, 130
_MERGED: Final = 55
"""Most words of two beats of one speaker that become one turn."""

_ACKNOWLEDGE: Final = (
    "{Okay|All right|Got it|Mm-hmm|Right|Sure|I see}.",
    "{Okay, good|Good|Great|Perfect}.",
    "{Okay, thanks|Thank you|Understood}.",
    "{Fair enough|That's fine|Good to know}.",
    "{Okay, that's helpful|That helps}{, let me get that down|, thanks for telling me|}.",
    "{Good, I'll|Okay, I'll|Let me} {put that in|add that to} the chart.",
    "{Okay, thank you|Thanks}, {I'm writing that down|I have that|that's good to know}.",
)
_GO_ON: Final = ("{Okay|All right|Good|Right}.", "{Okay, good|Very good}.")


def dialogue(speech: Speech, case: Case, name: str, doctor: str) -> Beat | None:
    """The whole visit as one beat; None if it comes out too short or too long."""
    chance = speech.chance
    talk = chatter.Chatter(speech, case.age)
    target = min(max(chance.gauss(_MEAN, _SPREAD), SHORTEST + 20), LONGEST - 40)
    beats = _trimmed(_beats(speech, case, name, doctor, talk), target, chance)
    for _ in range(3):
        if sum(beat.words for beat in beats) + 2 * len(beats) >= max(SHORTEST + 10, target - 70):
            break
        beats.insert(chance.randint(1, len(beats) - 2), talk.aside())
    joined = _joined(speech, beats)
    return joined if SHORTEST <= joined.words <= LONGEST else None


def _beats(speech: Speech, case: Case, name: str, doctor: str, talk: chatter.Chatter) -> list[Beat]:
    chance = speech.chance
    make = _Maker(speech)
    beats = [make.one(greeting.opening, case, name, doctor)]
    if speech.maybe(0.6):
        beats.insert(1 if speech.maybe(0.7) else 0, talk.small_talk())
        if beats[0].optional:
            beats.reverse()
    told = [make.one(asking.statement, statement) for statement in case.story]
    symptoms = _symptoms(speech, case, make)
    story = [symptoms[0], *told, *symptoms[1:]] if speech.maybe(0.6) else [*told, *symptoms]
    later = story[len(story) - 1 :] if speech.maybe(0.25) and len(story) > 3 else []  # noqa: PLR2004
    beats += story[: len(story) - len(later)]
    everyday = daily_life(chance, chance.randint(5, 9), case)
    background = [[make.one(asking.statement, statement, optional=True)] for statement in [*case.background, *everyday]]
    drugs = make.many(medicines.medications, case.medications)
    allergy = [make.one(medicines.allergies, case.allergies)]
    blocks = [drugs + allergy] if speech.maybe(0.5) else [drugs, allergy]
    blocks += background
    if speech.maybe(0.5):
        chance.shuffle(blocks)
    if speech.maybe(0.3):
        blocks.insert(chance.randint(0, len(blocks)), [talk.aside()])
    beats += [beat for block in blocks for beat in block]
    beats += later
    exam = [make.one(examining.vitals, case.vitals), *make.many(examining.examination, case.findings)]
    results = make.many(examining.results, case.results)
    beats += exam + results if speech.maybe(0.65) else results + exam
    beats += _plan(speech, case, make)
    beats.append(chatter.closing(speech, name))
    return _with_tails(speech, beats)


def _with_tails(speech: Speech, beats: list[Beat]) -> list[Beat]:
    tails = Tails(speech)
    stages = {"background": Beat.is_background, "plan": Beat.is_assessment}
    for beat in beats:
        for kind in [kind for kind, starts in stages.items() if starts(beat)]:
            del stages[kind]
            if said := tails.alone(kind):
                beat.turns[0] = Utterance("clinician", f"{said} {beat.turns[0].text}")
        if beat.tail:
            # After a patient's "okay" it belongs to the turn before.
            place = max(turn for line in beat.lines for turn in line.turns)
            turn = beat.turns[place]
            beat.turns[place] = Utterance(turn.speaker, tails.after(turn.text, beat.tail))
    return beats


def _symptoms(speech: Speech, case: Case, make: _Maker) -> list[Beat]:
    chance = speech.chance
    shown = list(case.present)
    chance.shuffle(shown)
    volunteered = shown[: chance.randint(1, min(3, len(shown)))] if shown else []
    asked_about = shown[len(volunteered) :]
    denied = list(case.denied)
    general = [symptom for symptom in GENERAL if symptom not in [*denied, *shown]]
    denied += chance.sample(general, min(len(general), chance.randint(0, 4)))
    chance.shuffle(denied)
    denied = denied[: chance.randint(5, 12)]
    beats = [make.one(asking.present, volunteered)] if volunteered else []
    for symptom in asked_about:
        others = [denied.pop() for _ in range(chance.randint(0, 2)) if denied]
        beats.append(make.one(asking.review, others, symptom))
    while denied:
        count = chance.choice((1, 2, 3, 3, 4))
        beats.append(make.one(asking.review, denied[:count]))
        denied = denied[count:]
    rest = beats[1:]
    chance.shuffle(rest)
    return beats[:1] + rest


def _plan(speech: Speech, case: Case, make: _Maker) -> list[Beat]:
    chance = speech.chance
    problems = [make.one(deciding.assessment, problem) for problem in case.assessments]
    changes = [make.one(deciding.change, change) for change in case.changes]
    orders = [make.one(deciding.order, order) for order in case.orders]
    advice = [make.one(deciding.advice, told) for told in [*case.advice, *general_advice(chance, case)]]
    # The first problem is what the visit is for; a second one comes with the last change.
    if len(problems) > 1 and changes and case.changes[-1].kind == "start":
        body = (
            [problems[0], *changes[:-1], *orders, problems[1], changes[-1]]
            if speech.maybe(0.5)
            else [*problems, *changes, *orders]
        )
    elif speech.maybe(0.85):
        body = [*problems, *changes, *orders]
    else:
        body = [*problems, *orders, *changes]
    if explained := explanation(speech, case.diagnosis):
        body.insert(1, explained)
    earliest = max((place + 1 for place, beat in enumerate(body) if beat in changes), default=len(problems))
    for beat in advice:
        # Nobody asks about a drug, or warns of it, before it is prescribed.
        body.insert(chance.randint(earliest, len(body)), beat)
    body.append(make.one(deciding.follow_up, case.follow_up))
    return body


class _Maker:
    """Makes beats and makes one again, with its numbers in digits, if its lines are not supported by what is said."""

    def __init__(self, speech: Speech) -> None:
        self._speech = speech

    def one(self, kind: Callable[..., Beat], *arguments: object, **options: object) -> Beat:
        """The beat that `kind` makes of the arguments."""
        return self.many(lambda *given, **named: [kind(*given, **named)], *arguments, **options)[0]

    def many(self, kind: Callable[..., list[Beat]], *arguments: object, **options: object) -> list[Beat]:
        """The beats that `kind` makes of the arguments."""
        beats = kind(self._speech, *arguments, **options)
        for _ in range(3):
            if not any(unsupported(beat.turns, beat.lines) for beat in beats):
                break
            self._speech.digits_only = True
            beats = kind(self._speech, *arguments, **options)
            self._speech.digits_only = False
        return beats


def _trimmed(beats: list[Beat], target: float, chance: random.Random) -> list[Beat]:
    """Leave out optional beats until the length is right."""
    left = list(beats)
    while sum(beat.words for beat in left) > target:
        optional = [beat for beat in left if beat.optional]
        if not optional:
            break
        left.remove(chance.choice(optional))
    return left


def _joined(speech: Speech, beats: Sequence[Beat]) -> Beat:
    whole = Beat()
    for beat in beats:
        places: list[int] = []
        for number, turn in enumerate(beat.turns):
            last = whole.turns[-1] if whole.turns else None
            text = turn.text
            if number == 0 and last is not None:
                text = _joint(speech, whole, turn, listens=beat.listens())
                last = whole.turns[-1]
            if last is not None and last.speaker == turn.speaker:
                whole.turns[-1] = Utterance(turn.speaker, f"{last.text} {text}")
            else:
                whole.turns.append(Utterance(turn.speaker, text))
            places.append(len(whole.turns) - 1)
        whole.lines += [Line(line.topic, line.text, _mapped(line.turns, places)) for line in beat.lines]
        whole.claims += [(claim, _mapped(turns, places)) for claim, turns in beat.claims]
    return whole


def _joint(speech: Speech, whole: Beat, turn: Utterance, *, listens: bool) -> str:
    """What goes between two beats; may add a turn of the other speaker. Returns the text of the next beat's first turn."""
    last = whole.turns[-1]
    if last.speaker != turn.speaker:
        if turn.speaker == "clinician" and len(whole.turns) > 2 and speech.maybe(0.5 if listens else 0.2):  # noqa: PLR2004
            return f"{speech.say(_ACKNOWLEDGE if listens else _GO_ON)} {turn.text}"
        return turn.text
    if turn.speaker == "patient":
        whole.turns.append(Utterance("clinician", speech.say(("{Mm-hmm|Okay|Sure}.", "{Go ahead|Yes}.", "{Go on|Right}."))))
    elif len(last.text.split()) + len(turn.text.split()) > _MERGED or speech.maybe(0.5):
        whole.turns.append(Utterance("patient", deciding.backchannel(speech)))
    return turn.text


def _mapped(turns: tuple[int, ...], places: Sequence[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(places[turn] for turn in turns))
