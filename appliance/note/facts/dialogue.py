"""Clinical facts of a dialogue: questions with their answers, pronouns with what they stand for, corrections, plans.

"Any chest pain?" "No." is chest pain denied; "Are you taking the metformin?" "Yes, twice a day." is metformin twice daily.
A question alone states nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from appliance.note.facts.answers import Answer, answer_of, echo_of
from appliance.note.facts.context import FAMILY, context
from appliance.note.facts.facts import Fact, read_facts
from appliance.note.facts.sentences import is_question, sentence_spans
from appliance.note.facts.units import KINDS
from appliance.note.facts.wording import ALLERGY, FAMILY_QUESTION, MEDICINE_QUESTION, action_of
from appliance.transcript import Speaker, Turn

_NAMED: Final = frozenset({"medication", "result", "vital", "symptom", "condition", "order", "allergy"})
_ASKED: Final = frozenset({"medication", "symptom", "condition", "allergy"})
"""What a yes or no can be about."""
_REMEMBERED: Final = 6
"""Turns after which "it" no longer stands for a medicine named before."""
_OPEN: Final = 3
"""Turns after which a question is no longer answered."""
_SHORT: Final = 3
"""Words of a "no" that answers a question of the same turn: "Any fever? No? Good." """
_TAKES: Final = re.compile(
    r"^(?:(?:yes|yeah|well|because|so)\W+)*i(?: do|'ve been|'m| am)? (?:take|taking|use|using|have|on)\b", re.IGNORECASE
)
"""The speaker answers the own question: "Would biotin count? I take some of that." """
_TOPICS: Final = {"allergy": ALLERGY, "family": FAMILY_QUESTION, "medicine": MEDICINE_QUESTION}
"""What a question asks about in general."""


@dataclass(frozen=True, slots=True)
class TurnFact:
    """A fact with the turns it comes from."""

    fact: Fact
    """Its offsets refer to the text of `turn`."""
    turn: int
    """Position, from 0, of the turn that names it."""
    speaker: Speaker
    """Who stated it: for a question and its answer, who answered."""
    turns: tuple[int, ...]
    """Positions of all turns that it rests on, in order: question, answer, the turn that says what "it" is."""


@dataclass(frozen=True, slots=True)
class _Question:
    """A question that waits for its answer."""

    position: int
    text: str
    speaker: Speaker
    facts: tuple[Fact, ...]
    turn: str
    """Text of its turn."""
    topic: str
    """A key of `_TOPICS`, or empty."""


def read_turns(turns: Sequence[Turn]) -> tuple[TurnFact, ...]:
    """The facts of a dialogue, in the order they were stated.

    >>> asked, answered = Turn("Any fever or chills?", speaker="clinician"), Turn("Just the chills.", speaker="patient")
    >>> [(found.fact.concept, found.fact.negated, found.turns) for found in read_turns([asked, answered])]
    [('fever', True, (0, 1)), ('chills', False, (0, 1))]

    Args:
        turns: The turns from the first one; speakers may be unknown, punctuation may be missing.
    """
    reading = _Dialogue()
    for position, turn in enumerate(turns):
        reading.add(position, turn)
    return tuple(reading.found)


class _Dialogue:
    """Reads turn after turn and keeps what later turns refer to."""

    def __init__(self) -> None:
        self.found: list[TurnFact] = []
        self._question: _Question | None = None
        self._medicine: tuple[int, Fact] | None = None

    def add(self, position: int, turn: Turn) -> None:
        """Read the next turn."""
        stated, asked = self._by_sentence(position, turn)
        question = self._question
        if question and position - question.position > _OPEN:
            question = self._question = None
        if question and (turn.speaker != question.speaker or turn.speaker == "unknown"):
            stated = self._answered(position, turn, question, stated)
        for fact, turns in self._with_pronouns(position, turn, stated):
            self._keep(fact, position, turn.speaker, turns)
        self._ask(position, turn, asked)

    def _keep(self, fact: Fact, turn: int, speaker: Speaker, turns: Iterable[int]) -> None:
        self.found.append(TurnFact(fact, turn, speaker, tuple(sorted(set(turns)))))
        if fact.kind == "medication":
            self._medicine = (turn, fact)

    def _by_sentence(self, position: int, turn: Turn) -> tuple[list[Fact], list[tuple[str, list[Fact]]]]:
        """The facts that a turn states, and its questions with theirs; keeps what the turn answers itself."""
        facts = read_facts(turn.text)
        stated: list[Fact] = []
        asked: list[tuple[str, list[Fact]]] = []
        for start, end in sentence_spans(turn.text):
            own = [fact for fact in facts if start <= fact.start < end]
            sentence = turn.text[start:end]
            answer = answer_of(sentence)
            short = len(sentence.split()) <= _SHORT and bool(answer.polarity)
            if asked and not own and (short or (turn.speaker == "unknown" and answer.polarity)):
                for fact in _verdicts(asked.pop()[1], answer, sentence, turn.text):
                    self._keep(fact, position, turn.speaker, (position,))
            elif asked and turn.speaker != "clinician" and _TAKES.match(sentence):
                stated += [*asked.pop()[1], *own]
            elif is_question(sentence):
                asked.append((sentence, own))
            else:
                stated += own
        return stated, asked

    def _ask(self, position: int, turn: Turn, asked: list[tuple[str, list[Fact]]]) -> None:
        """Remember the questions of a turn."""
        if not asked:
            return
        text = " ".join(sentence for sentence, _ in asked)
        facts = tuple(fact for _, group in asked for fact in group)
        topic = next((name for name, pattern in _TOPICS.items() if pattern.search(text)), "")
        self._question = _Question(position, text, turn.speaker, facts, turn.text, topic)
        for fact in facts:
            if fact.kind == "medication":
                self._medicine = (position, fact)

    def _answered(self, position: int, turn: Turn, question: _Question, stated: list[Fact]) -> list[Fact]:
        """Keep what the answer makes of the question and what it states itself; returns what is still to be placed."""
        answer = answer_of(turn.text)
        both = (question.position, position)
        stated = _on_topic(stated, question)
        named = [fact for fact in stated if fact.kind in _NAMED]
        loose = [fact for fact in stated if fact.kind not in _NAMED]
        concepts = {fact.concept for fact in named}
        verdicts = _verdicts(
            [fact for fact in question.facts if fact.concept not in concepts], answer, turn.text, question.turn, named
        )
        if (
            question.topic == "family"
            and not verdicts
            and re.search(rf"\b(?:{FAMILY})\b", turn.text, re.IGNORECASE)
            and not named
        ):
            verdicts = [replace(fact, experiencer="family") for fact in question.facts if fact.kind == "condition"]
        about = [fact for fact in question.facts if fact.kind in _NAMED]
        detail = [fact for fact in loose if fact.kind in {"number", "time"}]
        if not named and detail and len({fact.concept for fact in about}) == 1 and answer.polarity != "no":
            whole = _completed(verdicts[0] if verdicts else about[-1], detail)
            if whole != about[-1]:
                verdicts, loose = [whole], [fact for fact in loose if not _belongs(fact, whole)]
        for fact in verdicts:
            self._keep(fact, question.position, turn.speaker, both)
        nothing = not any(fact.kind == "allergy" for fact in (*named, *verdicts))
        if question.topic == "allergy" and answer.polarity == "no" and nothing:
            self._keep(Fact("allergy", "any", negated=True, text=question.text), question.position, turn.speaker, both)
        for fact in named:
            self._keep(fact, position, turn.speaker, both)
        if answer.polarity or named or verdicts:
            self._question = None
        return loose

    def _with_pronouns(self, position: int, turn: Turn, stated: list[Fact]) -> list[tuple[Fact, tuple[int, ...]]]:
        """Gives a dose to the medicine spoken of, as in "Metformin. Let's go up on that to 1000 mg"."""
        kept: list[tuple[Fact, tuple[int, ...]]] = []
        for fact in stated:
            medicine = self._medicine
            if kept and (before := [item for item, _ in kept if item.kind == "medication"]):
                medicine = (position, before[-1])
            place = (position,)
            dose = fact.kind == "number" and KINDS.get(fact.quantities[0].unit.split("/")[0]) in {
                "mass",
                "volume",
                "activity",
                "count",
            }
            if not medicine or position - medicine[0] > _REMEMBERED or not (dose or fact.frequency) or fact.kind in _NAMED:
                kept.append((fact, place))
                continue
            last = kept[-1][0] if kept else None
            action = action_of(turn.text[: fact.start].rpartition(". ")[2], "")
            if (
                last
                and last.kind == "medication"
                and not (fact.quantities and last.quantities)
                and not (fact.frequency and last.frequency)
            ):
                whole = _completed(last, [fact])
                kept[-1] = (replace(whole, action=whole.action or action), kept[-1][1])
            elif dose and fact.quantities[0].unit not in {"lb", "oz", "kg"} and (action or medicine[0] == position):
                whole = replace(fact, kind="medication", concept=medicine[1].concept, action=action)
                kept.append((whole, (medicine[0], position)))
            else:
                kept.append((fact, place))
        return kept


def _on_topic(stated: list[Fact], question: _Question) -> list[Fact]:
    """What the question was about holds for the answer: allergies, the family, what is taken."""
    if question.topic == "family":
        return [replace(fact, experiencer="family") if fact.kind == "condition" else fact for fact in stated]
    if question.topic == "medicine":
        return [
            replace(fact, kind="medication") if fact.kind == "result" and not (fact.quantities or fact.detail) else fact
            for fact in stated
        ]
    if question.topic != "allergy":
        return stated
    kept: list[Fact] = []
    for fact in stated:
        if fact.kind == "medication":
            kept.append(replace(fact, kind="allergy"))
        elif fact.kind in {"symptom", "condition"} and kept and kept[-1].kind == "allergy":
            kept[-1] = replace(kept[-1], detail=fact.concept)
        else:
            kept.append(fact)
    return kept


def _verdicts(asked: Sequence[Fact], answer: Answer, said: str, question: str, named: Sequence[Fact] = ()) -> list[Fact]:
    """What an answer says about the things that were asked and that it does not name by their names.

    Args:
        asked: What was asked.
        answer: What the answer says as a whole.
        said: The text of the answer.
        question: The text that the offsets of `asked` refer to.
        named: What the answer names.
    """
    asked = [fact for fact in asked if fact.kind in _ASKED]
    echoes = {fact: place for fact in asked if (place := echo_of(question[fact.start : fact.end], said))}
    taken_up = [replace(fact, negated=context(said, *place).negated) for fact, place in echoes.items()]
    rest = [fact for fact in asked if fact not in echoes]
    positive = any(not fact.negated for fact in (*named, *taken_up))
    if answer.polarity == "no" or (answer.only and positive):
        return [*taken_up, *(replace(fact, negated=True) for fact in rest)]
    if answer.polarity == "yes" and not named and not taken_up and not answer.only:
        return [fact for fact in rest if not fact.negated or answer.agrees]
    return taken_up


def _belongs(detail: Fact, whole: Fact) -> bool:
    """Whether a number or time has become part of a fact."""
    own = (
        detail.quantities and detail.quantities == whole.quantities,
        detail.frequency and detail.frequency == whole.frequency,
    )
    return any(own) or bool(detail.when and detail.when == whole.when)


def _completed(fact: Fact, detail: Sequence[Fact]) -> Fact:
    """A fact with the dose, frequency or time that was said apart from it."""
    for item in detail:
        if item.quantities and fact.kind in {"medication", "result", "vital"}:
            fact = replace(fact, quantities=item.quantities)
        if item.frequency and fact.frequency is None:
            fact = replace(fact, frequency=item.frequency)
        if item.when and fact.when is None:
            fact = replace(fact, when=item.when)
    return fact
