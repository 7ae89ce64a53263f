"""Finds held-out visits whose text stands in the training data, by hashed 8-grams (Brown et al. 2020, arXiv 2005.14165).

Everyday phrases are shared by all visits ("do you have any chest pain or shortness of breath"), so single 8-grams prove
nothing: what counts is the share of a visit's 8-grams that one training visit holds.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from training.visits import Visit

GRAM: Final = 8
"""Words of one n-gram."""
MOST_SHARED: Final = 0.15
"""Largest share of a held-out visit's 8-grams, 0.0 to 1.0, that may stand in one training visit."""

_WORD = re.compile(r"[a-z]+|\d+")


@dataclass(frozen=True)
class Leak:
    """A held-out visit and the training visit that is most like it."""

    held_out: str
    train: str
    shared: float
    """Share of the held-out visit's 8-grams, 0.0 to 1.0."""


def hashed_grams(text: str) -> frozenset[int]:
    """64-bit hashes of the 8-grams of a text; words are compared in lower case, without punctuation."""
    words = _WORD.findall(text.lower())
    return frozenset(
        int.from_bytes(blake2b(" ".join(words[n : n + GRAM]).encode(), digest_size=8).digest())
        for n in range(len(words) - GRAM + 1)
    )


def nearest(train: Iterable[Visit], held_out: Sequence[Visit]) -> list[Leak]:
    """For every held-out visit the training visit that shares most of its 8-grams, in dialogue and note.

    Args:
        train: What a model is tuned on.
        held_out: What it is judged on.
    """
    grams = [hashed_grams(_text(visit)) for visit in held_out]
    homes: dict[int, list[int]] = defaultdict(list)
    for index, held in enumerate(grams):
        for gram in held:
            homes[gram].append(index)
    best = [Leak(visit.id, "", 0.0) for visit in held_out]
    for visit in train:
        shared: dict[int, int] = defaultdict(int)
        for gram in hashed_grams(_text(visit)):
            for index in homes.get(gram, ()):
                shared[index] += 1
        for index, count in shared.items():
            share = count / len(grams[index])
            if share > best[index].shared:
                best[index] = Leak(held_out[index].id, visit.id, share)
    return best


def leaks(train: Iterable[Visit], held_out: Sequence[Visit]) -> list[Leak]:
    """Held-out visits of which one training visit holds more than `MOST_SHARED`."""
    return [leak for leak in nearest(train, held_out) if leak.shared > MOST_SHARED]


def _text(visit: Visit) -> str:
    return "\n".join([*(utterance.text for utterance in visit.turns), visit.note])
