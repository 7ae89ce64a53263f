"""Questions about hearing that box and page must answer alike: the policy around the recognizer, on made-up audio.

The audio is noise from a seed, loud and soft by turns; the voice detector goes by loudness, and the recognizer hears
fingerprints of the audio, so that equal words prove equal audio at equal places.
"""

from __future__ import annotations

import hashlib
import math
import random
import sys
from array import array
from typing import Any, Final

import msgspec

from appliance.audio import CHUNK_SAMPLES, SAMPLE_RATE, Pcm16
from appliance.device.telling import Unread
from appliance.heard_events import PRINT_SIZE, Voice
from appliance.speech.agreement import Agreement
from appliance.speech.endpoint import Endpointer, Utterance
from appliance.speech.engine import HeardWord, Segment
from appliance.speech.guard import glimpsed_text, said_words
from appliance.speech.live import LiveSession
from appliance.speech.loudness import energies
from appliance.speech.rota import Rota
from appliance.speech.speakers.clustering import Print
from appliance.speech.speakers.labels import SpeakerLabels
from appliance.speech.voice import FRAME
from appliance.transcript import Speaker

_LOUD: Final = 2.0**18  # root of the energy of a frame that is speech for sure
_LOUD_VOICE: Final = 2**14
_NOISE: Final = 20
_VOICE_STEP: Final = 4


class Sound(msgspec.Struct, frozen=True):
    """Noise: for each part its length in samples, and by how many bits it is softened, 0 to 15."""

    seed: int
    parts: tuple[tuple[int, int], ...]

    def samples(self) -> Pcm16:
        """The audio."""
        numbers = random.Random(self.seed)  # noqa: S311
        found: Pcm16 = array("h")
        for length, softer in self.parts:
            part = array("h", numbers.randbytes(2 * length))
            found.extend(value >> softer for value in part)
        return found


class Cut(msgspec.Struct, frozen=True, tag="cut"):
    """Where utterances begin and end in audio that is fed in pieces."""

    sound: Sound
    first_sample: int
    piece: int


class Judged(msgspec.Struct, frozen=True, tag="judged"):
    """What the guard leaves of the text of a pass."""

    sound: Sound
    voiced: tuple[tuple[int, int], ...]
    segments: tuple[Segment, ...]


class Agreed(msgspec.Struct, frozen=True, tag="agreed"):
    """What is trusted of a text in progress after each pass."""

    passes: tuple[str, ...]


class Session(msgspec.Struct, frozen=True, tag="session"):
    """The events of a recording whose chunks come in some order, some more than once and some never."""

    sound: Sound
    first_sample: int
    order: tuple[int, ...]
    """Numbers of chunks; -1 is a pass."""


class Spoken(msgspec.Struct, frozen=True):
    """A turn: what was said, by which of some voices, and the seconds of speech that its voice print is made from."""

    text: str
    voice: int
    seconds: float


class Labelled(msgspec.Struct, frozen=True, tag="labelled"):
    """Who spoke, after each turn of a recording whose voices are made up."""

    seed: int
    turns: tuple[Spoken, ...]


SpeechQuestion = Cut | Judged | Agreed | Session | Labelled


def answer_speech(question: SpeechQuestion) -> Any:
    """The answer, ready for JSON."""
    match question:
        case Cut(sound, first_sample, piece):
            audio = sound.samples()
            endpointer = Endpointer(_Loudness, first_sample)
            ended = [cut for at in range(0, len(audio), piece) for cut in endpointer.feed(audio[at : at + piece])]
            return [[cut.start, cut.end, cut.voiced, _print(cut.samples)] for cut in [*ended, *endpointer.flush()]]
        case Judged(sound, voiced, segments):
            utterance = Utterance(0, sound.samples(), voiced)
            words = said_words(utterance, segments)
            return [[word.text for word in words], [glimpsed_text(utterance, segment) for segment in segments]]
        case Agreed(passes):
            agreement = Agreement()
            return [_after(agreement, text) for text in passes]
        case Session():
            return _session(question)
        case Labelled():
            return _labelled(question)


def _session(asked: Session) -> list[dict[str, object]]:
    audio = asked.sound.samples()
    session = LiveSession(asked.first_sample, sys.maxsize, _Loudness, SpeakerLabels(_Voices()))
    unread = Unread(session.events)
    rota = Rota(_Fingerprints())
    rota.add(session)
    told: list[dict[str, object]] = []
    for number in asked.order:
        if number < 0:
            rota.serve_one()
            told += _events(unread)
        else:
            session.put(number, audio[number * CHUNK_SAMPLES : (number + 1) * CHUNK_SAMPLES].tobytes())
    session.finish(-(-len(audio) // CHUNK_SAMPLES), len(audio))
    while rota.serve_one():
        pass
    return told + _events(unread)


def _labelled(asked: Labelled) -> list[tuple[Speaker, ...]]:
    numbers = random.Random(asked.seed)  # noqa: S311
    labels = SpeakerLabels(None)
    found = []
    for turn in asked.turns:
        codes = array("b", (numbers.randrange(-_NOISE, _NOISE + 1) for _ in range(PRINT_SIZE)))
        for at in range(turn.voice, PRINT_SIZE, _VOICE_STEP):
            codes[at] = 100
        labels.add(turn.text, Voice(codes.tobytes(), turn.seconds))
        found.append(labels.labels)
    return found


def _events(unread: Unread) -> list[dict[str, object]]:
    return msgspec.json.decode(unread.take(), type=list[dict[str, object]])


def _after(agreement: Agreement, text: str) -> list[str]:
    agreement.add(text)
    return [agreement.stable, agreement.tentative]


def _print(samples: Pcm16) -> str:
    return hashlib.sha256(samples.tobytes()).hexdigest()[:8]


class _Loudness:
    """Takes what is loud for speech. See `appliance.speech.voice.VoiceStream`."""

    def hear(self, frames: Pcm16) -> list[float]:
        """See `VoiceStream.hear`."""
        return [min(1.0, math.sqrt(energy) / _LOUD) for energy in energies(frames, FRAME)]


class _Voices:
    """Takes soft speech for one voice and loud speech for another. See `VoiceEncoder`."""

    def embed(self, samples: Pcm16, starts: list[int], length: int) -> list[Print]:  # noqa: ARG002
        """See `VoiceEncoder.embed`."""
        loud = max(samples) > _LOUD_VOICE
        return [[float(at == loud) for at in range(PRINT_SIZE)] for _ in starts]


class _Fingerprints:
    """Hears fingerprints of the audio. See `appliance.speech.engine.SpeechEngine`."""

    name = "fingerprints"
    bundle = "none"

    def transcribe(self, audio: Pcm16) -> list[Segment]:
        """See `SpeechEngine.transcribe`."""
        starts = range(0, len(audio), SAMPLE_RATE)
        words = tuple(
            HeardWord(_print(audio[at : at + SAMPLE_RATE]), at / SAMPLE_RATE, at / SAMPLE_RATE + 0.5, 0.9) for at in starts
        )
        return [Segment(" ".join(word.text for word in words), words, 0.0, -0.1, 1.0)]

    def glimpse(self, audio: Pcm16) -> Segment:
        """See `SpeechEngine.glimpse`."""
        return self.transcribe(audio)[0]
