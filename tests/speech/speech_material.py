"""Recordings, and an engine that is quick and exact, for the tests of the speech service."""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from appliance.audio import CHUNK_SAMPLES, SAMPLE_RATE, Pcm16
from appliance.runtime.client import ServiceClient
from appliance.speech.engine import HeardWord, Segment
from appliance.speech.files import open_audio

VISITS = Path(__file__).parents[2] / "samples" / "visits"


def visit_names() -> list[str]:
    return sorted(path.parent.name for path in VISITS.glob("*/audio.opus"))


def visit_audio(name: str) -> Pcm16:
    with (VISITS / name / "audio.opus").open("rb") as file:
        return joined(open_audio(file, 3600.0).blocks())


def joined(parts: Iterable[Pcm16]) -> Pcm16:
    return array("h", b"".join(part.tobytes() for part in parts))


def silence(samples: int) -> Pcm16:
    return array("h", bytes(2 * samples))


def pcm(samples: npt.NDArray[np.int16]) -> Pcm16:
    return array("h", samples.tobytes())


def visit_text(name: str) -> str:
    turns = json.loads((VISITS / name / "transcript.json").read_text("utf-8"))["turns"]
    return " ".join(turn["text"] for turn in turns)


def in_chunks(audio: Pcm16) -> list[bytes]:
    return [audio[at : at + CHUNK_SAMPLES].tobytes() for at in range(0, len(audio), CHUNK_SAMPLES)]


class Fingerprints:
    """An engine whose words are fingerprints of the audio: equal words prove equal audio at equal places."""

    name = "fingerprints"
    bundle = "none"

    def transcribe(self, audio: Pcm16) -> list[Segment]:
        second = SAMPLE_RATE
        words = tuple(
            HeardWord(hashlib.sha256(audio[at : at + second].tobytes()).hexdigest()[:8], at / second, at / second + 0.5, 0.9)
            for at in range(0, len(audio), second)
        )
        return [Segment(" ".join(word.text for word in words), words, 0.0, -0.1, 1.0)]

    def glimpse(self, audio: Pcm16) -> Segment:
        return self.transcribe(audio)[0]


Serve = Callable[..., ServiceClient]
