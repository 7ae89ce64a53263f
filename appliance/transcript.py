"""What was said: the wire format of turns between speech, kiosk, note and page."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Seconds = Annotated[float, msgspec.Meta(ge=0.0)]
"""Seconds from the start of the recording."""
Probability = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
"""0.0 to 1.0."""
Speaker = Literal["clinician", "patient", "unknown"]
"""Who spoke. `unknown` until speakers are labelled."""


class Word(msgspec.Struct, frozen=True):
    """One recognized word."""

    text: str
    """The word with its punctuation, without surrounding blanks."""
    start: Seconds
    end: Seconds
    probability: Probability
    """The recognizer's probability of the word."""


class Turn(msgspec.Struct, frozen=True):
    """One stretch of speech of one speaker. The words of a final turn never change; who spoke them may."""

    text: str
    start: Seconds = 0.0
    end: Seconds = 0.0
    words: tuple[Word, ...] = ()
    speaker: Speaker = "unknown"


class Gap(msgspec.Struct, frozen=True):
    """Audio that never arrived. Shown in the transcript, never hidden."""

    start: Seconds
    end: Seconds


class Transcript(msgspec.Struct, frozen=True):
    """Everything that was said in one recording, in order."""

    turns: tuple[Turn, ...]
    gaps: tuple[Gap, ...] = ()
    duration: Seconds = 0.0
    """Length of the recording in seconds."""

    @property
    def text(self) -> str:
        """All turns, one per line."""
        return "\n".join(turn.text for turn in self.turns)
