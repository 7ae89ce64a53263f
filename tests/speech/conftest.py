from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from appliance.audio import CHUNK_SAMPLES, SAMPLE_RATE, Pcm16, Waveform
from appliance.runtime.bundle import MANIFEST_FILE
from appliance.runtime.client import ServiceClient
from appliance.runtime.server import Server, listen_unix
from appliance.settings import Settings
from appliance.speech.engine import HeardWord, Segment, SpeechEngine, load_engine
from appliance.speech.files import open_audio
from appliance.speech.service import create_app

VISITS = Path(__file__).parents[2] / "samples" / "visits"


def visit_names() -> list[str]:
    return sorted(path.parent.name for path in VISITS.glob("*/audio.opus"))


def visit_audio(name: str) -> Pcm16:
    with (VISITS / name / "audio.opus").open("rb") as file:
        return np.concatenate(list(open_audio(file, 3600.0).blocks()))


def visit_text(name: str) -> str:
    turns = json.loads((VISITS / name / "transcript.json").read_text("utf-8"))["turns"]
    return " ".join(turn["text"] for turn in turns)


def in_chunks(audio: Pcm16) -> list[bytes]:
    return [audio[at : at + CHUNK_SAMPLES].tobytes() for at in range(0, len(audio), CHUNK_SAMPLES)]


@pytest.fixture(scope="session")
def visit() -> Pcm16:
    """The first sample visit."""
    return visit_audio("hypothyroidism")


@pytest.fixture(scope="session")
def engine() -> SpeechEngine:
    settings = Settings.load()
    if not (settings.bundle / MANIFEST_FILE).exists():
        pytest.skip(f"no model bundle in {settings.bundle}: install a bundle, or set CHARTSIDE_BUNDLE")
    return load_engine(settings)


class Fingerprints:
    """An engine whose words are fingerprints of the audio: equal words prove equal audio at equal places."""

    name = "fingerprints"
    bundle = "none"

    def transcribe(self, audio: Waveform) -> list[Segment]:
        second = SAMPLE_RATE
        words = tuple(
            HeardWord(hashlib.sha256(audio[at : at + second].tobytes()).hexdigest()[:8], at / second, at / second + 0.5, 0.9)
            for at in range(0, len(audio), second)
        )
        return [Segment(" ".join(word.text for word in words), words, 0.0, -0.1, 1.0)]

    def glimpse(self, audio: Waveform) -> Segment:
        return self.transcribe(audio)[0]


Serve = Callable[..., ServiceClient]


@pytest.fixture
def serve_speech(tmp_path: Path) -> Iterator[Serve]:
    """Starts the real service on a real UNIX socket with the engine that `load` gives."""
    running = []

    def start(load: Callable[[Settings], SpeechEngine], **options: object) -> ServiceClient:
        settings = Settings(bundle=tmp_path, max_minutes=10)
        app = create_app(settings, load=load, **options)  # type: ignore[arg-type]
        path = tmp_path / f"{len(running)}.sock"
        server = Server(app, listen_unix(path))
        thread = threading.Thread(target=server.start, daemon=True)
        thread.start()
        client = ServiceClient(path, "speech")
        running.append((app, server, thread, client))
        return client

    yield start
    for app, server, thread, client in running:
        client.close()
        app.extensions["sessions"].close()
        server.stop()
        thread.join()
