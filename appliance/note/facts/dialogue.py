"""Clinical facts of a dialogue: questions with their answers, pronouns with what they stand for, corrections, plans.

"Any chest pain?" "No." is chest pain denied; "Are you taking the metformin?" "Yes, twice a day." is metformin twice daily.
A question alone states nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from appliance.note.facts.answers import Answer, answer_of, belongs, completed, echo_is_denied, echo_of, is_corrected
from appliance.note.facts.context import FAMILY, context
from appliance.note.facts.facts import Fact, read_facts
from appliance.note.facts.quantities import Quantity
from appliance.note.facts.sentences import is_question, sentence_spans
from appliance.note.facts.units import KINDS
from appliance.note.facts.wording import ALLERGY, FAMILY_QUESTION, MEDICINE_QUESTION, Action, action_of
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
_DOSES: Final = frozenset({"mass", "volume", "activity", "count"})
"""Kinds of units that a medicine is given in."""
_FROM: Final = re.compile(r"\bfrom\s+(?:your\s+|the\s+|about\s+)?$", re.IGNORECASE)
_TO: Final = re.compile(r"\s*(?:up |down )?to (?:about )?", re.IGNORECASE)
"""Between two doses: from the one to the other."""
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
        spoken_of = self._medicine
        stated, asked = self._by_sentence(position, turn)
        question = self._question
        if question and position - question.position > _OPEN:
            question = self._question = None
        if question and (turn.speaker != question.speaker or turn.speaker == "unknown"):
            stated = self._answered(position, turn, question, stated)
        for fact, turns in self._with_pronouns(position, turn, stated, spoken_of):
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
        loose = _as_changes([fact for fact in stated if fact.kind not in _NAMED], turn.text)
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
        lone = not named and bool(detail) and len({fact.concept for fact in about}) == 1
        if lone and (answer.polarity != "no" or is_corrected(about[-1], detail, turn.text)):
            taken = [fact for fact in verdicts if not fact.negated] or about[-1:]
            whole = completed(taken[0], detail, anew=answer.polarity == "no")
            if whole.kind == "medication" and (action := _done_with(detail, turn.text)) in {"increase", "decrease"}:
                whole = replace(whole, action=action)
            if whole != about[-1]:
                verdicts = [whole]
                loose = [fact for fact in loose if not belongs(fact, whole)]
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

    def _with_pronouns(
        self, position: int, turn: Turn, stated: list[Fact], spoken_of: tuple[int, Fact] | None
    ) -> list[tuple[Fact, tuple[int, ...]]]:
        """Gives a dose to the medicine spoken of, as in "Metformin. Let's go up on that to 1000 mg".

        Args:
            position: Of the turn.
            turn: The turn.
            stated: What it states and is not yet kept.
            spoken_of: The last medicine before the turn, with the position of its turn.
        """
        kept: list[tuple[Fact, tuple[int, ...]]] = []
        own = [item.fact for item in self.found if item.turn == position and item.fact.kind == "medication"]
        for fact in _as_changes(stated, turn.text):
            named = [
                item for item in (*own, *(item for item, _ in kept)) if item.kind == "medication" and item.start < fact.start
            ]
            medicine = (position, max(named, key=lambda item: item.start)) if named else spoken_of
            dose = fact.kind == "number" and KINDS.get(fact.quantities[0].unit.split("/")[0]) in _DOSES
            if dose and fact.previous:
                medicine = self._taken_at(fact.previous, medicine, position)
            if not medicine or position - medicine[0] > _REMEMBERED or not (dose or fact.frequency) or fact.kind in _NAMED:
                kept.append((fact, (position,)))
                continue
            last = kept[-1][0] if kept else None
            action = _done_with([fact], turn.text)
            if (
                last
                and last.kind == "medication"
                and last.concept == medicine[1].concept
                and not (fact.quantities and last.quantities)
                and not (fact.frequency and last.frequency)
            ):
                whole = completed(last, [fact])
                kept[-1] = (replace(whole, action=whole.action or action), kept[-1][1])
            elif dose and fact.quantities[0].unit not in {"lb", "oz", "kg"} and (action or medicine[0] == position):
                whole = replace(fact, kind="medication", concept=medicine[1].concept, action=action)
                kept.append((whole, (medicine[0], position)))
            else:
                kept.append((fact, (position,)))
        return kept

    def _taken_at(
        self, before: Sequence[Quantity], medicine: tuple[int, Fact] | None, position: int
    ) -> tuple[int, Fact] | None:
        """The medicine that is raised or lowered from a dose: the one that was said to be taken at it.

        Args:
            before: The dose it is changed from.
            medicine: What was last spoken of; stays if something is done with it or the last question was about it.
            position: Of the turn.
        """
        if medicine and (medicine[1].action or medicine[0] == position - 1):
            return medicine
        return next(
            (
                (position, item.fact)
                for item in reversed(self.found)
                if item.fact.kind == "medication" and any(before[0].agrees(dose) for dose in item.fact.quantities)
            ),
            medicine,
        )


def _done_with(detail: Sequence[Fact], said: str) -> Action:
    """What is done with the medicine that a dose or time belongs to, by the words before it in its sentence."""
    return action_of(said[: min(item.start for item in detail)].rpartition(". ")[2], "")


def _as_changes(stated: Sequence[Fact], said: str) -> list[Fact]:
    """What is stated, with two doses in a row as one change: "from 10 to 20 milligrams"."""
    kept: list[Fact] = []
    for fact in stated:
        last = kept[-1] if kept else None
        pair = last is not None and last.kind == fact.kind == "number" and _TO.fullmatch(said, last.end, fact.start)
        if last and pair and _FROM.search(said[: last.start]):
            kept[-1] = replace(fact, previous=last.quantities, start=last.start)
        else:
            kept.append(fact)
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
    taken_up = [
        replace(fact, negated=context(said, *place).negated or echo_is_denied(said, place, answer))
        for fact, place in echoes.items()
    ]
    rest = [fact for fact in asked if fact not in echoes]
    positive = any(not fact.negated for fact in (*named, *taken_up))
    if answer.polarity == "no" or (answer.only and positive):
        return [*taken_up, *(replace(fact, negated=True) for fact in rest)]
    if answer.polarity == "yes" and not named and not taken_up and not answer.only:
        return [fact for fact in rest if not fact.negated or answer.agrees]
    return taken_up
