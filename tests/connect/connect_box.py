"""A running box on the network, fresh browsers that reach it, and servers that pretend to be it."""

from __future__ import annotations

import contextlib
import http.server
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from kiosk_network import authority_of
from kiosk_peers import Peer
from playwright.sync_api import BrowserContext, Page, Playwright

from appliance.connect.leaf import issue
from appliance.connect.state import State
from appliance.settings import Settings
from appliance.supervisor import Supervisor


@dataclass
class Box:
    settings: Settings
    state: State
    supervisor: Supervisor

    @property
    def port(self) -> int:
        return int(self.state.url.rstrip("/").rpartition(":")[2])


@contextlib.contextmanager
def running_box(directory: Path) -> Iterator[Box]:
    """`chartside run --access lan`, with scripted speech and note services."""
    settings = Settings(data_dir=directory / "data", access="lan", https_port=0, http_port=0)
    peers = [Peer("speech", directory), Peer("note", directory)]
    try:
        with Supervisor(settings, ("kiosk",), socket_dir=directory) as supervisor:
            yield Box(settings, supervisor.wait_for_state(), supervisor)
    finally:
        for peer in peers:
            peer.stop()


class Tablet:
    """A Chromium profile of its own: nothing trusted, nothing stored, a fake microphone."""

    def __init__(self, playwright: Playwright, directory: Path) -> None:
        self._playwright = playwright
        self._directory = directory
        self._context: BrowserContext | None = None
        self.asked: list[str] = []
        """Every address that was asked for."""

    def open(self) -> Page:
        """Start the browser; again after its certificates changed."""
        self.close()
        chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        self._context = self._playwright.chromium.launch_persistent_context(
            self._directory / "profile",
            executable_path=chromium,
            env={"HOME": str(self._directory), "PATH": "/usr/bin:/bin"},
            accept_downloads=True,
            args=[
                "--host-resolver-rules=MAP *.local 127.0.0.1",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                "--disable-background-networking",
                "--disable-component-update",
                "--no-first-run",
            ],
        )
        self._context.on("request", lambda request: self.asked.append(request.url))
        return self._context.pages[0]

    def trust(self, certificate: Path) -> None:
        """Install an authority, as the person at the tablet would, and start the browser anew."""
        self.close()
        store = self._directory / ".pki" / "nssdb"
        if not store.exists():
            store.mkdir(parents=True)
            self._certutil(store, "-N", "--empty-password")
        self._certutil(store, "-A", "-n", certificate.stem, "-t", "C,,", "-i", str(certificate))

    def close(self) -> None:
        if self._context is not None:
            self._context.close()
            self._context = None

    @staticmethod
    def _certutil(store: Path, *arguments: str) -> None:
        subprocess.run(["certutil", "-d", f"sql:{store}", *arguments], check=True, capture_output=True)


class _Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<!doctype html><title>Reached</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


class _Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, *_arguments: object) -> None:
        """Refused handshakes are what is tested."""


@contextlib.contextmanager
def server_for(settings: Settings, name: str, directory: Path) -> Iterator[int]:
    """A server with a certificate for any name, signed with the key of the box's authority: what a thief could make."""
    authority = authority_of(settings)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = issue(replace(authority, names=(name, name)), key, (), datetime.now(UTC))
    pem = directory / f"{name}.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem.write_bytes(certificate.public_bytes(Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = _Quiet(("127.0.0.1", 0), _Page)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
