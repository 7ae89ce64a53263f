"""Numbers in what was said and in what is written, in one form: "seven point eight" and "7.8" are the same number."""

from __future__ import annotations

import functools
import re
from decimal import Decimal

from whisper_normalizer.english import EnglishNumberNormalizer, EnglishTextNormalizer


class _DigitsOnly(EnglishNumberNormalizer):  # type: ignore[misc]  # the package has no types
    """Spoken numbers as digits, the one too: the original makes "one.5" of 1.5."""

    def postprocess(self, s: str) -> str:
        """Leave the digits."""
        return s


normalize = EnglishTextNormalizer()
"""Whisper's normal form of English (Radford et al. 2022, arXiv 2212.04356), with every number as digits."""
normalize.standardize_numbers = _DigitsOnly()

_NAME = re.compile(r"\b[A-Za-z]+-?\d+[a-z]?\b")
"""Digits that are part of a name, such as T4, A1c or COVID-19, are not numbers."""
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")
_DIGIT = "(?:one|two|three|four|five|six|seven|eight|nine)"
_BEFORE_DIGIT = re.compile(rf"\b{_DIGIT}(?= {_DIGIT}\b)", re.IGNORECASE)


@functools.lru_cache(maxsize=4096)
def numbers(text: str) -> frozenset[str]:
    """The numbers of a text as digits, without zeros that do not count: 7.0 is 7."""
    # The normalizer joins what stands around a slash or a hyphen: 130/80, 24-hour.
    spaced = re.sub(r"(?<=\d)[/-](?=\w)", " ", _NAME.sub(" ", text))
    return frozenset(f"{Decimal(number).normalize():f}" for number in _NUMBER.findall(normalize(spaced)))


def digits_apart(text: str) -> str:
    """Said digits that stand side by side as numbers of their own: "four five times a week" as "four or five times a week".

    The normal form makes 45 of them, which may be meant as well.
    """
    return _BEFORE_DIGIT.sub(r"\g<0> or", text)


def unsaid_numbers(sentence: str, said: str) -> frozenset[str]:
    """The numbers of a written sentence that were not said; a "one" in words is no number, it may be a pronoun.

    Args:
        sentence: What is written.
        said: What was said.
    """
    unsaid = numbers(sentence) - numbers(said) - numbers(digits_apart(said))
    return unsaid if re.search(r"\b1\b", sentence) else unsaid - {"1"}
