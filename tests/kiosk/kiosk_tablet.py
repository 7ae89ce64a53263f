"""A tablet that hears a visit itself: any speech session, with its events sent to the box."""

from __future__ import annotations

from typing import Any, Protocol

import httpx
import msgspec
from kiosk_client import Kiosk
from kiosk_peers import SpeechSession, Triggers, voice_of

from appliance.audio import CHUNK_SAMPLES
from appliance.runtime.events import EventLog


class Session(Protocol):
    """What a tablet asks of a speech session."""

    def put(self, number: int, body: bytes, /) -> object: ...
    def finish(self, chunks: int, samples: int | None, /) -> object: ...


class Tablet:
    """Hears one visit from where it stands when the tablet asks for it.

    Args:
        kiosk: The box.
        encounter: The visit.
        triggers: Of the scripted speech session.
    """

    def __init__(self, kiosk: Kiosk, encounter: str, triggers: Triggers) -> None:
        self._kiosk = kiosk
        self._encounter = encounter
        self._triggers = triggers
        self._read = 0
        self.begin()

    def begin(self) -> None:
        """Ask for the visit."""
        standing = place(self._kiosk, self._encounter, "tablet")
        self.lease = standing["lease"]
        self.next = standing["committed"] // CHUNK_SAMPLES
        self._read = 0
        self.session, self.log = self.open(standing)

    def open(self, standing: dict[str, Any]) -> tuple[Session, EventLog]:
        """A speech session that goes on from there."""
        earlier = standing["earlier"]
        if self._kiosk.get(self._encounter)["state"] not in {"recording", "transcribing"}:
            # The recording is transcribed to its end, and the box has forgotten the voices.
            earlier = [{**turn, "voice": voice_of(turn["text"])} for turn in earlier]
        session = SpeechSession(standing["committed"], earlier, self._triggers)
        return session, session.log

    def hear(self, body: bytes) -> None:
        """Hear the next chunk."""
        self.session.put(self.next, body)
        self.next += 1

    def finish(self, chunks: int, samples: int) -> None:
        """The recording is over."""
        self.session.finish(chunks, samples)

    def send(self) -> bool:
        """Send what was heard since the last call; False if the box hears the visit now."""
        events, _ = self.log.read(self._read)
        body = {"events": [{"name": event.name, "data": msgspec.Raw(event.data)} for event in events], "lease": self.lease}
        answer = self._kiosk.http.post(f"/api/encounters/{self._encounter}/heard", content=msgspec.json.encode(body))
        if answer.status_code == httpx.codes.CONFLICT:
            return False
        assert answer.is_success, answer.text
        self._read = max([self._read, *(event.id for event in events)])
        return True


def place(kiosk: Kiosk, encounter: str, on: str) -> dict[str, Any]:
    standing: dict[str, Any] = kiosk.ok("PUT", f"/encounters/{encounter}/engine", json={"on": on})
    return standing
