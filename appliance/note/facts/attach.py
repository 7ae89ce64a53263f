"""Gives each quantity, frequency, time and side of a sentence to the thing it belongs to: the nearest one that it fits.

What follows a name belongs to it rather than what stands before, unless "of" or nothing is between: "10 mg of lisinopril".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from appliance.lexicon.lexicon import Mention
from appliance.note.facts.corrections import Placed
from appliance.note.facts.frequency import Frequency
from appliance.note.facts.quantities import ORDINAL, Quantity
from appliance.note.facts.sides import Side, SideMention
from appliance.note.facts.units import KINDS
from appliance.note.facts.when import When

_DOSES: Final = frozenset({"mass", "volume", "activity", "count"})
_LEAST_PRESSURE: Final = 25
"""A smaller number is no blood pressure: "a 2/6 systolic murmur"."""
_RESULTS: Final = frozenset({"concentration", "share", "rate", "length"})
_NO_DOSE: Final = frozenset({"lb", "oz", "kg", "time", "pack", "cigarette", "drink", "cup", "dose"})
_VITAL_UNITS: Final = {
    "blood pressure": {"mmHg"}, "pulse": {"/min"}, "respiratory rate": {"/min"}, "temperature": {"degF", "degC", "degree"},
    "weight": {"lb", "kg"}, "BMI": {"kg/m2"}, "oxygen saturation": {"%"}, "height": {"inch", "foot", "cm"},
    "waist circumference": {"inch", "cm"},
}  # fmt: skip
_FARTHEST: Final = 25
"""Cost, in words, beyond which a number belongs to nothing."""
_FARTHEST_TIME: Final = 14
"""The same for how often and when."""
_NOW: Final = frozenset({"today", "tonight", "this morning", "this afternoon"})
"""Said of the visit as a whole."""
_FARTHEST_SIDE: Final = 9
"""The same for a side."""
_BARE_DOSE: Final = 6
"""Words between a medicine and a number without a unit that may be its dose."""
_BEFORE: Final = 4
"""Cost, in words, of standing before the name."""
_ACROSS: Final = 30
"""Cost of each name of the same kind between."""
_BREAK: Final = 6
"""Cost of each comma or semicolon between."""
_OF: Final = re.compile(r"\s*-?(?:of\s+)?(?:the\s+|your\s+|my\s+|his\s+|her\s+)?", re.IGNORECASE)
_FROM: Final = re.compile(r"\b(?:from|instead of|rather than|not)\s+(?:your\s+|the\s+|about\s+|a\s+)?$", re.IGNORECASE)
_LAST_TIME: Final = re.compile(
    r"\b(?:(?:last time|last visit|previously|before(?: that)?),? (?:it was |was |at |of )?|used to be )(?:at |about )?$",
    re.IGNORECASE,
)
_COUNTED: Final = re.compile(r"\b(?:the|these|those|all|both|are|into)\s+$", re.IGNORECASE)
"""Before a number that counts things or people: "the two", "are two little caps"."""
_MOST_BEFORE: Final = 4
"""Words between a bare number and the test behind it that it may be the result of."""
_RESULT_BEFORE: Final = re.compile(
    r"\b(?:is|was|were|it's|that's|back at|in at|sitting at|measured|equals|=|:)\s*(?:at |about |around )?$", re.IGNORECASE
)
"""Before a number without a unit, these say that it is a result and no dose."""


Item = Quantity | Frequency | When | SideMention
"""What can belong to a mention."""


class Values(NamedTuple):
    """Everything but names that was found in a text, each in order."""

    quantities: Sequence[Quantity]
    frequencies: Sequence[Frequency]
    whens: Sequence[When]
    sides: Sequence[SideMention]

    def within(self, start: int, end: int) -> Values:
        """What begins within a sentence."""
        return Values(
            [item for item in self.quantities if start <= item.start < end],
            [item for item in self.frequencies if start <= item.start < end],
            [item for item in self.whens if start <= item.start < end],
            [item for item in self.sides if start <= item.start < end],
        )


@dataclass(frozen=True, slots=True)
class Attached:
    """What belongs to one mention."""

    quantities: tuple[Quantity, ...] = ()
    previous: tuple[Quantity, ...] = ()
    frequency: Frequency | None = None
    when: When | None = None
    side: Side | None = None


def attach(text: str, named: Sequence[Mention], values: Values) -> tuple[list[Attached], list[Item]]:
    """Gives everything found in a sentence to its mentions.

    Args:
        text: The text that all offsets refer to.
        named: Mentions of the sentence, in order.
        values: What else was found in it.

    Returns:
        What belongs to each mention, and what belongs to none.
    """
    own, left = _own_quantities(text, named, values)
    attached = [_split(text, quantities) for quantities in own]
    dosed = {place for place in _places(named, {"lab"}) if any(KINDS.get(amount.unit) in _DOSES for amount in own[place])}
    drugs, symptoms = sorted({*_places(named, {"drug"}), *dosed}), _places(named, {"symptom"})
    for frequency in values.frequencies:
        best = _nearest(text, named, frequency, drugs)
        best = _nearest(text, named, frequency, symptoms) if best is None else best
        earlier = attached[best].frequency if best is not None else None
        if best is None or (earlier and not re.search(r"\bto\b", text[earlier.end : frequency.start])):
            left.append(frequency)
        else:
            attached[best] = replace(attached[best], frequency=frequency)
    for when in values.whens:
        best = _nearest(text, named, when, _places(named, {"drug", "lab", "condition", "symptom", "allergen"}))
        if _inside(when, [*named, *values.frequencies]):
            continue
        if best is None or attached[best].when or when.kind == "age" or when.name in _NOW:
            left.append(when)
        else:
            attached[best] = replace(attached[best], when=when)
    for side in values.sides:
        best = _nearest(text, named, side, _places(named, {"symptom", "condition"}), _FARTHEST_SIDE)
        if best is None or attached[best].side:
            left.append(side)
        else:
            attached[best] = replace(attached[best], side=side.side)
    return attached, left


def _places(named: Sequence[Mention], kinds: set[str]) -> list[int]:
    return [place for place, mention in enumerate(named) if mention.kind in kinds]


def _own_quantities(text: str, named: Sequence[Mention], values: Values) -> tuple[list[list[Quantity]], list[Item]]:
    """The quantities of each mention, and those of none."""
    amounts, often, times = values.quantities, values.frequencies, values.whens
    taken: list[Placed] = [*named, *often]
    own: list[list[Quantity]] = [
        [item for item in amounts if mention.kind == "drug" and _inside(item, [mention]) and _is_dose(item)]
        for mention in named
    ]
    free = [
        item for item in amounts if not _inside(item, taken) and not _inside(item, times) and item.unit not in {ORDINAL, "time"}
    ]
    left: list[Item] = []
    lone = [
        not place
        or named[place - 1].kind != "lab"
        or re.search(r"[,;]|\band\b", text[named[place - 1].end : mention.start]) is not None
        for place, mention in enumerate(named)
    ]
    for amount in free:
        best = _nearest(
            text,
            named,
            amount,
            [place for place, mention in enumerate(named) if _fits(text, mention, amount, lone=lone[place])],
            _FARTHEST,
        )
        (left if best is None else own[best]).append(amount)
    return own, left


def _inside(item: Placed, spans: Sequence[Placed]) -> bool:
    return any(item.start < span.end and span.start < item.end for span in spans)


def _fits(text: str, mention: Mention, quantity: Quantity, *, lone: bool) -> bool:
    """Whether a quantity may belong to a mention.

    Args:
        text: The text that both stand in.
        mention: What it may belong to.
        quantity: What is to be given away.
        lone: No test is named before it in the same breath, as in "cortisol after dexamethasone is 1.2". Then "vitamin D is 48"
            may be a result of what is elsewhere a medicine.
    """
    if mention.kind == "drug" and not quantity.unit:
        between = text[min(mention.end, quantity.end) : max(mention.start, quantity.start)]
        return len(between.split()) <= _BARE_DOSE and (lone or not _RESULT_BEFORE.search(text[: quantity.start][-30:]))
    if mention.kind == "drug":
        return _is_dose(quantity) or quantity.unit == "%" or KINDS.get(quantity.unit) == "concentration"
    if mention.kind == "lab":
        return _is_result(text, mention, quantity)
    if mention.kind in {"condition", "symptom"}:
        return quantity.unit in {"cm", "mm"}
    if mention.kind == "vital":
        too_low = mention.concept == "blood pressure" and quantity.value < _LEAST_PRESSURE
        return not too_low and quantity.unit in _VITAL_UNITS.get(mention.concept, {quantity.unit}) | {""}
    return False


def _is_result(text: str, mention: Mention, quantity: Quantity) -> bool:
    """Whether a quantity may be the result of a test."""
    if quantity.unit:
        return KINDS.get(quantity.unit) in _RESULTS or _is_dose(quantity)
    words = len(text[quantity.end : mention.start].split())
    return quantity.start >= mention.end or (words <= _MOST_BEFORE and not _COUNTED.search(text[: quantity.start][-10:]))


def _is_dose(quantity: Quantity) -> bool:
    return KINDS.get(quantity.unit.split("/")[0]) in _DOSES and quantity.unit not in _NO_DOSE


def _nearest(
    text: str, named: Sequence[Mention], item: Placed, fitting: Sequence[int], farthest: int = _FARTHEST_TIME
) -> int | None:
    """The mention of least cost; None if all are too far."""
    costs = [(_cost(text, named, item, place, fitting), place) for place in fitting]
    cost, best = min(costs, default=(farthest, -1))
    return best if cost < farthest else None


def _cost(text: str, named: Sequence[Mention], item: Placed, place: int, fitting: Sequence[int]) -> float:
    """How far apart two are, in words, with additions for what stands between."""
    mention = named[place]
    if item.start >= mention.end:
        between = text[mention.end : item.start]
        crossed = sum(1 for other in fitting if other != place and mention.end <= named[other].start < item.start)
        return len(between.split()) + _ACROSS * crossed + _BREAK * between.count(";")
    between = text[item.end : mention.start]
    if _OF.fullmatch(between):
        return 0.5
    crossed = sum(1 for other in fitting if other != place and item.end <= named[other].start < mention.start)
    return len(between.split()) + _BEFORE + _ACROSS * crossed + _BREAK * (between.count(",") + between.count(";"))


def _split(text: str, quantities: list[Quantity]) -> Attached:
    """Tells what is from what was: "from 10 to 20 mg", "2.3, down from 4"."""
    previous = [
        quantity
        for quantity in quantities
        if _FROM.search(text[: quantity.start]) or _LAST_TIME.search(text[: quantity.start][-30:])
    ]
    now = [quantity for quantity in quantities if quantity not in previous]
    return Attached(tuple(now or previous), tuple(previous if now else ()))
