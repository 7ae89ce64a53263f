from __future__ import annotations

import contextlib
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from kiosk_client import Kiosk, Running
from kiosk_killable import KioskProcess, running_kiosk
from kiosk_network import NetworkKiosk, on_network
from kiosk_peers import Peer
from kiosk_serving import serving
from kiosk_time import Time

from appliance.runtime.server import listen_unix
from appliance.settings import Settings


@pytest.fixture(scope="session")
def peers() -> Iterator[tuple[Peer, Peer]]:
    with tempfile.TemporaryDirectory() as directory:
        speech, note = Peer("speech", Path(directory)), Peer("note", Path(directory))
        try:
            yield speech, note
        finally:
            speech.stop()
            note.stop()


@pytest.fixture(scope="session")
def speech(peers: tuple[Peer, Peer]) -> Peer:
    return peers[0]


@pytest.fixture(scope="session")
def note(peers: tuple[Peer, Peer]) -> Peer:
    return peers[1]


@pytest.fixture(scope="session")
def running(speech: Peer, note: Peer) -> Iterator[Running]:
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(data_dir=Path(directory) / "data")
        page_dir = Path(directory) / "page"
        with serving(settings, speech.socket, note.socket, page_dir) as kiosk:
            yield Running(kiosk.port, settings, page_dir)


@pytest.fixture
def kiosk(running: Running) -> Iterator[Kiosk]:
    """The shared kiosk; it has no encounters when a test starts."""
    with contextlib.closing(Kiosk(running.port)) as kiosk:
        yield kiosk
        for encounter in kiosk.ok("GET", "/encounters"):
            kiosk.ok("DELETE", f"/encounters/{encounter['id']}")


@pytest.fixture
def killable(tmp_path: Path, speech: Peer, note: Peer) -> Iterator[tuple[Kiosk, KioskProcess]]:
    with running_kiosk(KioskProcess(tmp_path / "data", speech, note)) as pair:
        yield pair


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def network_kiosk(settings: Settings, speech: Peer, note: Peer, tmp_path: Path) -> Iterator[NetworkKiosk]:
    """A kiosk on the network, which nobody has set up."""
    page = tmp_path / "page"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text("<!doctype html><title>Chartside</title>")
    (page / "assets" / "app-1.js").write_text("the page")
    with on_network(settings, speech.socket, note.socket, page) as kiosk:
        yield kiosk


@pytest.fixture
def shut_door(tmp_path: Path) -> Iterator[Path]:
    """The socket of a service that hangs up on everybody."""
    path = tmp_path / "shut.sock"
    listener = listen_unix(path)

    def hang_up() -> None:
        with contextlib.suppress(OSError):
            while True:
                listener.accept()[0].close()

    thread = threading.Thread(target=hang_up)
    thread.start()
    yield path
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


@pytest.fixture
def lonely_kiosk(settings: Settings, shut_door: Path, tmp_path: Path) -> Iterator[Kiosk]:
    """A kiosk whose services are away."""
    with serving(settings, shut_door, shut_door, tmp_path / "page") as kiosk:
        yield kiosk
