"""Which turns support a sentence: those that state its facts, and those that share its words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from appliance.note.check.dialogue import Dialogue
from appliance.note.check.terms import Term

_MOST: Final = 6
"""Most turns of one sentence."""
_HINT: Final = 1.5
"""How much more a turn counts that the model wrote the sentence from."""
_LEAST_SHARE: Final = 0.35
"""A further turn must add this share of the sentence's words, by weight."""


def outer_terms(found: Iterable[Term]) -> list[Term]:
    """The terms of a sentence, without words that are part of a longer one."""
    return [term for term in found if not term.inner]


def likings(written: Sequence[Term], dialogue: Dialogue, hint: Sequence[int] = ()) -> dict[int, float]:
    """How well each turn fits a sentence by its words: 0 to about 1.5; turns without any are left out.

    Args:
        written: The sentence's terms.
        dialogue: The visit.
        hint: Positions of the turns that the sentence was written from, as far as known.
    """
    weights = {term.key: dialogue.weights.get(term.key, 0.0) for term in written}
    total = sum(weights.values()) or 1.0
    found: dict[int, float] = {}
    for position, said in enumerate(dialogue.terms):
        own = sum(weights[key] for key in {term.key for term in said} & weights.keys()) / total
        if own:
            found[position] = own * (_HINT if position in hint else 1.0)
    return found


def choose(
    written: Sequence[Term], dialogue: Dialogue, liking: dict[int, float], stated: Sequence[Sequence[int]]
) -> tuple[int, ...]:
    """The turns that support a sentence, in order: each question with its answer.

    Args:
        written: The sentence's terms.
        dialogue: The visit.
        liking: What `likings` gives for it.
        stated: For each fact of the sentence that was said, the turns that say it.
    """
    chosen: list[int] = []
    for turns in stated:
        chosen += [turn for turn in turns if turn not in chosen]
    keys = {term.key for term in written}
    left = keys - _keys(dialogue, chosen)
    weight = {key: dialogue.weights.get(key, 0.0) for key in keys}
    total = sum(weight.values()) or 1.0
    while left and len(chosen) < _MOST:
        gains = {
            position: sum(weight[key] for key in left & _keys(dialogue, [position])) * (1 + liking[position])
            for position in liking
            if position not in chosen
        }
        best = max(gains, key=lambda position: (gains[position], -position), default=None)
        if best is None or gains[best] < _LEAST_SHARE * total:
            break
        chosen += [position for position in dialogue.answered(best, keys) if position not in chosen]
        left -= _keys(dialogue, chosen)
    whole = {position for turn in chosen[:_MOST] for position in dialogue.answered(turn, keys)}
    return tuple(sorted(whole))


def _keys(dialogue: Dialogue, positions: Iterable[int]) -> set[str]:
    return {term.key for position in positions for term in dialogue.terms[position]}
