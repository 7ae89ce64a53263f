"""HTTP to another service over its UNIX socket."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import httpx_sse
import msgspec

from appliance.errors import ChartsideError, UnavailableError, from_problem
from appliance.runtime.events import HEARTBEAT_SECONDS

T = TypeVar("T")
_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
_STREAM_TIMEOUT = httpx.Timeout(30.0, connect=5.0, read=4 * HEARTBEAT_SECONDS)


@dataclass(frozen=True)
class ServerEvent:
    """One event as received."""

    id: int
    name: str
    data: bytes
    """JSON."""

    def decode(self, kind: type[T]) -> T:
        """The data, checked against a type."""
        return msgspec.json.decode(self.data, type=kind)


class ServiceClient:
    """Calls one service.

    Args:
        socket: Path of the service's UNIX socket.
        name: Name of the service, for messages.
        transport: Takes the place of the socket, in tests.

    All calls raise the `ChartsideError` that the service's problem document describes, or `UnavailableError` when the
    service cannot be reached.
    """

    def __init__(self, socket: Path, name: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self.name = name
        self._http = httpx.Client(
            transport=transport or httpx.HTTPTransport(uds=str(socket)), base_url=f"http://{name}", timeout=_TIMEOUT
        )

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def call(
        self,
        method: str,
        path: str,
        kind: type[T],
        *,
        json: object = None,
        body: bytes | None = None,
        timeout: float | None = None,
    ) -> T:
        """Send a request and decode its JSON answer.

        Args:
            method: HTTP method.
            path: Path with query.
            kind: Type of the answer; use `object` when it does not matter, `None` bodies decode to None.
            json: Body to encode as JSON.
            body: Raw body; excludes `json`.
            timeout: Seconds to wait for the answer instead of 30.
        """
        content = body if json is None else msgspec.json.encode(json)
        options: dict[str, Any] = {} if timeout is None else {"timeout": timeout}
        try:
            response = self._http.request(method, path, content=content, **options)
        except httpx.TransportError as error:
            raise self._gone() from error
        if response.is_error:
            raise self._error(response)
        return msgspec.json.decode(response.content or b"null", type=kind)

    def events(self, path: str, *, after: int = 0, body: bytes | None = None) -> Iterator[ServerEvent]:
        """Follow an event stream from the event after id `after` until the service ends it.

        Args:
            path: Path with query.
            after: Id of the last event received.
            body: Sent with `POST`, for work whose answer is a stream; without it the stream is read with `GET`.

        Raises:
            UnavailableError: The stream broke off; call again with the id of the last event received.
        """
        headers = {"Last-Event-ID": str(after)}
        try:
            options: dict[str, Any] = {"headers": headers, "timeout": _STREAM_TIMEOUT, "content": body}
            with httpx_sse.connect_sse(self._http, "GET" if body is None else "POST", path, **options) as source:
                if source.response.is_error:
                    source.response.read()
                    raise self._error(source.response)
                for event in source.iter_sse():
                    if event.data:  # a comment that keeps the connection alive arrives as an empty event
                        yield ServerEvent(int(event.id or 0), event.event, event.data.encode())
        except httpx.TransportError as error:
            raise self._gone() from error

    @contextlib.contextmanager
    def download(self, path: str, *, timeout: float) -> Iterator[tuple[Mapping[str, str], Iterator[bytes]]]:
        """The headers and the content of an answer that is too long to hold.

        Args:
            path: Path with query.
            timeout: Seconds to wait for the next piece.

        Raises:
            UnavailableError: The answer broke off.
        """
        try:
            with self._http.stream("GET", path, timeout=timeout) as response:
                if response.is_error:
                    response.read()
                    raise self._error(response)
                yield response.headers, response.iter_raw()
        except httpx.TransportError as error:
            raise self._gone() from error

    def _gone(self) -> UnavailableError:
        return UnavailableError(f"The {self.name} service does not answer.", hint="It restarts by itself; try again shortly.")

    def _error(self, response: httpx.Response) -> ChartsideError:
        with contextlib.suppress(msgspec.DecodeError):
            return from_problem(msgspec.json.decode(response.content, type=dict[str, object]))
        return ChartsideError(f"The {self.name} service answered {response.status_code}.", hint="Run `chartside doctor`.")
