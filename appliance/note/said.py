"""What was said in a stretch of dialogue, as far as a note may not add to it: numbers, units, drugs, sides, dates.

`Said.allows` judges a text while it is written, letter by letter: whether everything complete in it was said, and whether its
last, open word or number can still become something that was said. So whatever it allows can be finished.
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from appliance.lexicon.lexicon import default_units, drug, drug_words, mentions
from appliance.note.facts.frequency import frequencies
from appliance.note.facts.quantities import quantities
from appliance.note.facts.sides import sides
from appliance.note.facts.units import same_unit
from appliance.note.facts.when import whens
from appliance.note.vocabulary import (
    DATE_WORDS,
    GARBLED,
    NAME,
    RATES,
    SIDE_WORDS,
    VALUES,
    begins_safely,
    closed_words,
    forms_of,
    is_safe,
    letters,
    names_of_tests,
    prefixes_after_number,
    restricted_prefixes,
    restricted_words,
    unit_forms,
    unit_prefixes,
)

_AWAY: Final = re.compile(r"\b(?:call|us|me|clinic|come|go|stop|seen|care|room) $", re.IGNORECASE)
"""Before "right away", where "right" is no side."""
_ITEM: Final = re.compile(r"\d+(?:,\d{1,3})*(?:\.\d+)?|[A-Za-z]+(?:-?\d+[A-Za-z]*)?|[½¼¾⅓⅔]")
"""A number, a word, or a name with digits; also while it is incomplete."""
_PER_WEEK: Final = re.compile(r" (?:a|per|each|every|out of the) (?:week|month)\b")
"""Three days a week are three times a week."""
_ONE: Final = re.compile(r"\bone\b", re.IGNORECASE)
"""May be a pronoun; but a note may write 1 for it."""
_UNIT: Final = re.compile(r"[ -]?(?P<unit>%|[A-Za-zµ°][A-Za-zµ°/0-9]*)")
_BEFORE: Final = re.compile(r"(?<![\w.,])(?<![A-Za-z]-)(?:\d+(?:,\d{3})*(?:\.\d+)?|[A-Za-z]+)[ -]$")
"""The number or word before the last one."""
_FRACTIONS: Final = frozenset("½¼¾⅓⅔")
_TIMES_WRITTEN: Final = (" time", "-time")
_LONGEST_NAME: Final = 5
"""Words of the longest name of a drug."""
_TAIL: Final = 80
"""Characters in which that many words fit."""


@dataclass(frozen=True)
class Said:
    """What a note may state as a fact. All words are in lower case."""

    numbers: dict[str, frozenset[str]]
    """Every way to write a number that was said, with the units it was said with, or may have by what it measures."""
    words: frozenset[str]
    """The restricted words that were said in one form or another."""
    drugs: frozenset[str]
    """Concepts of the lexicon."""
    drug_names: frozenset[str]
    """Every name of these drugs."""
    names: frozenset[str]
    """Words with digits in them, such as `t4`."""
    literal: frozenset[str]
    """Every other word as it was said."""

    def allows(self, text: str, start: int = 0) -> bool:
        """Whether a text states nothing that was not said, and can be finished without doing so.

        Args:
            text: What is written so far; its last word or number may be incomplete.
            start: Offset from which the text is new; what stands before was allowed already.
        """
        items = _ITEM.finditer(text, _beginning(text, start))
        return all(self._item_fits(text, item) and self._unit_fits(text, item) for item in items) and self._drugs_fit(text)

    def allows_finished(self, text: str, start: int = 0) -> bool:
        """The same for a text to which nothing will be added."""
        return self.allows(f"{text}\n", start)

    def _item_fits(self, text: str, item: re.Match[str]) -> bool:
        word = item[0].lower()
        if word[0].isdigit():
            return self._number_fits(text, *item.span())
        if NAME.fullmatch(word):
            return self._name_fits(word, is_open=item.end() == len(text))
        if word in _FRACTIONS:
            return word in self.literal
        rest = text[item.end() :]
        if word == "right" and _AWAY.search(text, 0, item.start()) and (rest.startswith(" away") or " away".startswith(rest)):
            return True
        return self._word_fits(word, is_open=not rest)

    def _number_fits(self, text: str, start: int, end: int) -> bool:
        written = text[start:]
        if written[end - start :] not in {"", ".", ","}:
            return text[start:end] in self.numbers
        # "7" and "7." may become 7.8.
        return written.rstrip(".,") in self.numbers or any(form.startswith(written) for form in self.numbers)

    def _name_fits(self, name: str, *, is_open: bool) -> bool:
        plain = name.replace("-", "")
        known = (other.replace("-", "") for other in self.names | names_of_tests())
        return any(other.startswith(plain) if is_open else other == plain for other in known)

    def _word_fits(self, word: str, *, is_open: bool) -> bool:
        if not is_open:
            known = len(word) < GARBLED or word in self.literal or is_safe(word)
            return word in self.words or (known and word not in restricted_words())
        if any(said.startswith(word) for said in self.words | self.literal):
            return True
        if word in closed_words():
            return False
        return begins_safely(word) or (len(word) < GARBLED and not restricted_prefixes().has(word))

    def _unit_fits(self, text: str, item: re.Match[str]) -> bool:
        """Whether what follows a number may be its unit."""
        number = item[0] if item[0][0].isdigit() else str(VALUES.get(item[0].lower(), ""))
        if number and self.numbers.get(number) == frozenset({"time"}):
            # From "twice" one may write "2 times", but no other 2.
            rest = text[item.end() :].lower()
            may_go_on = rest in {".", ","} and any(form.startswith(f"{number}{rest}") for form in self.numbers)
            return may_go_on or rest.startswith(_TIMES_WRITTEN) or any(form.startswith(rest) for form in _TIMES_WRITTEN)
        match = _UNIT.match(text, item.end()) if number else None
        if match is None:
            return True
        said = self.numbers.get(number, frozenset())
        written, is_open = match["unit"].lower(), match.end() == len(text)
        symbol = unit_forms().get(written, "")
        if any(same_unit(symbol, other) for other in said if symbol and other):
            return True
        if not is_open:
            return not symbol
        may_become = any(form.startswith(written) for form in forms_of(said))
        no_unit = prefixes_after_number().has(written) or not unit_prefixes().has(written)
        return may_become or (no_unit and (not symbol or len(written) == 1))

    def _drugs_fit(self, text: str) -> bool:
        """Whether drugs with names of several words at the end were said: "fish oil" has harmless words only."""
        tail = text[_words_back(text, _LONGEST_NAME) :]
        for mention in mentions(tail):
            name = tail[mention.start : mention.end].lower()
            if mention.kind == "drug" and mention.concept not in self.drugs and not name.isalpha():
                is_open = mention.end == len(tail)
                if not (is_open and any(form.startswith(name) for form in self.drug_names)):
                    return False
        return True


@functools.lru_cache(maxsize=512)
def said_in(text: str) -> Said:
    """What was said in a text: an exchange, or all turns of a visit.

    Args:
        text: Turns, one per line, with or without speakers.
    """
    numbers = _numbers(text)
    drugs = frozenset(mention.concept for mention in mentions(text) if mention.kind == "drug")
    names = frozenset(form.lower() for concept in drugs for form in (concept, *drug(concept).forms))
    literal = frozenset([*letters(text), *(character for character in text if character in _FRACTIONS)])
    words = {word for name in names for word in letters(name)} | (literal & (drug_words() | DATE_WORDS))
    words |= _counting_words(text, numbers) | _side_words(text)
    digits = frozenset(name.lower() for name in NAME.findall(text))
    return Said(numbers, frozenset(words), drugs, names, digits, literal - restricted_words())


def _numbers(text: str) -> dict[str, frozenset[str]]:
    """See `Said.numbers`."""
    pairs = [(when.value, when.unit) for when in whens(text) if when.value is not None]
    pairs += [(Decimal(1), "")] if _ONE.search(text) else []
    for frequency in frequencies(text):
        pairs += [(frequency.times, "time")] if frequency.times is not None else []
        pairs += [(Decimal(frequency.every), frequency.per)] if frequency.every > 1 else []
    for quantity in quantities(text):
        pairs.append((quantity.value, quantity.unit))
        pairs += [(quantity.value, "time")] if _PER_WEEK.match(text, quantity.end) else []
    defaults = {unit for mention in mentions(text) for unit in default_units(mention.concept)}
    found: dict[str, set[str]] = defaultdict(set)
    for value, unit in pairs:
        for form in _written(value):
            found[form] |= {unit} if unit else {*defaults, ""}
    return {form: frozenset(units) for form, units in found.items()}


def _written(value: Decimal) -> set[str]:
    """How a number may be written in digits."""
    size = abs(value)
    return {f"{size:f}", f"{size.normalize():f}", f"{size.normalize():,f}"}


def _counting_words(text: str, numbers: dict[str, frozenset[str]]) -> set[str]:
    values = {Decimal(form.replace(",", "")) for form in numbers}
    times = {frequency.times for frequency in frequencies(text)}
    return {word for word, value in VALUES.items() if value in values} | {word for word, rate in RATES.items() if rate in times}


def _side_words(text: str) -> set[str]:
    found = {mention.side for mention in sides(text)}
    found |= {"bilateral"} if {"left", "right"} <= found else set()
    return {word for side in found for word in SIDE_WORDS[side]}


def _beginning(text: str, start: int) -> int:
    """Where the word or number begins that was open at `start`, with the number before it: its unit may be what is new."""
    begin = start
    while begin and (text[begin - 1].isalnum() or (text[begin - 1] in ".,%/°-" and begin > 1 and text[begin - 2].isalnum())):
        begin -= 1
    before = _BEFORE.search(text, max(0, begin - _TAIL), begin)
    return before.start() if before else begin


def _words_back(text: str, count: int) -> int:
    """Where the last `count` words of a text begin."""
    starts = [match.start() for match in re.compile(r"\S+").finditer(text, max(0, len(text) - _TAIL))]
    return starts[-count] if len(starts) >= count else max(0, len(text) - _TAIL)
