from __future__ import annotations

import random

import pytest

from training.evaluation.statistics import compare, estimate


def test_the_interval_is_that_of_theory() -> None:
    chance = random.Random(1)
    values = [chance.gauss(10, 2) for _ in range(400)]
    found = estimate(values)
    assert found.n == 400
    assert found.low < found.mean < found.high
    assert found.high - found.low == pytest.approx(2 * 1.96 * 2 / 20, rel=0.1)


def test_most_intervals_hold_the_true_mean() -> None:
    chance = random.Random(2)
    found = [estimate([chance.random() for _ in range(40)], seed=seed) for seed in range(60)]
    assert 52 <= sum(one.low <= 0.5 <= one.high for one in found) <= 60


def test_the_same_seed_gives_the_same_interval() -> None:
    values = [0.13, 0.57, 0.91, 0.38, 0.44, 0.72, 0.05]
    assert estimate(values, seed=4) == estimate(values, seed=4)
    assert estimate(values, seed=4) != estimate(values, seed=5)


def test_a_paired_difference_is_found_where_unpaired_noise_hides_it() -> None:
    chance = random.Random(3)
    base = [chance.gauss(0, 10) for _ in range(40)]
    better = [score + chance.gauss(1, 0.5) for score in base]
    found = compare(better, base)
    assert found.p < 0.001
    assert 0 < found.low < found.difference < found.high


def test_equal_systems_differ_by_nothing_and_p_is_fair() -> None:
    assert compare([0.5, 0.7], [0.5, 0.7]).p == 1.0
    chance = random.Random(4)
    found = [compare(*([chance.gauss(0, 1) for _ in range(30)] for _ in range(2)), seed=seed).p for seed in range(60)]
    assert sum(p < 0.05 for p in found) <= 9
    assert sum(p > 0.5 for p in found) >= 15


def test_p_is_the_exact_one_for_few_cases() -> None:
    # Of the 16 ways to choose signs, two give a sum as large as this one.
    assert compare([1, 2, 3, 4], [0, 0, 0, 0]).p == pytest.approx(2 / 16, abs=0.01)


@pytest.mark.parametrize(("values", "base"), [([], []), ([1.0], [1.0, 2.0])])
def test_what_cannot_be_paired_is_refused(values: list[float], base: list[float]) -> None:
    with pytest.raises(ValueError, match="same cases"):
        compare(values, base)
    if not values:
        with pytest.raises(ValueError, match="no values"):
            estimate(values)
