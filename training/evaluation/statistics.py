"""Intervals and tests over cases, all from resampling (Efron and Tibshirani 1993; for paired tests Koehn 2004, EMNLP)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

RESAMPLES: Final = 10_000
SEED: Final = 20250703
_LEVEL: Final = 0.95


class Estimate(msgspec.Struct, frozen=True):
    """A mean over cases with its 95 % interval."""

    mean: float
    low: float
    high: float
    n: int
    """Cases that have this score."""


class Comparison(msgspec.Struct, frozen=True):
    """A system against another on the same cases."""

    difference: float
    """Of the means."""
    low: float
    """Lower end of the 95 % interval of the difference."""
    high: float
    p: float
    """Probability, 0.0 to 1.0, of a difference at least as large if the two were alike (two-sided)."""
    n: int


def estimate(values: Sequence[float], *, seed: int = SEED) -> Estimate:
    """Mean and percentile bootstrap interval over cases.

    Args:
        values: One score per case, at least one.
        seed: The same seed gives the same interval.

    Raises:
        ValueError: There are no values.
    """
    if not values:
        raise ValueError("no values")
    scores = np.asarray(values, np.float64)
    low, high = _interval(scores, seed)
    return Estimate(float(scores.mean()), low, high, len(values))


def compare(values: Sequence[float], base: Sequence[float], *, seed: int = SEED) -> Comparison:
    """Paired bootstrap interval of the difference, and p by flipping the signs of the differences at random.

    Args:
        values: One score per case.
        base: Of the other system, the same cases in the same order.
        seed: As in `estimate`.

    Raises:
        ValueError: There are no values, or the two are of different length.
    """
    if not values or len(values) != len(base):
        raise ValueError("paired tests need the same cases")
    differences = np.asarray(values, np.float64) - np.asarray(base, np.float64)
    low, high = _interval(differences, seed)
    chance = np.random.default_rng(seed)
    signs = chance.choice((-1.0, 1.0), (RESAMPLES, len(differences)))
    observed = abs(differences.mean())
    # Sums in another order may differ in the last digit.
    as_large = np.abs(signs @ differences / len(differences)) >= observed - 1e-12
    p = (int(as_large.sum()) + 1) / (RESAMPLES + 1)
    return Comparison(float(differences.mean()), low, high, p, len(differences))


def _interval(values: np.typing.NDArray[np.float64], seed: int) -> tuple[float, float]:
    chance = np.random.default_rng(seed)
    means = values[chance.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.quantile(means, ((1 - _LEVEL) / 2, (1 + _LEVEL) / 2))
    return float(low), float(high)
