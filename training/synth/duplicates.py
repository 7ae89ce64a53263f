"""Finds visits that resemble each other: Jaccard similarity of word 5-grams, by MinHash (Broder 1997)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.visits import Visit

TOO_SIMILAR: Final = 0.35
"""Jaccard similarity of the dialogues' word 5-grams from which two visits count as near-duplicates."""
_GRAM: Final = 5
_HASHES: Final = 64
_PRIME: Final = 2_147_483_647
_MARGIN: Final = 0.12

_WORD = re.compile(r"[a-z0-9.]+")


def grams(text: str, size: int) -> set[str]:
    """The word n-grams of a text."""
    words = _WORD.findall(text.lower())
    return {" ".join(words[start : start + size]) for start in range(len(words) - size + 1)}


def spoken(visit: Visit) -> str:
    """The dialogue as one text."""
    return " ".join(turn.text for turn in visit.turns)


class NearDuplicates:
    """Remembers visits and refuses those that resemble one it has.

    Args:
        visits: Visits to begin with.
    """

    def __init__(self, visits: Iterable[Visit] = ()) -> None:
        draw = np.random.default_rng(20250703)
        self._factors = draw.integers(1, _PRIME, (_HASHES, 1), dtype=np.int64)
        self._offsets = draw.integers(0, _PRIME, (_HASHES, 1), dtype=np.int64)
        self._signatures: list[NDArray[np.int64]] = []
        self._grams: list[set[int]] = []
        for visit in visits:
            self._remember(*self._read(visit))

    def add(self, visit: Visit) -> bool:
        """Remember a visit; False, and it is not remembered, if it resembles one."""
        hashed, signature = self._read(visit)
        if self._signatures:
            estimates = (np.stack(self._signatures) == signature).mean(axis=1)
            for index in np.flatnonzero(estimates >= TOO_SIMILAR - _MARGIN):
                other = self._grams[int(index)]
                if len(hashed & other) / len(hashed | other) >= TOO_SIMILAR:
                    return False
        self._remember(hashed, signature)
        return True

    def _read(self, visit: Visit) -> tuple[set[int], NDArray[np.int64]]:
        hashed = {zlib.crc32(gram.encode()) % _PRIME for gram in grams(spoken(visit), _GRAM)}
        values = np.fromiter(sorted(hashed), dtype=np.int64)
        return hashed, ((self._factors * values + self._offsets) % _PRIME).min(axis=1)

    def _remember(self, hashed: set[int], signature: NDArray[np.int64]) -> None:
        self._grams.append(hashed)
        self._signatures.append(signature)
