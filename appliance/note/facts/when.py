"""Dates, durations, ages and relative times in one form: "for three weeks", "in 2 weeks", "last Tuesday", "52-year-old".

Amounts keep the unit that was said; 14 days agrees with 2 weeks and 12 months with a year, but 12 weeks not with 3 months.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal

from appliance.note.facts.quantities import Quantity, quantities
from appliance.note.facts.units import KINDS

WhenKind = Literal["duration", "ago", "ahead", "since", "on", "age"]

_APOSTROPHE: Final = "['’]"  # noqa: RUF001  # the apostrophe of transcripts
_MONTHS: Final = {
    form: number
    for number, forms in enumerate(
        "january|jan february|feb march april|apr may june|jun july|jul august|aug september|sept|sep october|oct november|nov "
        "december|dec".split(),
        1,
    )
    for form in forms.split("|")
}
_OTHER_WORDS: Final = frozenset({"may", "march", "mar", "sep", "jan", "dec"})
"""Months that alone may be other words."""
_MONTH_NAMES: Final = "january february march april may june july august september october november december".split()
_SEASONS: Final = "spring|summer|fall|autumn|winter"
_WEEKDAYS: Final = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_MONTH: Final = "(?P<month>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\b\.?"
_DATE: Final = re.compile(
    rf"\b(?P<since>since\s+|from\s+)?(?:{_MONTH}(?:\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s*(?:mg|%)))?"
    rf"(?:\s*,?\s*(?:of\s+)?(?P<year>(?:19|20)\d\d)\b)?"
    r"|(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>(?:19|20)?\d\d)\b|(?P<of>\d{1,2})/(?P<in>(?:19|20)\d\d)\b)",
    re.IGNORECASE,
)
_NAMED: Final = re.compile(
    rf"\b(?P<since>since\s+)?(?P<name>(?:last|next|this|this\s+past|this\s+coming|the\s+other)\s+"
    rf"(?:day|night|week|weekend|month|year|morning|afternoon|evening|visit|{_SEASONS}|{_WEEKDAYS}|{'|'.join(_MONTH_NAMES)})\b"
    rf"|yesterday|tomorrow|tonight|today|(?:in|during|since)\s+the\s+(?:{_SEASONS})\b|(?:on\s+)?(?:{_WEEKDAYS})\b)",
    re.IGNORECASE,
)
_VAGUE: Final = re.compile(
    r"\b(?P<word>a|an|one|(?:a\s+)?few|several|many)\s+(?:more\s+)?(?:of\s+)?(?P<unit>hour|day|night|week|month|year)s?\b",
    re.IGNORECASE,
)
_YEAR_BEFORE: Final = re.compile(
    r"\b(?:in|since|from|around|about|of|back in|until|year|and|early|late|it was)\s+$", re.IGNORECASE
)
_AFTER_AGO: Final = re.compile(
    rf"\s+(?:ago|back\b|earlier|(?:prior|before|beforehand)\b(?=\s*(?:[.,;]|$)))(?!{_APOSTROPHE})", re.IGNORECASE
)
_AFTER_AHEAD: Final = re.compile(
    rf"(?:{_APOSTROPHE}?s?{_APOSTROPHE}?\s+time\b|\s+(?:from\s+(?:now|today)|out\b|later\b|after\b))", re.IGNORECASE
)
_AFTER_AGE: Final = re.compile(r"(?:[\s-]*(?:old\b|of\s+age\b)|/o\b|o\b)", re.IGNORECASE)
_LAST: Final = re.compile(r"(?:\b(?:past|last|previous|prior)\s+|\b(?:for|over|during)\s+(?:\w+\s+)?)$", re.IGNORECASE)
_BEFORE_AHEAD: Final = re.compile(
    r"\b(?:in|within|after|again|back|another|next)\s+(?:about\s+|around\s+|approximately\s+|roughly\s+|like\s+|"
    r"the\s+next\s+|another\s+|maybe\s+|say\s+)*"
    r"(?:[\w.-]+\s+(?:to|or)\s+|[\d.]+\s*-\s*)?$",
    re.IGNORECASE,
)
_BEFORE_SINCE: Final = re.compile(r"\bsince\s+(?:about\s+|around\s+)?$", re.IGNORECASE)
_BEFORE_AGE: Final = re.compile(r"\bage[ds]?\s+(?:of\s+|is\s+)?$", re.IGNORECASE)
_RATE: Final = re.compile(r"\b(?:every|each|per|times|once|twice|daily|q)\s+(?:[\w.-]+\s+to\s+)?$|\b(?:q)$", re.IGNORECASE)
_RATE_BEFORE_ARTICLE: Final = re.compile(
    r"(?:\d|\b(?:times?|once|twice|daily|mg|mcg|units?|packs?|cups?|drinks?|milligrams|days|hours|minutes|doses|"
    r"cigarettes|week|month|half|tablets?|pills?|lot|many|much))\s*$",
    re.IGNORECASE,
)
_DAYS_OF: Final = {"day": 1, "night": 1, "week": 7}
_MONTHS_OF: Final = {"month": 1, "year": 12}
_OLDEST_YEAR, _NEWEST_YEAR = 1900, 2099


@dataclass(frozen=True, slots=True)
class When:
    """A date, a duration, an age or a relative time."""

    kind: WhenKind
    """`duration` (for 3 weeks), `ago`, `ahead` (in 3 weeks), `since`, `on` (a date or a named time), `age`."""
    value: Decimal | None = None
    """Amount; None for a named time or a vague amount."""
    unit: str = ""
    """`minute`, `hour`, `day`, `week`, `month` or `year` of the amount."""
    name: str = ""
    """A date as far as it is known (`2009`, `2024-03-14`, `march`), a named time (`last week`), or `few`, `several`."""
    start: int = field(default=0, compare=False)
    """Offset of its first character."""
    end: int = field(default=0, compare=False)
    """Offset after its last character."""

    @property
    def text(self) -> str:
        """In the words of a note: `in 6 weeks`, `3 months ago`, `since march`."""
        amount = self.name
        if self.unit:
            number = f"{self.value.normalize():f}" if self.value is not None else self.name
            amount = f"{number} {self.unit}" if self.value == 1 else f"{number} {self.unit}s"
        form = {"ago": "{} ago", "ahead": "in {}", "since": "since {}", "age": "{} old", "duration": "for {}", "on": "{}"}[
            self.kind
        ]
        return form.format(amount)

    def agrees(self, other: When) -> bool:
        """Whether both can mean the same time: "has had it for 9 years" and "9 years ago" do, "in 9 years" does not."""
        if (self.kind == "age") != (other.kind == "age") or {self.kind, other.kind} == {"ago", "ahead"}:
            return False
        if self.value is None or other.value is None:
            known, vague = (self, other) if self.value is not None else (other, self)
            if known.value is not None and vague.name in _ABOUT and known.unit == vague.unit:
                return _ABOUT[vague.name][0] <= known.value <= _ABOUT[vague.name][1]
            if known.value == 1 and vague.name == f"next {known.unit}":
                return True
            same_name = self.name == other.name or (
                self.name and other.name and (self.name in other.name or other.name in self.name)
            )
            return bool(same_name) and self.unit == other.unit
        return _amount(self.value, self.unit) == _amount(other.value, other.unit)


_ABOUT: Final = {"few": (2, 6), "several": (3, 12)}
"""What a vague number may mean."""


def _amount(value: Decimal, unit: str) -> tuple[Decimal, str]:
    if unit in _DAYS_OF:
        return value * _DAYS_OF[unit], "day"
    if unit in _MONTHS_OF:
        return value * _MONTHS_OF[unit], "month"
    return value, unit


def whens(text: str) -> tuple[When, ...]:
    """Every date, duration, age and relative time of a text, in order.

    >>> [when.text for when in whens("52-year-old, cough for three weeks, seen in March 2019; follow up in six weeks")]
    ['52 years old', 'for 3 weeks', '2019-03', 'in 6 weeks']

    Args:
        text: What was said or what is written.
    """
    found: list[When] = []
    for when in (*_dates(text), *_years(text), *_named(text), *_amounts(text), *_vague(text)):
        if not any(when.start < other.end and other.start < when.end for other in found):
            found.append(when)
    return tuple(sorted(found, key=lambda when: when.start))


def _dates(text: str) -> Iterator[When]:
    for match in _DATE.finditer(text):
        kind: WhenKind = "since" if match["since"] and match["since"].lower().startswith("since") else "on"
        if match["m"]:
            month, day = int(match["m"]), int(match["d"])
            year = match["y"] if len(match["y"]) == 4 else f"20{match['y']}"  # noqa: PLR2004
            if 1 <= month <= 12 and 1 <= day <= 31:  # noqa: PLR2004
                yield When(kind, name=f"{year}-{month:02}-{day:02}", start=match.start(), end=match.end())
            continue
        if match["of"]:
            if 1 <= int(match["of"]) <= 12:  # noqa: PLR2004
                yield When(kind, name=f"{match['in']}-{int(match['of']):02}", start=match.start(), end=match.end())
            continue
        word = match["month"].lower()
        dated = match["day"] or match["year"] or match["since"] or _YEAR_BEFORE.search(text[: match.start()])
        if word in _OTHER_WORDS and not dated:
            continue
        name = _MONTH_NAMES[_MONTHS[word] - 1]
        if match["year"]:
            name = f"{match['year']}-{_MONTHS[word]:02}" + (f"-{int(match['day']):02}" if match["day"] else "")
        elif match["day"]:
            name = f"{name} {int(match['day'])}"
        yield When(kind, name=name, start=match.start("month") if kind == "on" else match.start(), end=match.end())


def _years(text: str) -> Iterator[When]:
    for quantity in quantities(text):
        whole = quantity.value == quantity.value.to_integral_value()
        if not quantity.unit and whole and _OLDEST_YEAR <= quantity.value <= _NEWEST_YEAR:
            before = text[: quantity.start]
            if _BEFORE_SINCE.search(before):
                yield When("since", name=str(int(quantity.value)), start=quantity.start, end=quantity.end)
            elif _YEAR_BEFORE.search(before):
                yield When("on", name=str(int(quantity.value)), start=quantity.start, end=quantity.end)


def _named(text: str) -> Iterator[When]:
    for match in _NAMED.finditer(text):
        name = " ".join(match["name"].lower().split())
        since = bool(match["since"]) or name.startswith("since ")
        for lead in ("in the ", "during the ", "since the ", "on "):
            name = name.removeprefix(lead)
        name = name.replace("this past ", "last ").replace("this coming ", "next ").replace("autumn", "fall")
        yield When("since" if since else "on", name=name, start=match.start("name"), end=match.end())


def _amounts(text: str) -> Iterator[When]:
    for quantity in quantities(text):
        before, after = text[: quantity.start], text[quantity.end :]
        if not quantity.unit and quantity.value == quantity.value.to_integral_value() and _BEFORE_AGE.search(before):
            yield When("age", quantity.value, "year", start=quantity.start, end=quantity.end)
        elif KINDS.get(quantity.unit) == "time" and quantity.unit != "second" and not _RATE.search(before):
            yield _placed(quantity, before, after)


def _placed(quantity: Quantity, before: str, after: str) -> When:
    unit = "day" if quantity.unit == "night" else quantity.unit
    kind, length = _kind(before, after, unit)
    return When(kind, quantity.value, unit, start=quantity.start, end=quantity.end + length)


def _kind(before: str, after: str, unit: str) -> tuple[WhenKind, int]:
    """What a time amount means by the words around it, with the length of those behind it."""
    if unit in {"year", "month", "week", "day"} and (match := _AFTER_AGE.match(after)):
        return "age", match.end()
    if match := _AFTER_AGO.match(after):
        return "ago", match.end()
    if match := _AFTER_AHEAD.match(after):
        return "ahead", match.end()
    if _BEFORE_SINCE.search(before):
        return "since", 0
    if _LAST.search(before):
        return "duration", 0
    return ("ahead", 0) if _BEFORE_AHEAD.search(before) else ("duration", 0)


def _vague(text: str) -> Iterator[When]:
    """Read "a month ago", "in a few weeks", "for several years"; not "twice a day"."""
    for match in _VAGUE.finditer(text):
        before, after = text[: match.start()], text[match.end() :]
        word, unit = match["word"].lower().removeprefix("a ").strip(), match["unit"].lower().replace("night", "day")
        one = word in {"a", "an", "one"}
        kind, length = _kind(before, after, unit)
        said = (
            kind != "duration"
            or _LAST.search(before)
            or re.search(r"\b(?:about|almost|nearly|over)\s+$", before, re.IGNORECASE)
        )
        if one and (not said or (kind != "ago" and _RATE_BEFORE_ARTICLE.search(before)) or _RATE.search(before)):
            continue
        name = "" if one else word
        yield When(kind, Decimal(1) if one else None, unit, name, start=match.start(), end=match.end() + length)
