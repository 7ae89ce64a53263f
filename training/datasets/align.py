"""Finds where each sentence of a reference note was said.

ACI-Bench and MTS-Dialog pair whole dialogues with whole notes. A model that writes from short exchanges needs each sentence
with the exchange it comes from. A sentence goes to the exchange that holds most of its words, rare words counting more; one
with too little support, or with a number that is not in the exchange, is left out: it would teach the model to invent.
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from nltk.stem.porter import PorterStemmer
from whisper_normalizer.english import EnglishTextNormalizer

from appliance.note.exchanges import Exchange, ExchangeCutter
from training.visits import Line, Utterance

LEAST_SUPPORT: Final = 0.33
"""Share of a sentence's weight that the exchange must hold, 0.0 to 1.0."""

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_WORD = re.compile(r"[a-z]+|\d+(?:\.\d+)?")
_STOP: Final = frozenset(
    "a an and any are as at be been but by can could did do does for from had has have he her hers him his i if in is it its "
    "me my no not of on or our she so some than that the their them then there these they this to today up us was we were what "
    "when which who will with would you your patient states reports denies notes doctor about also just well okay".split()
)

_normalize = EnglishTextNormalizer()
_stem = functools.cache(PorterStemmer().stem)


def exchanges_of(turns: Sequence[Utterance]) -> list[Exchange]:
    """The dialogue in the exchanges that the note service would cut."""
    cutter = ExchangeCutter()
    found = [exchange for utterance in turns for exchange in cutter.add(utterance.turn)]
    return found + cutter.finish()


@functools.lru_cache(maxsize=20_000)
def words_of(text: str) -> frozenset[str]:
    """Stems of the content words and the numbers of a text; spoken numbers count as digits."""
    return frozenset(_stem(word) for word in _WORD.findall(_normalize(text)) if word not in _STOP)


def align(turns: Sequence[Utterance], sentences: Sequence[tuple[str, str]], *, least: float = LEAST_SUPPORT) -> list[Line]:
    """Assign sentences of a note to the exchanges of its dialogue.

    Args:
        turns: The dialogue.
        sentences: Topic and text of each sentence, in the order of the note.
        least: Least share of a sentence's weight that its exchange must hold.

    Returns:
        The sentences that are supported, in the order of the note, each with the turns of its exchange.
    """
    exchanges = exchanges_of(turns)
    held = [words_of(exchange.text) for exchange in exchanges]
    lines = []
    for topic, text in sentences:
        words = words_of(text)
        support = _support(words, held)
        best = max(range(len(held)), key=support.__getitem__)
        numbers = {word for word in words if _NUMBER.fullmatch(word)}
        if support[best] >= least and numbers <= held[best]:
            lines.append(Line(topic, text, exchanges[best].turns))
    return lines


def by_exchange(turns: Sequence[Utterance], lines: Sequence[Line]) -> list[tuple[Exchange, list[Line]]]:
    """Every exchange of a dialogue with the lines that are written from it.

    A line belongs to the exchange that supports it best among those that share a turn with it.
    """
    exchanges = exchanges_of(turns)
    held = [words_of(exchange.text) for exchange in exchanges]
    pairs: list[tuple[Exchange, list[Line]]] = [(exchange, []) for exchange in exchanges]
    for line in lines:
        candidates = [n for n, exchange in enumerate(exchanges) if set(exchange.turns) & set(line.turns)]
        if candidates:
            support = _support(words_of(line.text), held)
            # The later of two equals: the answer comes after the question.
            pairs[max(candidates, key=lambda n: (support[n], n))][1].append(line)
    return pairs


def _support(words: frozenset[str], held: Sequence[frozenset[str]]) -> list[float]:
    """Share of the words' weight that each exchange holds; weights are inverse document frequencies."""
    frequency = Counter(word for said in held for word in words & said)
    weights = {word: math.log(1 + len(held) / (0.5 + frequency[word])) for word in sorted(words)}
    total = sum(weights.values()) or 1.0
    return [sum(weights[word] for word in sorted(words & said)) / total for said in held]
