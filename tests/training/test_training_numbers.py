from __future__ import annotations

import pytest

from training.numbers import numbers, unsaid_numbers


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Five hundred milligrams twice a day.", {"500"}),
        ("The A1c is seven point eight.", {"7.8"}),
        ("Blood pressure 142/86, pulse 74.", {"142", "86", "74"}),
        ("142 over 86", {"142", "86"}),
        ("metformin 1,000 mg", {"1000"}),
        ("a one thousand milligram tablet", {"1000"}),
        ("T4 and vitamin B12 were normal.", set()),
        ("1.5 mg, then 0.05 mg", {"1.5", "0.05"}),
        ("The HbA1c is 7.8 %.", {"7.8"}),
        ("7.0 percent, 7.0%, 007, 20", {"7", "20"}),
        ("There is no number here.", set()),
    ],
)
def test_said_and_written_numbers_are_the_same(text: str, found: set[str]) -> None:
    assert numbers(text) == found


@pytest.mark.parametrize(
    ("sentence", "said", "unsaid"),
    [
        ("Metformin 1.5 mg.", "You take one point five milligrams.", set()),
        ("Metformin 1.5 mg.", "You take five milligrams.", {"1.5"}),
        ("One of the knees hurts.", "My knees hurt.", set()),
        ("Take 1 tablet.", "Take the tablet.", {"1"}),
        ("Take 1 tablet.", "Take one tablet.", set()),
        ("Return in 14 days.", "Come back in two weeks.", {"14"}),
        ("She walks 5 times a week.", "I would say four five times a week.", set()),
        ("She walks 6 times a week.", "I would say four five times a week.", {"6"}),
        ("She weighs 145 pounds.", "One four five.", set()),
    ],
)
def test_a_number_that_was_not_said_is_found(sentence: str, said: str, unsaid: set[str]) -> None:
    assert unsaid_numbers(sentence, said) == unsaid
