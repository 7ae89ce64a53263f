"""Clinician and patient labels for the turns of one recording, while it runs.

Every turn leaves a voice print. After each turn all prints so far are grouped anew by two voices, and the voice that talks
like a clinician gets that role, so a label may change as long as the recording runs. A turn stays `unknown` where the voice or
the roles are doubtful. Whatever goes wrong here costs labels, never words.
"""

from __future__ import annotations

import logging
from array import array
from collections.abc import Sequence
from math import isfinite
from typing import Final

from appliance.audio import SAMPLE_RATE
from appliance.heard_events import Voice
from appliance.speech.endpoint import Utterance
from appliance.speech.engine import HeardWord
from appliance.speech.speakers.clustering import Print, Prints, Voices, dot, tell_apart, unit
from appliance.speech.speakers.encoder import VoiceEncoder, voice_print
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
    """Labels the turns of one recording by their voices. Used from one thread at a time.

    Args:
        encoder: The speaker model; None leaves every new turn `unknown`.
        earlier: Turns that are known already, from the first.
    """

    def __init__(self, encoder: VoiceEncoder | None, earlier: Sequence[Earlier] = ()) -> None:
        self._encoder = encoder
        self._labels: list[Speaker] = []
        self._prints = Prints()
        self._printed: list[int] = []  # the turns that have a print
        self._evidence: list[float] = []  # of these
        for turn in earlier:
            self._take(turn.text, turn.voice)
        self._relabel()

    @property
    def labels(self) -> tuple[Speaker, ...]:
        """Of every turn so far, the earlier ones included."""
        return tuple(self._labels)

    def parts(self, utterance: Utterance, words: Sequence[HeardWord]) -> list[Part]:
        """The words of an utterance, at least one, cut where another voice begins."""
        if self._encoder is None:
            return [Part(tuple(words), utterance.end, None)]
        try:
            return self._parts(self._encoder, stretches(utterance, words))
        except Exception as error:  # noqa: BLE001
            _failed("a voice cannot be read", error)
            return [Part(tuple(words), utterance.end, None)]

    def add(self, text: str, voice: Voice | None) -> None:
        """The next turn of the recording; `labels` may change for all turns."""
        self._take(text, voice)
        self._relabel()

    def _take(self, text: str, voice: Voice | None) -> None:
        if voice is not None:
            self._prints.add(unit(array("b", voice.print)), voice.seconds)
            self._printed.append(len(self._labels))
            self._evidence.append(role_evidence(text))
        self._labels.append("unknown")

    def _parts(self, encoder: VoiceEncoder, pieces: list[Stretch]) -> list[Part]:
        prints = [voice_print(encoder, piece.speech) for piece in pieces]
        seconds = [len(piece.speech) / SAMPLE_RATE for piece in pieces]
        voices = tell_apart(self._prints.and_these(zip(prints, seconds, strict=True)))
        begins = _changes(voices, len(self._prints))
        parts = []
        for first, last in zip(begins, [*begins[1:], len(pieces)], strict=True):
            words = tuple(word for piece in pieces[first:last] for word in piece.words)
            mean = unit([dot(seconds[first:last], values) for values in zip(*prints[first:last], strict=True)])
            parts.append(Part(words, pieces[last - 1].end, _voice(mean, sum(seconds[first:last]))))
        return parts

    def _relabel(self) -> None:
        try:
            for number, speaker in zip(self._printed, self._speakers(tell_apart(self._prints)), strict=True):
                self._labels[number] = speaker
        except Exception as error:  # noqa: BLE001
            _failed("speakers cannot be told apart", error)

    def _speakers(self, voices: Voices) -> list[Speaker]:
        difference = sum(-found if second else found for found, second in zip(self._evidence, voices.second, strict=True))
        if abs(difference) < SURE:
            return ["unknown"] * len(voices.second)
        roles: tuple[Speaker, Speaker] = ("clinician", "patient") if difference > 0 else ("patient", "clinician")
        doubts = voices.certainty if voices.count > 1 else [1.0] * len(voices.second)
        return [
            roles[second] if likeness >= _LEAST_LIKENESS and certainty >= _LEAST_CERTAINTY else "unknown"
            for second, likeness, certainty in zip(voices.second, voices.likeness, doubts, strict=True)
        ]


def _changes(voices: Voices, first: int) -> list[int]:
    """Numbers of the stretches, counted from `first`, at which a voice begins; a doubtful one belongs to the one before it."""
    begins = [0]
    now: bool | None = None
    for number, (second, certainty) in enumerate(zip(voices.second[first:], voices.certainty[first:], strict=True)):
        if certainty < _LEAST_CERTAINTY:
            continue
        if now is not None and second != now:
            begins.append(number)
        now = second
    return begins


def _voice(mean: Print, seconds: float) -> Voice | None:
    largest = max(map(abs, mean))
    if not (largest > 0 and all(map(isfinite, mean))):  # the model found nothing in it, or worse, no number
        return None
    codes = array("b", (round(value * (_SCALE / largest)) for value in mean))
    return Voice(codes.tobytes(), max(_LEAST_SECONDS, round(seconds, 2)))


def _failed(what: str, error: Exception) -> None:
    # The text of an unexpected error may hold speech: only its kind is written down.
    _log.error("%s: %s", what, type(error).__name__)
    _log.debug("traceback", exc_info=error)
