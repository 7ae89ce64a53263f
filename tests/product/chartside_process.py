"""`chartside run` as a process of its own, as a clinic runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import httpx

from appliance.runtime.bundle import Bundle

_READY = re.compile(r"ready: (http://\S+?)/ ")
START_SECONDS = 180.0

Microphone = Callable[..., tuple[Path, float]]
"""Makes a fake microphone that plays a sample visit: its file, and how long it lasts in seconds."""


class Chartside:
    """The whole product: three services under their supervisor, on a free port, with a data directory of its own.

    Args:
        data: Where the store and the log go.
        bundle: The models.
    """

    def __init__(self, data: Path, bundle: Bundle) -> None:
        self.data = data
        self._log = (data / "chartside.log").open("wb")
        command = [sys.executable, "-m", "appliance", "run", "--port", "0", "--no-browser"]
        command += ["--data-dir", str(data), "--bundle", str(bundle.directory)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log, text=True)
        self.origin = self._wait_until_ready()
        self.http = httpx.Client(base_url=self.origin, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def stop(self) -> int:
        """Ask it to stop and return its exit code."""
        self.http.close()
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(30)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log.close()
        return code

    def kill_supervisor(self) -> None:
        """`kill -9` of the supervisor alone."""
        self._process.kill()

    def service(self, name: str) -> int | None:
        """Process id of a service; None while it is not running."""
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            if parent == self._process.pid and b"serve" in words and name.encode() in words:
                return int(entry.name)
        return None

    def kill(self, name: str) -> None:
        """`kill -9` of a service; returns once another process runs it and answers."""
        old = self.service(name)
        assert old is not None
        os.kill(old, signal.SIGKILL)
        deadline = time.monotonic() + START_SECONDS
        while self.service(name) in {None, old} or not self.answers(name):
            assert time.monotonic() < deadline, f"{name} did not come back"
            time.sleep(0.1)

    def answers(self, name: str) -> bool:
        """Whether a service is ready, as the kiosk sees it."""
        try:
            status = self.http.get("/api/status").json()
        except httpx.TransportError:
            return False
        return name == "kiosk" or status[name] is not None

    def encounter(self, name: str) -> dict[str, Any]:
        """An encounter as the API gives it."""
        encounter: dict[str, Any] = self.http.get(f"/api/encounters/{name}").json()
        return encounter

    def log(self) -> str:
        """What the services wrote to the log."""
        return (self.data / "chartside.log").read_text("utf-8", "replace")

    def _wait_until_ready(self) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if found := _READY.search(line):
                return found[1]
        raise AssertionError("chartside run ended: " + self.log())
