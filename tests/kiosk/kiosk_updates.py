"""A box that takes updates: the installer at its socket with everything real but systemd-sysupdate, and updates for it."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.kiosk.updates import Updates
from appliance.runtime.server import listen_unix
from appliance.settings import Settings
from appliance.update.handover import answer
from appliance.update.here import described
from appliance.update.install import Told, install
from appliance.update.keys import TrustedKey
from appliance.update.pack import pack
from appliance.update.policy import Box
from appliance.update.release import Release

KEY: Final = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER_KEY: Final = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
NOW: Final = datetime(2026, 11, 24, 12, tzinfo=UTC)
INSTALLED: Final = Release("chartside", "1.1", "x86-64", "1.0")


def box(_settings: Settings | None = None) -> Box:
    public = base64.b64encode(KEY.public_key().public_bytes_raw()).decode()
    return Box(INSTALLED, "4", "1.0", (TrustedKey("vendor", public, NOW + timedelta(days=365)),), NOW)


def update(directory: Path, *, size: int = 3_000_000, version: str = "1.2", key: Ed25519PrivateKey = KEY) -> Path:
    """A signed update with one file of a size in bytes."""
    directory.mkdir(exist_ok=True)
    root, target = directory / "root.raw", directory / f"{version}.chartside"
    root.write_bytes(b"chartside" * (size // 9))
    release = Release("chartside", version, "x86-64", "1.0")
    pack(target, (root,), key, release=release, component="system", created=NOW)
    return target


class Installer:
    """The service at the socket, as systemd starts it: one call at a time.

    Args:
        directory: Of its socket and its state.
    """

    def __init__(self, directory: Path) -> None:
        self.socket: Final = directory / "updater.sock"
        self.updates_of: Final = directory / "state"
        self.installed: Final[list[dict[str, int]]] = []
        """Sizes of the files that systemd-sysupdate was shown, by name."""
        self.restarts = 0
        self.waits = ""
        self.going_on: Final = threading.Event()
        """Until it is set, systemd-sysupdate takes its time."""
        self.going_on.set()
        self._listener = listen_unix(self.socket)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self.going_on.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def updates(self, settings: Settings) -> Updates:
        return Updates(settings, box=box, waits=lambda: self.waits, address=self.socket)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection:
                    answer(connection, self._install, restart=self._restart, waits=lambda: self.waits)

    def _install(self, file: Path, told: Told) -> str:
        transfer = self.updates_of / "transfer"

        def sysupdate(_command: Sequence[str]) -> None:
            assert self.going_on.wait(30)
            self.installed.append({path.name: path.stat().st_size for path in transfer.iterdir()})

        self.waits = described(install(file, box(), state=self.updates_of, transfer=transfer, run=sysupdate, told=told))
        return f"{self.waits} is installed."

    def _restart(self) -> None:
        self.restarts += 1


@contextlib.contextmanager
def installer(directory: Path) -> Iterator[Installer]:
    directory.mkdir(exist_ok=True)
    with contextlib.closing(Installer(directory)) as running:
        yield running
