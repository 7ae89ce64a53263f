"""How well turns are labelled with speakers.

Two measures. *Turn accuracy*: of the recognized turns, the share whose label is that of the person who speaks for most of its
time in the reference; "unknown" is wrong. *Diarization error rate* (NIST Rich Transcription): missed speech, false speech
and speech of the wrong speaker, as a share of the speech in the reference, in steps of 10 ms, without 0.25 s on each side of
every boundary of the reference. The labels are roles: unlike in diarization, no mapping of names is chosen afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from appliance.transcript import Turn

STEPS_PER_SECOND = 100
COLLAR = 0.25
_CODES = {"clinician": 1, "patient": 2, "unknown": 3}


@dataclass(frozen=True)
class SpeakerErrors:
    """Counts of one or more visits; they add up."""

    turns: int
    right: int
    unknown: int
    mixed: int
    """Turns of which another person speaks more than a fifth, and more than half a second."""
    speech: float
    """Seconds of speech in the reference that are scored."""
    missed: float
    false: float
    confused: float

    @property
    def accuracy(self) -> float:
        """Share of turns with the right label."""
        return self.right / self.turns if self.turns else 0.0

    @property
    def der(self) -> float:
        """Diarization error rate."""
        return (self.missed + self.false + self.confused) / self.speech if self.speech else 0.0

    def __add__(self, other: SpeakerErrors) -> SpeakerErrors:
        return SpeakerErrors(*(a + b for a, b in zip(self._counts(), other._counts(), strict=True)))  # type: ignore[arg-type]

    def _counts(self) -> tuple[float, ...]:
        return (self.turns, self.right, self.unknown, self.mixed, self.speech, self.missed, self.false, self.confused)


def speaker_errors(reference: Sequence[Turn], turns: Sequence[Turn]) -> SpeakerErrors:
    """Compare labelled turns with those of the reference, by time."""
    right = mixed = 0
    for turn in turns:
        spoken = {
            speaker: sum(_overlap(turn, other) for other in reference if other.speaker == speaker)
            for speaker in ("clinician", "patient")
        }
        main = max(spoken, key=lambda speaker: spoken[speaker])
        other = sum(spoken.values()) - spoken[main]
        right += turn.speaker == main
        mixed += other > 0.5 and other > 0.2 * sum(spoken.values())
    length = round(max(turn.end for turn in [*reference, *turns]) * STEPS_PER_SECOND) + 1
    said, heard = _timeline(reference, length), _timeline(turns, length)
    scored = np.ones(length, np.bool_)
    for turn in reference:
        for edge in (turn.start, turn.end):
            scored[max(0, round((edge - COLLAR) * STEPS_PER_SECOND)) : round((edge + COLLAR) * STEPS_PER_SECOND)] = False
    said, heard = said[scored], heard[scored]
    seconds = [int(np.sum(steps)) / STEPS_PER_SECOND for steps in (
        said > 0, (said > 0) & (heard == 0), (said == 0) & (heard > 0), (said > 0) & (heard > 0) & (said != heard),
    )]  # fmt: skip
    return SpeakerErrors(len(turns), right, sum(turn.speaker == "unknown" for turn in turns), mixed, *seconds)


def _timeline(turns: Sequence[Turn], length: int) -> npt.NDArray[np.int8]:
    steps = np.zeros(length, np.int8)
    for turn in turns:
        steps[round(turn.start * STEPS_PER_SECOND) : round(turn.end * STEPS_PER_SECOND)] = _CODES[turn.speaker]
    return steps


def _overlap(one: Turn, other: Turn) -> float:
    return max(0.0, min(one.end, other.end) - max(one.start, other.start))
