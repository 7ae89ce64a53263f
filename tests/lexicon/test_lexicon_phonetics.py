from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.lexicon.phonetics import Codebook, sounds, weight

SOUNDS = "aeioubdfghjklmnprstvwzCJXY0"
CODES = st.text(SOUNDS, min_size=1, max_size=9)


@st.composite
def edited(draw: st.DrawFn, code: str) -> str:
    """A sequence with some other sounds in one place."""
    at, end = sorted((draw(st.integers(0, len(code))), draw(st.integers(0, len(code)))))
    return code[:at] + draw(st.text(SOUNDS, min_size=1, max_size=3)) + code[end:]


@given(CODES, st.data(), st.floats(0.3, 0.99))
def test_looking_no_further_where_all_is_too_far_misses_nothing(code: str, data: st.DataObject, least: float) -> None:
    codes = data.draw(st.lists(edited(code), min_size=1, max_size=12, unique=True))
    own = weight(code)
    everything = Codebook(codes).alike(code, 0.001)
    near = {
        entry: similarity
        for entry, similarity in everything.items()
        if similarity >= least and own * least <= weight(codes[entry]) < own / least
    }
    assert Codebook(codes).alike(code, least) == near


@given(st.lists(CODES, min_size=1, max_size=12, unique=True), st.data())
def test_what_sounds_the_same_is_the_same(codes: list[str], data: st.DataObject) -> None:
    entry = data.draw(st.integers(0, len(codes) - 1))
    assert Codebook(codes).alike(codes[entry], 0.9)[entry] == 1.0


def test_the_lightest_comes_first() -> None:
    found = Codebook(["lapan", "lap", "lapa"]).alike("lapa", 0.5)
    assert list(found) == [1, 2, 0]
    assert found[2] == 1.0


@pytest.mark.parametrize(
    ("entry", "code", "distance"),
    [
        ("pat", "bat", 0.25),
        ("pat", "pet", 0.15),
        ("pat", "pa", 0.7),
        ("pa", "pat", 0.7),
        ("pats", "pat", 1.0),
        ("mat", "nat", 0.35),
    ],
)
def test_sounds_that_are_easily_mistaken_cost_little(entry: str, code: str, distance: float) -> None:
    (similarity,) = Codebook([entry]).alike(code, 0.1).values()
    assert similarity == pytest.approx(1.0 - distance / max(weight(entry), weight(code)))


def test_names_are_as_alike_as_they_sound() -> None:
    names = ["lisinopril", "losartan", "metformin"]
    book = Codebook([sounds(name) for name in names])
    heard = "".join(map(sounds, "listen opera".split()))
    assert {names[entry] for entry in book.alike(heard, 0.6)} == {"lisinopril"}
