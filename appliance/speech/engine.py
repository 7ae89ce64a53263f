"""Speech to text: what is asked of an engine, and what it answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from appliance.audio import Pcm16

WINDOW_SECONDS: Final = 30
"""Longest audio of one pass in seconds."""
HEARD_TOKENS_PER_SECOND: Final = 10
"""Nobody speaks faster: more tokens than this are a loop."""


@dataclass(frozen=True)
class HeardWord:
    """One word as the engine heard it, in seconds from the start of the pass."""

    text: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True)
class Segment:
    """One piece of text of a pass with the engine's own doubts about it."""

    text: str
    words: tuple[HeardWord, ...]
    """Empty after a quick pass."""
    no_speech: float
    """Probability that nobody speaks, 0.0 to 1.0."""
    log_probability: float
    """Mean log-probability of the tokens, at most 0.0."""
    compression: float
    """Characters per compressed byte: high when the text repeats itself."""


class SpeechEngine(Protocol):
    """Turns audio of at most `WINDOW_SECONDS` into text. Called from one thread at a time; keeps nothing between calls."""

    @property
    def name(self) -> str:
        """Name of the model."""

    @property
    def bundle(self) -> str:
        """Name and version of the bundle it came from."""

    def transcribe(self, audio: Pcm16) -> list[Segment]:
        """The thorough pass: the best text of `audio`, with words."""

    def glimpse(self, audio: Pcm16) -> Segment:
        """The quick pass: a first text of `audio`, without words."""


class Piece(Protocol):
    """A piece of text with its time, as Whisper aligns it."""

    @property
    def word(self) -> str:
        """The text; a blank in front begins a word."""

    @property
    def start(self) -> float:
        """Seconds."""

    @property
    def end(self) -> float:
        """Seconds."""

    @property
    def probability(self) -> float:
        """0.0 to 1.0."""


def whole_words(pieces: Iterable[Piece]) -> tuple[HeardWord, ...]:
    """Words as they are written: Whisper gives "14.2" as " 14" and ".2"; only a blank in front begins a word."""
    words: list[HeardWord] = []
    for piece in pieces:
        text = piece.word.strip()
        if words and not piece.word.startswith(" "):
            last = words.pop()
            probability = min(last.probability, float(piece.probability))
            words.append(HeardWord(last.text + text, last.start, float(piece.end), probability))
        else:
            words.append(HeardWord(text, float(piece.start), float(piece.end), float(piece.probability)))
    return tuple(words)
