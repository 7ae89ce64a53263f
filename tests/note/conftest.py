from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.note.model import LanguageModel
from appliance.note.service import NoteService, create_app
from appliance.runtime.bundle import Bundle
from appliance.runtime.client import ServiceClient
from appliance.runtime.server import Server, listen_unix
from appliance.settings import Settings


@pytest.fixture(scope="session")
def language_model(default_bundle: Bundle) -> LanguageModel:
    return LanguageModel(default_bundle.note_directory, threads=0, context=default_bundle.manifest.note.context)


@pytest.fixture(scope="session")
def note_service(default_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceClient]:
    """The real service with the default model behind a UNIX socket."""
    path: Path = tmp_path_factory.mktemp("note") / "note.sock"
    service = NoteService(Settings(bundle=default_bundle.directory))
    server = Server(create_app(service), listen_unix(path), service.worker.stop)
    service.worker.start()
    thread = threading.Thread(target=server.start)
    thread.start()
    client = ServiceClient(path, "note")
    service.worker.ready.wait(120)
    yield client
    client.close()
    server.stop()
    thread.join()
    service.worker.join()
