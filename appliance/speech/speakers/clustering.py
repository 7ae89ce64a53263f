"""Two voices in a heap of voice prints.

Spherical 2-means (Dhillon and Modha 2001, doi 10.1023/A:1007612920971), weighted by the seconds of each print, with one
correction: a print of little speech is noisy, so that two prints of one voice look less alike than they are. Over the sample
visits the noise fits a variance of 0.4 per second of speech, which is taken out before voices are compared.

Nothing but the products of the prints with each other is needed, so everything is said in them, in plain Python: pages have no
NumPy, and of a visit with 250 turns there are 62,500.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from operator import mul
from typing import Final

_NOISE: Final = 0.4  # variance times seconds
_ONE_VOICE: Final = 0.93  # halves of one voice were 0.98 and more alike, two voices of one sex up to 0.90
_ROUNDS: Final = 20
_POWER_STEPS: Final = 12
_ENOUGH: Final = 1.0  # seconds of a print that may stand for a voice at the start
_TINY: Final = 1e-6

Print = Sequence[float]
"""A voice print: a vector of length 1."""


@dataclass(frozen=True)
class Voices:
    """Which of two voices said what."""

    second: list[bool]
    """Per print, whether the second voice said it; with one voice all are False."""
    certainty: list[float]
    """Per print: about 1 at its own voice, 0 half way between the two. Zeros with one voice."""
    likeness: list[float]
    """Per print, how like its voice it is, at most about 1: little for a third person."""
    count: int
    """1 or 2; 0 without prints."""


class Prints:
    """Voice prints, the speech in each, and how alike they are. It only grows.

    Args:
        known: Those to begin with: each print, and the seconds of speech that it was made from, above 0.
    """

    def __init__(self, known: Iterable[tuple[Print, float]] = ()) -> None:
        self.vectors: list[Print] = []
        self.seconds: list[float] = []
        self.alike: list[list[float]] = []
        """Products of the prints, `[n][n]`."""
        for found, seconds in known:
            self.add(found, seconds)

    def add(self, found: Print, seconds: float) -> None:
        """One more print."""
        self.vectors.append(found)
        self.seconds.append(seconds)
        products = [dot(found, other) for other in self.vectors]
        for row, product in zip(self.alike, products, strict=False):
            row.append(product)
        self.alike.append(products)

    def and_these(self, more: Iterable[tuple[Print, float]]) -> Prints:
        """These prints and more, as prints of their own."""
        whole = Prints()
        whole.vectors, whole.seconds = list(self.vectors), list(self.seconds)
        whole.alike = [list(row) for row in self.alike]
        for found, seconds in more:
            whole.add(found, seconds)
        return whole

    def __len__(self) -> int:
        return len(self.seconds)


def tell_apart(prints: Prints) -> Voices:
    """Group voice prints by two voices; one voice if there is no second that is clearly another."""
    if not len(prints):
        return Voices([], [], [], 0)
    sums = _Sums(prints)
    _, second = max((_two_means(sums, start) for start in _starts(sums)), key=lambda found: found[0])
    voices = sums.voices(second) if any(second) and not all(second) else None
    if voices is None or sums.without_noise(voices.alike, second) > _ONE_VOICE:
        own = [product / sums.length for product in sums.products]
        return Voices([False] * len(prints), [0.0] * len(prints), _without_noise(own, prints.seconds), 1)
    own = [max(pair) for pair in voices.products]
    certainty = [
        (most - min(pair)) / max(most * (1 - voices.alike), _TINY) for most, pair in zip(own, voices.products, strict=True)
    ]
    return Voices(second, certainty, _without_noise(own, prints.seconds), 2)


def dot(left: Sequence[float], right: Sequence[float]) -> float:
    """Product of two vectors of one length."""
    return float(sum(map(mul, left, right)))


def unit(vector: Sequence[float]) -> list[float]:
    """A vector, scaled to length 1; one of zeros stays as it is."""
    length = max(sqrt(dot(vector, vector)), _TINY)
    return [value / length for value in vector]


@dataclass(frozen=True)
class _Pair:
    """Two voices: each the weighted sum of its prints, scaled to length 1."""

    products: list[tuple[float, float]]
    """Of every print with the first and the second voice."""
    alike: float
    """Product of the voices."""


class _Sums:
    """Weighted sums of some prints, seen through the products of prints with them."""

    def __init__(self, prints: Prints) -> None:
        self.prints: Final = prints
        self.products: Final = self.with_sum(prints.seconds)
        """Of every print with the sum of all."""
        self.length: Final = self._length(prints.seconds, self.products)

    def with_sum(self, weights: Sequence[float]) -> list[float]:
        """Products of every print with the sum of the weighted prints."""
        return [dot(row, weights) for row in self.prints.alike]

    def voices(self, second: Sequence[bool]) -> _Pair:
        """The voices of two sides, neither of them empty."""
        ours = [seconds * side for seconds, side in zip(self.prints.seconds, second, strict=True)]
        theirs = [seconds * (not side) for seconds, side in zip(self.prints.seconds, second, strict=True)]
        with_ours = self.with_sum(ours)
        with_theirs = [whole - part for whole, part in zip(self.products, with_ours, strict=True)]
        lengths = self._length(theirs, with_theirs), self._length(ours, with_ours)
        products = [(one / lengths[0], two / lengths[1]) for one, two in zip(with_theirs, with_ours, strict=True)]
        return _Pair(products, dot(theirs, with_ours) / (lengths[0] * lengths[1]))

    def without_noise(self, product: float, second: Sequence[bool]) -> float:
        """The product of the voices of two sides, noise taken out."""
        for side in (True, False):
            spoken = sum(seconds for seconds, its in zip(self.prints.seconds, second, strict=True) if its is side)
            product *= sqrt(1 + _NOISE / spoken)
        return product

    def _length(self, weights: Sequence[float], products: Sequence[float]) -> float:
        return max(sqrt(max(0.0, dot(weights, products))), _TINY)


def _starts(sums: _Sums) -> list[list[bool]]:
    """Two first guesses: the halves along the direction of most variance, and the two prints that are least alike."""
    alike, seconds = sums.prints.alike, sums.prints.seconds
    long = [number for number, its in enumerate(seconds) if its >= min(_ENOUGH, max(seconds))]
    first = min(long, key=lambda number: min(map(alike[number].__getitem__, long)))
    last = min(long, key=alike[first].__getitem__)
    return [_halves(sums), [two > one for one, two in zip(alike[first], alike[last], strict=True)]]


def _halves(sums: _Sums) -> list[bool]:
    """On which side of the mean each print lies, along the direction in which the weighted prints vary most.

    That is the sign of the first eigenvector of the products of the centred, weighted prints; found by the power method.
    """
    whole = sum(sums.prints.seconds)
    roots = [sqrt(seconds) for seconds in sums.prints.seconds]
    to_mean = [product / whole for product in sums.products]
    mean = (sums.length / whole) ** 2
    off = [1 - 2 * product + mean for product in to_mean]  # squares of the distances from the mean
    furthest = max(range(len(roots)), key=lambda number: off[number] * sums.prints.seconds[number])
    vector = [float(number == furthest) for number in range(len(roots))]
    for _ in range(_POWER_STEPS):
        weights = list(map(mul, roots, vector))
        total, shift = sum(weights), dot(to_mean, weights)
        products = sums.with_sum(weights)
        vector = unit(
            [
                root * (product - its * total - shift + mean * total)
                for root, product, its in zip(roots, products, to_mean, strict=True)
            ]
        )
    return [value > 0 for value in vector]


def _two_means(sums: _Sums, second: list[bool]) -> tuple[float, list[bool]]:
    """How well two voices fit, and which prints are the second's."""
    products: list[tuple[float, float]] = []
    for _ in range(_ROUNDS):
        if all(second) or not any(second):
            return -1.0, second
        products = sums.voices(second).products
        before, second = second, [two > one for one, two in products]
        if second == before:
            break
    return dot(sums.prints.seconds, [max(pair) for pair in products]), second


def _without_noise(own: Sequence[float], seconds: Sequence[float]) -> list[float]:
    return [product * sqrt(1 + _NOISE / spoken) for product, spoken in zip(own, seconds, strict=True)]
