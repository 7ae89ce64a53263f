"""How alike two spellings sound: English letters to rough sounds, and a weighted edit distance between them.

A recognizer that does not know a name writes English words that sound like it. Sounds that are easily mistaken for each other
cost little to exchange, vowels least of all, since unstressed vowels carry next to nothing. Kondrak 2000, "A new algorithm for
the alignment of phonetic sequences" (NAACL), weighs sounds in the same spirit.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections.abc import Iterator, Sequence
from typing import Final

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


class _Node:
    """The entries of a codebook that begin alike."""

    __slots__ = ("entries", "heaviest", "lightest", "next")

    def __init__(self) -> None:
        self.next: Final[dict[str, _Node]] = {}
        """By their next sound."""
        self.entries: Final[list[int]] = []
        """Those that end here."""
        self.lightest = math.inf
        self.heaviest = 0.0


class Codebook:
    """Many sequences of sounds, ready to be compared with one at a time.

    Args:
        codes: Sounds of each entry, as from `sounds`; none empty.
    """

    def __init__(self, codes: Sequence[str]) -> None:
        self._weights = [weight(code) for code in codes]
        self._root = _Node()
        for entry, code in enumerate(codes):
            node = self._root
            for sound in code:
                node = node.next.setdefault(sound, _Node())
                node.lightest = min(node.lightest, self._weights[entry])
                node.heaviest = max(node.heaviest, self._weights[entry])
            node.entries.append(entry)

    def alike(self, code: str, least: float) -> dict[int, float]:
        """The entries that are alike enough, each with its similarity: 1.0 the same, 0.0 nothing in common.

        The distance is Wagner and Fischer's (1974) with weights, over the cost of dropping every sound of the heavier side.

        Args:
            code: Sounds, as from `sounds`.
            least: Lowest similarity of interest, above 0.0.
        """
        own = weight(code)
        found = {}
        for entry, distance in self._near(code, own, least):
            similarity = 1.0 - distance / max(self._weights[entry], own)
            if similarity >= least:
                found[entry] = similarity
        return dict(sorted(found.items(), key=lambda item: (self._weights[item[0]], item[0])))

    def _near(self, code: str, own: float, least: float) -> Iterator[tuple[int, float]]:
        """Entries that are neither too light nor too heavy with their distances, but for most of those that are too far.

        What begins alike is compared once, and no further where every way is too far already.
        """
        lightest, heaviest = own * least, own / least
        dropped = [_DROPPED[sound] for sound in code]
        exchanged = {sound: [costs[heard] for heard in code] for sound, costs in _EXCHANGED.items()}
        waiting = [(self._root, list(itertools.accumulate(dropped, initial=0.0)))]
        while waiting:
            node, distances = waiting.pop()
            for entry in node.entries:
                if lightest <= self._weights[entry] < heaviest:
                    yield entry, distances[-1]
            for sound, following in node.next.items():
                if following.heaviest < lightest or following.lightest >= heaviest:
                    continue
                further = _further(distances, exchanged[sound], dropped, _DROPPED[sound])
                if min(further) <= (1.0 - least) * max(own, min(following.heaviest, heaviest)) + _ROUNDING:
                    waiting.append((following, further))


def _further(distances: list[float], exchanged: list[float], dropped: list[float], lost: float) -> list[float]:
    """Distances from each beginning of what was heard to an entry's beginning, one sound further in the entry.

    Args:
        distances: Those of the beginning before.
        exchanged: What it costs to hear each sound for this one.
        dropped: What it costs to drop each sound that was heard.
        lost: What it costs to drop this one.
    """
    before = distances[0]
    nearest = before + lost
    further = [nearest]
    for exchange, drop, after in zip(exchanged, dropped, distances[1:], strict=True):
        nearest += drop
        if (kept := before + exchange) < nearest:
            nearest = kept
        if (skipped := after + lost) < nearest:
            nearest = skipped
        further.append(nearest)
        before = after
    return further


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
_DROPPED: Final = {sound: _drop(sound) for sound in _ALPHABET}
_EXCHANGED: Final = {left: {right: _exchange(left, right) for right in _ALPHABET} for left in _ALPHABET}
_ROUNDING: Final = 1e-9
