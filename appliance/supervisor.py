"""Runs the three services as child processes, and starts again what dies: what systemd does on the box, anywhere else.

The parent opens the sockets and passes them on, so that callers wait while a service restarts.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self

from appliance.connect.sockets import listen_network
from appliance.connect.state import State
from appliance.errors import UnavailableError
from appliance.runtime.client import ServiceClient
from appliance.runtime.server import listen_localhost, listen_unix
from appliance.settings import Settings

_log = logging.getLogger(__name__)

ServiceName = Literal["speech", "note", "kiosk"]
START_SECONDS: Final = 120.0
"""Longest wait for a service to load its model."""
_STOP_SECONDS = 10.0
_QUICK_DEATH_SECONDS = 5.0
_LONGEST_PAUSE_SECONDS = 30.0


@dataclass
class _Child:
    """A service and the process that runs it now."""

    name: ServiceName
    listener: socket.socket
    trust: socket.socket | None = None
    """Of the trust page, which the kiosk serves on the network."""
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = 0.0
    due: float = 0.0
    """When to start it again, on the monotonic clock."""


class Supervisor:
    """Starts services and keeps them running. Use it as a context manager.

    Args:
        settings: Passed on to the services.
        services: Which to run.
        socket_dir: Directory of the UNIX sockets; None makes a temporary one.

    Raises:
        UnavailableError: The kiosk's port is taken.
        InputError: The sockets cannot be opened in `socket_dir`.
    """

    def __init__(self, settings: Settings, services: tuple[ServiceName, ...], *, socket_dir: Path | None = None) -> None:
        self._settings = settings
        self._stack = contextlib.ExitStack()
        if socket_dir is None:
            socket_dir = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="chartside-")))
        socket_dir.mkdir(parents=True, exist_ok=True)
        self.socket_dir: Final = socket_dir
        self._stopping = threading.Event()
        self._since = time.time()
        # Children end when this pipe closes: even a killed supervisor leaves nobody behind.
        self._lifeline, self._lifeline_end = os.pipe()
        self._children: list[_Child] = []
        try:
            for name in services:
                self._children.append(self._listen(name))
        except BaseException:
            self._stack.close()
            raise
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def __enter__(self) -> Self:
        for child in self._children:
            self._start(child)
        self._watcher.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stopping.set()
        self._watcher.join()
        # The kiosk goes first, so that it does not report the others as down.
        for child in reversed(self._children):
            _stop(child)
        os.close(self._lifeline)
        os.close(self._lifeline_end)
        self._stack.close()

    def socket(self, name: ServiceName) -> Path:
        """Path of a service's UNIX socket."""
        return self.socket_dir / f"{name}.sock"

    def _listen(self, name: ServiceName) -> _Child:
        settings, keep = self._settings, self._stack.enter_context
        if name != "kiosk":
            return _Child(name, keep(listen_unix(self.socket(name))))
        if settings.access == "localhost":
            return _Child(name, keep(listen_localhost(settings.port)))
        kiosk = keep(listen_network(settings.https_port, "https_port"))
        return _Child(name, kiosk, keep(listen_network(settings.http_port, "http_port")))

    def wait_for_state(self) -> State:
        """How the box is reached on the network, once this kiosk says so.

        Raises:
            UnavailableError: The kiosk takes longer than `START_SECONDS`.
        """
        deadline = time.monotonic() + START_SECONDS
        path = self._settings.connect_dir / "state.json"
        while time.monotonic() < deadline:
            # What an earlier kiosk said does not count.
            if path.exists() and path.stat().st_mtime > self._since and (state := State.load(path.parent)):
                return state
            time.sleep(0.1)
        raise UnavailableError("The kiosk does not start.", hint="Look at its messages above, and run `chartside doctor`.")

    @property
    def url(self) -> str:
        """Address of the kiosk page."""
        kiosk = next(child for child in self._children if child.name == "kiosk")
        return f"http://localhost:{kiosk.listener.getsockname()[1]}/"

    def client(self, name: Literal["speech", "note"]) -> ServiceClient:
        """A client for a service, once it is ready; closed with the supervisor.

        Raises:
            ChartsideError: The service cannot load its model, or takes longer than `START_SECONDS`.
        """
        client = self._stack.enter_context(contextlib.closing(ServiceClient(self.socket(name), name)))
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                client.call("GET", "/health", object)
            except UnavailableError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return client

    def _watch(self) -> None:
        while not self._stopping.wait(0.1):
            for child in self._children:
                if child.process is not None and (code := child.process.poll()) is not None:
                    self._bury(child, code)
                if child.process is None and time.monotonic() >= child.due:
                    self._start(child)

    def _bury(self, child: _Child, code: int) -> None:
        """Decide when a service that has ended starts again: at once, or later each time if it dies young."""
        lived = time.monotonic() - child.started
        child.pause = min(2 * child.pause + 0.5, _LONGEST_PAUSE_SECONDS) if lived < _QUICK_DEATH_SECONDS else 0.0
        child.due = time.monotonic() + child.pause
        child.process = None
        reason = signal.strsignal(-code) if code < 0 else f"exit code {code}"
        _log.warning("the %s service ended (%s); starting it again in %.1f s", child.name, reason, child.pause)

    def _start(self, child: _Child) -> None:
        descriptor = child.listener.fileno()
        command = [sys.executable, "-m", "appliance", "serve", child.name, "--fd", str(descriptor)]
        command += ["--lifeline", str(self._lifeline), "--socket-dir", str(self.socket_dir)]
        descriptors = [descriptor, self._lifeline]
        if child.trust is not None:
            descriptors.append(child.trust.fileno())
            command += ["--trust-fd", str(child.trust.fileno())]
        child.started = time.monotonic()
        child.process = subprocess.Popen(
            command,
            env={**os.environ, **self._settings.environment()},
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches the supervisor only, which stops the services in order
        )


def die_with_parent(lifeline: int) -> None:
    """End this process, as if by SIGTERM, when the other end of the pipe closes."""

    def wait() -> None:
        with contextlib.suppress(OSError):
            os.read(lifeline, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


@contextlib.contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set, instead of ending the process."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(child: _Child) -> None:
    if child.process is None:
        return
    child.process.terminate()
    try:
        child.process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        _log.warning("the %s service did not stop; killing it", child.name)
        child.process.kill()
        child.process.wait()
