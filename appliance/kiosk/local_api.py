"""What a tablet needs to work while the box is away, and how it brings back what it did."""

from __future__ import annotations

import base64
from collections.abc import Callable

import msgspec
from flask import Blueprint, Response, g

from appliance.kiosk import wire
from appliance.kiosk.arguments import encounter_id
from appliance.kiosk.visits import Visits
from appliance.runtime.web import receive, send
from appliance.store.devices import Device


class LocalKey(msgspec.Struct, frozen=True):
    """The key of a device."""

    key: str
    """32 bytes in base64."""


def create_local_api(visits: Visits, local_key: Callable[[int | None], bytes]) -> Blueprint:
    """The routes of tablets that work without the box.

    Args:
        visits: The encounters.
        local_key: The key of a paired device by its number, or of the browser on the box itself; see `DeviceRecords.local_key`.
    """
    api = Blueprint("local", __name__, url_prefix="/api")

    @api.get("/local-key")
    def key() -> Response:
        """What this device encrypts with while the box is away; a revoked one no longer gets it."""
        device: Device | None = g.get("device")
        found = local_key(device.number if device else None)
        return send(LocalKey(base64.b64encode(found).decode()))

    @api.post("/encounters/<encounter>/written")
    def written(encounter: str) -> Response:
        """Store a version of the note that the tablet made; the box checks it like its own."""
        brought = receive(wire.WrittenNote)
        with visits.use(encounter_id(encounter)) as visit:
            return send(visit.draft.bring(brought))

    @api.post("/encounters/<encounter>/decisions")
    def decisions(encounter: str) -> Response:
        """Store what a clinician decided on a tablet of proposed drugs and omissions."""
        brought = receive(wire.Decisions)
        with visits.use(encounter_id(encounter)) as visit, visit.unchanged():
            visit.heard.bring(brought.proposals)
            visit.review.bring(brought.omissions)
            return send(visit.document())

    return api
