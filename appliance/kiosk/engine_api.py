"""The routes under `/api/encounters/<id>` by which a tablet hears and writes a visit itself."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from flask import Blueprint, Response, request

from appliance.audio import SAMPLE_RATE
from appliance.errors import InputError
from appliance.kiosk import wire
from appliance.kiosk.arguments import encounter_id, position
from appliance.kiosk.speech_events import KINDS, FinalTurn, SpeechEvent, hear
from appliance.kiosk.visits import Visits
from appliance.runtime.web import receive, send
from appliance.transcript import Turn

VOICE_PRINT_SIZE: Final = 256
"""Bytes of a voice print, as the speech service wants it back; a test compares the two."""


class _Voice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    print: Annotated[bytes, msgspec.Meta(min_length=VOICE_PRINT_SIZE, max_length=VOICE_PRINT_SIZE)]
    seconds: Annotated[float, msgspec.Meta(gt=0.0, le=60.0)]


def create_engine_api(visits: Visits) -> Blueprint:
    """The routes of the hand-over.

    Args:
        visits: The encounters.
    """
    api = Blueprint("engine", __name__, url_prefix="/api/encounters/<encounter>")

    @api.put("/engine")
    def place(encounter: str) -> Response:
        """Have a tablet, or the box again, hear and write the visit."""
        return send(visits.place(encounter_id(encounter), receive(wire.EngineRequest).on))

    @api.post("/heard")
    def heard(encounter: str) -> Response:
        """Store what a tablet heard, and renew its lease."""
        asked = receive(wire.HeardRequest)
        events = [_read(event) for event in asked.events]
        with visits.use(encounter_id(encounter)) as visit, visit.unchanged():
            visit.lending.use(asked.lease)
            for event in events:
                new = _unheard(event, visit.committed)
                if new is not None:
                    hear(visit, new)
            return send(visit.lending.so_far())

    @api.get("/turns")
    def turns(encounter: str) -> Response:
        """The turns as the note is written from them, from number `start`."""
        start = position(request.args.get("start", "0"))
        with visits.use(encounter_id(encounter)) as visit:
            return send(visit.heard.corrected(start))

    return api


def _read(event: wire.HeardEvent) -> SpeechEvent:
    """An event with its data checked.

    Raises:
        InputError: The data does not fit its name.
    """
    try:
        found = msgspec.json.decode(event.data, type=KINDS[event.name])
        if isinstance(found, FinalTurn) and bytes(found.voice):
            msgspec.json.decode(found.voice, type=_Voice | None)
    except msgspec.MsgspecError as error:
        raise InputError(f"An event {event.name!r} does not fit: {error}.", hint="Reload the page on the tablet.") from error
    return found


def _unheard(event: SpeechEvent, committed: int) -> SpeechEvent | None:
    """The event without the words of a turn that are known: a tablet that was cut off may have begun before `committed`."""
    if not isinstance(event, FinalTurn):
        return event
    known, turn = committed / SAMPLE_RATE, event.turn
    words = tuple(word for word in turn.words if word.start + word.end > 2 * known)
    if len(words) == len(turn.words):
        return event
    if not words:
        return None
    text = " ".join(word.text for word in words)
    return msgspec.structs.replace(event, turn=Turn(text, words[0].start, turn.end, words, turn.speaker))
