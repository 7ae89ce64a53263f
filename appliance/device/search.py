"""How a text is found: CTranslate2's searches for Whisper, over a model behind a bridge.

The graph of the choice says of each row which ten tokens are likeliest, so all that is computed here are a few numbers a step.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from appliance.device.engine import Block
from appliance.device.vocabulary import Vocabulary

BEAM: Final = 5
CHOICES: Final = 2 * BEAM
"""Candidates that the graph names for each row; see `appliance.models.whisper_rules`."""
_FIRST_TIMESTAMPS: Final = 51
"""A text begins within the first second."""


class Decoder(Protocol):
    """The part of the bridge that a search needs."""

    def step(
        self, audio: int, parents: Sequence[int], ids: Sequence[int], spans: Sequence[int], *, starting: bool, timed: bool
    ) -> Block:
        """Run the decoder and choose.

        Args:
            audio: What is heard.
            parents: The row of the call before that each row goes on from; empty where a text begins, with one row.
            ids: The same number of new tokens for every row, row after row.
            spans: For every token of `ids` four numbers: see `appliance.models.whisper_rules`, as for the rest.
            starting: Tokens that no text begins with may not follow.
            timed: Timestamps may be forced.

        Returns:
            float32; the probability of no speech after the first token, then for every token of `ids` 20 numbers: ten
            log-probabilities and their tokens.
        """


@dataclass(frozen=True)
class Found:
    """A text."""

    tokens: tuple[int, ...]
    """Without the end."""
    log_probability: float
    """Of all tokens, of which the end is one, divided by their number."""
    no_speech: float
    """Probability that nobody speaks, 0.0 to 1.0."""


@dataclass(frozen=True)
class _Row:
    score: float
    parent: int
    tokens: tuple[int, ...]


def beam_search(decoder: Decoder, audio: int, vocabulary: Vocabulary, longest: int) -> Found:
    """The likeliest text with timestamps among five that are followed.

    Args:
        decoder: The model.
        audio: What is heard.
        vocabulary: Of the model.
        longest: Most tokens.
    """
    parents: list[int] = []
    ids = [vocabulary.start]
    beam = [_Row(0.0, 0, ())]
    ended: list[_Row] = []
    no_speech = 0.0
    for step in range(longest):
        spans = [bound for row in beam for bound in _timed_spans(row.tokens, vocabulary)]
        silence, rows = _read(decoder.step(audio, parents, ids, spans, starting=step == 0, timed=True))
        if step == 0:
            no_speech = silence
        candidates = [
            _Row(row.score + score, number, (*row.tokens, token))
            for number, (row, choices) in enumerate(zip(beam, rows, strict=True))
            for score, token in choices
        ]
        candidates.sort(key=lambda row: -row.score)
        beam = _go_on(candidates[:CHOICES], ended, vocabulary.end, last=step + 1 == longest)
        if len(ended) >= BEAM or not beam:
            break
        parents, ids = [row.parent for row in beam], [row.tokens[-1] for row in beam]
    best = max(ended, key=lambda row: row.score / len(_text(row.tokens, vocabulary.end)))
    text = _text(best.tokens, vocabulary.end)
    return Found(text, best.score / (len(text) + 1), no_speech)


def greedy_search(decoder: Decoder, audio: int, vocabulary: Vocabulary, longest: int) -> Found:
    """The text without timestamps whose every token is the likeliest.

    Args:
        decoder: The model.
        audio: What is heard.
        vocabulary: Of the model.
        longest: Most tokens, at least 1.
    """
    everything = [0, vocabulary.size, 0, 0]
    prompt = [vocabulary.start, vocabulary.no_timestamps]
    no_speech, rows = _read(decoder.step(audio, [], prompt, everything * len(prompt), starting=True, timed=False))
    text: list[int] = []
    total = 0.0
    while True:
        score, token = rows[-1][0]
        total += score
        if token == vocabulary.end:
            break
        text.append(token)
        if len(text) == longest:
            break
        _, rows = _read(decoder.step(audio, [0], [token], everything, starting=False, timed=False))
    return Found(tuple(text), total / (len(text) + 1), no_speech)


def _go_on(candidates: list[_Row], ended: list[_Row], end: int, *, last: bool) -> list[_Row]:
    """The rows that are followed; an ended one goes into `ended`, and the best candidate beyond the beam takes its place."""
    spare = [row for row in candidates[BEAM:] if row.tokens[-1] != end]
    beam = []
    for row in candidates[:BEAM]:
        if row.tokens[-1] != end and not last:
            beam.append(row)
            continue
        ended.append(row)
        if spare:
            beam.append(spare.pop(0))
    return [] if last else beam


def _timed_spans(tokens: tuple[int, ...], vocabulary: Vocabulary) -> tuple[int, int, int, int]:
    """What may follow: timestamps come in pairs, except before the end, and never go back."""
    times, end, size = vocabulary.timestamps, vocabulary.end, vocabulary.size
    text = (0, vocabulary.no_timestamps)
    if not tokens:
        return (0, 0, times, times + _FIRST_TIMESTAMPS)
    latest = next(token for token in reversed(tokens) if token >= times)
    if tokens[-1] < times:
        return (*text, latest, size)
    if len(tokens) == 1 or tokens[-2] >= times:
        return (*text, 0, 0)
    return (end, vocabulary.no_timestamps, latest, size)


def _text(tokens: tuple[int, ...], end: int) -> tuple[int, ...]:
    return tokens[:-1] if tokens[-1] == end else tokens


def _read(block: Block) -> tuple[float, list[list[tuple[float, int]]]]:
    """The probability of no speech, and of each row the candidates, best first."""
    numbers = array("f")
    numbers.frombytes(block.to_memoryview().cast("B"))
    rows = []
    for start in range(1, len(numbers), 2 * CHOICES):
        middle = start + CHOICES
        tokens = map(int, numbers[middle : middle + CHOICES])
        rows.append(list(zip(numbers[start:middle], tokens, strict=True)))
    return numbers[0], rows
