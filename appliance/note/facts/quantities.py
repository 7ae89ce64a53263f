"""Quantities in what was said and in what is written, in one form: "five hundred milligrams" and "500 mg" are the same.

A blood pressure is two quantities in a row, both in mmHg. A name that holds digits (T4, A1c, COVID-19, "a one c", "b twelve")
is no quantity; nor is "one" where it may be a pronoun.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from appliance.note.facts.number_words import NUMBER_WORDS, Number, number_at
from appliance.note.facts.units import FORMS, KINDS, LONGEST_FORM, PERIODS, same_unit
from appliance.note.facts.words import Token, tokens

ORDINAL: Final = "th"
"""Unit of an ordinal: the fifth metatarsal."""

_HALF: Final = Decimal("0.5")
_CONNECTORS: Final = frozenset({"to", "or", "-", "–", "/", "and", "through", "over"})  # noqa: RUF001  # the dash of ranges
_LETTER_NAMES: Final = {
    "t": range(1, 13), "c": range(1, 9), "l": range(1, 6), "s": range(1, 6), "b": (1, 2, 3, 6, 9, 12), "d": (2, 3), "k": (1, 2)
}  # fmt: skip
"""Letters that make a name with a number behind them: vertebrae, vitamins, thyroid hormones."""
_WORD_NAMES: Final = {
    "covid": (19,), "igf": (1, 2), "glp": (1,), "sglt": (1, 2), "dpp": (4,), "cox": (1, 2), "ca": (125, 15, 19),
    "omega": (3, 6), "beta": (2,), "alpha": (1,), "sars": (2,), "cov": (2,), "hba": (1,), "factor": (5, 8),
}  # fmt: skip
_NAMES_AFTER: Final = frozenset({"hydroxy", "hydroxyprogesterone", "hydroxyvitamin", "oh", "hydroxylase", "alpha"})
"""25-hydroxyvitamin D, 17-hydroxyprogesterone."""
_COUNTED: Final = frozenset({"type", "grade", "stage", "number", "class", "phase", "level", "step", "category"})
"""Before these, "one" is a number."""
_LEAST_SYSTOLIC: Final = 60
"""A pair of numbers outside these three, in mmHg, is no blood pressure."""
_MOST_SYSTOLIC: Final = 280
_LEAST_DIASTOLIC: Final = 25
_MINUS: Final = frozenset({"-", "−", "–"})  # noqa: RUF001  # minus signs of notes
_BEFORE_NEGATIVE: Final = frozenset({"of", "is", "was", "at", "score", "to", "be", "a"})


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit and its place in the text."""

    value: Decimal
    unit: str
    """A symbol from `units.UNITS`, a rate of two (`mg/day`), `th` for an ordinal, or empty."""
    start: int
    """Offset of its first character."""
    end: int
    """Offset after its last character."""

    @property
    def text(self) -> str:
        """In writing: `500 mg`, `7.8%`, `5th`."""
        number = f"{self.value.normalize():f}"
        if self.unit in {"%", ORDINAL}:
            return number + self.unit
        return f"{number} {self.unit}" if self.unit else number

    def agrees(self, other: Quantity) -> bool:
        """Whether the number is the same under a unit that means the same; a unit left out agrees with every unit."""
        return self.value == other.value and same_unit(self.unit, other.unit)


@functools.lru_cache(maxsize=4096)
def quantities(text: str) -> tuple[Quantity, ...]:
    """The quantities of a text, in order.

    >>> [quantity.text for quantity in quantities("Metformin five hundred milligrams, A1c of seven point eight percent")]
    ['500 mg', '7.8%']

    Args:
        text: What was said or what is written.
    """
    found = tokens(text)
    read: list[tuple[Quantity, int, int]] = []
    at = 0
    while at < len(found):
        quantity = _quantity_at(found, at)
        if quantity is None:
            at += 1
            continue
        read.append(quantity)
        at = quantity[2]
    return tuple(_shared_units(found, read))


def unit_at(found: Sequence[Token], at: int) -> tuple[str, int]:
    """The longest unit that starts at a token, with the position after it; empty if there is none.

    Args:
        found: Tokens of a text.
        at: Position of the first token to read.
    """
    for length in range(min(LONGEST_FORM, len(found) - at), 0, -1):
        symbol = FORMS.get(tuple(token.text for token in found[at : at + length]))
        if symbol:
            return _rate(found, symbol, at + length)
    return "", at


def _rate(found: Sequence[Token], symbol: str, end: int) -> tuple[str, int]:
    """Read "mg per day" and "mg/kg"; "mg a day" is a dose and a frequency."""
    if KINDS[symbol] not in {"mass", "volume", "activity", "count"} or symbol == "time" or end + 1 >= len(found):
        return symbol, end
    period = FORMS.get((found[end + 1].text,), "")
    if found[end].text in {"/", "per"} and period in PERIODS:
        return f"{symbol}/{period}", end + 2
    return symbol, end


def _quantity_at(found: Sequence[Token], at: int) -> tuple[Quantity, int, int] | None:
    """The quantity that starts at a token, with its first token and the one after its last."""
    counted = _counted_at(found, at)
    if counted:
        value, unit, end = counted
        return Quantity(value, unit, found[at].start, found[end - 1].end), at, end
    number = number_at(found, at)
    if number is None:
        return None
    name = _name_end(found, at, number)
    if name:
        return None
    unit, end = (ORDINAL, number.end) if number.ordinal else _unit_after(found, number.end)
    value = number.value
    if unit and [token.text for token in found[end : end + 3]] == ["and", "a", "half"] and not number.ordinal:
        value, end = value + _HALF, end + 3
    if number.end == at + 1 and found[at].text == "one" and not unit and not _is_number(found, at):
        return None
    start = at
    if _is_negative(found, at):
        value, start = -value, at - 1
    return Quantity(value, unit, found[start].start, found[end - 1].end), at, end


def _unit_after(found: Sequence[Token], end: int) -> tuple[str, int]:
    place = end
    if place + 1 < len(found) and found[place].text == "-" and found[place - 1].end == found[place].start:
        place += 1
    unit, after = unit_at(found, place)
    return (unit, after) if unit else ("", end)


def _counted_at(found: Sequence[Token], at: int) -> tuple[Decimal, str, int] | None:
    """Counts without a numeral: "half a tablet", "a couple of weeks", "twice", "an hour and a half"."""
    words = [token.text for token in found[at : at + 6]]
    if words[0] == "twice":
        return Decimal(2), "time", at + 1
    if (
        words[0] == "once"
        and words[1:2]
        and words[1] in {"a", "per", "daily", "weekly", "monthly", "yearly", "every", "each", "or"}
    ):
        return Decimal(1), "time", at + 1
    if words[0] in {"half", "couple"}:
        skip = 1
        while words[skip : skip + 1] and words[skip] in ({"of", "a", "an"} if words[0] == "half" else {"of"}):
            skip += 1
        unit, end = _unit_after(found, at + skip)
        return (_HALF if words[0] == "half" else Decimal(2), unit, end) if unit else None
    if words[:3] == ["1", "/", "2"]:
        unit, end = _unit_after(found, at + 3)
        if not unit and words[3:4] and words[3] in {"a", "of"}:
            unit, end = _unit_after(found, at + 4)
        return (_HALF, unit, end) if KINDS.get(unit) in {"count", "time"} else None
    if words[0] in {"a", "an"} and at + 1 < len(found):
        unit, end = unit_at(found, at + 1)
        if unit and [token.text for token in found[end : end + 3]] == ["and", "a", "half"]:
            return Decimal("1.5"), unit, end + 3
    return None


def _name_end(found: Sequence[Token], at: int, number: Number) -> bool:
    """Whether the number is part of a name."""
    before = found[at - 1] if at else None
    after = found[number.end] if number.end < len(found) else None
    if after and after.text == "-" and number.end + 1 < len(found):
        after = found[number.end + 1]
    if after and after.text in _NAMES_AFTER:
        return True
    if before is None:
        return False
    if before.text == "-" and at > 1 and before.end == found[at].start:
        behind = found[at - 2]
        letters = behind.kind == "word" and behind.end == before.start
        return letters and behind.text not in NUMBER_WORDS and behind.text not in _CONNECTORS and found[at].kind == "number"
    if before.kind == "word" and before.end == found[at].start:
        return True
    if before.text == "a" and number.value == 1 and after and after.text == "c":
        return True
    names = _LETTER_NAMES.get(before.text) or _WORD_NAMES.get(before.text)
    return names is not None and number.value in names and not _unit_after(found, number.end)[0]


def _is_number(found: Sequence[Token], at: int) -> bool:
    """Whether a "one" without a unit is a number."""
    before = found[at - 1].text if at else ""
    after = found[at + 1].text if at + 1 < len(found) else ""
    follows = number_at(found, at + 2) if at + 2 < len(found) else None
    leads = at > 1 and before in {"to", "or", "over"} and number_at(found, at - 2) is not None
    return before in _COUNTED or leads or (after in {"to", "or", "over"} and follows is not None)


def _is_negative(found: Sequence[Token], at: int) -> bool:
    if not at:
        return False
    sign = found[at - 1]
    behind = found[at - 2] if at > 1 else None
    if sign.text == "minus":
        return True
    if sign.text == "negative":
        return "." in found[at].text or (behind is not None and behind.text in _BEFORE_NEGATIVE)
    apart = behind is None or behind.end < sign.start or behind.text in {"(", "="}
    return sign.text in _MINUS and sign.end == found[at].start and apart


def _shared_units(found: Sequence[Token], read: list[tuple[Quantity, int, int]]) -> list[Quantity]:
    """Gives both ends of a range or pair the unit of the one that has it: "10 to 15 mg", "125/250 mg", "130 over 80"."""
    shared = [quantity for quantity, _, _ in read]
    for place in range(len(read) - 2, -1, -1):
        between = found[read[place][2] : read[place + 1][1]]
        first, second = shared[place], shared[place + 1]
        if len(between) != 1 or between[0].text not in _CONNECTORS or ORDINAL in {first.unit, second.unit}:
            continue
        if between[0].text in {"/", "over"} and not first.unit and second.unit in {"", "mmHg"}:
            if _LEAST_SYSTOLIC <= first.value <= _MOST_SYSTOLIC and _LEAST_DIASTOLIC <= second.value < first.value:
                shared[place : place + 2] = [replace(first, unit="mmHg"), replace(second, unit="mmHg")]
            continue
        if between[0].text == "over":
            continue
        if not first.unit and second.unit and second.unit != "time":
            shared[place] = replace(first, unit=second.unit)
        elif first.unit and not second.unit and between[0].text == "to":
            shared[place + 1] = replace(second, unit=first.unit)
    return shared
