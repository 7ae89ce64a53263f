"""Speech to text: the engine protocol, and Whisper on CTranslate2 behind it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from appliance.audio import SAMPLE_RATE, Waveform
from appliance.errors import BundleError
from appliance.runtime.bundle import Bundle
from appliance.settings import Settings

if TYPE_CHECKING:
    from faster_whisper import WhisperModel
    from faster_whisper.transcribe import Word

WINDOW_SECONDS: Final = 30
"""Longest audio of one pass in seconds."""
_FRAMES_PER_SECOND = 100
_BEAM = 5
_HEARD_TOKENS_PER_SECOND = 10  # nobody speaks faster: more tokens than this are a loop


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

    def transcribe(self, audio: Waveform) -> list[Segment]:
        """The thorough pass: the best text of `audio` `[n]`, with words."""

    def glimpse(self, audio: Waveform) -> Segment:
        """The quick pass: a first text of `audio` `[n]`, without words."""


class WhisperEngine:
    """Whisper, int8, from a CTranslate2 model directory.

    Args:
        bundle: The model bundle; the recognizer's files are compared with its manifest first.
        language: Spoken language (ISO 639-1); never guessed, because a guess from noise is an invitation to invent.
        threads: Threads per pass; 0 means one per core.

    Raises:
        BundleError: Files are missing or damaged, or the model cannot be read.
    """

    def __init__(self, bundle: Bundle, *, language: str, threads: int = 0) -> None:
        bundle.verify(bundle.manifest.speech.directory)
        directory = bundle.speech_directory
        # Idle OpenMP threads spin for 200 ms by default and take the cores from the note service.
        os.environ.setdefault("KMP_BLOCKTIME", "0")
        # Imported here: it takes a second, in which the service can already answer.
        from faster_whisper import WhisperModel  # noqa: PLC0415
        from faster_whisper.tokenizer import Tokenizer  # noqa: PLC0415

        try:
            self._model: WhisperModel = WhisperModel(
                str(directory),
                device="cpu",
                compute_type="int8",
                cpu_threads=threads or os.cpu_count() or 1,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise BundleError(
                f"The speech model in {directory} cannot be read: {error}.", hint="Install the model bundle again."
            ) from error
        self._language = language
        multilingual = self._model.model.is_multilingual
        self._tokenizer = Tokenizer(self._model.hf_tokenizer, multilingual, task="transcribe", language=language)
        self._prompt = [*self._tokenizer.sot_sequence, self._tokenizer.no_timestamps]
        self.name: Final = bundle.manifest.speech.model
        self.bundle: Final = bundle.label
        self.transcribe(np.zeros(SAMPLE_RATE, np.float32))

    def transcribe(self, audio: Waveform) -> list[Segment]:
        """The thorough pass: the best text of `audio` `[n]`, with words.

        The encoder sees the padded window of 30 s that Whisper was trained on: with a shorter one the error rate of one
        sample visit rose from 2.8 to 9.7 %.
        """
        segments, _ = self._model.transcribe(
            audio,
            language=self._language,
            beam_size=_BEAM,
            # No fallback to sampling: what the model cannot hear at temperature 0 it makes up at 0.8.
            temperature=0.0,
            condition_on_previous_text=False,
            word_timestamps=True,
        )
        return [
            Segment(
                text=segment.text.strip(),
                words=_whole_words(segment.words or ()),
                no_speech=segment.no_speech_prob,
                log_probability=segment.avg_logprob,
                compression=segment.compression_ratio,
            )
            for segment in segments
        ]

    def glimpse(self, audio: Waveform) -> Segment:
        """The quick pass: a first text of `audio` `[n]`, without words.

        The encoder sees only as much as there is (in steps of two seconds) instead of a padded window of 30 s: a tenth
        of the work for a short utterance, at a small cost in accuracy that the thorough pass makes up for.
        """
        from faster_whisper.transcribe import get_compression_ratio, get_suppressed_tokens  # noqa: PLC0415

        seconds = len(audio) / SAMPLE_RATE
        frames = min(WINDOW_SECONDS, 2 * int(seconds / 2 + 1.5)) * _FRAMES_PER_SECOND
        features: Any = self._model.feature_extractor(audio)[:, :frames]
        features = np.pad(features, ((0, 0), (0, frames - features.shape[1])))
        room = max(8, int(seconds * _HEARD_TOKENS_PER_SECOND))
        result = self._model.model.generate(
            self._model.encode(features),
            [self._prompt],
            beam_size=1,
            max_length=len(self._prompt) + room,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=get_suppressed_tokens(self._tokenizer, [-1]),
        )[0]
        tokens = result.sequences_ids[0]
        text = self._tokenizer.decode(tokens).strip()
        return Segment(
            text=text,
            words=(),
            no_speech=result.no_speech_prob,
            log_probability=result.scores[0] * len(tokens) / (len(tokens) + 1),
            compression=get_compression_ratio(text) if text else 0.0,
        )


def load_engine(settings: Settings) -> SpeechEngine:
    """The engine for the bundle in the settings.

    Raises:
        BundleError: The bundle holds no usable speech model.
    """
    return WhisperEngine(Bundle(settings.bundle), language=settings.language, threads=settings.threads)


def _whole_words(pieces: Iterable[Word]) -> tuple[HeardWord, ...]:
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
