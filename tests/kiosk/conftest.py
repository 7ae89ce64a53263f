from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from kiosk_client import Kiosk
from kiosk_peers import Peer

from appliance.kiosk.service import create_app
from appliance.kiosk.templates import Templates
from appliance.kiosk.visits import Visits
from appliance.runtime.client import ServiceClient
from appliance.runtime.server import Server, listen_localhost
from appliance.settings import Settings
from appliance.store.encounters import EncounterStore

MAX_CHUNKS = 1000


@pytest.fixture(scope="session")
def peers() -> Iterator[tuple[Peer, Peer]]:
    with tempfile.TemporaryDirectory() as directory:
        speech, note = Peer("speech", Path(directory)), Peer("note", Path(directory))
        try:
            yield speech, note
        finally:
            speech.stop()
            note.stop()


@pytest.fixture
def speech(peers: tuple[Peer, Peer]) -> Peer:
    return peers[0]


@pytest.fixture
def note(peers: tuple[Peer, Peer]) -> Peer:
    return peers[1]


@contextlib.contextmanager
def serving(settings: Settings, speech_socket: Path, note_socket: Path, page_dir: Path) -> Iterator[Kiosk]:
    with (
        contextlib.closing(ServiceClient(speech_socket, "speech")) as speech,
        contextlib.closing(ServiceClient(note_socket, "note")) as note,
        contextlib.closing(EncounterStore.open(settings)) as store,
        contextlib.closing(Visits(store, speech, note, max_chunks=MAX_CHUNKS)) as visits,
    ):
        visits.resume()
        app = create_app(visits, speech, note, Templates(note, settings.template), page_dir=page_dir)
        listener = listen_localhost(0)
        port = listener.getsockname()[1]
        server = Server(app, listener)
        server.prepare()
        thread = threading.Thread(target=server.serve)
        thread.start()
        try:
            with contextlib.closing(Kiosk(port)) as kiosk:
                yield kiosk
        finally:
            visits.end_streams()
            server.stop()
            thread.join()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def page_dir(tmp_path: Path) -> Path:
    return tmp_path / "page"


@pytest.fixture
def kiosk(settings: Settings, speech: Peer, note: Peer, page_dir: Path) -> Iterator[Kiosk]:
    with serving(settings, speech.socket, note.socket, page_dir) as kiosk:
        yield kiosk


@pytest.fixture
def lonely_kiosk(settings: Settings, tmp_path: Path, page_dir: Path) -> Iterator[Kiosk]:
    """A kiosk whose services are away."""
    with serving(settings, tmp_path / "no.sock", tmp_path / "none.sock", page_dir) as kiosk:
        yield kiosk
