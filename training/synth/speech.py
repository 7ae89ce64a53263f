# ruff: noqa: E501  # a template stays on one line
"""How things are said: templates with alternatives, numbers as a recognizer writes them, and phrasings held out for test.

A template is text with `{alternatives|separated|by bars}`, which may nest and be empty, `<field>` for text given by the caller,
`<partner>` for the patient's husband or wife, and `#7.8#` for a number that may come out as digits or in words.
"""

from __future__ import annotations

import functools
import random
import re
import zlib
from collections.abc import Sequence
from typing import Final, Literal

from training.numbers import numbers

Split = Literal["train", "test"]

HELD_OUT_OF: Final = 6
"""One in so many phrasings is never said in a training visit."""
IN_WORDS: Final = 0.09
"""Chance that a number is written in words, as recognizers sometimes do."""

_CHOICE = re.compile(r"\{([^{}]*)\}")
_FIELD = re.compile(r"<(\w+)>")
_NUMBER = re.compile(r"#([\d.,/]+)#")
_DIGITS: Final = "zero one two three four five six seven eight nine".split()
_TEENS: Final = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS: Final = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
_SMALLEST_BY_HUNDREDS: Final = 100


def likely(chance: random.Random, probability: float) -> bool:
    """True with this probability."""
    return chance.random() < probability


class Speech:
    """The way one visit is worded.

    Args:
        chance: Source of all choices.
        split: Training visits never use the held-out phrasings; test visits use them for half of what is said where there are any.
    """

    def __init__(self, chance: random.Random, split: Split) -> None:
        self.chance = chance
        self.split = split
        self.partner = chance.choice(("husband", "wife"))
        """Whom the patient is married to, if that comes up."""
        self.digits_only = False
        """Write every number in digits, for a sentence whose numbers would not be understood otherwise."""

    def maybe(self, probability: float) -> bool:
        """True with this probability."""
        return self.chance.random() < probability

    def pick(self, options: Sequence[str]) -> str:
        """One of several phrasings, with respect to what is held out."""
        if len(options) == 1:
            return options[0]
        held = [option for option in options if is_held_out(option)]
        free = [option for option in options if not is_held_out(option)]
        if not free:
            free = list(options)
        elif held and self.split == "test" and self.maybe(0.5):
            return self.chance.choice(held)
        return self.chance.choice(free)

    def say(self, options: Sequence[str] | str, **fields: str) -> str:
        """Say one of several templates as tidy sentences."""
        return tidy(self.fill(options, **fields))

    def fill(self, options: Sequence[str] | str, **fields: str) -> str:
        """One of several templates filled in, as part of a sentence."""
        text = options if isinstance(options, str) else self.pick(options)
        while True:
            text = self._expand(text)
            filled = _FIELD.sub(lambda match: fields.get(match[1], self.partner), text)
            if filled == text:
                return _NUMBER.sub(lambda match: self.number(match[1]), text)
            text = filled

    def number(self, value: str) -> str:
        """A number as a recognizer may write it. The caller vouches for digits and at most one point."""
        if not self.digits_only and self.maybe(IN_WORDS) and (words := in_words(value)):
            return words
        if len(value) > len("1000") and value.isdigit():
            return f"{int(value):,}"
        if len(value) == len("1000") and value.isdigit() and self.maybe(0.5):
            return f"{int(value):,}"
        return value

    def _expand(self, text: str) -> str:
        while True:
            expanded = _CHOICE.sub(lambda match: self.chance.choice(match[1].split("|")), text)
            if expanded == text:
                return text
            text = expanded


def is_held_out(phrasing: str) -> bool:
    """Whether a phrasing is kept for the test split."""
    return zlib.crc32(phrasing.encode()) % HELD_OUT_OF == 0


@functools.lru_cache(maxsize=4096)
def in_words(value: str) -> str:
    """A number in words that read back as the same number; empty if there are none. 0.5 is "zero point five"."""
    whole, _, decimals = value.partition(".")
    if not whole.isdigit():
        return ""
    number = int(whole)
    words = _whole_words(number)
    if decimals:
        words += " point " + " ".join(_DIGITS[int(digit)] for digit in decimals)
    return words if words and numbers(words) == numbers(value) else ""


def _whole_words(number: int) -> str:
    if number < len(_DIGITS):
        return _DIGITS[number]
    if number < len(_DIGITS) + len(_TEENS):
        return _TEENS[number - 10]
    if number < _SMALLEST_BY_HUNDREDS:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f" {_DIGITS[ones]}" if ones else "")
    if number % 1000 == 0 and number < 1_000_000:  # noqa: PLR2004
        return f"{_whole_words(number // 1000)} thousand"
    if number < 1000:  # noqa: PLR2004
        hundreds, rest = divmod(number, 100)
        return f"{_DIGITS[hundreds]} hundred" + (f" {_whole_words(rest)}" if rest else "")
    return ""


def listed(items: Sequence[str], word: str = "and") -> str:
    """Items as a list in prose: "a", "a and b", "a, b, and c"."""
    if len(items) <= 2:  # noqa: PLR2004
        return f" {word} ".join(items)
    return ", ".join(items[:-1]) + f", {word} {items[-1]}"


def article(word: str) -> str:
    """The indefinite article of a noun or a number in digits."""
    vowel = word[0] in "aeiou" or word[0] == "8" or word.split(".", maxsplit=1)[0] in {"11", "18"}
    return "an" if vowel else "a"


def lowered(text: str) -> str:
    """A sentence's beginning as it is after "and": in lower case, if it is a plain word."""
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    return text[0].lower() + text[1:] if first.rstrip(",.:?") in _PLAIN else text


_PLAIN: Final = frozenset(
    "A About Alcohol Based An Any Anything Are Around At Can Could Did Do Does Ever Every For Go Half Hardly Have How In It It's Just Last Let Let's Looking Maybe Nobody Oh "
    "Mostly My Never No None Nope Not Now Nothing On Once One Only Or Our Pretty Probably Quite Remind She So Some Still Tell That That's The There There's They This Too "
    "Today Two Usually Very We We'll What When Where Which Who Would Yeah Yes You You're Your".split()
)


def tidy(text: str) -> str:
    """Spaces, punctuation and capitals of sentences put right."""
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r"\s+([,.?!;])", r"\1", text)
    text = re.sub(r"([,;])(?:\s*[,;])+", r"\1", text)
    text = re.sub(r"[,;]\s*([.?!])", r"\1", text)
    text = re.sub(r"([.?!])(?:\s*[.,](?=\s|$))+", r"\1", text)
    text = re.sub(r"(?:^|(?<=[.?!] ))[,;]\s*", "", text)
    return re.sub(r"(?:^|(?<=[a-z0-9%)][.?!] ))([a-z])", lambda match: match[1].upper(), text)
