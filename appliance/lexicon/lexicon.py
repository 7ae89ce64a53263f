"""Clinical names in a text, and what the lexicon knows about them.

The longest form wins, from left to right; upper and lower case, plural, possessive, hyphen or blank make no difference.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from appliance.errors import NotFoundError
from appliance.lexicon import tables
from appliance.lexicon.tables import Drug, Kind, Measure

_TOKEN: Final = re.compile(r"[^\W_]+(?:['\u2019]s\b)?")
_POSSESSIVE: Final = ("'s", "\u2019s")
_JOINT: Final = re.compile(
    r"[ \t\n]{1,3}|[-\u2010\u2011\u2013/(]|(?<=\w)[.,'\u2019](?=\w)|['\u2019] |"
    r"(?<=\b\w)\. ?(?=\w\b)|(?<=\b[A-Z])\. (?=[a-z])|(?<=\b[Ss]t)\. "
)
"""What may stand between two words of one name: "T.S.H.", "H. pylori", "St. John's wort", "Graves' disease", "Lp(a)"."""
_SALT: Final = re.compile(
    r"[ -](?:hydrochloride|hcl|hydrobromide|sulfate|succinate|tartrate|acetate|maleate|besylate|mesylate|fumarate|tromethamine|"
    r"extended[- ]release|immediate[- ]release|ER|XR|XL|SR|CR|DR|EC|LA)\b"
)
"""What may follow a drug's name and belongs to it; not "calcium", which may be the next thing said."""
_LONG_ENOUGH = 4  # letters: shorter words have no plural here, "gas" is not "ga"


@dataclass(frozen=True, slots=True)
class Mention:
    """A clinical name in a text."""

    kind: Kind
    concept: str
    """The name of the concept: brand and generic have the same."""
    start: int
    """Offset of its first character."""
    end: int
    """Offset behind its last character, without a possessive ending."""


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: Kind
    concept: str
    exact: str = ""
    """How the form must be written, if it must."""


@dataclass(frozen=True, slots=True)
class _Index:
    entries: dict[tuple[str, ...], _Entry]
    longest: dict[str, int]
    """By first word: the number of words of the longest form that starts with it."""


def mentions(text: str) -> tuple[Mention, ...]:
    """The clinical names in a text, in order; they never overlap.

    Args:
        text: Any text, spoken or written.
    """
    index = _index()
    tokens = list(_TOKEN.finditer(text))
    words = [_stem(token[0]) for token in tokens]
    found: list[Mention] = []
    at = 0
    while at < len(tokens):
        for length in range(_reach(text, tokens, at, index.longest.get(words[at], 0)), 0, -1):
            entry = index.entries.get(tuple(words[at : at + length]))
            start, end = tokens[at].start(), _end(tokens[at + length - 1])
            if entry and _as_written(entry, text[start:end]):
                found.append(Mention(entry.kind, entry.concept, start, _whole(text, start, end, entry.kind)))
                break
        at += 1
        while found and at < len(tokens) and tokens[at].start() < found[-1].end:
            at += 1
    return tuple(found)


def drug(concept: str) -> Drug:
    """What the lexicon knows about a drug.

    Args:
        concept: The generic name, as a mention gives it.

    Raises:
        NotFoundError: The lexicon has no such drug.
    """
    try:
        return tables.drugs()[concept]
    except KeyError:
        raise NotFoundError("The lexicon has no such drug.", hint="Ask for a concept that a mention gave.") from None


def measure(concept: str) -> Measure:
    """What the lexicon knows about a laboratory test or a vital sign.

    Args:
        concept: Its name, as a mention gives it.

    Raises:
        NotFoundError: The lexicon has no such test or sign.
    """
    try:
        return tables.measures()[concept]
    except KeyError:
        raise NotFoundError("The lexicon has no such test or sign.", hint="Ask for a concept that a mention gave.") from None


def default_units(concept: str) -> tuple[str, ...]:
    """Units that a note may write with a result though nobody said them, the default first; none for anything else.

    Args:
        concept: The concept of any mention.
    """
    known = tables.measures().get(concept)
    return known.units if known else ()


@functools.cache
def drug_words() -> frozenset[str]:
    """Every word that occurs only in names of drugs, lower case: "zoledronic" of zoledronic acid, but not "acid"."""
    words = _words(form for kind, _, form in tables.forms() if kind == "drug")
    return frozenset(word for word in words - everyday_words() - lexicon_words() if len(word) >= _LONG_ENOUGH)


def everyday_words() -> frozenset[str]:
    """Everyday and clinical English words, lower case, none of them a drug's name."""
    return tables.everyday()


@functools.cache
def lexicon_words() -> frozenset[str]:
    """Every word in the names of tests, signs, conditions, symptoms and allergens, lower case."""
    return _words(form for kind, _, form in tables.forms() if kind != "drug")


def _words(forms: Iterable[str]) -> frozenset[str]:
    return frozenset(token[0].lower() for form in forms for token in _TOKEN.finditer(form) if token[0].isalpha())


@functools.cache
def _index() -> _Index:
    entries: dict[tuple[str, ...], _Entry] = {}
    longest: dict[str, int] = {}
    for kind, concept, form in tables.forms():
        exact = form[1:] if form.startswith("=") else ""
        key = tuple(_stem(token[0]) for token in _TOKEN.finditer(form))
        entries.setdefault(key, _Entry(kind, concept, exact))
        longest[key[0]] = max(longest.get(key[0], 0), len(key))
    return _Index(entries, longest)


def _reach(text: str, tokens: list[re.Match[str]], at: int, longest: int) -> int:
    """How many words from `at` on may belong to one name."""
    for length in range(1, min(longest, len(tokens) - at)):
        joint = _JOINT.match(text, tokens[at + length - 1].end())
        if not joint or joint.end() != tokens[at + length].start():
            return length
    return min(longest, len(tokens) - at)


def _whole(text: str, start: int, end: int, kind: Kind) -> int:
    """Where a name ends with what belongs to it: the salt of a drug, a closing bracket."""
    salt = _SALT.match(text, end) if kind == "drug" else None
    if salt:
        return salt.end()
    return end + 1 if "(" in text[start:end] and text.startswith(")", end) else end


def _end(token: re.Match[str]) -> int:
    return token.end() - (2 if token[0].endswith(_POSSESSIVE) else 0)


def _as_written(entry: _Entry, text: str) -> bool:
    if not entry.exact:
        return True
    return text == entry.exact if entry.exact != entry.exact.lower() else text.lower() == entry.exact


@functools.lru_cache(maxsize=65536)
def _stem(word: str) -> str:
    """A word without case, possessive and plural ending."""
    lower = word.lower()
    if lower.endswith(_POSSESSIVE):
        return lower[:-2]
    if len(lower) <= _LONG_ENOUGH or not lower.endswith("s") or lower.endswith(("ss", "us", "is")):
        return lower
    if lower.endswith("ies"):
        return lower[:-3] + "y"
    return lower[:-2] if lower.endswith(("sses", "xes", "ches", "shes")) else lower[:-1]
