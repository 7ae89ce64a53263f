"""A box that can be switched off and on, and whose page is a folder that tests may change.

Run as `offline_box.py PAGE FD DATA_DIR SPEECH_SOCKET NOTE_SOCKET [BUNDLE]` it is the kiosk process.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import page_box
from kiosk_peers import Peer, Supervised

from appliance.kiosk import service
from appliance.runtime.server import listen_localhost


class OfflineBox:
    """Kiosk, speech and note as processes.

    Args:
        directory: An empty directory with a short path.
        page: Directory of the built page.
        bundle: The model bundle that tablets may fetch; None serves the kiosk's own setting.
    """

    def __init__(self, directory: Path, page: Path, bundle: Path | None = None) -> None:
        self.speech = Peer("speech", directory)
        self.note = Peer("note", directory)
        self._arguments = [directory / "data", self.speech.socket, self.note.socket, *([bundle] if bundle else [])]
        self._page = page
        self._listener = listen_localhost(0)
        self.port: int = self._listener.getsockname()[1]
        self.origin = f"http://localhost:{self.port}"
        self._http = httpx.Client(base_url=f"{self.origin}/api", timeout=30)
        self._kiosk: Supervised | None = self._serve()

    def _serve(self) -> Supervised:
        fd = self._listener.fileno()
        return Supervised(fd, [__file__, *map(str, [self._page, fd, *self._arguments])])

    def api(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A request past the page."""
        return self._http.request(method, path, **options)

    def switch_off(self) -> None:
        """Nothing listens any more."""
        if self._kiosk:
            self._kiosk.stop()
            self._listener.close()
            self._kiosk = None

    def switch_on(self) -> None:
        """The same box is there again, at the same address."""
        self._listener = listen_localhost(self.port)
        self._kiosk = self._serve()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """It takes connections and answers nothing, as if its cable were pulled, and goes on after that."""
        assert self._kiosk
        self._kiosk.freeze()
        try:
            yield
        finally:
            self._kiosk.thaw()

    @contextlib.contextmanager
    def strangers(self) -> Iterator[None]:
        """In place of the switched-off box, what a tablet gets that is not paired any more."""

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                is_page = not urlsplit(self.path).path.startswith("/api/")
                body = b"<!doctype html><h1>This tablet is not paired</h1>" if is_page else b'{"detail": "", "hint": ""}'
                self.send_response(401)
                self.send_header("Content-Type", "text/html" if is_page else "application/problem+json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815

            def log_message(self, *args: object) -> None:
                pass

        with HTTPServer(("127.0.0.1", self.port), Handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            yield
            server.shutdown()
            thread.join()

    def close(self) -> None:
        """End all processes."""
        self.switch_off()
        self.note.stop()
        self.speech.stop()
        self._http.close()


if __name__ == "__main__":
    assert service.create_app.__kwdefaults__
    service.create_app.__kwdefaults__["page_dir"] = Path(sys.argv[1])
    page_box.main(*sys.argv[2:])
