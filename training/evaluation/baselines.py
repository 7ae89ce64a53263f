"""Notes that need no language model. A model that does not beat them has learned nothing that counts."""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from training.visits import Visit, WrittenNote

_WORD = re.compile(r"[a-z]+|\d+")
_K1, _B = 1.2, 0.75


def another_patient(visits: Sequence[Visit], train: Sequence[Visit], *, seed: int = 0) -> list[WrittenNote]:
    """For each visit the reference note of a random training visit."""
    chance = random.Random(seed)  # noqa: S311  # reproducible, not secret
    return [WrittenNote(visit.id, chance.choice(train).note) for visit in visits]


def nearest_patient(visits: Sequence[Visit], train: Sequence[Visit], *, seed: int = 0) -> list[WrittenNote]:
    """For each visit the note of the training visit with the most similar dialogue (BM25, Robertson and Zaragoza 2009)."""
    del seed
    documents = [Counter(_words(visit)) for visit in train]
    frequency = Counter(word for document in documents for word in document)
    mean = sum(map(Counter.total, documents)) / len(documents)

    def score(query: set[str], document: Counter[str]) -> float:
        length = _K1 * (1 - _B + _B * document.total() / mean)
        return sum(
            math.log(1 + (len(documents) - frequency[word] + 0.5) / (frequency[word] + 0.5))
            * document[word]
            * (_K1 + 1)
            / (document[word] + length)
            for word in sorted(query)
            if word in document
        )

    notes = []
    for visit in visits:
        query = set(_words(visit))
        best = max(range(len(train)), key=lambda n: score(query, documents[n]))
        notes.append(WrittenNote(visit.id, train[best].note))
    return notes


def lead_words(visits: Sequence[Visit], train: Sequence[Visit], *, seed: int = 0) -> list[WrittenNote]:
    """For each visit the first words of its dialogue, as many as a training note has on average."""
    del seed
    length = round(sum(len(visit.note.split()) for visit in train) / len(train))
    return [WrittenNote(visit.id, " ".join(_dialogue(visit).split()[:length])) for visit in visits]


def whole_dialogue(visits: Sequence[Visit], train: Sequence[Visit], *, seed: int = 0) -> list[WrittenNote]:
    """For each visit its dialogue."""
    del train, seed
    return [WrittenNote(visit.id, _dialogue(visit)) for visit in visits]


BASELINES: Final[dict[str, Callable[..., list[WrittenNote]]]] = {
    "another patient, random": another_patient,
    "another patient, nearest": nearest_patient,
    "lead of the dialogue": lead_words,
    "whole dialogue": whole_dialogue,
}


def _dialogue(visit: Visit) -> str:
    return "\n".join(utterance.text for utterance in visit.turns)


def _words(visit: Visit) -> list[str]:
    return _WORD.findall(_dialogue(visit).lower())
