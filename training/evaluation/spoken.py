"""What was said in a visit, ready to be asked: was this number said, with this drug, and how was the question answered."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from appliance.note.writer import split_sentences
from training.datasets.align import words_of
from training.evaluation.lexicon import Lexicon, Mention, conditions, drugs, everyday, singular, symptoms
from training.evaluation.normal import Quantity, normal, quantities, words
from training.evaluation.polarity import answer_polarity, is_hypothetical, negated
from training.numbers import digits_apart, numbers
from training.visits import Utterance

WINDOW: Final = 6
"""Turns of the stretches of dialogue in which support for a sentence is looked for."""
TOGETHER: Final = 2
"""Turns before and after a name in which a number may be said that belongs to it."""
_SIDES: Final = {"left": "left", "right": "right", "bilateral": "both", "bilaterally": "both", "both": "both"}
_PARTS: Final = frozenset(
    "thyroid lobe neck nodule eye ear nostril cheek jaw shoulder arm elbow forearm wrist hand finger thumb breast chest lung "
    "rib flank kidney adrenal gland ovary hip groin thigh leg knee calf shin ankle heel foot toe side back abdomen "
    "quadrant carotid atrium atrial ventricle ventricular extremity buttock testicle lower upper".split()
)
_REACH: Final = 4
"""Words between a side and its part of the body."""


class Spoken:
    """The dialogue of one visit.

    Args:
        turns: What was said.
    """

    def __init__(self, turns: Sequence[Utterance]) -> None:
        self._turns = [turn.text for turn in turns]
        text = "\n".join(self._turns)
        # In normal form too, in which "a year" is "1 year".
        apart = [digits_apart(turn) for turn in self._turns]
        texts = [text, *self._turns, *map(normal, self._turns), *apart]
        self.numbers: Final = frozenset(number for said in texts for number in numbers(said))
        self._quantities = [[*quantities(turn), *quantities(other)] for turn, other in zip(self._turns, apart, strict=True)]
        self._windows = [
            frozenset().union(*map(words_of, self._turns[start : start + WINDOW]))
            for start in range(0, len(turns), WINDOW // 2)
        ]
        self._supports: dict[str, float] = {}
        self._words = [tuple(map(singular, words(turn))) for turn in self._turns]

    @functools.cached_property
    def drugs(self) -> frozenset[str]:
        """Drugs that were named, by generic name."""
        return frozenset(name for turn in self._turns for name in drugs().names(turn))

    @functools.cached_property
    def conditions(self) -> frozenset[str]:
        """Diagnoses that were named."""
        return frozenset(name for turn in self._turns for name in conditions().names(turn))

    @functools.cached_property
    def _named(self) -> list[tuple[Lexicon, frozenset[str]]]:
        """Every lexicon with what was said of it."""
        others = [
            (lexicon, frozenset(name for turn in self._turns for name in lexicon.names(turn)))
            for lexicon in (symptoms(), everyday())
        ]
        return [(drugs(), self.drugs), (conditions(), self.conditions), *others]

    @functools.cached_property
    def sides(self) -> frozenset[tuple[str, str]]:
        """Side and part of the body, as `("left", "knee")`, that were said close together."""
        return frozenset(pair for turn in self._turns for pair in sided_parts(turn))

    @functools.cached_property
    def symptoms(self) -> dict[str, bool]:
        """Symptoms by whether the patient has them; those that were answered both ways, or not clearly, are left out."""
        found: dict[str, set[bool]] = {}
        for position, turn in enumerate(self._turns):
            answer = words(self._turns[position + 1]) if position + 1 < len(self._turns) else ()
            for sentence in split_sentences(turn):
                asked = sentence.endswith("?")
                if not asked and is_hypothetical(words(sentence)):
                    continue
                for mention in symptoms().mentions(sentence):
                    has = answer_polarity(answer) if asked else not is_negated(sentence, mention)
                    for name in mention.names if has is not None else ():
                        found.setdefault(name, set()).add(bool(has))
        return {name: has.pop() for name, has in found.items() if len(has) == 1}

    def said(self, quantity: Quantity) -> bool:
        """Whether the number was said, with the same unit; a missing unit is forgiven on either side."""
        return any(quantity.equals(other) for said in self._quantities for other in said)

    def said_with(self, quantity: Quantity, names: Iterable[Collection[str]]) -> bool:
        """Whether the number was said within two turns of one of the names, each in words of the normal form."""
        places = [n for n, found in enumerate(self._words) if any(_holds(found, tuple(name)) for name in names)]
        return any(
            quantity.equals(other)
            for place in places
            for said in self._quantities[max(0, place - TOGETHER) : place + TOGETHER + 1]
            for other in said
        )

    def support(self, sentence: str) -> float:
        """Share of the content words of a sentence, 0.0 to 1.0, that the best window of the dialogue holds."""
        if sentence not in self._supports:
            self._supports[sentence] = self._support(sentence)
        return self._supports[sentence]

    def _support(self, sentence: str) -> float:
        # A synonym of what was said is supported: "hypertension" by "high blood pressure".
        parts = words(sentence)
        same = {
            word
            for lexicon, said in self._named
            for mention in lexicon.mentions(sentence)
            if mention.names & said
            for word in parts[mention.start : mention.end]
        }
        content, named = words_of(sentence), words_of(" ".join(sorted(same)))
        return max(len(content & (held | named)) for held in self._windows) / len(content) if content else 1.0


def is_negated(sentence: str, mention: Mention) -> bool:
    """Whether a sentence negates what it mentions."""
    return negated(words(sentence), mention.start, mention.end)


def sided_parts(text: str) -> list[tuple[str, str]]:
    """Side and part of the body of every such pair in a text: the nearest part after the side, or else before it."""
    parts = tuple(map(singular, words(text)))
    found = []
    for position, word in enumerate(parts):
        near = (*parts[position + 1 : position + 1 + _REACH], *reversed(parts[max(0, position - _REACH) : position]))
        part = next((other for other in near if other in _PARTS), None)
        if word in _SIDES and part:
            found.append((_SIDES[word], part))
    return found


def _holds(parts: tuple[str, ...], name: tuple[str, ...]) -> bool:
    wanted = tuple(map(singular, name))
    return any(parts[n : n + len(wanted)] == wanted for n in range(len(parts) - len(wanted) + 1))
