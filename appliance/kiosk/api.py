"""The routes under `/api` for status, encounters and their recording."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, Final

from flask import Blueprint, Response, request

from appliance import __version__
from appliance.clinical_note import DRAFT_NOTICE
from appliance.errors import ChartsideError, UnavailableError
from appliance.kiosk import wire
from appliance.kiosk.arguments import chunk_body, chunk_number, encounter_id
from appliance.kiosk.templates import Templates
from appliance.kiosk.visits import Visits
from appliance.runtime.client import ServiceClient
from appliance.runtime.web import event_stream, receive, send

MOST_STREAMS: Final = 32
"""Event streams at once: each holds a thread of the server, and some must be left for audio."""
_HEALTH_TIMEOUT: Final = 2.0


def create_api(visits: Visits, speech: ServiceClient, note: ServiceClient, templates: Templates) -> Blueprint:
    """The routes of status and encounters.

    Args:
        visits: The encounters.
        speech: The speech service.
        note: The note service.
        templates: The note templates.
    """
    api = Blueprint("api", __name__, url_prefix="/api")

    @api.get("/status")
    def status() -> Response:
        """What runs on this box."""
        return send(
            wire.Status(
                software=__version__,
                speech=_health(speech),
                note=_health(note),
                templates=templates.known(),
                default_template=templates.default,
                notice=DRAFT_NOTICE,
            )
        )

    _add_encounters(api, visits, templates)
    _add_recording(api, visits)
    return api


def _add_encounters(api: Blueprint, visits: Visits, templates: Templates) -> None:
    @api.get("/encounters")
    def encounters() -> Response:
        """All encounters, newest first."""
        return send(visits.all())

    @api.post("/encounters")
    def create() -> Response:
        """Start a visit."""
        new = receive(wire.NewEncounter)
        return send(visits.create(templates.check(new.template), new), 201)

    @api.get("/encounters/<encounter>")
    def read(encounter: str) -> Response:
        """One encounter."""
        with visits.use(encounter_id(encounter)) as visit:
            return send(visit.document())

    @api.patch("/encounters/<encounter>")
    def describe(encounter: str) -> Response:
        """Change title or pause."""
        description = receive(wire.Description)
        with visits.use(encounter_id(encounter)) as visit:
            visit.describe(description)
            return send(visit.document())

    @api.delete("/encounters/<encounter>")
    def delete(encounter: str) -> Response:
        """Shred the key and remove everything."""
        visits.delete(encounter_id(encounter))
        return Response(status=204)


def _add_recording(api: Blueprint, visits: Visits) -> None:
    free_streams = threading.BoundedSemaphore(MOST_STREAMS)

    @api.put("/encounters/<encounter>/audio/<chunk>")
    def put_chunk(encounter: str, chunk: str) -> Response:
        """Store an audio chunk."""
        body = chunk_body()
        with visits.use(encounter_id(encounter)) as visit:
            return send(visit.recording.put_chunk(chunk_number(chunk), body))

    @api.post("/encounters/<encounter>/finish")
    def finish(encounter: str) -> Response:
        """End the recording."""
        end = receive(wire.Finish)
        with visits.use(encounter_id(encounter)) as visit:
            visit.recording.finish(end.chunks)
            return send(visit.document(), 202)

    @api.get("/encounters/<encounter>/events")
    def events(encounter: str) -> Response:
        """What happens to the encounter."""
        position = request.headers.get("Last-Event-ID") or request.args.get("after") or ""
        with visits.use(encounter_id(encounter)):
            if not free_streams.acquire(blocking=False):
                raise UnavailableError("Too many pages are open.", hint="Close some of them; this one tries again.")
            response = event_stream(_follow(visits, encounter, position))
            response.call_on_close(free_streams.release)
            return response


def _follow(visits: Visits, encounter: str, position: str) -> Iterator[bytes]:
    with visits.use(encounter) as visit:
        yield from visit.stream(position)


def _health(service: ServiceClient) -> dict[str, Any] | None:
    try:
        return service.call("GET", "/health", dict[str, Any], timeout=_HEALTH_TIMEOUT)
    except ChartsideError:
        return None
