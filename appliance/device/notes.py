"""What a page asks of the note engine. JSON goes in and comes out, in the shapes of the note service's HTTP API."""

from __future__ import annotations

from typing import Final

import msgspec

from appliance.device.engine import Bridge, PageEngine
from appliance.device.manifest import read_manifest
from appliance.device.telling import Unread, text
from appliance.errors import InputError, NotFoundError
from appliance.note.check.check import check, warm
from appliance.note.check.request import CheckRequest
from appliance.note.session import NoteSession
from appliance.note.strategies import stamp_of, strategy_of
from appliance.note.templates import template_named
from appliance.transcript import Turn


class Checker:
    """Checks notes; needs no model."""

    def __init__(self) -> None:
        warm()

    def check(self, body: str) -> str:
        """What `POST /check` of the note service answers to this body.

        Raises:
            InputError: The body does not fit.
            UnknownTemplateError: There is no such template.
        """
        try:
            asked = msgspec.json.decode(body, type=CheckRequest)
        except msgspec.MsgspecError as error:
            raise InputError(f"The note to check does not fit: {error}.", hint="Reload the page.") from error
        return text(check(template_named(asked.template), asked.named_sections(), asked.turns))


class Notes:
    """Writes notes, one at a time.

    Args:
        bridge: The worker of the page, with the bundle's note model loaded.
        manifest: The bundle's `bundle.json`.

    Raises:
        BundleError: The manifest is damaged, or of a format that this version does not read.
    """

    def __init__(self, bridge: Bridge, manifest: str) -> None:
        self._manifest: Final = read_manifest(manifest)
        note = self._manifest.note
        self._strategy: Final = strategy_of(PageEngine(bridge, note.context), note, grounded=True)
        self._session: NoteSession | None = None

    def open(self, template: str) -> None:
        """Begin a note; one that is being written is given up.

        Raises:
            UnknownTemplateError: There is no such template.
        """
        found = template_named(template)
        self._session = NoteSession(found, lambda: self._strategy.writer(found), stamp_of(self._manifest, grounded=True))
        self._unread = Unread(self._session.events)

    def put_turn(self, number: int, turn: str) -> None:
        """See `NoteSession.put_turn`; the turn is JSON."""
        self._open().put_turn(number, msgspec.json.decode(turn, type=Turn))

    def finish(self, turns: int) -> None:
        """See `NoteSession.finish`."""
        self._open().finish(turns)

    def cancel(self) -> None:
        """Stop writing after the current token."""
        self._open().cancel()

    def step(self) -> bool:
        """Do one model call's worth of work; returns whether there was anything to do."""
        return self._session is not None and self._session.step()

    def events(self) -> str:
        """The events since the last call: a JSON list of `appliance.device.telling.Event`."""
        self._open()
        return self._unread.take()

    def _open(self) -> NoteSession:
        if self._session is None:
            raise NotFoundError("No note is being written.", hint="Open one first.")
        return self._session
