"""How often: "twice a day", "BID", "b.i.d.", "2 times daily" and "every 12 hours" are one normal form.

Decisions: every n hours is 24/n times a day where that is whole; at night, nightly and at bedtime are one time of the day;
"daily" is once a day. "Every 4 to 6 hours" keeps both ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from appliance.note.facts.number_words import number_at
from appliance.note.facts.words import Token, tokens

_HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class Frequency:
    """How often something is taken or done."""

    times: Decimal | None = None
    """How many times per period; None if only the time of day is said ("with meals")."""
    every: int = 1
    """Length of the period: "every 4 weeks" is once per 4 weeks."""
    per: str = ""
    """`day`, `week`, `month` or `year`; `hour` where the hours do not divide a day."""
    when: tuple[str, ...] = ()
    """Times of the day, or days of the week, in the order of the alphabet: `morning`, `bedtime`, `meals`, `monday`."""
    as_needed: bool = False
    most: Decimal | None = None
    """The higher end of "once or twice a day"; None without one."""
    start: int = field(default=0, compare=False)
    """Offset of its first character."""
    end: int = field(default=0, compare=False)
    """Offset after its last character."""

    @property
    def text(self) -> str:
        """In the words of a note: `twice daily`, `once every 4 weeks at bedtime`."""
        times = _TIMES_WRITTEN.get(self.times, f"{self.times} times") if self.times is not None else ""
        if self.times is not None and self.most is not None:
            times = f"{self.times} to {self.most} times"
        period = {"day": "daily", "week": "weekly", "month": "monthly", "year": "yearly"}.get(self.per, f"every {self.per}")
        if self.every > 1:
            period = f"every {self.every} {self.per}s"
        when = " and ".join(_WHEN_WRITTEN.get(name, f"on {name}") for name in self.when)
        parts = [f"{times} {period}" if times else "", when, "as needed" if self.as_needed else ""]
        return " ".join(part for part in parts if part)

    def agrees(self, other: Frequency) -> bool:
        """Whether both can be true of one prescription: what one leaves out, the other may add."""
        rate = (self.times, self.every, self.per) == (other.times, other.every, other.per)
        within = rate or _within(self, other) or _within(other, self)
        times = self.times is None or other.times is None or within
        when = not self.when or not other.when or set(self.when) <= set(other.when) or set(other.when) <= set(self.when)
        return times and when


def _within(one: Frequency, other: Frequency) -> bool:
    """Whether a number of times lies between both ends of the other."""
    if one.times is None or other.times is None or other.most is None or (one.every, one.per) != (other.every, other.per):
        return False
    return other.times <= one.times <= other.most


_TIMES_WRITTEN: Final = {Decimal(1): "once", Decimal(2): "twice"}
_WHEN_WRITTEN: Final = {
    "morning": "in the morning", "noon": "at noon", "afternoon": "in the afternoon", "evening": "in the evening",
    "bedtime": "at bedtime", "meals": "with meals", "breakfast": "with breakfast", "lunch": "with lunch",
    "dinner": "with dinner", "food": "with food",
}  # fmt: skip
_LATIN: Final = {
    "qd": "once a day", "od": "once a day", "bid": "twice a day", "tid": "three times a day", "qid": "four times a day",
    "qhs": "every bedtime", "hs": "every bedtime", "qam": "every morning", "qpm": "every evening", "qod": "every other day",
    "qwk": "once a week", "qweek": "once a week", "qw": "once a week", "qmonth": "once a month", "prn": "as needed",
    "ac": "with meals",
}  # fmt: skip
"""Abbreviations of prescriptions, as they are read here."""
_PERIODS: Final = {
    **dict.fromkeys(("day", "days", "daily"), "day"),
    **dict.fromkeys(("week", "weeks", "weekly", "wk"), "week"),
    **dict.fromkeys(("month", "months", "monthly", "mo"), "month"),
    **dict.fromkeys(("year", "years", "yearly", "annually", "annual"), "year"),
    **dict.fromkeys(("hour", "hours", "hourly", "hr", "hrs", "h"), "hour"),
}
_ADVERBS: Final = frozenset({"daily", "weekly", "monthly", "yearly", "annually"})
_PARTS: Final = {
    "morning": "morning", "mornings": "morning", "breakfast": "breakfast", "noon": "noon", "lunch": "lunch",
    "lunchtime": "lunch", "afternoon": "afternoon", "evening": "evening", "evenings": "evening", "dinner": "dinner",
    "supper": "dinner", "night": "bedtime", "nights": "bedtime", "bedtime": "bedtime", "bed": "bedtime",
    "nighttime": "bedtime", "meal": "meals", "meals": "meals", "food": "food",
}  # fmt: skip
_DAYS: Final = {
    form: day
    for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    for form in (day, f"{day}s")
}
_ONE_TIME: Final = frozenset({"morning", "noon", "afternoon", "evening", "bedtime"})
"""Parts of the day that come once a day; `every` before them makes them a frequency."""
_AS_NEEDED: Final = re.compile(
    r"\b(?:as needed|as required|if needed|when needed|only when (?:i|you|he|she|they|we) needs?(?: it)?|"
    r"(?:when|if|as) (?:i|you|he|she|they) needs? (?:it|to|one|them))\b",
    re.IGNORECASE,
)


def frequencies(text: str) -> tuple[Frequency, ...]:
    """How often, wherever a text says so, in order; what belongs together is one: "twice a day with meals".

    >>> [frequency.text for frequency in frequencies("metformin b.i.d. with meals, Ozempic every Sunday")]
    ['twice daily with meals', 'once weekly on sunday']

    Args:
        text: What was said or what is written.
    """
    merged: list[Frequency] = []
    for part in sorted(_parts(text), key=lambda part: part.start):
        if merged and part.start < merged[-1].end:
            continue
        joined = _joined(merged[-1], part, text) if merged else None
        if joined:
            merged[-1] = joined
        else:
            merged.append(part)
    return tuple(part for part in merged if part.times is not None or part.as_needed or set(part.when) - {"food"})


_BETWEEN: Final = re.compile(r"[\s,.]*(?:(?:and|then|taken|take|usually|it|one|or|at most)\s+)*", re.IGNORECASE)


def _joined(one: Frequency, other: Frequency, text: str) -> Frequency | None:
    """One frequency out of two that stand side by side."""
    if not _BETWEEN.fullmatch(text[one.end : other.start]):
        return None
    if one.times is not None and other.times is not None:
        if one.when and one.when == other.when and one.times == other.times:
            return replace(one, end=other.end)
        both_parts = one.when and other.when and one.per == other.per == "day" and one.every == other.every == 1
        if both_parts:
            return replace(one, times=one.times + other.times, when=_sorted(one, other), end=other.end)
        if one.times == other.times == 1 and not one.when and other.when and one.per == other.per:
            return replace(one, when=other.when, as_needed=one.as_needed or other.as_needed, end=other.end)
        return None
    rate = one if one.times is not None else other
    return replace(rate, when=_sorted(one, other), as_needed=one.as_needed or other.as_needed, start=one.start, end=other.end)


def _sorted(one: Frequency, other: Frequency) -> tuple[str, ...]:
    return tuple(sorted({*one.when, *other.when}))


def _parts(text: str) -> Iterator[Frequency]:
    for match in _AS_NEEDED.finditer(text):
        yield Frequency(as_needed=True, start=match.start(), end=match.end())
    found = tokens(text)
    at = 0
    while at < len(found):
        part, end = _part_at(found, at)
        if part:
            yield replace(part, start=found[at].start, end=found[end - 1].end)
        at = max(end, at + 1)


def _part_at(found: list[Token], at: int) -> tuple[Frequency | None, int]:
    for reader in (_latin, _every_at, _times_at, _adverb_at, _time_of_day_at):
        part, end = reader(found, at)
        if part:
            return part, end
    return None, at + 1


def _text(found: list[Token], at: int) -> str:
    return found[at].text if at < len(found) else ""


def _latin(found: list[Token], at: int) -> tuple[Frequency | None, int]:
    """Read "BID", "b.i.d.", "q12h", "q. 4 weeks"."""
    letters, end = _text(found, at), at + 1
    while len(letters) < 4 and _text(found, end) == "." and len(_text(found, end + 1)) == 1 and _text(found, end + 1).isalpha():  # noqa: PLR2004
        letters, end = letters + _text(found, end + 1), end + 2
    if letters == "q" and end < len(found):
        end += _text(found, end) == "."
        return _every(found, end)
    reading = _LATIN.get(letters)
    if not reading or (letters in {"od", "ac", "hs"} and end == at + 1):
        return None, at
    if reading == "as needed":
        return Frequency(as_needed=True), end
    part, _ = _part_at(tokens(reading), 0)
    return part, end


def _every_at(found: list[Token], at: int) -> tuple[Frequency | None, int]:
    return _every(found, at + 1) if _text(found, at) in {"every", "each"} else (None, at)


def _every(found: list[Token], at: int) -> tuple[Frequency | None, int]:
    """What follows "every": "12 hours", "other day", "4 to 6 hours", "morning", "Sunday"."""
    if at >= len(found):
        return None, at
    word = _text(found, at)
    if word in {"other", "second", "single"}:
        part, end = _every(found, at + 1)
        return (replace(part, every=1 if word == "single" else 2), end) if part and part.every == 1 else (None, at)
    if word in _PARTS or word in _DAYS:
        return _every_named(found, at)
    return _every_period(found, at)


def _every_named(found: list[Token], at: int) -> tuple[Frequency | None, int]:
    """A part of the day or days of the week: "morning", "meal", "Monday and Thursday"."""
    word = _text(found, at)
    if word in _DAYS:
        end, days = at + 1, {_DAYS[word]}
        while _text(found, end) in {"and", ","} and _text(found, end + 1) in _DAYS:
            days.add(_DAYS[_text(found, end + 1)])
            end += 2
        return Frequency(Decimal(len(days)), 1, "week", tuple(sorted(days))), end
    times = Decimal(3) if _PARTS[word] == "meals" else Decimal(1)
    return (None, at) if word == "food" else (Frequency(times, 1, "day", (_PARTS[word],)), at + 1)


def _every_period(found: list[Token], at: int) -> tuple[Frequency | None, int]:
    """A period with or without a number: "day", "12 hours", "4 to 6 hours"."""
    number = number_at(found, at)
    count, end, least = 1, at, None
    if number and not number.ordinal and number.value == number.value.to_integral_value():
        count, end = int(number.value), number.end
        if _text(found, end) in {"to", "-", "or"}:
            second = number_at(found, end + 1) if end + 1 < len(found) else None
            if second:
                least, end = count, second.end
                count = int(second.value)
        end += _text(found, end) == "-"
    period = _PERIODS.get(_text(found, end))
    if not period or count < 1 or _text(found, end) in _ADVERBS:
        return None, at
    part = _per(count, period)
    fastest = _per(least, period) if least else None
    if fastest and (fastest.every, fastest.per) == (part.every, part.per):
        part = replace(part, most=fastest.times)
    return part, end + 1


def _per(count: int, period: str) -> Frequency:
    if period == "hour" and _HOURS % count == 0:
        return Frequency(Decimal(_HOURS // count), 1, "day")
    if period == "hour" and count % _HOURS == 0:
        return Frequency(Decimal(1), count // _HOURS, "day")
    if period == "day" and count % 7 == 0:
        return Frequency(Decimal(1), count // 7, "week")
    if period == "month" and count % 12 == 0:
        return Frequency(Decimal(1), count // 12, "year")
    return Frequency(Decimal(1), count, period)


def _times_at(found: list[Token], at: int) -> tuple[Frequency | None, int]:
    """Read "twice a day", "3 times daily", "once or twice a week", "once every 4 weeks", "2 to 3 times a day"."""
    first, end = _count(found, at)
    if first is None:
        return None, at
    most = None
    if _text(found, end) in {"or", "to", "-"}:
        second, after = _count(found, end + 1)
        if second:
            most, end = second, after
    word = _text(found, at)
    said_times = word in {"once", "twice", "thrice"} or _text(found, end - 1) in {"time", "times", "twice"}
    end += _text(found, end) in {"in", "per", "a", "each"} or (_text(found, end) == "-" and said_times)
    end += _text(found, end) in {"a", "the"} and _text(found, end - 1) == "in"
    if not said_times:
        return None, at
    if _text(found, end) in {"every", "each"} or _text(found, end - 1) == "each":
        part, after = _every(found, end + (_text(found, end) in {"every", "each"}))
        return (replace(part, times=first * (part.times or 1), most=most), after) if part else (None, at)
    period = _PERIODS.get(_text(found, end))
    if not period:
        return None, at
    rate = Frequency(Decimal(24) * first, 1, "day") if period == "hour" else Frequency(first, 1, period)
    return replace(rate, most=most), end + 1


def _count(found: list[Token], at: int) -> tuple[Decimal | None, int]:
    word = _text(found, at)
    if word in {"once", "twice", "thrice"}:
        return Decimal(("once", "twice", "thrice").index(word) + 1), at + 1
    number = number_at(found, at) if at < len(found) else None
    if number is None or number.ordinal or not number.value:
        return None, at
    return number.value, number.end + (_text(found, number.end) in {"time", "times"})


def _adverb_at(found: list[Token], at: int) -> tuple[Frequency | None, int]:
    """Read "daily", "weekly", "nightly", "a day", "per week"."""
    word = _text(found, at)
    if word in _ADVERBS:
        return Frequency(Decimal(1), 1, _PERIODS[word]), at + 1
    if word == "nightly":
        return Frequency(Decimal(1), 1, "day", ("bedtime",)), at + 1
    if word in {"a", "per", "/"} and _text(found, at + 1) in {"day", "week", "month", "year"} and at:
        before = found[at - 1].text
        counted = before not in {
            "once",
            "half",
            "about",
            "in",
            "for",
            "of",
            "such",
            "is",
            "it's",
            "what",
            "have",
            "had",
            "take",
        }
        later = _text(found, at + 2) in {
            "ago",
            "later",
            "before",
            "after",
            "or",
            "and",
            "from",
            "supply",
            "off",
            "since",
            "for",
        }
        apart = found[at - 1].kind == "mark" and before != "%"
        return (Frequency(Decimal(1), 1, _text(found, at + 1)), at + 2) if counted and not later and not apart else (None, at)
    return None, at


def _time_of_day_at(found: list[Token], at: int) -> tuple[Frequency | None, int]:
    """Read "at bedtime", "with meals", "in the morning", "before breakfast", "on Sundays"."""
    word = _text(found, at)
    if word not in {"in", "at", "with", "before", "after", "on"}:
        return None, at
    end = at + 1
    while _text(found, end) in {"the", "each", "every", "his", "her", "my", "your", "a", "all", "going", "to"}:
        end += 1
    name = _PARTS.get(_text(found, end))
    day = _text(found, end)
    if word == "on" and day in _DAYS and day.endswith("s"):
        return Frequency(Decimal(1), 1, "week", (_DAYS[day],)), end + 1
    if name is None or (name == "food" and word != "with") or word == "on":
        return None, at
    if word == "in" and end == at + 1:
        return None, at
    if name in _ONE_TIME and word != "after":
        return Frequency(Decimal(1), 1, "day", (name,)), end + 1
    return Frequency(when=(name,)), end + 1
