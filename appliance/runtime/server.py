"""The WSGI server of every service: cheroot on a listening socket that somebody else may have opened.

A service gets its socket from systemd (socket activation, `LISTEN_FDS`), from its supervisor (`chartside run` passes a file
descriptor), or opens it itself. A socket opened by the parent outlives a killed service: callers wait in the
queue until the next process accepts them, instead of being refused.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from cheroot import wsgi
from flask import Flask

from appliance.errors import InputError, UnavailableError
from appliance.runtime import notify
from appliance.runtime.web import version_header

_log = logging.getLogger(__name__)
_SYSTEMD_FIRST_FD = 3
_QUEUE = 64


def listen_unix(path: Path) -> socket.socket:
    """Open a listening UNIX socket that only its owner can reach.

    Args:
        path: Socket file; a stale file from a dead process is replaced.

    Raises:
        InputError: The path is too long for a UNIX socket address (108 bytes), or its directory cannot be written.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise InputError(f"The socket {path} cannot be opened: {error}.", hint="Choose a short, writable directory.") from error
    finally:
        os.umask(before)
    listener.listen(_QUEUE)
    return listener


def listen_localhost(port: int) -> socket.socket:
    """Open a listening TCP socket on 127.0.0.1.

    Raises:
        UnavailableError: The port is taken or not allowed.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise UnavailableError(
            f"Port {port} on localhost cannot be opened: {error.strerror}.",
            hint="Stop the program that uses it, or choose another with --port.",
        ) from error
    listener.listen(_QUEUE)
    return listener


def systemd_sockets() -> dict[str, socket.socket]:
    """The listening sockets that systemd passed, by their `FileDescriptorName=`; none outside of systemd."""
    # cheroot reads these itself and would open the descriptors as the wrong kind of socket.
    process, count, names = (os.environ.pop(name, "") for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"))
    if process != str(os.getpid()):
        return {}
    numbered = enumerate(names.split(":")[: int(count or 0)])
    return {name: socket.socket(fileno=_SYSTEMD_FIRST_FD + n) for n, name in numbered}


def inherited_socket(fd: int | None = None) -> socket.socket | None:
    """The listening socket that the parent process opened: descriptor `fd`, or the only one systemd passed; None if neither."""
    passed = list(systemd_sockets().values())
    if fd is not None:
        return socket.socket(fileno=fd)
    return passed[0] if len(passed) == 1 else None


class Server(wsgi.Server):
    """A cheroot server on a socket that is already listening.

    Args:
        app: The WSGI application.
        listener: Listening TCP or UNIX socket; closed when the server stops.
        before_stop: Called when the server is told to stop; ends the event streams, which would go on for ever.
        threads: Requests served at once. An open event stream holds one for as long as it lasts.
    """

    def __init__(
        self, app: Flask, listener: socket.socket, before_stop: Callable[[], None] | None = None, *, threads: int = 48
    ) -> None:
        address: Any = listener.getsockname()
        super().__init__(address, app, numthreads=threads, request_queue_size=_QUEUE, shutdown_timeout=2)
        self.version = version_header()
        self._listener = listener
        if listener.family != socket.AF_UNIX:
            # Accepted connections inherit this; without it, the body of an answer waits 40 ms for its headers' acknowledgement.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._before_stop = before_stop

    def stop(self) -> None:
        """End the event streams, then the server."""
        if self._before_stop is not None:
            self._before_stop()
        super().stop()

    def bind_unix_socket(self, bind_addr: object) -> socket.socket:  # noqa: ARG002
        """Take the socket that is already there instead of opening one."""
        self.socket = self._listener
        return self._listener

    def bind(self, family: int, type: int, proto: int = 0) -> socket.socket:  # noqa: A002, ARG002
        """Take the socket that is already there instead of opening one."""
        self.socket = self._listener
        return self._listener

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:  # noqa: FBT001, FBT002, ARG002
        """Send cheroot's messages to the log, without tracebacks: they may hold request data."""
        _log.log(level, "server: %s", msg.splitlines()[0] if msg else "")


def serve(server: Server) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is in flight."""
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if not stopping.is_set():
            stopping.set()
            notify.stopping()
            threading.Thread(target=server.stop, name="stop").start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        server.prepare()
        # `stop` before `prepare` would be forgotten.
        if not stopping.is_set():
            server.serve()
    finally:
        server.stop()
