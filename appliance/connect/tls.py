"""TLS for the kiosk's server: versions 1.2 and 1.3, forward secrecy and authenticated encryption only."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import Any, Final

from cheroot.makefile import StreamReader, StreamWriter
from cheroot.ssl import Adapter

CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL"
"""Of TLS 1.2; Mozilla's *intermediate* list without finite-field Diffie-Hellman. TLS 1.3 has no others."""


def server_context(chain: Path, key: Path) -> ssl.SSLContext:
    """What the server agrees to.

    Args:
        chain: PEM file with the certificate and those that signed it.
        key: PEM file with the private key; may be the same file.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(chain, key)
    return context


class TlsAdapter(Adapter):
    """Puts TLS between cheroot and its connections.

    The context can be replaced at any time: connections that are open go on with the certificate they know, new ones get the
    new one, and no visit notices.

    Args:
        context: From `server_context`.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context

    def bind(self, sock: socket.socket) -> socket.socket:
        """The listening socket stays as it is."""
        return sock

    def wrap(self, sock: socket.socket) -> tuple[ssl.SSLSocket, dict[str, Any]]:
        """The connection under TLS.

        The handshake is left to the first read: that happens in a worker's thread. This is the only thread that accepts, and a
        device that connects and says nothing would block it.
        """
        wrapped = self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return wrapped, self.get_environ()

    def get_environ(self) -> dict[str, Any]:
        """What WSGI is told."""
        return {"wsgi.url_scheme": "https", "HTTPS": "on"}

    def makefile(self, sock: ssl.SSLSocket, mode: str = "r", bufsize: int = -1) -> StreamReader | StreamWriter:
        """The connection as a file."""
        return (StreamReader if "r" in mode else StreamWriter)(sock, mode, bufsize)
