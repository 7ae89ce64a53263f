"""The WSGI server of the runtime, on the network."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable

from flask import Flask

from appliance.connect.tls import TlsAdapter
from appliance.runtime.server import Server


class NetworkServer(Server):
    """A server on a listening socket from `listen_network`, with or without TLS.

    Args:
        app: The WSGI application.
        listener: Listening TCP socket, IPv4 or IPv6; closed when the server stops.
        before_stop: Called when the server is told to stop.
        tls: Puts TLS between server and connections.
        threads: Requests served at once.
    """

    def __init__(
        self,
        app: Flask,
        listener: socket.socket,
        before_stop: Callable[[], None] | None = None,
        *,
        tls: TlsAdapter | None = None,
        threads: int = 48,
    ) -> None:
        super().__init__(app, listener, before_stop, threads=threads)
        # An IPv6 address has four parts, of which cheroot knows two.
        self.bind_addr = listener.getsockname()[:2]
        self.ssl_adapter = tls

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:  # noqa: FBT001, FBT002
        """Log as the runtime does, but for handshakes that fail: anybody on the network can have as many as they like."""
        if self.ssl_adapter is not None and ("SSL" in msg or msg.startswith("socket.error")):
            level = logging.DEBUG
        super().error_log(msg, level, traceback)
