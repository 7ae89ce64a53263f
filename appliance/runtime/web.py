"""The Flask application every service starts from: problem documents, JSON in, JSON and event streams out."""

from __future__ import annotations

import errno
import logging
import sqlite3
from collections.abc import Iterator, Mapping
from typing import TypeVar

import msgspec
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from appliance import __version__
from appliance.audio import CHUNK_BYTES, CHUNK_MEDIA_TYPE, CHUNK_MIME_TYPE, SAMPLE_RATE
from appliance.errors import AudioError, ChartsideError, InputError, StorageError, TooLargeError

_log = logging.getLogger(__name__)
T = TypeVar("T")

JSON_BODY_LIMIT = 4 * 1024 * 1024
"""Largest JSON body in bytes."""


def create_service(name: str) -> Flask:
    """A Flask application whose every error is an RFC 9457 problem document.

    Args:
        name: Import name of the service.
    """
    app = Flask(name, static_folder=None)
    app.register_error_handler(ChartsideError, _on_chartside_error)
    app.register_error_handler(HTTPException, _on_http_error)
    app.register_error_handler(Exception, _on_unexpected_error)
    return app


def send(data: object, status: int = 200) -> Response:
    """A JSON response of anything `msgspec.json` encodes."""
    return Response(msgspec.json.encode(data), status=status, mimetype="application/json")


def receive(kind: type[T]) -> T:
    """The request's JSON body, checked against a type.

    Raises:
        InputError: The body is empty, not UTF-8, not JSON, or does not fit the type; the message names the place.
        TooLargeError: The body is over `JSON_BODY_LIMIT`.
    """
    if (request.content_length or 0) > JSON_BODY_LIMIT:
        raise TooLargeError("The JSON body is too large.", hint=f"Send at most {JSON_BODY_LIMIT} bytes.")
    return decode(request.get_data(), kind)


def decode(body: bytes, kind: type[T]) -> T:
    """JSON bytes checked against a type.

    Raises:
        InputError: The bytes are empty, not UTF-8, not JSON, or do not fit the type; the message names the place.
    """
    if not body:
        raise InputError("The JSON body is empty.", hint="Send a JSON object.")
    try:
        body.decode("utf-8")
        return msgspec.json.decode(body, type=kind)
    except UnicodeDecodeError as error:
        raise InputError("The JSON is not UTF-8.", hint="Encode the text as UTF-8.") from error
    except msgspec.ValidationError as error:
        raise InputError(f"The JSON does not fit: {error}.", hint="See docs/reference/api.md for the fields.") from error
    except msgspec.DecodeError as error:
        raise InputError(f"The body is not JSON: {error}.", hint="Check that the text was not cut off.") from error


def receive_chunk() -> bytes:
    """The request's body, one audio chunk; `appliance.audio.parse_chunk` reads it.

    Raises:
        AudioError: The `Content-Type` says that it is something else, or audio at another rate.
        TooLargeError: It is longer than a chunk.
    """
    parameters = request.mimetype_params
    is_chunk = request.mimetype == CHUNK_MIME_TYPE and (parameters.get("rate"), parameters.get("channels", "1")) == (
        str(SAMPLE_RATE),
        "1",
    )
    if request.mimetype not in {"", "application/octet-stream"} and not is_chunk:
        message = f"The chunk is {request.content_type[:80]}, not PCM16 mono at {SAMPLE_RATE} Hz."
        raise AudioError(message, hint=f"Convert the audio and send it as {CHUNK_MEDIA_TYPE}.")
    if (request.content_length or 0) > CHUNK_BYTES:
        message = f"The audio chunk has {request.content_length} bytes; a chunk holds at most {CHUNK_BYTES}."
        raise TooLargeError(message, hint="Send half a second of 16 kHz audio per chunk; check the sample rate.")
    return request.stream.read(CHUNK_BYTES + 1)


def event_stream(events: Iterator[bytes]) -> Response:
    """A server-sent event response that proxies and browsers do not buffer."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Response(events, mimetype="text/event-stream", headers=headers)


def last_event_id() -> int:
    """The id after which the client wants to resume: the `Last-Event-ID` header, or `?after=`; 0 when absent."""
    value = request.headers.get("Last-Event-ID") or request.args.get("after") or "0"
    if not value.isdecimal():
        raise InputError(f"The event id {value[:20]!r} is not a number.", hint="Send the id of the last event received.")
    return int(value)


def problem(error: ChartsideError) -> Response:
    """The error as an RFC 9457 problem document."""
    return _document(error.problem())


def version_header() -> str:
    """Value of the `Server` header."""
    return f"chartside/{__version__}"


def _on_chartside_error(error: ChartsideError) -> Response:
    return problem(error)


def _on_http_error(error: HTTPException) -> Response:
    hint = "See docs/reference/api.md for what can be asked."
    members = ChartsideError(error.description or error.name, hint=hint).problem()
    return _document({**members, "title": error.name, "status": error.code or 500})


def _on_unexpected_error(error: Exception) -> Response:
    full = isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
    if full or (isinstance(error, sqlite3.OperationalError) and "full" in str(error)):
        return problem(StorageError("The disk is full.", hint="Free some space; nothing that was acknowledged is lost."))
    # The traceback shows where it broke; the message of the exception may hold patient text, so only its type is logged.
    _log.error("unexpected %s in %s %s", type(error).__name__, request.method, request.url_rule, stack_info=False)
    _log.debug("traceback", exc_info=error)
    return problem(ChartsideError("Something unexpected went wrong.", hint="Run `chartside doctor`; the log names the place."))


def _document(members: Mapping[str, str | int]) -> Response:
    return Response(msgspec.json.encode(members), status=int(members["status"]), mimetype="application/problem+json")
