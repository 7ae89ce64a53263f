"""The routes under `/api/encounters/<id>` by which a tablet hears and writes a visit itself."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response, request

from appliance.audio import SAMPLE_RATE
from appliance.errors import InputError
from appliance.heard_events import KINDS, FinalTurn, HeardEvent
from appliance.kiosk import wire
from appliance.kiosk.arguments import encounter_id, position
from appliance.kiosk.visits import Visits
from appliance.runtime.web import receive, send
from appliance.transcript import Turn


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
                    visit.hear(new)
            return send(visit.lending.so_far())

    @api.get("/turns")
    def turns(encounter: str) -> Response:
        """The turns as the note is written from them, from number `start`."""
        start = position(request.args.get("start", "0"))
        with visits.use(encounter_id(encounter)) as visit:
            return send(visit.heard.corrected(start))

    return api


def _read(event: wire.HeardEvent) -> HeardEvent:
    """An event with its data checked.

    Raises:
        InputError: The data does not fit its name.
    """
    try:
        return msgspec.json.decode(event.data, type=KINDS[event.name])
    except msgspec.MsgspecError as error:
        raise InputError(f"An event {event.name!r} does not fit: {error}.", hint="Reload the page on the tablet.") from error


def _unheard(event: HeardEvent, committed: int) -> HeardEvent | None:
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
