"""The kiosk's second door, for the box itself: retention, backups and the like, on a UNIX socket that tablets cannot reach."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

from flask import Flask, Response, request

from appliance.backup.keeper import NAME_HEADER, SIZE_HEADER, Keeper, Made, short
from appliance.runtime.server import Server, listen_unix
from appliance.runtime.web import JSON_BODY_LIMIT, create_service, receive, send
from appliance.settings import Settings

_THREADS = 2


def create_keeping(keeper: Keeper) -> Flask:
    """The application on the keeper socket.

    Args:
        keeper: Has the store open.
    """
    app = create_service(__name__)
    app.config["MAX_CONTENT_LENGTH"] = JSON_BODY_LIMIT

    @app.post("/retention")
    def retention() -> Response:
        """Delete what is over its time; with `?dry_run=1` only say what that is."""
        return send(keeper.retention(dry_run=request.args.get("dry_run") == "1"))

    @app.get("/backup")
    def backup() -> Response:
        """A backup, sealed."""
        stack = contextlib.ExitStack()
        sealing = stack.enter_context(keeper.backup())

        def blocks() -> Iterator[bytes]:
            with stack:
                yield from sealing.blocks

        response = Response(blocks(), mimetype="application/octet-stream")
        # Also when whoever asked went away before the first block.
        response.call_on_close(stack.close)
        response.headers[NAME_HEADER] = sealing.name
        response.headers[SIZE_HEADER] = str(sealing.size)
        return response

    @app.post("/backup/made")
    def made() -> Response:
        """A backup is where it belongs."""
        keeper.backup_made(receive(Made).name)
        return send(None)

    @app.get("/audit")
    def audit() -> Response:
        """The audit chain."""
        return send(keeper.audit())

    @app.put("/certificate")
    def certificate() -> Response:
        """Show tablets a certificate of the clinic."""
        keeper.use_certificate(request.get_data())
        return send(None)

    @app.get("/name")
    def name() -> Response:
        """What the box is called."""
        return send(keeper.name())

    return app


@contextlib.contextmanager
def keeping(settings: Settings, keeper: Keeper, listener: socket.socket | None = None) -> Iterator[None]:
    """Answer on the keeper socket while the block lasts.

    Args:
        settings: Say where the socket is.
        keeper: Has the store open.
        listener: The socket, if systemd opened it.
    """
    if listener is None:
        with short(settings.keeper_socket) as address:
            listener = listen_unix(address)
    server = Server(create_keeping(keeper), listener, threads=_THREADS)
    server.prepare()
    thread = threading.Thread(target=_serve, args=(server,), name="keeper", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.stop()
        thread.join()


def _serve(server: Server) -> None:
    with contextlib.suppress(OSError):
        server.serve()
