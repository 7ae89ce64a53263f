"""Finds the facts of a synthetic visit in a note: stated, stated wrongly, or not at all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from training.evaluation.lexicon import drugs, singular
from training.evaluation.normal import Quantity, clause_ends, quantities, words
from training.evaluation.polarity import negated
from training.evaluation.spoken import Spoken
from training.visits import Fact

State = Literal["stated", "wrong value", "flipped", "missing"]
"""How a note states a fact.

`stated`: named with the right polarity and, if it has one, the value. How a diagnosis is doing, or how an allergy shows, is not
required. `wrong value`: named with a number of the same unit that is neither its value nor said with it in the dialogue.
`flipped`: named only with the other polarity. `missing`: the rest, also a fact that is named without its value.
"""

_SMALL_WORDS: Final = frozenset("a an the of for in on at to with and or is was her his their be by per".split())
_NEGATIONS: Final = frozenset("no not without denies never none negative non nkda absent".split())
_IMPLY_DAILY: Final = frozenset("daily qam qpm qhs".split())
_CONJUNCTIONS: Final = frozenset("and or with but".split())
_NEAR: Final = 4
"""Most words between a number and the name it stands before."""
_LEAST_STEM: Final = 4
"""Letters that a name needs to stand for longer words: `discontinu`, `allerg`."""
_STRETCH: Final = 2
"""Other words that may stand between the words of a name."""
_VALUE_NOT_REQUIRED: Final = frozenset({"diagnosis", "allergy"})
_MEASURED: Final = frozenset({"dose", "result", "vital"})
"""Kinds whose numbers must belong to the name; others share theirs: "repeat TSH and free T4 in 6 weeks"."""
_ABOUT_VALUES: Final = frozenset({"follow_up", "order", "dose", "result", "vital"})
"""Kinds that are about a value. A negation beside them says something else: "no changes to metformin 500 mg"."""

Span = tuple[int, int]
Words = tuple[str, ...]


@dataclass(frozen=True)
class Sentence:
    """A sentence of a note, ready to be searched."""

    text: str
    words: Words
    """Of the normal form."""
    parts: Words
    """The words in the singular."""
    quantities: tuple[Quantity, ...]
    ends: frozenset[int]
    """Where clauses end, as `clause_ends` says."""

    @classmethod
    def of(cls, text: str) -> Sentence:
        """From its text."""
        found = words(text)
        return cls(text, found, tuple(map(singular, found)), quantities(text), clause_ends(text))


class FactFinder:
    """Looks for the facts of one visit.

    Args:
        facts: Everything that the note must say.
        spoken: The dialogue.
    """

    def __init__(self, facts: Sequence[Fact], spoken: Spoken) -> None:
        self._facts = facts
        self._spoken = spoken
        self._valued = {_form(name) for fact in facts if fact.values for name in fact.names}

    def state(self, fact: Fact, note: Sequence[Sentence]) -> tuple[State, set[int]]:
        """How a note states a fact, and the positions of the sentences that do."""
        names = {_form(name) for name in fact.names}
        named = [(number, span) for number, sentence in enumerate(note) for span in _spans(sentence.parts, names)]
        polar = [(number, span) for number, span in named if self._polarity_fits(fact, note[number], span)]
        values = _needed_values(fact)
        # A value such as "negative" may look like a negation of the name.
        stating = [pair for pair in (named if values else polar) if self._has_value(fact, note, *pair, names)]
        if stating:
            return "stated", {number for number, _ in stating}
        if named and not polar and not values:
            return "flipped", set()
        if values and any(self._has_wrong_value(fact, note[number], span, names) for number, span in named):
            return "wrong value", set()
        return "missing", set()

    def _polarity_fits(self, fact: Fact, sentence: Sentence, span: Span) -> bool:
        if fact.kind in _ABOUT_VALUES or _NEGATIONS & set(sentence.parts[slice(*span)]):
            return True
        return negated(sentence.words, *span) == fact.negated

    def _has_value(self, fact: Fact, note: Sequence[Sentence], number: int, span: Span, names: Collection[Words]) -> bool:
        values = _needed_values(fact)
        following = note[number + 1 : number + 2]
        for value in values:
            sentence = note[number]
            attached = self._attached(sentence, span, names) if fact.kind in _MEASURED else sentence.quantities
            if _holds_value(attached, sentence.parts, value):
                return True
            # "She takes metformin. The dose is 500 mg." The next sentence counts if it names nothing else that has a value.
            if any(
                _holds_value(next_.quantities, next_.parts, value) and not self._others(next_, names) for next_ in following
            ):
                return True
        return not values

    def _has_wrong_value(self, fact: Fact, sentence: Sentence, span: Span, names: Collection[Words]) -> bool:
        siblings = [other for other in self._facts if {_form(name) for name in other.names} & set(names)]
        right = [quantity for other in siblings for value in other.values for quantity in quantities(value)]
        units = {quantity.unit for value in fact.values for quantity in quantities(value)}
        return any(
            quantity.unit in units and not any(map(quantity.equals, right)) and not self._spoken.said_with(quantity, names)
            for quantity in self._attached(sentence, span, names)
        )

    def _attached(self, sentence: Sentence, span: Span, names: Collection[Words]) -> list[Quantity]:
        """The numbers of a sentence that belong to the name.

        Those after it, up to the next name that may have a number; and those before it, if no such name is before them, or if
        they stand right before it in the same clause ("20 mg of lisinopril").
        """
        others = [start for start, _ in self._others(sentence, names)]

        def belongs(quantity: Quantity) -> bool:
            if quantity.position >= span[1]:
                return not any(span[1] <= other < quantity.position for other in others)
            end = quantity.position + len(quantity.text.split())
            gap = sentence.parts[end : span[0]]
            near = len(gap) <= _NEAR and not _CONJUNCTIONS & set(gap) and not sentence.ends & set(range(end, span[0] + 1))
            return near or not any(other < span[0] for other in others)

        return [quantity for quantity in sentence.quantities if belongs(quantity)]

    def _others(self, sentence: Sentence, names: Collection[Words]) -> list[Span]:
        own = _spans(sentence.parts, names)
        found = [(mention.start, mention.end) for mention in drugs().mentions(sentence.text)]
        found += _spans(sentence.parts, self._valued - set(names))
        return [other for other in found if not any(other[0] < end and start < other[1] for start, end in own)]


def _needed_values(fact: Fact) -> tuple[str, ...]:
    """The values of which a note must have one."""
    return () if fact.kind in _VALUE_NOT_REQUIRED else fact.values


def _form(name: str) -> Words:
    return tuple(map(singular, words(name)))


def _spans(parts: Words, names: Iterable[Words]) -> list[Span]:
    """Where a sentence has one of the names: word for word, or all its words close together in any order."""
    found = []
    for name in names:
        length = len(name)
        exact = [
            (n, n + length)
            for n in range(len(parts) - length + 1)
            if length and parts[n : n + length - 1] == name[:-1] and _is_form(parts[n + length - 1], name[-1])
        ]
        found += exact
        needed = set(name) - _SMALL_WORDS
        if not exact and len(needed) > 1:
            reach = length + _STRETCH
            near = [n for n in range(len(parts)) if parts[n] in needed and needed <= set(parts[n : n + reach])]
            found += [(n, min(n + reach, len(parts))) for n in near[:1]]
    return sorted(set(found))


def _holds_value(attached: Collection[Quantity], parts: Words, value: str) -> bool:
    """Whether the numbers of a value are among those attached to the name, and its words in the sentence."""
    wanted = quantities(value)
    if not all(any(map(quantity.equals, attached)) for quantity in wanted):
        return False
    form = tuple(map(singular, words(value)))
    numeric = {n for quantity in wanted for n in range(quantity.position, quantity.position + len(quantity.text.split()))}
    rest = {word for n, word in enumerate(form) if n not in numeric} - _SMALL_WORDS
    present = {*parts, "daily"} if _IMPLY_DAILY & set(parts) else set(parts)
    return all(any(_is_form(word, stem) for word in present) for stem in rest)


def _is_form(word: str, stem: str) -> bool:
    """Whether a word is a stem or starts with it."""
    return word == stem or (len(stem) >= _LEAST_STEM and word.startswith(stem))
