"""What a page asks of the note engine. JSON goes in and comes out, in the shapes of the note service's HTTP API."""

from __future__ import annotations

from typing import Final

import msgspec

from appliance.device.engine import Bridge, PageEngine
from appliance.errors import BundleError, ChartsideError, InputError, NotFoundError
from appliance.note.check.check import check, warm
from appliance.note.check.request import CheckRequest
from appliance.note.session import NoteSession
from appliance.note.strategies import stamp_of, strategy_of
from appliance.note.templates import template_named
from appliance.runtime.bundle import FORMAT, Manifest
from appliance.transcript import Turn


class Event(msgspec.Struct, frozen=True):
    """One event of a note, as the note service streams it."""

    id: int
    name: str
    data: msgspec.Raw


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
        return _text(check(template_named(asked.template), asked.named_sections(), asked.turns))


class Notes:
    """Writes notes, one at a time.

    Args:
        bridge: The worker of the page, with the bundle's note model loaded.
        manifest: The bundle's `bundle.json`.

    Raises:
        BundleError: The manifest is damaged, or of a format that this version does not read.
    """

    def __init__(self, bridge: Bridge, manifest: str) -> None:
        try:
            self._manifest: Final = msgspec.json.decode(manifest, type=Manifest)
        except msgspec.MsgspecError as error:
            raise BundleError(f"The manifest is damaged: {error}.", hint="Load the models from the box again.") from error
        if self._manifest.format != FORMAT:
            raise BundleError(f"The bundle has format {self._manifest.format}, not {FORMAT}.", hint="Reload the page.")
        note = self._manifest.note
        self._strategy: Final = strategy_of(PageEngine(bridge, note.context), note, grounded=True)
        self._session: NoteSession | None = None
        self._read = (0, 0)

    def open(self, template: str) -> None:
        """Begin a note; one that is being written is given up.

        Raises:
            UnknownTemplateError: There is no such template.
        """
        found = template_named(template)
        self._session = NoteSession(found, lambda: self._strategy.writer(found), stamp_of(self._manifest, grounded=True))
        self._read = (0, 0)

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
        """The events since the last call: a JSON list of `Event`."""
        after, seen = self._read
        fresh, seen = self._open().events.read(after, seen)
        self._read = (max([after, *(event.id for event in fresh)]), seen)
        return _text([Event(event.id, event.name, msgspec.Raw(event.data)) for event in fresh])

    def _open(self) -> NoteSession:
        if self._session is None:
            raise NotFoundError("No note is being written.", hint="Open one first.")
        return self._session


def problem(error: Exception) -> str:
    """Any error as the members of a problem document, in JSON."""
    if isinstance(error, ChartsideError):
        return _text(error.problem())
    known = ChartsideError(f"The note engine failed ({type(error).__name__}).", hint="Reload the page.")
    return _text(known.problem())


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
