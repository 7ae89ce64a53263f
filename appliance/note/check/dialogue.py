"""What was said, read once: facts, terms and values of every turn, and which turns are question and answer."""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from appliance.lexicon.lexicon import mentions
from appliance.note.check.terms import Term, terms
from appliance.note.facts.answers import answer_of
from appliance.note.facts.attach import Values
from appliance.note.facts.context import FAMILY
from appliance.note.facts.corrections import without_corrections
from appliance.note.facts.dialogue import TurnFact, read_turns
from appliance.note.facts.frequency import frequencies
from appliance.note.facts.quantities import quantities
from appliance.note.facts.sentences import is_question, sentence_spans
from appliance.note.facts.sides import sides
from appliance.note.facts.when import whens
from appliance.note.facts.wording import FAMILY_QUESTION
from appliance.transcript import Turn

_LATE_NO: Final = re.compile(r"\b(?:so|but|actually|honestly|really)\W+(?:no|nope|not really)\b|^\W*nobody\b", re.IGNORECASE)
MISSED: Final = re.compile(r"\b(?:miss|skip|forg[eo]t|remember)", re.IGNORECASE)
"""How often a medicine is missed is not how often it is taken."""
_MUCH: Final = re.compile(
    r"(?:\W*\b(?:oh|well|um|uh)\b)*\W*(?:quite a bit|the usual|tell me about it|all the time|plenty)\b", re.IGNORECASE
)
RELATIVE: Final = re.compile(rf"\b(?:{FAMILY})\b", re.IGNORECASE)
_REQUEST: Final = re.compile(r"\btell me\b", re.IGNORECASE)
"""Asks without a question mark."""
_VISITS: Final = 8
"""Visits of which the reading is kept: those that are open on the tablets."""


@dataclass(frozen=True, eq=False)
class Dialogue:
    """Everything that a check asks about a visit; equal only to itself, so that what was judged by it can be remembered."""

    turns: tuple[Turn, ...]
    facts: tuple[TurnFact, ...]
    terms: tuple[tuple[Term, ...], ...]
    """By turn."""
    weights: dict[str, float]
    """By key of a term: how much it tells turns apart, `log(1 + turns / turns with it)`."""
    asked: tuple[frozenset[str], ...]
    """By turn: keys of the terms in its questions."""
    partners: dict[int, int]
    """The answer of each question and the question of each answer, by position."""
    sided: dict[str, frozenset[str]]
    """By part of the body: the sides that it was spoken of; under the empty name, every side that was named at all."""

    def answered(self, position: int, keys: set[str]) -> tuple[int, ...]:
        """A turn, in order with the question it answers, or with its answer if its question has one of the terms."""
        partner = self.partners.get(position, position)
        return self.exchange(position) if partner < position or keys & self.asked[position] else (position,)

    def _passed_over(self, key: str, question: int, answer: int) -> bool:
        """Whether an answer takes up something else of what was asked: "Body aches, joint pain?" "A bit of joint pain"."""
        named = {term.key for term in self.terms[answer] if term.key[0] == "="} & self.asked[question]
        return key[0] == "=" and bool(named) and key not in named and answer_of(self.turns[answer].text).polarity == "yes"

    def closest_sentence(self, keys: set[str], position: int) -> tuple[int, int]:
        """Offsets of the sentence of a turn that has most of some terms, by weight."""

        def weight(span: tuple[int, int]) -> float:
            own = {term.key for term in self.terms[position] if span[0] <= term.start < span[1]}
            return sum(self.weights[key] for key in keys & own)

        return max(sentence_spans(self.turns[position].text), key=weight, default=(0, 0))

    def exchange(self, position: int) -> tuple[int, ...]:
        """A turn with its question or answer, in order."""
        partner = self.partners.get(position)
        return (position,) if partner is None else (min(position, partner), max(position, partner))

    def polarities(self, key: str, position: int, within: tuple[int, int] | None = None) -> set[bool]:
        """Whether a term is denied in a turn, as far as that can be told; empty if it cannot, or is not there.

        Args:
            key: Of the term.
            position: Of the turn.
            within: Offsets of the part of the turn to look into; None for all of it.
        """
        turn = self.turns[position]
        start, end = within or (0, len(turn.text))
        found: set[bool] = set()
        for term in self.terms[position]:
            if term.key != key or not start <= term.start < end:
                continue
            sentence = next((turn.text[start:end] for start, end in sentence_spans(turn.text) if start <= term.start < end), "")
            if not _asks(sentence):
                found.add(term.negated)
            elif (answer := self.partners.get(position, -1)) > position and not self._passed_over(term.key, position, answer):
                found |= _answered(term, self.turns[answer].text)
        return found


def _answered(term: Term, answer: str) -> set[bool]:
    """Whether the answer denies what was asked."""
    said = answer_of(answer)
    polarity = "no" if _LATE_NO.search(answer) else "yes" if _MUCH.match(answer) else said.polarity
    return {polarity == "no" or (term.negated and said.agrees)} if polarity else set()


def read_dialogue(turns: Sequence[Turn]) -> Dialogue:
    """Read a visit; the last visits are remembered.

    Args:
        turns: The turns from the first one.
    """
    return _read(tuple(Turn(turn.text, speaker=turn.speaker) for turn in turns))


@functools.lru_cache(maxsize=_VISITS)
def _read(turns: tuple[Turn, ...]) -> Dialogue:
    by_turn = tuple(terms(_meant(turn.text)) for turn in turns)
    spread = Counter(key for found in by_turn for key in {term.key for term in found})
    weights = {key: math.log(1 + len(turns) / count) for key, count in spread.items()}
    facts = tuple(_in_context(said, turns) for said in read_turns(turns))
    asked = tuple(_asked(turn.text, found) for turn, found in zip(turns, by_turn, strict=True))
    return Dialogue(turns, facts, by_turn, weights, asked, _partners(turns), _sided(turns))


def _sided(turns: tuple[Turn, ...]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {"": set()}
    for turn in turns:
        for mention in sides(turn.text):
            found[""].add(mention.side)
            found.setdefault(mention.part, set()).add(mention.side)
    return {part: frozenset(named) for part, named in found.items()}


def _asks(sentence: str) -> bool:
    return is_question(sentence) or bool(_REQUEST.search(sentence))


def _asked(text: str, found: tuple[Term, ...]) -> frozenset[str]:
    spans = [(start, end) for start, end in sentence_spans(text) if _asks(text[start:end])]
    return frozenset(term.key for term in found if any(start <= term.start < end for start, end in spans))


def _in_context(said: TurnFact, turns: tuple[Turn, ...]) -> TurnFact:
    """A fact seen with the turn before it.

    An illness named with a relative after a question about the family is the relative's; who misses no dose takes the medicine.
    """
    asked = turns[said.turn - 1].text if said.turn else ""
    if said.fact.kind == "medication" and said.fact.negated and MISSED.search(said.fact.text):
        return replace(said, fact=replace(said.fact, negated=False))
    if said.fact.kind == "condition" and FAMILY_QUESTION.search(asked) and RELATIVE.search(said.fact.text):
        return replace(said, fact=replace(said.fact, experiencer="family"))
    return said


def _partners(turns: tuple[Turn, ...]) -> dict[int, int]:
    partners: dict[int, int] = {}
    for position, turn in enumerate(turns[:-1]):
        following = turns[position + 1]
        last = [turn.text[start:end] for start, end in sentence_spans(turn.text)][-1:]
        if last and _asks(last[0]) and (following.speaker != turn.speaker or turn.speaker == "unknown"):
            partners[position] = position + 1
            partners.setdefault(position + 1, position)
    return partners


@functools.lru_cache(maxsize=2048)
def values_of(text: str) -> Values:
    """The quantities, frequencies, times and sides of a text, without what was taken back."""
    meant = _meant(text)
    return Values(quantities(meant), frequencies(meant), whens(meant), sides(meant))


def _meant(text: str) -> str:
    """The text with blanks for what was taken back."""
    return without_corrections(text, quantities(text), [mention for mention in mentions(text) if mention.kind == "drug"])
