from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.note.said import Said, said_in

VISIT = """Doctor: Your A1c was seven point eight percent and the free T4 1.1. We will go up on metformin from five hundred to a
thousand milligrams twice a day. Blood pressure one thirty over eighty, and I weighed you at 150 pounds.
Patient: My left knee hurts. I forget 3 doses a week. That's right, I had the flu shot in March, on a Monday.
Doctor: Follow up in two weeks. Twenty units of Lantus."""
SAID = said_in(VISIT)


def blocked(text: str, said: Said = SAID) -> str | None:
    """Writes a text letter by letter; the piece at which it is stopped, or None if it can be written and finished."""
    for end in range(1, len(text) + 1):
        if not said.allows(text[:end], end - 1):
            return text[:end]
    return None if said.allows_finished(text, len(text)) else f"{text}\n"


@pytest.mark.parametrize(
    "text",
    [
        "Hemoglobin A1c is 7.8%, elevated.",
        "Free T4 is 1.1.",
        "Increase metformin from 500 mg to 1000 mg twice daily.",
        "Increase Glucophage to 1,000 mg BID.",
        "Blood pressure is 130/80 mmHg. Weight is 150 lbs.",
        "Left knee pain.",
        "The patient misses about 3 times a week.",
        "Follow up in 2 weeks.",
        "Follow up in two weeks.",
        "Insulin glargine 20 units.",
        "Call right away for aspiration.",
        "Continue metformin.",
        "Atypically low.",
        "Flu shot on Monday.",
    ],
)
def test_what_was_said_can_be_written(text: str) -> None:
    assert blocked(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "A1c is 7.9%",
        "A1c is 8",
        "metformin 10",
        "metformin 1000 mcg",
        "metformin 500 units",
        "Follow up in 2 months",
        "Follow up in nine weeks",
        "Start lisinopril",
        "Start aspirin",
        "Start vitamin D",
        "Start fish oil",
        "Right knee pain",
        "Bilateral knee pain",
        "Seen on Tuesday",
        "metformin four times daily",
        "pulse is 80 bpm",
        "A 4-year-old",
        "A thyroidoma",
        "Turn right",
        "For ½ year",
    ],
)
def test_what_was_not_said_cannot(text: str) -> None:
    assert blocked(text)


@pytest.mark.parametrize("word", ["lisinopril", "aspirin", "nine", "Tuesday", "bilateral", "Lipitor", "semaglutide"])
def test_a_word_is_stopped_before_it_is_complete(word: str) -> None:
    """Otherwise nothing but more letters could follow it."""
    stopped = blocked(f"It was {word} and")
    assert stopped
    assert len(stopped) <= len(f"It was {word}")


def test_a_number_belongs_to_its_unit() -> None:
    said = said_in("Take 10 milligrams for 5 days.")
    assert blocked("10 mg for 5 days", said) is None
    assert blocked("5 mg", said)
    assert blocked("10 days", said)


def test_a_unit_that_the_test_has_by_its_nature_may_be_added() -> None:
    said = said_in("Your TSH was 4.5 and the A1c was 7.")
    assert blocked("TSH is 4.5 mIU/L. Hemoglobin A1c is 7%.", said) is None
    assert blocked("TSH is 4.5 mg", said)


@given(st.text(max_size=80), st.text(max_size=40))
def test_any_text_can_be_read(text: str, start: str) -> None:
    said_in(text).allows(start)


@given(st.decimals(min_value=0, max_value=9999, places=1), st.decimals(min_value=0, max_value=9999, places=1))
def test_only_the_number_that_was_said_can_be_written(one: object, other: object) -> None:
    said = said_in(f"It was {one} today.")
    assert blocked(f"It was {one} ", said) is None
    if one != other:
        assert blocked(f"It was {other} ", said)
