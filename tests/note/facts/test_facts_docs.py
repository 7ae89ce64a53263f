from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import appliance.note.facts
from appliance.note.facts.dialogue import read_turns
from appliance.note.facts.facts import read_facts
from appliance.transcript import Turn

PAGE = Path(__file__).parents[3] / "docs" / "facts.md"
ROWS = re.findall(
    r"^\| ([^|]+) \| ((?:`[^`|]+` ?)+)\|$", PAGE.read_text("utf-8").partition("## The normal form")[2], re.MULTILINE
)
MODULES = [module.name for module in pkgutil.iter_modules(appliance.note.facts.__path__)]


def test_the_page_has_examples() -> None:
    assert len(ROWS) >= 15


@pytest.mark.parametrize(("said", "expected"), ROWS)
def test_each_example_of_the_page_is_true(said: str, expected: str) -> None:
    if "<br>" in said:
        question, answer = said.split("<br>")
        turns = read_turns([Turn(question, speaker="clinician"), Turn(answer, speaker="patient")])
        found = [item.fact.normal_form for item in turns]
    else:
        found = [fact.normal_form for fact in read_facts(said)]
    assert found == re.findall(r"`([^`]+)`", expected)


@pytest.mark.parametrize("name", MODULES)
def test_each_module_is_described_and_its_examples_are_true(name: str) -> None:
    assert f"`{name}.py`" in PAGE.read_text("utf-8")
    assert doctest.testmod(importlib.import_module(f"appliance.note.facts.{name}")).failed == 0
