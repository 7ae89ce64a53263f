"""A box for the page: the real kiosk with the scripted speech and note services of the kiosk's own tests.

Run as `page_box.py FD DATA_DIR SPEECH_SOCKET NOTE_SOCKET [BUNDLE]` it is the kiosk process.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from kiosk_peers import Peer, Supervised

from appliance.kiosk.service import run
from appliance.runtime.server import inherited_socket, listen_localhost
from appliance.settings import Settings


class Box:
    """Kiosk, speech and note as processes that are started again when they die.

    Args:
        directory: An empty directory with a short path.
        peer: What plays speech and note.
        bundle: The model bundle that tablets may fetch; by default the kiosk's own setting.
    """

    def __init__(self, directory: Path, peer: type[Peer] = Peer, bundle: Path | None = None) -> None:
        self.speech = peer("speech", directory)
        self.note = peer("note", directory)
        self._listener = listen_localhost(0)
        self.origin = f"http://localhost:{self._listener.getsockname()[1]}"
        """Address of the page."""
        # One client for all: each builds a TLS context first.
        self._http = httpx.Client(base_url=f"{self.origin}/api", timeout=30)
        fd = self._listener.fileno()
        arguments = [fd, directory / "data", self.speech.socket, self.note.socket, *([bundle] if bundle else [])]
        self.kiosk = Supervised(fd, [__file__, *map(str, arguments)])

    def api(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A request past the page."""
        return self._http.request(method, path, **options)

    def close(self) -> None:
        """End all processes."""
        for process in (self.kiosk, self.note, self.speech):
            process.stop()
        self._http.close()
        self._listener.close()


def main(fd: str, data: str, speech: str, note: str, *bundle: str) -> None:
    listener = inherited_socket(int(fd))
    assert listener
    settings = Settings(data_dir=Path(data))
    if bundle:
        settings = replace(settings, bundle=Path(bundle[0]))
    run(settings, listener, Path(speech), Path(note))


if __name__ == "__main__":
    main(*sys.argv[1:])
