"""What the page does, for tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import httpx_sse
from kiosk_peers import TURN_CHUNKS, chunk_of, turn_text

from appliance.settings import Settings

_PATIENCE = 60.0
MAX_CHUNKS = 1000
"""Longest recording of the kiosk under test."""


@dataclass
class Running:
    """A kiosk that all tests of a session share: starting and stopping one takes most of a second."""

    port: int
    settings: Settings
    page_dir: Path


class Kiosk:
    def __init__(self, port: int) -> None:
        self.port = port
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30.0)

    def close(self) -> None:
        self.http.close()

    def ok(self, method: str, path: str, **options: Any) -> Any:
        response = self.http.request(method, f"/api{path}", **options)
        assert response.is_success, response.text
        return response.json() if response.content else None

    def start(self, **body: str) -> str:
        encounter: str = self.ok("POST", "/encounters", json=body)["id"]
        return encounter

    def put(self, encounter: str, n: int, body: bytes | None = None, **options: Any) -> httpx.Response:
        content = chunk_of(n + 1) if body is None else body
        return self.http.put(f"/api/encounters/{encounter}/audio/{n}", content=content, **options)

    def put_reliably(self, encounter: str, n: int, body: bytes | None = None) -> None:
        """Send a chunk until it is acknowledged, as the page does."""

        def acknowledged() -> bool:
            try:
                return self.put(encounter, n, body).is_success
            except httpx.TransportError:
                return False

        wait_until(acknowledged)

    def send(self, encounter: str, chunks: range) -> None:
        for n in chunks:
            assert self.put(encounter, n).is_success

    def finish(self, encounter: str, chunks: int) -> httpx.Response:
        return self.http.post(f"/api/encounters/{encounter}/finish", json={"chunks": chunks})

    def get(self, encounter: str) -> Any:
        return self.ok("GET", f"/encounters/{encounter}")

    def wait_for(self, encounter: str, condition: Callable[[Any], bool]) -> Any:
        last: Any = None

        def holds() -> bool:
            nonlocal last
            try:
                last = self.get(encounter)
            except httpx.TransportError:
                return False
            return condition(last)

        wait_until(holds, lambda: f"state {last and last['state']}, {last and len(last['transcript']['turns'])} turns")
        return last

    def wait_for_state(self, encounter: str, state: str) -> Any:
        return self.wait_for(encounter, lambda document: bool(document["state"] == state))

    def hear(self, encounter: str, values: list[int]) -> None:
        """Send chunks that speech hears as these values, and end the recording."""
        for n, value in enumerate(values):
            assert self.put(encounter, n, chunk_of(value)).is_success
        assert self.finish(encounter, len(values)).status_code == 202

    def edit(self, encounter: str, section: str, text: str) -> Any:
        body = {"version": self.get(encounter)["note_version"], "sections": [{"name": section, "text": text}]}
        return self.ok("PUT", f"/encounters/{encounter}/note", json=body)

    def checked(self, encounter: str) -> Any:
        """The check of the newest note, once it is there."""
        last: Any = None

        def there() -> bool:
            nonlocal last
            last = self.ok("GET", f"/encounters/{encounter}/check")
            return last["check"] is not None

        wait_until(there)
        return last

    def record(self, chunks: int) -> str:
        """A whole visit, up to its draft."""
        encounter = self.start()
        self.send(encounter, range(chunks))
        assert self.finish(encounter, chunks).status_code == 202
        self.wait_for_state(encounter, "draft")
        return encounter

    @contextmanager
    def events(self, encounter: str, after: str = "") -> Iterator[Iterator[httpx_sse.ServerSentEvent]]:
        headers = {"Last-Event-ID": after} if after else {}
        path = f"/api/encounters/{encounter}/events"
        with httpx_sse.connect_sse(self.http, "GET", path, headers=headers) as source:
            yield source.iter_sse()


def wait_until(condition: Callable[[], bool], describe: Callable[[], str] = str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {describe()}"
        time.sleep(0.02)


def expected_texts(chunks: int) -> list[str]:
    """What the speech peer makes of chunks that were sent with `Kiosk.put`."""
    starts = range(0, chunks, TURN_CHUNKS)
    return [turn_text(list(range(start + 1, min(start + TURN_CHUNKS, chunks) + 1))) for start in starts]


def assert_problem(response: httpx.Response, status: int) -> None:
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == status
    assert document["detail"]
    assert document["hint"]


def speakers(document: Any) -> list[str]:
    return [turn["speaker"] for turn in document["transcript"]["turns"]]


def texts(document: Any) -> list[str]:
    return [turn["text"] for turn in document["transcript"]["turns"]]
