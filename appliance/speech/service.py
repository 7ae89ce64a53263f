"""The HTTP interface of the speech service."""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable
from typing import Annotated, BinaryIO, Final

import msgspec
from flask import Flask, Response, request

from appliance.audio import SAMPLE_RATE
from appliance.errors import TooLargeError
from appliance.runtime.server import Server, serve
from appliance.runtime.web import create_service, event_stream, last_event_id, receive, receive_chunk, send
from appliance.settings import Settings
from appliance.speech.engine import SpeechEngine
from appliance.speech.files import open_audio
from appliance.speech.sessions import Sessions
from appliance.speech.speakers.encoder import VoiceEncoder
from appliance.speech.speakers.onnx_encoder import load_voice_encoder
from appliance.speech.speakers.parts import Earlier
from appliance.speech.transcription import transcribe_file
from appliance.speech.whisper import load_engine

FILE_LIMIT: Final = 512 * 1024 * 1024
"""Largest audio file in bytes. A file is held in memory only: what was said never touches the disk in the clear."""
_BLOCK = 1024 * 1024

_Count = Annotated[int, msgspec.Meta(ge=0, le=2**40)]


class Opening(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST /sessions`."""

    first_sample: _Count = 0
    """Position in the recording from which audio will be sent."""
    earlier: tuple[Earlier, ...] = ()
    """The turns before that position, from the first, with the voices they came with."""


class Opened(msgspec.Struct):
    """Answer of `POST /sessions`."""

    id: str


class Ending(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST /sessions/<id>/finish`."""

    chunks: _Count
    """Chunks of the whole recording, counted from its start."""
    samples: _Count | None = None
    """Samples of the whole recording, if known."""


def create_app(
    settings: Settings,
    *,
    load: Callable[[Settings], SpeechEngine] = load_engine,
    load_voices: Callable[[Settings], VoiceEncoder | None] = load_voice_encoder,
    clock: Callable[[], float] = time.monotonic,
) -> Flask:
    """The speech service as a WSGI application.

    Args:
        settings: The settings of the box.
        load: Makes the engine; called once, in the background.
        load_voices: Makes the speaker model, if there is one; called once, after `load`.
        clock: Seconds, monotonic: tells which sessions are idle.

    Returns:
        The application; `app.extensions["sessions"]` are its `Sessions`, to be closed at the end.
    """
    app = create_service(__name__)
    sessions = Sessions(settings, load, load_voices, clock=clock)
    app.extensions["sessions"] = sessions
    _add_session_routes(app, sessions)

    @app.get("/health")
    def health() -> Response:
        """State of the service; 503 while the model loads, or when it could not be loaded."""
        return send(sessions.health())

    @app.post("/transcribe")
    def transcribe() -> Response:
        """Transcribe a whole audio file of any common format; an event stream of `progress`, then `transcript` or `failed`."""
        sessions.health()
        file = open_audio(_received_file(), sessions.max_samples / SAMPLE_RATE)
        return event_stream(transcribe_file(file, sessions))

    return app


def run(settings: Settings, listener: socket.socket) -> None:
    """Serve until the process is told to stop.

    Args:
        settings: The settings of the box.
        listener: Listening socket.
    """
    app = create_app(settings)
    serve(Server(app, listener, app.extensions["sessions"].close))


def _add_session_routes(app: Flask, sessions: Sessions) -> None:
    @app.post("/sessions")
    def open_session() -> Response:
        """Open a session for one live recording."""
        opening = receive(Opening)
        return send(Opened(sessions.open(opening.first_sample, opening.earlier)), 201)

    @app.put("/sessions/<name>/chunks/<int:number>")
    def put_chunk(name: str, number: int) -> Response:
        """Send one chunk of PCM16 mono 16 kHz; in any order, more than once if in doubt."""
        return send(sessions.put(name, number, receive_chunk()))

    @app.post("/sessions/<name>/finish")
    def finish_session(name: str) -> Response:
        """Declare the end of the recording; chunks that never came become gaps."""
        ending = receive(Ending)
        sessions.finish(name, ending.chunks, ending.samples)
        return Response(status=202)

    @app.get("/sessions/<name>/events")
    def session_events(name: str) -> Response:
        """Follow a session: `partial`, `final`, `speakers`, `gap`, `finished`, `failed`; resumes after `Last-Event-ID`."""
        return event_stream(sessions.events(name, last_event_id()))

    @app.delete("/sessions/<name>")
    def delete_session(name: str) -> Response:
        """Forget a session and end its event streams."""
        sessions.drop(name)
        return Response(status=204)


def _received_file() -> BinaryIO:
    """The request body in memory.

    Raises:
        TooLargeError: It is over `FILE_LIMIT`.
    """
    body = io.BytesIO()
    size = request.content_length or 0
    while size <= FILE_LIMIT and (block := request.stream.read(_BLOCK)):
        body.write(block)
        size = max(size, body.tell())
    if size > FILE_LIMIT:
        raise TooLargeError(
            f"The audio file is larger than {FILE_LIMIT // _BLOCK} MiB.",
            hint="Compress it (Opus, MP3, M4A), or cut it into parts.",
        )
    return body
