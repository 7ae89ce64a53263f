"""Where utterances begin and end.

Everything is decided from the audio since the last *commit*: there the detector starts afresh. A new endpointer that begins
at a commit therefore makes the same decisions as the one that got there, which is what lets a session be replayed after
a crash with no turn lost or doubled.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from appliance.audio import SAMPLE_RATE, Pcm16
from appliance.speech.loudness import energies
from appliance.speech.voice import FRAME, Listen, VoiceDetector

Span = tuple[int, int]
"""First sample and the one after the last, counted from the start of the recording."""

_SPEECH: Final = 0.5
_SILENCE: Final = 0.35
_MIN_SPEECH: Final = int(0.20 * SAMPLE_RATE)
_LEAD: Final = int(0.30 * SAMPLE_RATE)
_TAIL: Final = int(0.30 * SAMPLE_RATE)
_LONGEST: Final = 28 * SAMPLE_RATE  # with its margins it must fit into Whisper's window of 30 s
_EARLIEST_CUT: Final = 15 * SAMPLE_RATE
_SMOOTH_FRAMES: Final = 5
_STEP: Final = SAMPLE_RATE // 2
# Whisper hears better with more context, a reader wants text soon: the longer the speech, the shorter the pause that ends it.
_PAUSES: Final = ((3 * SAMPLE_RATE, int(0.7 * SAMPLE_RATE)), (15 * SAMPLE_RATE, int(0.5 * SAMPLE_RATE)))
_LAST_PAUSE: Final = int(0.32 * SAMPLE_RATE)


@dataclass(frozen=True)
class Utterance:
    """One stretch of speech with a margin of silence on both sides."""

    start: int
    """Position of the first sample in the recording."""
    samples: Pcm16
    voiced: tuple[Span, ...]
    """Where the detector heard speech, inside `start` to `end`, in order."""

    @property
    def end(self) -> int:
        """Position after the last sample. Of an ended utterance this is the commit: nothing after it was used."""
        return self.start + len(self.samples)


class Endpointer:
    """Cuts one stream of audio into utterances.

    Args:
        listen: Begins voice detection afresh.
        first_sample: Position of the first sample that will be fed.
    """

    def __init__(self, listen: Listen, first_sample: int = 0) -> None:
        self._listen = listen
        self._begin(first_sample, array("h"))

    @property
    def head(self) -> int:
        """Position after the last sample fed."""
        return self._base + len(self._audio)

    def feed(self, samples: Pcm16) -> list[Utterance]:
        """Add audio that follows what was fed before; gives the utterances that ended."""
        # In small steps: what follows a commit is looked at twice, and that must stay little however much is fed.
        return [utterance for at in range(0, len(samples), _STEP) for utterance in self._feed(samples[at : at + _STEP])]

    def flush(self) -> list[Utterance]:
        """End of the stream: gives the utterances that are still open."""
        ended = []
        utterance = self._advance(self._detector.flush()) or self._close_open()
        while utterance is not None:
            ended.append(utterance)
            again = self._restart(utterance.end)
            utterance = again or self._advance(self._detector.flush()) or self._close_open()
        return ended

    def open_utterance(self) -> Utterance | None:
        """What is being said right now, up to the last sample fed; None while nobody speaks."""
        if self._speech_start is None or self._frame_at - self._speech_start < _MIN_SPEECH:
            return None
        return self._utterance(self.head)

    def _feed(self, samples: Pcm16) -> list[Utterance]:
        ended = []
        self._audio += samples
        utterance = self._advance(self._detector.feed(samples))
        while utterance is not None:
            ended.append(utterance)
            utterance = self._restart(utterance.end)
        self._forget()
        return ended

    def _begin(self, origin: int, audio: Pcm16) -> None:
        self._origin = self._base = self._frame_at = origin
        self._audio = audio
        self._detector = VoiceDetector(self._listen)
        self._idle()

    def _idle(self) -> None:
        self._speech_start: int | None = None
        self._silence_start: int | None = None
        self._voiced: list[Span] = []
        self._voice_start: int | None = None

    def _restart(self, commit: int) -> Utterance | None:
        rest = self._audio[commit - self._base :]
        self._begin(commit, rest)
        return self._advance(self._detector.feed(rest))

    def _advance(self, probabilities: Iterable[float]) -> Utterance | None:
        for probability in probabilities:
            utterance = self._step(probability)
            if utterance is not None:
                return utterance
        return None

    def _step(self, probability: float) -> Utterance | None:
        at, self._frame_at = self._frame_at, self._frame_at + FRAME
        if probability >= _SPEECH:
            self._silence_start = None
            if self._speech_start is None:
                self._speech_start = at
            if self._voice_start is None:
                self._voice_start = at
        elif probability < _SILENCE and self._speech_start is not None and self._silence_start is None:
            self._silence_start = at
            self._end_voice(at)
        if self._speech_start is None:
            return None
        if self._silence_start is not None and self._frame_at - self._silence_start >= _pause(at - self._speech_start):
            return self._end_speech(self._silence_start)
        if self._frame_at - self._speech_start >= _LONGEST:
            return self._utterance(self._quietest())
        return None

    def _end_voice(self, at: int) -> None:
        if self._voice_start is not None:
            self._voiced.append((self._voice_start, at))
            self._voice_start = None

    def _end_speech(self, at: int) -> Utterance | None:
        if sum(end - start for start, end in self._voiced) < _MIN_SPEECH:
            self._idle()
            return None
        return self._utterance(min(at + _TAIL, self.head))

    def _close_open(self) -> Utterance | None:
        if self._speech_start is None:
            return None
        end = self._silence_start if self._silence_start is not None else min(self._frame_at, self.head)
        self._end_voice(end)
        return self._end_speech(end)

    def _utterance(self, end: int) -> Utterance:
        assert self._speech_start is not None  # noqa: S101
        start = max(self._origin, self._speech_start - _LEAD)
        voiced = [*self._voiced, *([] if self._voice_start is None else [(self._voice_start, end)])]
        inside = tuple((first, min(last, end)) for first, last in voiced if first < end)
        return Utterance(start, self._audio[start - self._base : end - self._base], inside)

    def _quietest(self) -> int:
        assert self._speech_start is not None  # noqa: S101
        first = self._speech_start + _EARLIEST_CUT
        power = energies(self._audio[first - self._base : self._frame_at - self._base], FRAME)
        smooth = [sum(power[at : at + _SMOOTH_FRAMES]) for at in range(len(power) - _SMOOTH_FRAMES + 1)]
        return first + (smooth.index(min(smooth)) + _SMOOTH_FRAMES // 2) * FRAME + FRAME // 2

    def _forget(self) -> None:
        keep_from = self._frame_at if self._speech_start is None else self._speech_start
        drop = max(self._origin, keep_from - _LEAD) - self._base
        if drop > 0:
            del self._audio[:drop]
            self._base += drop


def _pause(spoken: int) -> int:
    return next((pause for below, pause in _PAUSES if spoken < below), _LAST_PAUSE)
