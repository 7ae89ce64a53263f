"""The decode loop: several rows written together from one shared prefix."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from appliance.errors import TooLargeError
from appliance.note.engine import PREFILL_CHUNK, Cache, Engine, Scores, Tokens


class Rule(Protocol):
    """Changes the logits of one row before a token is chosen."""

    def apply(self, logits: Scores, written: Tokens) -> None:
        """Change `logits` `[vocabulary]` in place, given the tokens the row has written so far."""


@dataclass
class Row:
    """One text to write."""

    prompt: Tokens
    """What follows the shared prefix."""
    limit: int
    """Most tokens to write."""
    stops: frozenset[int]
    """Tokens that end the row; they are not part of it."""
    rules: Sequence[Rule] = ()
    written: Tokens = field(default_factory=list)
    ended: bool = False
    """A stop token was chosen. False while writing, and when the limit cut the row off."""


@dataclass
class Meter:
    """Tokens and seconds of the model's work."""

    prefill_tokens: int = 0
    prefill_seconds: float = 0.0
    decode_tokens: int = 0
    decode_seconds: float = 0.0


def prefill(model: Engine, cache: Cache, ids: Tokens, meter: Meter) -> Iterator[Scores]:
    """Append a prompt to the only row of a cache, in chunks.

    Yields:
        Logits after each chunk, `[vocabulary]`; the caller may stop or let others work in between.
    """
    for start in range(0, len(ids), PREFILL_CHUNK):
        chunk = ids[start : start + PREFILL_CHUNK]
        began = time.perf_counter()
        logits = model.prefill(cache, chunk)
        meter.prefill_seconds += time.perf_counter() - began
        meter.prefill_tokens += len(chunk)
        yield logits


def write_rows(model: Engine, prefix: Cache, rows: Sequence[Row], meter: Meter) -> Iterator[None]:
    """Write all rows greedily, one token each per step, in one batch.

    Rows that end leave the batch at once. Control returns to the caller after every model call; the rows show what has been
    written so far.

    Args:
        model: The language model.
        prefix: What all rows share; not changed.
        rows: The texts to write; `written` and `ended` are filled in.
        meter: Counts the work.

    Raises:
        TooLargeError: A prompt does not fit into the model's context. Never cut off silently.
    """
    if not rows:
        return
    length = int(prefix.lengths[0])
    if (longest := length + max(len(row.prompt) for row in rows)) >= model.context:
        message = f"A part of the visit has {longest} tokens; the note model reads {model.context}."
        raise TooLargeError(message, hint="Check the transcript: nobody says so much without a pause.")
    room = max(len(row.prompt) + row.limit for row in rows)
    cache = prefix.fork(len(rows), min(length + room, model.context))
    logits: list[Scores] = []
    for index, row in enumerate(rows):
        for after_chunk in prefill(model, cache.row(index), row.prompt, meter):
            logits[index:] = [after_chunk]
            yield
    live = list(rows)
    while live:
        began = time.perf_counter()
        chosen = [_choose(row, scores) for row, scores in zip(live, logits, strict=True)]
        for index in reversed(range(len(live))):
            row, token = live[index], chosen[index]
            row.ended = token in row.stops
            if not row.ended:
                row.written.append(token)
            if row.ended or len(row.written) >= row.limit or cache.lengths[index] >= cache.capacity:
                cache = cache.drop(index)
                live[index], chosen[index] = live[-1], chosen[-1]
                live.pop()
                chosen.pop()
        if live:
            logits = list(model.decode_step(cache, chosen))
        meter.decode_tokens += len(logits) if live else 0
        meter.decode_seconds += time.perf_counter() - began
        yield


def _choose(row: Row, logits: Scores) -> int:
    scores = logits.copy()
    for rule in row.rules:
        rule.apply(scores, row.written)
    return int(scores.argmax())
