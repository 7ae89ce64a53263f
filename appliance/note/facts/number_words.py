"""Numbers in digits and in words, read from tokens: "seven point eight", "one thirty", "twenty twenty four", "1,000".

`whisper_normalizer` (already used for scoring) and `text2num` rewrite a text and lose the places; neither reads "one thirty" as
130 or keeps "one" the pronoun apart. These rules are the product's own for that reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from appliance.note.facts.words import Token

SMALL: Final = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen".split()
    )
}
TENS: Final = {word: 10 * tens for tens, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
ORDINALS: Final = {
    word: value
    for value, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
        "sixteenth seventeenth eighteenth nineteenth".split(),
        1,
    )
} | {word.removesuffix("y") + "ieth": value for word, value in TENS.items()}
NUMBER_WORDS: Final = frozenset({*SMALL, *TENS, "hundred", "thousand", "point", "oh", "half"})
_SCALES: Final = {"thousand": 1000, "million": 1_000_000}
_NULLS: Final = frozenset({"oh", "o", "zero", "0"})
_LEAST_DIGITS: Final = 3
"""Single digits in a row that are one number: "nine one one"."""
_YEARS: Final = (19, 20)
"""First half of a year said in two: "nineteen ninety eight"."""
_NO_YEAR: Final = frozenset(
    "second seconds minute minutes hour hours day days week weeks month months year years times percent % pounds".split()
)
"""After these, "twenty twenty five" is two numbers: "twenty thirty minutes"."""
_NO_POINT: Final = frozenset("this that some the a one no any which good starting what my your his her at".split())
"""Before these, "point" is no decimal point: "at this point two of them"."""


class Number(NamedTuple):
    """A number and the tokens it takes."""

    value: Decimal
    end: int
    """Position after its last token."""
    ordinal: bool = False


def number_at(found: Sequence[Token], at: int) -> Number | None:
    """The longest number that starts at a token, or None.

    Args:
        found: Tokens of a text.
        at: Position of the first token to read.
    """
    ordinal = _ordinal(found, at)
    if ordinal:
        return ordinal
    whole = _digits(found, at) or _digit_row(found, at) or _cardinal(found, at)
    if whole is None:
        return _fraction_of_one(found, at)
    return _with_half(found, _with_decimals(found, whole))


def _word(found: Sequence[Token], at: int) -> str:
    return found[at].text if 0 <= at < len(found) else ""


def _skip_hyphen(found: Sequence[Token], at: int) -> int:
    """The next position, after a hyphen that joins two words."""
    joins = _word(found, at) == "-" and at + 1 < len(found) and found[at - 1].end == found[at].start
    return at + 1 if joins and found[at].end == found[at + 1].start else at


def _ordinal(found: Sequence[Token], at: int) -> Number | None:
    """Read "14th", "fourteenth", "twenty first"; alone, "first", "second" and "third" are seldom numbers."""
    word = _word(found, at)
    if word in TENS:
        after = _skip_hyphen(found, at + 1)
        unit = ORDINALS.get(_word(found, after), 10)
        follows_number = (
            unit in {1, 2, 3} and after == at + 1 and _word(found, after) == "second" and _word(found, after + 1) in SMALL
        )
        return Number(Decimal(TENS[word] + unit), after + 1, ordinal=True) if unit < 10 and not follows_number else None  # noqa: PLR2004
    if ORDINALS.get(word, 0) > ORDINALS["third"]:
        return Number(Decimal(ORDINALS[word]), at + 1, ordinal=True)
    token = found[at]
    if token.kind == "number" and _word(found, at + 1) in {"st", "nd", "rd", "th"} and found[at + 1].start == token.end:
        return Number(_decimal(token), at + 2, ordinal=True)
    return None


def _decimal(token: Token) -> Decimal:
    return Decimal(token.text.replace(",", ""))


def _digits(found: Sequence[Token], at: int) -> Number | None:
    """A number in digits, with what may follow: "2 thousand", "50K", "7 .8"."""
    token = found[at]
    if token.kind != "number":
        return None
    value, end = _decimal(token), at + 1
    after = found[end] if end < len(found) else None
    if after is None:
        return Number(value, end)
    if after.text.startswith(".") and after.kind == "number" and "." not in token.text:
        return Number(value + _decimal(after), end + 1)
    if after.text == "k" and after.start == token.end:
        return Number(value * 1000, end + 1)
    if after.text in {"hundred", *_SCALES}:
        return Number(value * (100 if after.text == "hundred" else _SCALES[after.text]), end + 1)
    return Number(value, end)


def _digit_row(found: Sequence[Token], at: int) -> Number | None:
    """Read "nine one one" is 911."""
    end = at
    while SMALL.get(_word(found, end), 10) < 10 or (end > at and _word(found, end) == "oh"):  # noqa: PLR2004
        end += 1
    if end - at < _LEAST_DIGITS or _word(found, end) in {"hundred", "thousand", *TENS}:
        return None
    return Number(Decimal("".join(str(SMALL.get(_word(found, place), 0)) for place in range(at, end))), end)


def _below_hundred(found: Sequence[Token], at: int) -> tuple[int, int] | None:
    word = _word(found, at)
    if word in SMALL:
        return SMALL[word], at + 1
    if word in TENS:
        after = _skip_hyphen(found, at + 1)
        unit = SMALL.get(_word(found, after), 0)
        return (TENS[word] + unit, after + 1) if 1 <= unit <= 9 else (TENS[word], at + 1)  # noqa: PLR2004
    return None


def _below_thousand(found: Sequence[Token], at: int) -> tuple[int, int] | None:
    """Read "one hundred and five", "a hundred", "one thirty", "one oh five", "forty two"."""
    if _word(found, at) in {"a", "hundred"} and "hundred" in {_word(found, at), _word(found, at + 1)}:
        value, end = 1, at + (_word(found, at) == "a")
    else:
        first = _below_hundred(found, at)
        if first is None:
            return None
        value, end = first
    after = _skip_hyphen(found, end)
    if _word(found, after) == "hundred":
        return _plus(found, value * 100, after + 1)
    return _run_together(found, at, value, end) if 1 <= value <= 9 else (value, end)  # noqa: PLR2004


def _run_together(found: Sequence[Token], at: int, value: int, end: int) -> tuple[int, int]:
    """Read hundreds said without the word: "one thirty", "one oh five", "one-30"."""
    after = _skip_hyphen(found, end)
    second = _below_hundred(found, after)
    if second and second[0] >= 10 and second[0] != value + 1 and _word(found, at - 1) not in SMALL:  # noqa: PLR2004
        return value * 100 + second[0], second[1]
    if _word(found, after) in {"oh", "o"} and 1 <= SMALL.get(_word(found, after + 1), 0) <= 9:  # noqa: PLR2004
        return value * 100 + SMALL[_word(found, after + 1)], after + 2
    written = found[after] if after < len(found) else None
    if written and written.kind == "number" and written.text.isdigit() and len(written.text) == 2 and after > end:  # noqa: PLR2004
        return value * 100 + int(written.text), after + 1
    return value, end


def _plus(found: Sequence[Token], value: int, at: int) -> tuple[int, int]:
    """Adds what follows a hundred or a thousand: "and five", "twenty five"."""
    start = at + (_word(found, at) == "and")
    rest = _below_hundred(found, start)
    return (value + rest[0], rest[1]) if rest else (value, at)


def _cardinal(found: Sequence[Token], at: int) -> Number | None:
    if _word(found, at) == "a" and _word(found, at + 1) in _SCALES:
        group: tuple[int, int] | None = (1, at + 1)
    else:
        group = _below_thousand(found, at)
    if group is None:
        return None
    value, end = group
    scale = _SCALES.get(_word(found, end))
    if scale:
        start = end + 1 + (_word(found, end + 1) == "and")
        rest = _below_thousand(found, start)
        return Number(Decimal(value * scale + rest[0]), rest[1]) if rest else Number(Decimal(value * scale), end + 1)
    return Number(*_year(found, at, value, end))


def _year(found: Sequence[Token], at: int, value: int, end: int) -> tuple[Decimal, int]:
    """Read "twenty twenty four" and "twenty oh nine" are years."""
    if value in _YEARS and end == at + 1:
        second = _below_hundred(found, end)
        if _word(found, end) == "oh" and _word(found, end + 1) in SMALL:
            return Decimal(value * 100 + SMALL[_word(found, end + 1)]), end + 2
        if second and second[0] >= 10 and _word(found, second[1]) not in _NO_YEAR:  # noqa: PLR2004
            return Decimal(value * 100 + second[0]), second[1]
    return Decimal(value), end


def _with_decimals(found: Sequence[Token], whole: Number) -> Number:
    """Read "seven point eight", "7 point 8", "zero point oh five"."""
    if _word(found, whole.end) != "point" or whole.value != whole.value.to_integral_value():
        return whole
    digits, end = _decimals(found, whole.end + 1)
    return Number(Decimal(f"{whole.value:f}.{digits}"), end) if digits else whole


def _decimals(found: Sequence[Token], at: int) -> tuple[str, int]:
    digits, end = "", at
    while True:
        word = _word(found, end)
        if word in _NULLS or SMALL.get(word, 10) < 10:  # noqa: PLR2004
            digits, end = digits + str(SMALL.get(word, 0)), end + 1
            continue
        pair = _below_hundred(found, end)
        if pair:
            return digits + str(pair[0]), pair[1]
        if not digits and word.isdigit() and word.isascii():
            return word, end + 1
        return digits, end


def _with_half(found: Sequence[Token], number: Number) -> Number:
    """Read "two and a half", "2 1/2", "2½"."""
    after = [_word(found, number.end + place) for place in range(3)]
    if after == ["and", "a", "half"]:
        return Number(number.value + Decimal("0.5"), number.end + 3)
    if after[:2] == ["and", "half"]:
        return Number(number.value + Decimal("0.5"), number.end + 2)
    if after == ["1", "/", "2"] and number.value == number.value.to_integral_value():
        return Number(number.value + Decimal("0.5"), number.end + 3)
    if after[0] == "½":
        return Number(number.value + Decimal("0.5"), number.end + 1)
    return number


def _fraction_of_one(found: Sequence[Token], at: int) -> Number | None:
    """Read "point five", "½"; "half" needs a unit and is read with it."""
    word = _word(found, at)
    if word == "point" and _word(found, at - 1) not in _NO_POINT:
        digits, end = _decimals(found, at + 1)
        return Number(Decimal(f"0.{digits}"), end) if digits else None
    if word == "oh" and _word(found, at + 1) == "point":
        digits, end = _decimals(found, at + 2)
        return Number(Decimal(f"0.{digits}"), end) if digits else None
    return Number(Decimal("0.5"), at + 1) if word == "½" else None
