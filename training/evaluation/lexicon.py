"""Names of drugs, diagnoses, symptoms and more: data files with one name per line, other names for the same after a colon."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training.evaluation.normal import words

_DIRECTORY: Final = Path(__file__).parent
_LONGEST: Final = 6
"""Words of the longest name."""


@dataclass(frozen=True)
class Mention:
    """A name of the lexicon in a text."""

    names: frozenset[str]
    """What it may mean: `diabetes` means either type."""
    start: int
    """Position of its first word in the normal form, from 0."""
    end: int
    """Position after its last word."""


class Lexicon:
    """Finds names in texts, the longest first.

    Args:
        entries: Every name with all ways to write it, itself included.
    """

    def __init__(self, entries: Iterable[tuple[str, Iterable[str]]]) -> None:
        self._meanings: dict[tuple[str, ...], frozenset[str]] = {}
        for name, forms in entries:
            for form in (name, *forms):
                key = tuple(map(singular, words(form)))
                self._meanings[key] = self._meanings.get(key, frozenset()) | {name}

    @classmethod
    def read(cls, name: str) -> Lexicon:
        """One of the data files beside this module, such as `drugs`."""
        rows = (_DIRECTORY / f"{name}.txt").read_text("utf-8").splitlines()
        pairs = (row.partition(":") for row in rows if row.strip() and not row.startswith("#"))
        return cls((name.strip(), filter(None, map(str.strip, others.split(",")))) for name, _, others in pairs)

    def mentions(self, text: str) -> list[Mention]:
        """Every name in a text, in order, none inside another."""
        parts = tuple(map(singular, words(text)))
        found = []
        position = 0
        while position < len(parts):
            for length in range(min(_LONGEST, len(parts) - position), 0, -1):
                meaning = self._meanings.get(parts[position : position + length])
                if meaning:
                    found.append(Mention(meaning, position, position + length))
                    position += length
                    break
            else:
                position += 1
        return found

    def names(self, text: str) -> frozenset[str]:
        """What a text may speak of."""
        return frozenset(name for mention in self.mentions(text) for name in mention.names)


_SHORT: Final = 3


@functools.lru_cache(maxsize=50_000)
def singular(word: str) -> str:
    """A word without the s of the plural."""
    return word[:-1] if len(word) > _SHORT and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


@functools.cache
def drugs() -> Lexicon:
    """Generic and brand names of drugs common in primary care and endocrinology."""
    return Lexicon.read("drugs")


@functools.cache
def conditions() -> Lexicon:
    """Diagnoses common there."""
    return Lexicon.read("conditions")


@functools.cache
def everyday() -> Lexicon:
    """Other words that mean the same in a note and in the room."""
    return Lexicon.read("everyday")


@functools.cache
def symptoms() -> Lexicon:
    """Symptoms that a review of systems asks for."""
    return Lexicon.read("symptoms")
