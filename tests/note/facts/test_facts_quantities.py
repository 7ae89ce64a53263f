from __future__ import annotations

import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.note.facts.quantities import Quantity, quantities
from appliance.note.facts.units import UNITS, same_unit

UNITS_SPOKEN = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()  # noqa: E501
TENS_SPOKEN = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()


def below_hundred(number: int, hyphen: str) -> str:
    if number < 20:
        return UNITS_SPOKEN[number]
    tens, unit = divmod(number, 10)
    return TENS_SPOKEN[tens] + (hyphen + UNITS_SPOKEN[unit] if unit else "")


def in_words(number: int, *, joiner: str = " ", hyphen: str = " ") -> str:
    thousands, rest = divmod(number, 1000)
    hundreds, small = divmod(rest, 100)
    parts = []
    if thousands:
        parts.append(f"{below_hundred(thousands, hyphen)} thousand")
    if hundreds:
        parts.append(f"{UNITS_SPOKEN[hundreds]} hundred")
    if small or not parts:
        parts.append((joiner.strip() + " " if parts and joiner.strip() else "") + below_hundred(small, hyphen))
    return " ".join(parts)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("five hundred milligrams", ["500 mg"]),
        ("seven point eight percent", ["7.8%"]),
        ("a one c of seven point eight", ["7.8"]),
        ("The A1c is seven point eight.", ["7.8"]),
        ("one thirty over eighty", ["130 mmHg", "80 mmHg"]),
        ("130/80", ["130 mmHg", "80 mmHg"]),
        ("one-thirty over 80", ["130 mmHg", "80 mmHg"]),
        ("one-30 over 80", ["130 mmHg", "80 mmHg"]),
        ("142 over 86", ["142 mmHg", "86 mmHg"]),
        ("a 2/6 murmur", ["2", "6"]),
        ("in twenty twenty four", ["2024"]),
        ("nineteen ninety eight, twenty oh nine", ["1998", "2009"]),
        ("twenty thirty minutes", ["20", "30 minute"]),
        ("two and a half tablets", ["2.5 tablet"]),
        ("half a tablet", ["0.5 tablet"]),
        ("1/2 tablet", ["0.5 tablet"]),
        ("an hour and a half", ["1.5 hour"]),
        ("a couple of weeks", ["2 week"]),
        ("1,000 mg", ["1000 mg"]),
        ("a thousand units", ["1000 units"]),
        ("a one thousand milligram tablet", ["1000 mg"]),
        ("1.5 mg, then 0.05 mg, .5 mg", ["1.5 mg", "0.05 mg", "0.5 mg"]),
        ("point five milligrams, zero point oh five", ["0.5 mg", "0.05"]),
        ("at this point two of them", ["2"]),
        ("ten to fifteen milligrams", ["10 mg", "15 mg"]),
        ("125/250 mg", ["125 mg", "250 mg"]),
        ("10-15 mg", ["10 mg", "15 mg"]),
        ("1000mg", ["1000 mg"]),
        ("t.i.d.", []),
        ("24-hour urine", ["24 hour"]),
        ("no one, that one, this one, one of the knees", []),
        ("one tablet, one or two tablets", ["1 tablet", "1 tablet", "2 tablet"]),
        ("type one diabetes", ["1"]),
        ("A1C of 7.8%. It was 7 .8", ["7.8%", "7.8"]),
        ("T4, B12, COVID-19, L4-L5, 25-hydroxyvitamin D, IGF-1, covid nineteen, b twelve", []),
        ("free t four was 1.1", ["1.1"]),
        ("vitamin D 1000 units, vitamin D3 2000 IU", ["1000 units", "2000 IU"]),
        ("a T-score of -1.9, minus two point one, negative 2.5", ["-1.9", "-2.1", "-2.5"]),
        ("fifty thousand units, 50K units", ["50000 units", "50000 units"]),
        ("0.16 milli-international units per liter", ["0.16 mIU/L"]),
        ("10 mg per day, 1 mg/kg, 10 mg a day", ["10 mg/day", "1 mg/kg", "10 mg"]),
        ("the fifth metatarsal, the 14th, a second opinion", ["5th", "14th"]),
        ("7.0 percent, 7.0%, 007", ["7%", "7%", "7"]),
        ("There is no number here.", []),
        ("20 and 30, forty, fifty", ["20", "30", "40", "50"]),
    ],
)
def test_said_and_written_quantities_have_one_form(text: str, found: list[str]) -> None:
    assert [quantity.text for quantity in quantities(text)] == found


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 9999), st.sampled_from([" ", " and "]), st.sampled_from([" ", "-"]))
def test_a_number_in_words_is_the_number_in_digits(number: int, joiner: str, hyphen: str) -> None:
    said = quantities(f"{in_words(number, joiner=joiner, hyphen=hyphen)} milligrams")
    assert [(quantity.value, quantity.unit) for quantity in said] == [(Decimal(number), "mg")]
    assert [quantity.value for quantity in quantities(f"It is {number:,} mg.")] == [number]


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 9), st.integers(10, 99))
def test_hundreds_may_be_said_without_the_word(hundreds: int, rest: int) -> None:
    said = f"{UNITS_SPOKEN[hundreds]} {below_hundred(rest, ' ')} milligrams"
    expected = [hundreds, rest] if rest == hundreds + 1 else [hundreds * 100 + rest]
    assert [quantity.value for quantity in quantities(said)] == expected


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 999), st.text("0123456789", min_size=1, max_size=4), st.booleans())
def test_decimals_in_words_are_decimals_in_digits(whole: int, digits: str, mixed: bool) -> None:  # noqa: FBT001
    said = f"{whole if mixed else in_words(whole)} point {' '.join(UNITS_SPOKEN[int(digit)] for digit in digits)}"
    written = f"{whole}.{digits}"
    assert [quantity.value for quantity in quantities(said)] == [Decimal(written)] == [q.value for q in quantities(written)]


@settings(deadline=None, max_examples=50)
@given(st.decimals(0, 99999, places=3, allow_nan=False), st.sampled_from(["", "mg/day", *(unit.symbol for unit in UNITS)]))
def test_a_quantity_written_and_read_again_is_the_same(value: Decimal, unit: str) -> None:
    written = Quantity(value, unit, 0, 0).text
    assert [(quantity.value, quantity.unit) for quantity in quantities(written)] == [(value, unit)]


@pytest.mark.parametrize(("form", "symbol"), [(form, unit.symbol) for unit in UNITS for form in unit.forms])
def test_every_form_of_a_unit_is_read(form: str, symbol: str) -> None:
    assert [(quantity.value, quantity.unit) for quantity in quantities(f"3 {form}")] == [(Decimal(3), symbol)]


@settings(deadline=None, max_examples=50)
@given(st.text())
def test_places_lie_in_any_text(text: str) -> None:
    for quantity in quantities(text):
        assert 0 <= quantity.start < quantity.end <= len(text)
        assert text[quantity.start : quantity.end].strip()


def test_units_that_mean_the_same() -> None:
    assert same_unit("IU", "units")
    assert same_unit("", "mg")
    assert not same_unit("mg", "mcg")
    said, written = quantities("a thousand units"), quantities("1000 IU")
    assert said[0].agrees(written[0])
    assert not quantities("100 mcg")[0].agrees(quantities("100 mg")[0])


def test_a_long_visit_is_read_in_a_moment() -> None:
    text = " ".join(
        f"take {number} milligrams of it twice a day and call me if anything changes please" for number in range(180)
    )
    quantities("warm")
    start = time.process_time()
    quantities(text)
    assert time.process_time() - start < 0.1 * 3, "2,500 words take under 100 ms; thrice that here for a busy machine"
