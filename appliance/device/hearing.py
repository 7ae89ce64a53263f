"""The recognizer of a page: Whisper's graphs are run by the browser, reached through a bridge of plain calls.

What is around them is what faster-whisper and CTranslate2 (both MIT licence) do around theirs on the box: the same windows, the
same searches with the same rules, the same word times.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Final, Protocol

from appliance.audio import SAMPLE_RATE, Pcm16
from appliance.device.engine import Block
from appliance.device.search import Decoder, Found, beam_search, greedy_search
from appliance.device.vocabulary import Vocabulary
from appliance.device.wordtimes import Aligner, Stretch, Window, place_words
from appliance.speech.engine import HEARD_TOKENS_PER_SECOND, WINDOW_SECONDS, Segment, whole_words

_FRAMES_PER_SECOND: Final = 100
_HOP: Final = SAMPLE_RATE // _FRAMES_PER_SECOND
_WINDOW: Final = WINDOW_SECONDS * _FRAMES_PER_SECOND
_SECONDS_PER_TIMESTAMP: Final = 0.02
_FRAMES_PER_TIMESTAMP: Final = 2
_MOST_TOKENS: Final = 448
"""Positions of the decoder."""
_SILENCE: Final = 0.6
_DOUBT: Final = -1.0


class SpeechBridge(Decoder, Aligner, Protocol):
    """What the worker of the page does for Python. Every call returns when its work is done."""

    def voice(self, samples: Pcm16, state: array[float]) -> Block:
        """Run the voice detector.

        Args:
            samples: The 64 samples before the first frame (zeros at the start of a stream), then whole frames of 512.
            state: float32 `[256]`, as the call before left it; zeros at the start.

        Returns:
            float32: a probability of speech for every frame, then the new state.
        """

    def embed(self, samples: Pcm16, starts: list[int], length: int) -> Block:
        """Tell how windows of some speech sound; see `appliance.speech.speakers.encoder.VoiceEncoder.embed`.

        Returns:
            float32 `[windows, 256]`.
        """

    def listen(self, samples: Pcm16, first: int, last: int, frames: int) -> int:
        """Encode a window of some audio.

        Args:
            samples: All of the audio, at least 201.
            first: First frame (10 ms) of the window.
            last: The frame after the last that is taken.
            frames: Frames of the window, even, at most 3000; those that are missing are empty.

        Returns:
            Number of what was heard, to be released.
        """

    def release(self, audio: int) -> None:
        """Give back what was heard."""


class PageWhisper:
    """Whisper behind a bridge. See `appliance.speech.engine.SpeechEngine`.

    Args:
        bridge: The worker of the page, with the bundle's speech model loaded.
        vocabulary: The bundle's list of tokens, one a line.
        name: Name of the model.
        bundle: Name and version of the bundle.

    Raises:
        BundleError: The list is not that of a recognizer.
    """

    def __init__(self, bridge: SpeechBridge, vocabulary: str, name: str, bundle: str) -> None:
        self._bridge: Final = bridge
        self._vocabulary: Final = Vocabulary(vocabulary)
        self.name: Final = name
        self.bundle: Final = bundle

    def transcribe(self, audio: Pcm16) -> list[Segment]:
        """See `SpeechEngine.transcribe`."""
        segments: list[Segment] = []
        content = len(audio) // _HOP
        at = 0
        spoken_to = 0.0
        while at < content:
            length = min(_WINDOW, content - at)
            with self._heard(audio, at, at + length, _WINDOW) as heard:
                found = beam_search(self._bridge, heard, self._vocabulary, _MOST_TOKENS // 2)
                if found.no_speech > _SILENCE and found.log_probability <= _DOUBT:
                    at += length
                    continue
                stretches, step = _stretches(found.tokens, self._vocabulary, at, length)
                place_words(self._bridge, self._vocabulary, Window(heard, at, length), stretches, spoken_to=spoken_to)
            ends = [stretch.words[-1].end for stretch in stretches if stretch.words]
            if not _ends_with_time(found.tokens, self._vocabulary) and ends and ends[-1] > at / _FRAMES_PER_SECOND:
                step = round(ends[-1] * _FRAMES_PER_SECOND) - at
            spoken_to = ends[-1] if ends else spoken_to
            segments.extend(self._segments(found, stretches))
            at += step
        return segments

    def glimpse(self, audio: Pcm16) -> Segment:
        """See `SpeechEngine.glimpse`; the window is as long as the audio, in steps of two seconds."""
        seconds = len(audio) / SAMPLE_RATE
        frames = min(WINDOW_SECONDS, 2 * int(seconds / 2 + 1.5)) * _FRAMES_PER_SECOND
        room = max(8, int(seconds * HEARD_TOKENS_PER_SECOND))
        with self._heard(audio, 0, frames, frames) as heard:
            # CTranslate2 counts the prompt of two, and lets a text be half of what it is told.
            found = greedy_search(self._bridge, heard, self._vocabulary, (2 + room) // 2)
        text = self._vocabulary.text(found.tokens).strip()
        return Segment(text, (), found.no_speech, found.log_probability, _compression(text) if text else 0.0)

    def _segments(self, found: Found, stretches: list[Stretch]) -> Iterator[Segment]:
        compression = _compression(self._vocabulary.text(found.tokens).strip())
        for stretch in stretches:
            text = self._vocabulary.text(stretch.tokens).strip()
            if text and stretch.start != stretch.end:
                yield Segment(text, whole_words(stretch.words), found.no_speech, found.log_probability, compression)

    @contextmanager
    def _heard(self, audio: Pcm16, first: int, last: int, frames: int) -> Iterator[int]:
        heard = self._bridge.listen(audio, first, last, frames)
        try:
            yield heard
        finally:
            self._bridge.release(heard)


def _stretches(tokens: tuple[int, ...], vocabulary: Vocabulary, at: int, length: int) -> tuple[list[Stretch], int]:
    """The text of a window cut where two timestamps meet, and the frames up to where the next window begins."""
    times = vocabulary.timestamps
    offset = at / _FRAMES_PER_SECOND
    meets = [n for n in range(1, len(tokens)) if tokens[n] >= times and tokens[n - 1] >= times]
    if not meets:
        told = [token for token in tokens if token >= times]
        last = (told[-1] - times) * _SECONDS_PER_TIMESTAMP if told and told[-1] != times else length / _FRAMES_PER_SECOND
        return [Stretch(offset, offset + last, tokens)], length
    whole = _ends_with_time(tokens, vocabulary)
    bounds = [0, *meets, *([len(tokens)] if whole else [])]
    stretches = [
        Stretch(
            offset + (tokens[start] - times) * _SECONDS_PER_TIMESTAMP,
            offset + (tokens[end - 1] - times) * _SECONDS_PER_TIMESTAMP,
            tokens[start:end],
        )
        for start, end in pairwise(bounds)
    ]
    return stretches, length if whole else (tokens[bounds[-1] - 1] - times) * _FRAMES_PER_TIMESTAMP


def _ends_with_time(tokens: tuple[int, ...], vocabulary: Vocabulary) -> bool:
    """Nothing is said after the last timestamp."""
    return len(tokens) > 1 and tokens[-2] < vocabulary.timestamps <= tokens[-1]


def _compression(text: str) -> float:
    written = text.encode()
    return len(written) / len(zlib.compress(written))
