"""One form for what is said and what is written: "five hundred milligrams twice a day" and "500 mg b.i.d." become equal.

Numbers become digits (the normalizer of Whisper, Radford et al. 2022, arXiv 2212.04356), units and frequencies get one name
each, punctuation goes. The sign of a number is lost: "T-score of minus 2.5" and "T-score -2.5" would differ otherwise.
"""

from __future__ import annotations

import functools
import itertools
import re
from dataclasses import dataclass
from typing import Final

from training.datasets.aci import note_sentences
from training.numbers import normalize

_TITLE = re.compile(r"\b(Mr|Mrs|Ms|Dr|vs|approx)\.(?=\s)")
_DOTTED = re.compile(r"\b([a-z])\.([a-z])\.(?:([a-z])\.)?", re.IGNORECASE)
"""Abbreviations such as b.i.d. and p.o., whose full stops end no sentence."""
_NAME_AND_VALUE = re.compile(
    r"\b([A-Za-z]{1,4}-?\d{1,2}) +(?=\d|(?:zero|oh|point|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|"
    r"\w+teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty)\b)",
    re.IGNORECASE,
)
_UNITS: Final = {
    "mg": "milligrams? mgs?",
    "mcg": "micrograms? mcgs? ug μg",
    "g": "grams?",
    "kg": "kilograms? kgs? kilos?",
    "lb": "pounds? lbs?",
    "ml": "milliliters? mls? ccs?",
    "dl": "deciliters?",
    "l": "liters?",
    "unit": "units iu international_units?",
    "meq": "milliequivalents?",
    "mmol": "millimoles?",
    "ng": "nanograms?",
    "pg": "picograms?",
    "cm": "centimeters? cms",
    "mm": "millimeters? mms",
    "inch": "inches",
    "foot": "feet",
    "tablet": "tablets? tabs? pills?",
    "capsule": "capsules? caps?",
    "puff": "puffs",
    "pack": "packs",
    "drink": "drinks",
    "minute": "minutes mins?",
    "hour": "hours hrs?",
    "day": "days",
    "week": "weeks wks?",
    "month": "months",
    "year": "years yrs?",
    "point": "points",
    "degree": "degrees",
    "bpm": "beats_(?:a|per)_minute",
}
_RATE: Final = r"(?<!\bin )(?<!\bfor )(?<!\babout )(?<!\bafter )(?<!\bwithin )\b"
"""Before "a week" as in "70 mg a week", and not as in "come back in a week"."""
_PLAIN_UNITS: Final = frozenset([*_UNITS, "%"])
_FORMS: Final = (
    *((rf"\b(?:{forms.replace(' ', '|').replace('_', ' ')})\b", unit) for unit, forms in _UNITS.items()),
    (r"\bmm hg\b|\bmmhg\b", "mmhg"),
    (r"(?<=\d)(?: over | out of | by | x )(?=\d)", " "),
    (r"(?<=\d) to (?=\d)", " "),
    (r"\bpoint (?=\d)", "0."),
    (r"(?<![\d.])\.(?=\d)", "0."),
    (r"\bminus (?=\d)|-(?=\d)", ""),
    (r"(\d+\.\d*?)0+(?!\d)", r"\1"),
    (r"(?<=\d)\.(?!\d)", ""),
    (r"(?<=\d)%", " %"),
    (r"\bper cent\b|\bpercent(?:age)?\b", "%"),
    (r"\b(mg|mcg|g|ng|pg|meq|mmol|unit) per (?=(?:dl|ml|l|kg|24|hour|g)\b)", r"\1 "),
    (r"\bfollowup\b|\bfollows? up\b|\bfollow(?:ing|ed) up\b|\brecheck(?:ed|ing)?\b", "follow up"),
    (r"\b(?:twice|2 times?) (?:a|per|each|every) day\b|\b(?:twice|2 times?) daily\b|\bb ?i ?d\b|\bevery 12 hour\b", "bid"),
    (r"\b(?:3|three) times? (?:a|per|each|every) day\b|\b3 times? daily\b|\bt ?i ?d\b", "tid"),
    (r"\b4 times? (?:a|per|each|every) day\b|\b4 times? daily\b|\bq ?i ?d\b", "qid"),
    (r"\b(?:every|each|once a|once every|once per) morning\b|\b(?:in the|every) mornings?\b|\bq ?am\b", "qam"),
    (r"\b(?:every|each|once a) evening\b|\bin the evenings?\b|\bwith dinner\b|\bwith supper\b", "qpm"),
    (r"\b(?:every|each) night\b|\bnightly\b|\b(?:at|before) (?:night|bedtime|bed)\b|\bq ?h ?s\b", "qhs"),
    (
        r"\b(?:1 time|once) (?:a|per|each|every|1)? ?week\b|\bonce weekly\b|\b(?:per|every|each) week\b|" + _RATE + r"a week\b",
        "weekly",
    ),
    (r"\b(?:1 time|once) (?:a|per|each|every|1)? ?month\b|\bonce monthly\b|\b(?:per|every|each) month\b", "monthly"),
    (r"\b(?:1 time|once) (?:a|per|each|every|1)? ?year\b|\bonce yearly\b|\b(?:per|every|each) year\b|\bannually\b", "yearly"),
    (
        r"\b(?:1 time|once) (?:a|per|each|every|1)? ?day\b|\b(?:once|1 time) daily\b|\b(?:per|every|each) day\b|"
        + _RATE
        + r"a day\b",
        "daily",
    ),
    (r"\bq ?d\b|\bevery day\b|\bdaily\b", "daily"),
    (r"\ba couple(?: of)? (?=(?:day|week|month|year|hour)\b)", "2 "),
    (r"\b(?:a|an) (?=(?:week|month|year|hour|day|tablet|capsule|puff)\b)", "1 "),
    (r"\bby mouth\b|\borally\b|\bp ?o\b", "po"),
    (r"\bsubcutaneous(?:ly)?\b|\bsub ?q\b|\bunder the skin\b|\bsub ?cut\b", "subcutaneous"),
)
_COMPILED: Final = tuple((re.compile(pattern), form) for pattern, form in _FORMS)
_CONVERSIONS: Final = {
    "g": (1000.0, "mg"),
    "mcg": (0.001, "mg"),
    "year": (12.0, "month"),
    "week": (7.0, "day"),
}
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_NAMES_WITH_NUMBERS: Final = frozenset("hba type glp sglt dpp omega stage grade class covid phase cha i hla igf".split())
"""Words after which a number is part of a name."""


_LEAST_NOT_IN_NAMES: Final = 200


_CAPITALS: Final = frozenset(["nkda", "nka"])
"""The only sentences in capitals that are no headings."""


@dataclass(frozen=True)
class Quantity:
    """A number in a text."""

    value: float
    unit: str
    """Converted to one unit per kind of quantity; empty if there is none."""
    text: str
    """In normal form, not converted."""
    position: int
    """Of the number among the words of the normal form, from 0."""

    def equals(self, other: Quantity) -> bool:
        """Whether both are the same number with the same unit, or one of them has no unit."""
        same_number = self.text.split()[0] == other.text.split()[0]
        return (self.value, self.unit) == (other.value, other.unit) or (same_number and not (self.unit and other.unit))


@functools.lru_cache(maxsize=50_000)
def normal(text: str) -> str:
    """The normal form: words and numbers with one blank between."""
    text = re.sub(r"[()\[\]{}*•]", " , ", _without_dots(text)).replace("µ", "μ").replace("<", "").replace(">", "")
    text = re.sub(r"(?<=\d) +(?=%)", "", text)
    text = re.sub(r"(?<=\d)[/-](?=\w)", " ", text.replace("’", "'"))  # noqa: RUF001  # the apostrophe of some notes
    # The normalizer would make a currency of pounds.
    text = re.sub(r"\bpounds?\b", "lb", text, flags=re.IGNORECASE)
    text = re.sub(
        r"\bnon-?(?=tender|distended|smoker|pitting|diabetic|adheren|complian|palpable)", "non ", text, flags=re.IGNORECASE
    )
    # Numbers before and after a comma stay two numbers, and so do T4 and its value.
    text = _NAME_AND_VALUE.sub(r"\1, ", text)
    pieces = [normalize(piece) for piece in re.split(r"[,;:?!]+(?=\s|$)|(?<=[a-z])\.\s", text) if piece.strip()]
    form = re.sub(r"\bone\b", "1", " ".join(pieces))  # "one" that the normalizer took for a pronoun
    for pattern, replacement in _COMPILED:
        form = pattern.sub(replacement, form)
    return " ".join(form.split())


@functools.lru_cache(maxsize=50_000)
def words(text: str) -> tuple[str, ...]:
    """The words of the normal form."""
    return tuple(normal(text).split())


def sentences(note: str) -> list[tuple[str, str]]:
    """Topic and text of every sentence of a note, without its headings."""
    found = note_sentences(_without_dots(note))
    return [(topic, text) for topic, text in found if normal(text) and not _is_heading(text)]


def _is_heading(text: str) -> bool:
    return text == text.upper() and not re.search(r"\d", text) and normal(text) not in _CAPITALS


def clause_ends(text: str) -> frozenset[int]:
    """Positions in the normal form, from 0, after which a comma or another mark stood."""
    pieces = [len(words(piece)) for piece in re.split(r"[,;:](?=\s)", text)]
    return frozenset(itertools.accumulate(pieces[:-1])) if sum(pieces) == len(words(text)) else frozenset()


@functools.lru_cache(maxsize=50_000)
def quantities(text: str) -> tuple[Quantity, ...]:
    """The numbers of a text with their units, in order; a number that is part of a name, as in T4 or B12, is left out."""
    found = []
    parts = words(text)
    for position, word in enumerate(parts):
        if not _NUMBER.fullmatch(word) or _part_of_name(parts, position):
            continue
        unit = _unit(parts, position)
        factor, kind = _CONVERSIONS.get(unit, (1.0, unit))
        found.append(Quantity(round(float(word) * factor, 6), kind, f"{word} {unit}".strip(), position))
    return tuple(found)


def _unit(parts: tuple[str, ...], position: int) -> str:
    following = parts[position + 1 : position + 3]
    if following and following[0] in {*_PLAIN_UNITS, "mmhg"}:
        return following[0]
    # In "130 82 mmhg" and "5 10 mg" the unit belongs to both.
    both = len(following) > 1 and _NUMBER.fullmatch(following[0]) and following[1] in {*_PLAIN_UNITS, "mmhg"}
    return following[1] if both else ""


def _part_of_name(parts: tuple[str, ...], position: int) -> bool:
    before = parts[position - 1] if position else ""
    after = parts[position + 1] if position + 1 < len(parts) else ""
    if before in {"a", "hba"} and after == "c":
        return True
    letter = len(before) == 1 and before.isalpha() and before not in "ax" and parts[position - 2 : position] != ("1", "c")
    small = parts[position].isdigit() and int(parts[position]) < _LEAST_NOT_IN_NAMES
    return small and after not in _PLAIN_UNITS and (letter or before in _NAMES_WITH_NUMBERS)


def _without_dots(text: str) -> str:
    text = _TITLE.sub(r"\1", text)
    return _DOTTED.sub(lambda match: "".join(group for group in match.groups() if group) + " ", text)
