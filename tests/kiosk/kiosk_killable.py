"""A kiosk that a test can kill."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from kiosk_client import Kiosk
from kiosk_peers import Peer, Supervised

from appliance.runtime.server import listen_localhost

KIOSK_PROCESS = Path(__file__).with_name("kiosk_process.py")


class KioskProcess(Supervised):
    def __init__(self, data: Path, speech: Peer, note: Peer, *, limit_bytes: int = 0) -> None:
        self._listener = listen_localhost(0)
        self.port = self._listener.getsockname()[1]
        fd = self._listener.fileno()
        arguments = [str(KIOSK_PROCESS), str(fd), str(data), str(speech.socket), str(note.socket), str(limit_bytes)]
        super().__init__(fd, arguments)

    def stop(self) -> None:
        super().stop()
        self._listener.close()


@contextlib.contextmanager
def running_kiosk(process: KioskProcess) -> Iterator[tuple[Kiosk, KioskProcess]]:
    try:
        with contextlib.closing(Kiosk(process.port)) as kiosk:
            yield kiosk, process
    finally:
        process.stop()
