from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.note.facts.frequency import Frequency, frequencies
from appliance.note.facts.when import When, whens


@pytest.mark.parametrize(
    "text",
    [
        "twice a day",
        "BID",
        "b.i.d.",
        "2 times daily",
        "two times a day",
        "twice daily",
        "every 12 hours",
        "q12h",
        "every twelve hours",
    ],
)
def test_twice_a_day_has_one_form(text: str) -> None:
    assert frequencies(text) == (Frequency(Decimal(2), 1, "day"),)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("every morning", ["once daily in the morning"]),
        ("once daily in the morning", ["once daily in the morning"]),
        ("at bedtime", ["once daily at bedtime"]),
        ("nightly", ["once daily at bedtime"]),
        ("QHS before bed", ["once daily at bedtime"]),
        ("once weekly, every Sunday", ["once weekly on sunday"]),
        ("every Monday and Thursday", ["twice weekly on monday and on thursday"]),
        ("as needed", ["as needed"]),
        ("every 4 to 6 hours as needed", ["4 to 6 times daily as needed"]),
        ("every four weeks", ["once every 4 weeks"]),
        ("every other day", ["once every 2 days"]),
        ("t.i.d. with meals", ["3 times daily with meals"]),
        ("with meals", ["with meals"]),
        ("in the morning and at night", ["twice daily at bedtime and in the morning"]),
        ("once or twice a week", ["1 to 2 times weekly"]),
        ("10 mg a day", ["once daily"]),
        ("a day ago, for a day", []),
        ("once I get home", []),
        ("every time, each other", []),
    ],
)
def test_how_often(text: str, found: list[str]) -> None:
    assert [frequency.text for frequency in frequencies(text)] == found


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("once daily", "every morning", True),
        ("with meals", "twice a day with meals", True),
        ("twice a day", "every 12 hours", True),
        ("every 6 hours", "every 4 to 6 hours", True),
        ("once daily", "twice daily", False),
        ("at bedtime", "in the morning", False),
        ("once weekly", "once daily", False),
        ("every 6 months", "every 6 weeks", False),
    ],
)
def test_frequencies_that_can_both_be_true(one: str, other: str, agree: bool) -> None:  # noqa: FBT001
    assert frequencies(one)[0].agrees(frequencies(other)[0]) is agree
    assert frequencies(other)[0].agrees(frequencies(one)[0]) is agree


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("for three weeks", ["for 3 weeks"]),
        ("over the past 48 hours", ["for 48 hours"]),
        ("since March", ["since march"]),
        ("in 2 weeks", ["in 2 weeks"]),
        ("six weeks from now", ["in 6 weeks"]),
        ("follow up in six weeks", ["in 6 weeks"]),
        ("last Tuesday", ["last tuesday"]),
        ("3 months ago, a month ago, a couple of weeks ago", ["3 months ago", "1 month ago", "2 weeks ago"]),
        ("a few days ago", ["few days ago"]),
        ("52-year-old, 52 years old, at age 52", ["52 years old"] * 3),
        ("in 2009", ["2009"]),
        ("March 14th, 2024 or 3/14/2024", ["2024-03-14", "2024-03-14"]),
        ("It may be nothing.", []),
        ("twice a day, every 4 weeks, 5 cups a day", []),
        ("eight hours before the test", ["for 8 hours"]),
    ],
)
def test_when(text: str, found: list[str]) -> None:
    assert [when.text for when in whens(text)] == found


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("in 14 days", "in two weeks", True),
        ("in 12 months", "in a year", True),
        ("for 9 years", "9 years ago", True),
        ("in 3 months", "in 12 weeks", False),
        ("in 6 weeks", "in 7 weeks", False),
        ("in 6 weeks", "6 weeks ago", False),
        ("9-year-old", "for 9 years", False),
        ("in the spring", "in the fall", False),
    ],
)
def test_times_that_mean_the_same(one: str, other: str, agree: bool) -> None:  # noqa: FBT001
    assert whens(one)[0].agrees(whens(other)[0]) is agree


@settings(deadline=None, max_examples=50)
@given(st.text())
def test_places_lie_in_any_text(text: str) -> None:
    both: list[Frequency | When] = [*frequencies(text), *whens(text)]
    for found in both:
        assert 0 <= found.start < found.end <= len(text)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.sampled_from("every 4 hours twice a day at in bed morning q b.i.d. to - or / March 31 2024 last week ago mg".split())
    )
)
def test_no_order_of_words_breaks_the_readers(words: list[str]) -> None:
    text = " ".join(words)
    both: list[Frequency | When] = [*frequencies(text), *whens(text)]
    for found in both:
        assert 0 <= found.start < found.end <= len(text)
        assert found.text
