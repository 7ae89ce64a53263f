"""Clinician and patient labels for the turns of one recording, while it runs.

Every turn leaves a voice print. After each turn all prints so far are grouped anew by two voices, and the voice that talks
like a clinician gets that role, so a label may change as long as the recording runs. A turn stays `unknown` where the voice or
the roles are doubtful. Whatever goes wrong here costs labels, never words.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

import numpy as np

from appliance.audio import SAMPLE_RATE
from appliance.heard_events import PRINT_SIZE, Voice
from appliance.speech.endpoint import Utterance
from appliance.speech.engine import HeardWord
from appliance.speech.speakers.clustering import Voices, tell_apart
from appliance.speech.speakers.embedding import Float32, VoiceEncoder, unit
from appliance.speech.speakers.parts import Earlier, Part
from appliance.speech.speakers.roles import SURE, role_evidence
from appliance.speech.speakers.stretches import Stretch, stretches
from appliance.transcript import Speaker

_log = logging.getLogger(__name__)

_SCALE: Final = 127.0
_LEAST_SECONDS: Final = 0.01
_LEAST_CERTAINTY: Final = 0.2
_LEAST_LIKENESS: Final = 0.7


class SpeakerLabels:
    """Labels the turns of one recording by their voices. Used from one thread at a time. See `Labels`.

    Args:
        encoder: The speaker model; None leaves every new turn `unknown`.
        earlier: Turns that are known already, from the first.
    """

    def __init__(self, encoder: VoiceEncoder | None, earlier: Sequence[Earlier] = ()) -> None:
        self._encoder = encoder
        self._voices = [turn.voice for turn in earlier]
        self._evidence = [role_evidence(turn.text) for turn in earlier]
        self._labels: list[Speaker] = ["unknown"] * len(earlier)
        self._relabel()

    @property
    def labels(self) -> tuple[Speaker, ...]:
        """See `Labels.labels`."""
        return tuple(self._labels)

    def parts(self, utterance: Utterance, words: Sequence[HeardWord]) -> list[Part]:
        """See `Labels.parts`."""
        if self._encoder is None:
            return [Part(tuple(words), utterance.end, None)]
        try:
            return self._parts(self._encoder, stretches(utterance, words))
        except Exception as error:  # noqa: BLE001
            _failed("a voice cannot be read", error)
            return [Part(tuple(words), utterance.end, None)]

    def add(self, text: str, voice: Voice | None) -> None:
        """See `Labels.add`."""
        self._voices.append(voice)
        self._evidence.append(role_evidence(text))
        self._labels.append("unknown")
        self._relabel()

    def _parts(self, encoder: VoiceEncoder, pieces: list[Stretch]) -> list[Part]:
        prints = encoder.embed([piece.voice for piece in pieces])
        seconds = np.array([len(piece.voice) / SAMPLE_RATE for piece in pieces], np.float32)
        known, known_seconds = self._known()
        voices = tell_apart(np.concatenate([known, prints]), np.concatenate([known_seconds, seconds]))
        begins = _changes(voices, len(known))
        parts = []
        for first, last in zip(begins, [*begins[1:], len(pieces)], strict=True):
            words = tuple(word for piece in pieces[first:last] for word in piece.words)
            mean = unit(seconds[first:last] @ prints[first:last])
            parts.append(Part(words, pieces[last - 1].end, _voice(mean, float(seconds[first:last].sum()))))
        return parts

    def _relabel(self) -> None:
        try:
            voices = tell_apart(*self._known())
            speakers = iter(self._speakers(voices))
            self._labels = ["unknown" if voice is None else next(speakers) for voice in self._voices]
        except Exception as error:  # noqa: BLE001
            _failed("speakers cannot be told apart", error)

    def _speakers(self, voices: Voices) -> list[Speaker]:
        evidence = np.array([found for found, voice in zip(self._evidence, self._voices, strict=True) if voice is not None])
        difference = float(evidence[~voices.second].sum() - evidence[voices.second].sum())
        if abs(difference) < SURE:
            return ["unknown"] * len(evidence)
        roles: tuple[Speaker, Speaker] = ("clinician", "patient") if difference > 0 else ("patient", "clinician")
        sure = voices.likeness >= _LEAST_LIKENESS
        if voices.count > 1:
            sure &= voices.certainty >= _LEAST_CERTAINTY
        return [roles[int(second)] if known else "unknown" for second, known in zip(voices.second, sure, strict=True)]

    def _known(self) -> tuple[Float32, Float32]:
        voices = [voice for voice in self._voices if voice is not None]
        prints = np.frombuffer(b"".join(voice.print for voice in voices), np.int8).reshape(-1, PRINT_SIZE)
        return unit(prints.astype(np.float32)), np.array([voice.seconds for voice in voices], np.float32)


def _changes(voices: Voices, first: int) -> list[int]:
    """Numbers of the stretches, counted from `first`, at which a voice begins; a doubtful one belongs to the one before it."""
    begins = [0]
    now: bool | None = None
    for number, (second, certainty) in enumerate(zip(voices.second[first:], voices.certainty[first:], strict=True)):
        if certainty < _LEAST_CERTAINTY:
            continue
        if now is not None and bool(second) != now:
            begins.append(number)
        now = bool(second)
    return begins


def _voice(mean: Float32, seconds: float) -> Voice | None:
    largest = float(np.abs(mean).max())
    if not largest > 0:  # the model found nothing in it, or worse, no number
        return None
    return Voice(np.rint(mean * (_SCALE / largest)).astype(np.int8).tobytes(), max(_LEAST_SECONDS, round(seconds, 2)))


def _failed(what: str, error: Exception) -> None:
    # The text of an unexpected error may hold speech: only its kind is written down.
    _log.error("%s: %s", what, type(error).__name__)
    _log.debug("traceback", exc_info=error)
