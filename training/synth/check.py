"""Proves that a visit says what its note says. A visit that fails is never handed out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from training.numbers import unsaid_numbers
from training.visits import Fact, Line, Utterance

_FIGURE = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")


def unsupported(turns: Sequence[Utterance], lines: Sequence[Line]) -> list[Line]:
    """Lines with a number that is not in their turns."""
    found = []
    for line in lines:
        said = " ".join(turns[turn].text for turn in line.turns)
        figures = set(_FIGURE.findall(line.text.replace("/", " ")))
        # The normal form is slow, and seldom needed.
        if not figures <= set(_FIGURE.findall(said.replace("/", " "))) and unsaid_numbers(line.text, said):
            found.append(line)
    return found


def contradictions(
    turns: Sequence[Utterance], lines: Sequence[Line], claims: Sequence[tuple[Fact, tuple[str, ...]]]
) -> list[str]:
    """What is wrong with a visit, in words; empty if nothing is.

    Args:
        turns: The dialogue.
        lines: The note.
        claims: Each fact with further forms in which it may have been said; an empty form is always there.
    """
    wrong = [f"number not said: {line.text}" for line in unsupported(turns, lines)]
    note = [line.text.lower() for line in lines]
    for fact, forms in claims:
        said = " ".join(turns[turn].text for turn in fact.turns).lower()
        if not any(form in said for form in (*fact.names, *forms)):
            wrong.append(f"not said: {fact.kind} {fact.names[0]}")
        naming = [text for text in note if any(name in text for name in fact.names)]
        if not naming:
            wrong.append(f"not written: {fact.kind} {fact.names[0]}")
        elif fact.values and not any(value in text for text in naming for value in fact.values):
            wrong.append(f"value not written: {fact.kind} {fact.names[0]} {fact.values[0]}")
    return wrong
