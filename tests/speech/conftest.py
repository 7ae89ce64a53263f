from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from speech_material import Serve, visit_audio

from appliance.audio import Pcm16
from appliance.runtime.bundle import MANIFEST_FILE
from appliance.runtime.client import ServiceClient
from appliance.runtime.server import Server, listen_unix
from appliance.settings import Settings
from appliance.speech.engine import SpeechEngine
from appliance.speech.service import create_app
from appliance.speech.whisper import load_engine


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
