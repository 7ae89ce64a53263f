from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from appliance.device.proposals import correct, propose
from appliance.errors import InputError
from appliance.proposals import corrected, proposed
from appliance.transcript import Turn, Word


def turn(text: str) -> Turn:
    return Turn(text, words=tuple(Word(word, float(n), n + 1.0, 0.5) for n, word in enumerate(text.split())))


TURNS = [turn("How are you?"), turn("Take the met 4,500, twice daily."), turn("Take met 4,500, tablets.")]
HEARD = msgspec.json.encode(TURNS).decode()


def test_a_page_proposes_what_the_box_proposes() -> None:
    found = json.loads(propose(HEARD, 5))
    expected = [proposal for n, turn in enumerate(TURNS, start=5) for proposal in proposed(turn, n)]
    assert found == msgspec.to_builtins(expected)
    assert [(proposal["turn"], proposal["drug"]) for proposal in found] == [(6, "metformin 500"), (7, "metformin 500")]


def test_turns_read_as_on_the_box() -> None:
    first, second = json.loads(propose(HEARD, 0))
    decided = [first, {**second, "state": "rejected"}]
    turns: list[dict[str, Any]] = json.loads(correct(HEARD, json.dumps(decided)))
    assert [turn["text"] for turn in turns] == ["How are you?", "Take the metformin 500, twice daily.", TURNS[2].text]
    assert msgspec.convert(turns[1], Turn) == corrected(TURNS[1], 1, proposed(TURNS[1], 1))


@pytest.mark.parametrize("heard", ["", "{}", '[{"words": 3}]'])
def test_what_is_no_list_of_turns_is_refused(heard: str) -> None:
    with pytest.raises(InputError):
        propose(heard, 0)
    with pytest.raises(InputError):
        correct(heard, "[]")


def test_the_start_of_the_page_does_not_load_what_finds_drugs() -> None:
    code = "import sys, appliance.device.notes; print('appliance.lexicon.sound_alike' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "False\n"
