"""How alike two spellings sound: English letters to rough sounds, and a weighted edit distance between them.

A recognizer that does not know a name writes English words that sound like it. Sounds that are easily mistaken for each other
cost little to exchange, vowels least of all, since unstressed vowels carry next to nothing. Kondrak 2000, "A new algorithm for
the alignment of phonetic sequences" (NAACL), weighs sounds in the same spirit.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Final

import numpy as np

# One capital per consonant that has no letter of its own: C church, J judge, X ship, 0 thin.
_RULES: Final[tuple[tuple[str, str], ...]] = (
    ("^(?:kn|gn|pn|mn)", "n"), ("^wr", "r"), ("^ps", "s"), ("^x", "z"), ("^wh", "w"), ("^rh", "r"),
    ("(?:ous|us)$", "us"), ("tch", "C"), ("dg(?=[eiy])", "J"), ("sch", "sk"), ("ch(?=[lr])", "k"), ("ch", "C"), ("ph", "f"),
    ("th", "0"), ("sh", "X"), ("[tsc]i(?=o|a[nl]|ou|e[nt])", "X"), ("ti(?=on)", "X"), ("tu(?=r|al)", "Cu"),
    ("st(?=[el][nl]?$)", "s"), ("sten", "sen"), ("sc(?=[eiy])", "s"), ("ck", "k"), ("qu?", "kw"), ("igh", "i"), ("gh", ""),
    ("mb$", "m"), ("c(?=[eiy])", "s"), ("c", "k"), ("g(?=[eiy])", "J"), ("x", "ks"), ("(?<=s)s", ""), ("j", "J"),
    ("^y", "Y"), ("y(?=[aeou])", "Y"), ("y", "i"), ("(?<=[^aeiouy])e$", ""), ("(?<=[aeiou])w(?![aeiou])", "u"),
    ("h(?![aeiouy])", ""), ("[aeiou]{2,3}", "a"), (r"([^\d])\1+", r"\1"),
)  # fmt: skip
"""Spelling rules, applied in this order to the whole word."""
_SPELLING: Final = tuple((re.compile(pattern), sound) for pattern, sound in _RULES)
_VOWELS: Final = frozenset("aeiou")
_WEAK: Final = {"h": 0.3, "w": 0.4, "Y": 0.3, "t": 0.7, "d": 0.7, "n": 0.8, "r": 0.7, "l": 0.8}
"""Consonants that are easily lost or heard where there is none; all others cost 1 to add or to drop."""
_ALIKE: Final = {
    frozenset(pair): cost
    for cost, pairs in (
        (0.25, "pb td kg fv sz CJ XC XJ 0t 0f 0s sX zX zJ"),
        (0.35, "mn 0d 0v tC dJ kC gJ kX JX vb wv"),
        (0.6, "lr nd fp lw rw ts dz"),
    )
    for pair in pairs.split()
}
_VOWEL: Final = 0.35
"""Cost of adding or dropping a vowel."""
_OTHER_VOWEL: Final = 0.15
"""Cost of one vowel for another."""


@functools.lru_cache(maxsize=16384)
def sounds(word: str) -> str:
    """The rough sounds of one spelled word, one character each.

    Args:
        word: Letters; anything else is left out.
    """
    spelled = re.sub("[^a-z]", "", word.lower())
    for pattern, sound in _SPELLING:
        spelled = pattern.sub(sound, spelled)
    return spelled


class Codebook:
    """Many sequences of sounds, ready to be compared with one at a time.

    Args:
        codes: Sounds of each entry, as from `sounds`; none empty.
    """

    def __init__(self, codes: Sequence[str]) -> None:
        weights = np.array([weight(code) for code in codes])
        self._order = np.argsort(weights, kind="stable")
        """Entries from light to heavy: those too light or too heavy to be alike are never compared."""
        self._weights = weights[self._order]
        self._lengths = np.array([len(code) for code in codes])[self._order]
        self._symbols = np.zeros((int(self._lengths.max()), len(codes)), np.intp)
        for column, entry in enumerate(self._order):
            self._symbols[: len(codes[entry]), column] = [_ALPHABET.index(sound) for sound in codes[entry]]

    def alike(self, code: str, least: float) -> dict[int, float]:
        """The entries that are alike enough, each with its similarity: 1.0 the same, 0.0 nothing in common.

        The distance is Wagner and Fischer's (1974) with weights, over the cost of dropping every sound of the heavier side.

        Args:
            code: Sounds, as from `sounds`.
            least: Lowest similarity of interest, above 0.0.
        """
        low, high = np.searchsorted(self._weights, [weight(code) * least, weight(code) / least])
        if low == high:
            return {}
        lengths, weights = self._lengths[low:high], self._weights[low:high]
        symbols = self._symbols[: lengths.max(), low:high]
        lost = _DROPPED[symbols]
        row = np.vstack([np.zeros(high - low), np.cumsum(lost, axis=0)])
        for sound in map(_ALPHABET.index, code):
            previous, row = row, np.empty_like(row)
            row[0] = previous[0] + _DROPPED[sound]
            kept = np.minimum(previous[:-1] + _EXCHANGED[sound][symbols], previous[1:] + _DROPPED[sound])
            for place in range(len(lost)):
                np.minimum(kept[place], row[place] + lost[place], out=row[place + 1])
        similar = 1.0 - row[lengths, np.arange(high - low)] / np.maximum(weights, weight(code))
        return {int(self._order[low + at]): float(similar[at]) for at in np.flatnonzero(similar >= least)}


def weight(code: str) -> float:
    """What it costs to drop every sound of a sequence."""
    return sum(map(_drop, code))


def _exchange(left: str, right: str) -> float:
    if left == right:
        return 0.0
    if left in _VOWELS and right in _VOWELS:
        return _OTHER_VOWEL
    return _ALIKE.get(frozenset((left, right)), _drop(left) + _drop(right))


def _drop(sound: str) -> float:
    return _VOWEL if sound in _VOWELS else _WEAK.get(sound, 1.0)


_ALPHABET: Final = "aeioubdfghjklmnprstvwzCJXY0"
"""Every sound."""
_DROPPED: Final = np.array([_drop(sound) for sound in _ALPHABET])
_EXCHANGED: Final = np.array([[_exchange(left, right) for right in _ALPHABET] for left in _ALPHABET])
