"""The routes under `/api/encounters/<id>` that review what came of a visit: turns, note, check, signature."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response

from appliance.errors import SigningBlockedError
from appliance.kiosk import wire
from appliance.kiosk.arguments import encounter_id, position, stretch
from appliance.kiosk.visits import Visits
from appliance.runtime.web import receive, send


def create_review_api(visits: Visits) -> Blueprint:
    """The routes of the review.

    Args:
        visits: The encounters.
    """
    api = Blueprint("review", __name__, url_prefix="/api/encounters/<encounter>")
    _add_heard(api, visits)
    _add_note(api, visits)
    _add_review(api, visits)
    return api


def _add_heard(api: Blueprint, visits: Visits) -> None:
    @api.get("/audio")
    def audio(encounter: str) -> Response:
        """Hear a stretch of the recording."""
        start, end = stretch()
        with visits.use(encounter_id(encounter)) as visit:
            return Response(visit.recording.stretch(start, end), mimetype="audio/wav")

    @api.patch("/turns/<n>")
    def label(encounter: str, n: str) -> Response:
        """Say who spoke a turn."""
        request = receive(wire.LabelRequest)
        with visits.use(encounter_id(encounter)) as visit:
            return send(visit.heard.label(position(n), request.speaker))

    @api.post("/speakers/swap")
    def swap(encounter: str) -> Response:
        """Say that clinician and patient are mixed up."""
        with visits.use(encounter_id(encounter)) as visit:
            visit.heard.swap()
            return send(visit.document())

    @api.patch("/proposals/<k>")
    def decide(encounter: str, k: str) -> Response:
        """Accept or reject what else may have been said."""
        request = receive(wire.ProposalRequest)
        with visits.use(encounter_id(encounter)) as visit:
            return send(visit.heard.decide(position(k), request.state))


def _add_note(api: Blueprint, visits: Visits) -> None:
    @api.put("/note")
    def edit(encounter: str) -> Response:
        """Store the clinician's text."""
        change = receive(wire.NoteEdit)
        with visits.use(encounter_id(encounter)) as visit:
            return send(visit.draft.edit(change))

    @api.post("/note")
    def write_again(encounter: str) -> Response:
        """Write the note again."""
        return send(visits.write_again(encounter_id(encounter)), 202)

    @api.post("/note/sections/<name>")
    def write_section(encounter: str, name: str) -> Response:
        """Write one section of the note again."""
        return send(visits.write_again(encounter_id(encounter), name), 202)

    @api.get("/note/versions")
    def versions(encounter: str) -> Response:
        """All versions of the note."""
        with visits.use(encounter_id(encounter)) as visit:
            return send(visit.draft.versions())

    @api.get("/note/versions/<number>")
    def version(encounter: str, number: str) -> Response:
        """One version of the note."""
        with visits.use(encounter_id(encounter)) as visit:
            return send(visit.draft.version(position(number)))

    @api.get("/note.txt")
    def note_text(encounter: str) -> Response:
        """The note as plain text, with its signature and addenda."""
        with visits.use(encounter_id(encounter)) as visit:
            return Response(visit.review.text(), mimetype="text/plain")


def _add_review(api: Blueprint, visits: Visits) -> None:
    @api.get("/check")
    def check(encounter: str) -> Response:
        """What came of checking the note."""
        with visits.use(encounter_id(encounter)) as visit:
            return send(visit.review.check())

    @api.post("/omissions/<k>/dismiss")
    def dismiss(encounter: str, k: str) -> Response:
        """Say that an omission does not belong into the note."""
        request = receive(wire.DismissRequest)
        with visits.use(encounter_id(encounter)) as visit:
            return send(visit.review.dismiss(position(k), request))

    @api.post("/omissions/<k>/restore")
    def restore(encounter: str, k: str) -> Response:
        """Take the dismissal of an omission back."""
        request = receive(wire.RestoreRequest)
        with visits.use(encounter_id(encounter)) as visit:
            return send(visit.review.restore(position(k), request))

    @api.post("/sign")
    def sign(encounter: str) -> Response:
        """Sign the note."""
        request = receive(wire.SignRequest)
        with visits.use(encounter_id(encounter)) as visit:
            try:
                return send(visit.review.sign(request))
            except SigningBlockedError as error:
                body = msgspec.json.encode({**error.problem(), "blocks": error.blocks})
                return Response(body, status=error.status, mimetype="application/problem+json")

    @api.post("/addenda")
    def add(encounter: str) -> Response:
        """Add to a signed note."""
        request = receive(wire.AddendumRequest)
        with visits.use(encounter_id(encounter)) as visit:
            return send(visit.review.add(request), 201)
