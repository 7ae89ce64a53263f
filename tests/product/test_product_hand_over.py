"""A visit goes from the box to another engine and back, with the real recognizer on both sides: nothing is lost or doubled."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from chartside_process import Chartside
from demo import read_chunks
from sample_visits import sample_visits
from word_errors import word_errors

from appliance.audio import CHUNK_SAMPLES
from appliance.runtime.bundle import Bundle
from appliance.runtime.client import ServerEvent, ServiceClient
from appliance.settings import Settings
from appliance.supervisor import Supervisor

_CHUNKS = 100
_PATIENCE = 90.0


@pytest.fixture(scope="module")
def tablet_speech(default_bundle: Bundle) -> Iterator[ServiceClient]:
    """What plays the tablet: a speech service that the box knows nothing of."""
    with Supervisor(Settings(bundle=default_bundle.directory), ("speech",)) as supervisor:
        yield supervisor.client("speech")


class _Opened(msgspec.Struct):
    id: str


@dataclass
class _Tablet:
    """Hears a visit under a lease."""

    box: Chartside
    speech: ServiceClient
    encounter: str

    def __post_init__(self) -> None:
        standing = (
            self.box.http.put(f"/api/encounters/{self.encounter}/engine", json={"on": "tablet"}).raise_for_status().json()
        )
        self.lease = standing["lease"]
        self.next = standing["committed"] // CHUNK_SAMPLES
        opening = {"first_sample": standing["committed"], "earlier": standing["earlier"]}
        self.session = self.speech.call("POST", "/sessions", _Opened, json=opening).id

    def hear(self, chunks: list[bytes], *, end: bool = False) -> None:
        for n in range(self.next, len(chunks)):
            self.speech.call("PUT", f"/sessions/{self.session}/chunks/{n}", object, body=chunks[n])
        self.next = len(chunks)
        if end:
            body = {"chunks": len(chunks), "samples": sum(map(len, chunks)) // 2}
            self.speech.call("POST", f"/sessions/{self.session}/finish", object, json=body)

    def send_until(self, name: str) -> None:
        """Send what is heard until the first event of this name is stored."""
        for event in self.speech.events(f"/sessions/{self.session}/events"):
            self._send(event)
            if event.name == name:
                return

    def give_back(self) -> None:
        self.box.http.put(f"/api/encounters/{self.encounter}/engine", json={"on": "box"}).raise_for_status()

    def _send(self, event: ServerEvent) -> None:
        body = {"events": [{"name": event.name, "data": msgspec.Raw(event.data)}], "lease": self.lease}
        content = msgspec.json.encode(body)
        self.box.http.post(f"/api/encounters/{self.encounter}/heard", content=content).raise_for_status()


def _start(box: Chartside, chunks: list[bytes]) -> str:
    encounter: str = box.http.post("/api/encounters", json={"template": "soap"}).json()["id"]
    _put(box, encounter, chunks, 0)
    return encounter


def _put(box: Chartside, encounter: str, chunks: list[bytes], first: int) -> None:
    for n in range(first, len(chunks)):
        box.http.put(f"/api/encounters/{encounter}/audio/{n}", content=chunks[n]).raise_for_status()


def _wait(box: Chartside, encounter: str, turns: int = 0, state: str | None = None) -> dict[str, Any]:
    deadline = time.monotonic() + _PATIENCE
    while True:
        document = box.encounter(encounter)
        if len(document["transcript"]["turns"]) >= turns and state in {None, document["state"]}:
            return document
        assert time.monotonic() < deadline, (document["state"], len(document["transcript"]["turns"]))
        time.sleep(0.1)


def _text(document: dict[str, Any]) -> str:
    return " ".join(turn["text"] for turn in document["transcript"]["turns"])


@pytest.mark.timeout(400)
def test_two_hand_overs_in_a_visit_change_no_word(chartside: Chartside, tablet_speech: ServiceClient) -> None:
    chunks = read_chunks(sample_visits()[0].audio)[:_CHUNKS]
    end = {"chunks": len(chunks)}
    whole = _start(chartside, chunks)
    chartside.http.post(f"/api/encounters/{whole}/finish", json=end).raise_for_status()

    encounter = _start(chartside, chunks[:30])
    _wait(chartside, encounter, turns=1)
    first = _Tablet(chartside, tablet_speech, encounter)
    _put(chartside, encounter, chunks[:60], 30)
    first.hear(chunks[:60])
    first.send_until("final")
    first.give_back()
    heard = len(_wait(chartside, encounter)["transcript"]["turns"])
    _wait(chartside, encounter, turns=heard + 1)
    chartside.kill("speech")
    second = _Tablet(chartside, tablet_speech, encounter)
    _put(chartside, encounter, chunks, 60)
    chartside.http.post(f"/api/encounters/{encounter}/finish", json=end).raise_for_status()
    second.hear(chunks, end=True)
    second.send_until("finished")
    second.give_back()

    document = _wait(chartside, encounter, state="draft")
    expected = _wait(chartside, whole, state="draft")
    errors = word_errors(_text(expected), _text(document))
    print(f"\nhand-over between two engines of one kind: {errors.wer:.3f} of the words differ from a whole visit")
    assert _text(document) == _text(expected)
    assert document["transcript"]["gaps"] == []
    assert [turn["speaker"] for turn in document["transcript"]["turns"]] == [
        turn["speaker"] for turn in expected["transcript"]["turns"]
    ]
    assert all(section["text"] for section in document["note"]["sections"])
