"""The words of a note, sorted by what it takes to use them: restricted ones only if they were said, safe ones always.

A word of five letters or more that is neither was garbled, by the model or by the recognizer, and has to be said to be written.
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

from appliance.lexicon.lexicon import drug_words, everyday_words, lexicon_words
from appliance.lexicon.tables import drugs, measures
from appliance.note.facts.number_words import SMALL, TENS
from appliance.note.facts.sides import Side
from appliance.note.facts.units import UNITS, same_unit

NAME: Final = re.compile(r"[A-Za-z]+-?\d+[A-Za-z]*")
"""A word with digits in it, such as T4, A1c or COVID-19."""
SIDE_WORDS: Final[dict[Side, frozenset[str]]] = {
    "left": frozenset({"left"}),
    "right": frozenset({"right"}),
    "bilateral": frozenset({"bilateral", "bilaterally"}),
}
DATE_WORDS: Final = frozenset(
    "january february april june july august september october november december "
    "monday tuesday wednesday thursday friday saturday sunday yesterday tomorrow tonight".split()
)
"""May and March are left out: "may" and "march" are words too."""
RATES: Final = {"twice": 2, "bid": 2, "thrice": 3, "tid": 3, "qid": 4}
"""Words for how many times a day."""
VALUES: Final = {**SMALL, **TENS, "hundred": 100, "thousand": 1000}
"""Words for numbers."""
GARBLED: Final = 5
"""Letters from which on a word must be known or said: shorter ones are abbreviations as often as words."""
_ENDINGS: Final = ("ly", "ally", "s", "es", "d", "ed", "ing", "er", "ness")
_LONGEST_ENDING: Final = 4
_FREE: Final = frozenset({"one", "zero"})
"""Number words that may be pronouns or name a scale."""


class Prefixes:
    """A set of words in which prefixes are looked up.

    Args:
        words: Lower case.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._sorted = sorted(set(words))

    def has(self, start: str) -> bool:
        """Whether a word is `start` or begins with it."""
        place = bisect_left(self._sorted, start)
        return place < len(self._sorted) and self._sorted[place].startswith(start)


def letters(text: str) -> list[str]:
    """The runs of letters of a text, lower case."""
    return re.findall(r"[a-z]+", text.lower())


@functools.cache
def restricted_words() -> frozenset[str]:
    """Words that state a fact of their own: drugs, numbers, sides, dates, frequencies. Lower case."""
    return (drug_words() | DATE_WORDS | {*VALUES, *RATES}).union(*SIDE_WORDS.values()) - _FREE


@functools.cache
def closed_words() -> frozenset[str]:
    """Restricted words that are stopped once they are complete; others, such as the "contin" of a brand, may become safe."""
    names = {form.lower() for known in drugs().values() for form in (known.concept, *known.forms)}
    return restricted_words() & (names | (restricted_words() - drug_words()))


@functools.cache
def safe_words() -> frozenset[str]:
    """English and clinical words that state no such fact, lower case."""
    units = (word for form in unit_forms() for word in letters(form))
    return (everyday_words() | lexicon_words() | frozenset(units)) - restricted_words()


@functools.cache
def restricted_prefixes() -> Prefixes:
    """How restricted words begin."""
    return Prefixes(restricted_words())


@functools.cache
def _safe_prefixes() -> Prefixes:
    return Prefixes(safe_words())


def is_safe(word: str) -> bool:
    """Whether a word is safe, or is made from a safe one by a common ending: "atypically" from "atypical"."""
    if word in restricted_words():
        return False
    return word in safe_words() or any(word.endswith(end) and word.removesuffix(end) in safe_words() for end in _ENDINGS)


def begins_safely(start: str) -> bool:
    """Whether a safe word is `start` or begins with it."""
    if _safe_prefixes().has(start):
        return True
    cuts = range(max(1, len(start) - _LONGEST_ENDING), len(start))
    return any(start[:cut] in safe_words() and any(ending.startswith(start[cut:]) for ending in _ENDINGS) for cut in cuts)


@functools.cache
def names_of_tests() -> frozenset[str]:
    """Names of tests with digits in them, such as `t4` and `a1c`, lower case: naming one states no number."""
    forms = (form for measure in measures().values() for form in (measure.concept, *measure.forms))
    return frozenset(name.lower() for form in forms for name in NAME.findall(form))


@functools.cache
def unit_forms() -> dict[str, str]:
    """The symbol of every unit by each of its forms of one word, lower case."""
    return {form.lower(): unit.symbol for unit in UNITS for form in (unit.symbol, *unit.forms) if " " not in form}


@functools.cache
def unit_prefixes() -> Prefixes:
    """How units begin."""
    return Prefixes(unit_forms())


@functools.cache
def prefixes_after_number() -> Prefixes:
    """How safe words that are no unit begin."""
    return Prefixes(safe_words() - set(unit_forms()))


@functools.lru_cache(maxsize=256)
def forms_of(symbols: frozenset[str]) -> tuple[str, ...]:
    """Every form, of one word, of units that mean the same as one of several.

    Args:
        symbols: Symbols of units; an empty one stands for none.
    """
    return tuple(form for form, symbol in unit_forms().items() if any(same_unit(symbol, other) for other in symbols if other))
