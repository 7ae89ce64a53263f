"""Cuts a visit into exchanges as it is spoken: a few turns about one topic, short enough for a small model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from appliance.note.prompts import spoken
from appliance.transcript import Turn

LONG_ENOUGH: Final = 30
"""Words after which a question starts the next exchange."""
FULL: Final = 50
"""Words after which the next turn starts the next exchange."""
LONGEST: Final = 80
"""Words of the longest exchange; a longer turn is cut between sentences, or between words if it has none."""

_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")


@dataclass(frozen=True)
class Exchange:
    """A few turns about one topic."""

    text: str
    """The turns, one per line, with speakers where known."""
    turns: tuple[int, ...]
    """Positions of the turns, from 0."""


class ExchangeCutter:
    """Collects turns and hands out an exchange whenever one is complete."""

    def __init__(self) -> None:
        self._open: list[Turn] = []
        self._positions: list[int] = []
        self._words = 0
        self._next_position = 0

    def add(self, turn: Turn) -> list[Exchange]:
        """Add the next turn; returns the exchanges it completed."""
        complete = []
        for piece in _pieces(turn):
            words = len(piece.text.split())
            asks = "?" in piece.text and piece.speaker != "patient"
            over = self._words + words > LONGEST or self._words >= FULL or (self._words >= LONG_ENOUGH and asks)
            if self._open and over:
                complete.append(self._close())
            self._open.append(piece)
            self._positions.append(self._next_position)
            self._words += words
        self._next_position += 1
        return complete

    def finish(self) -> list[Exchange]:
        """The last exchange, if one is open."""
        return [self._close()] if self._open else []

    def _close(self) -> Exchange:
        exchange = Exchange(spoken(self._open), tuple(dict.fromkeys(self._positions)))
        self._open, self._positions, self._words = [], [], 0
        return exchange


def _pieces(turn: Turn) -> list[Turn]:
    """The turn in pieces of at most `LONGEST` words."""
    if len(turn.text.split()) <= LONGEST:
        return [turn] if turn.text.strip() else []
    pieces: list[list[str]] = [[]]
    for sentence in _SENTENCE_END.split(turn.text):
        words = sentence.split()
        for start in range(0, len(words), LONGEST):
            part = words[start : start + LONGEST]
            if pieces[-1] and len(pieces[-1]) + len(part) > LONGEST:
                pieces.append([])
            pieces[-1] += part
    return [Turn(" ".join(piece), turn.start, turn.end, speaker=turn.speaker) for piece in pieces if piece]
