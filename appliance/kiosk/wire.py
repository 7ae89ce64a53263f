"""The JSON documents between the page and the kiosk."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from appliance.audio import CHUNK_SAMPLES, SAMPLE_RATE
from appliance.clinical_note import Note
from appliance.store.records import Encounter, Problem, State
from appliance.transcript import Transcript

Title = Annotated[str, msgspec.Meta(max_length=200)]
"""What the clinician calls an encounter."""
Count = Annotated[int, msgspec.Meta(ge=0)]


class Summary(msgspec.Struct, frozen=True):
    """An encounter in the list."""

    id: str
    title: str
    template: str
    state: State
    paused: bool
    created: datetime
    updated: datetime
    duration: float
    """Seconds of audio received so far, or of the whole recording."""


class Document(Summary, frozen=True):
    """An encounter with all that is known of it."""

    received_through: int
    """The last audio chunk before the first missing one, -1 if none."""
    missing: list[int]
    """Audio chunks that did not arrive although later ones did."""
    transcript: Transcript
    note: Note | None
    note_version: int
    """0 while there is no note."""
    problem: Problem | None


class NewEncounter(msgspec.Struct, frozen=True):
    """`POST /api/encounters`."""

    template: str | None = None
    title: Title = ""


class Description(msgspec.Struct, frozen=True):
    """`PATCH /api/encounters/<id>`."""

    title: Title | msgspec.UnsetType = msgspec.UNSET
    paused: bool | msgspec.UnsetType = msgspec.UNSET


class Finish(msgspec.Struct, frozen=True):
    """`POST /api/encounters/<id>/finish`."""

    chunks: Count
    """How many chunks the recording has."""


class Received(msgspec.Struct, frozen=True):
    """Which audio is on disk."""

    received_through: int
    missing: list[int]


class SectionText(msgspec.Struct, frozen=True):
    """A section as the clinician left it."""

    name: str
    text: str


class NoteEdit(msgspec.Struct, frozen=True):
    """`PUT /api/encounters/<id>/note`. Sections that are not named keep their text."""

    version: int
    """The version that was edited."""
    sections: list[SectionText]


class NoteVersion(msgspec.Struct, frozen=True):
    """A stored note."""

    version: int
    note: Note


class TemplateSection(msgspec.Struct, frozen=True):
    """A section of a template."""

    name: str
    title: str


class Template(msgspec.Struct, frozen=True):
    """A kind of note that can be asked for."""

    name: str
    title: str
    sections: list[TemplateSection]


class Status(msgspec.Struct, frozen=True):
    """`GET /api/status`."""

    software: str
    speech: dict[str, Any] | None
    """What its `/health` said; None while it does not answer."""
    note: dict[str, Any] | None
    templates: list[Template]
    default_template: str
    notice: str


def summary(encounter: Encounter, chunks: int | None = None) -> Summary:
    """The encounter as it stands in the list.

    Args:
        encounter: What the store knows.
        chunks: How many chunks were received, where that is known.
    """
    received = (chunks if chunks is not None else encounter.chunks or 0) * CHUNK_SAMPLES / SAMPLE_RATE
    return Summary(
        id=encounter.id,
        title=encounter.title,
        template=encounter.template,
        state=encounter.state,
        paused=encounter.paused,
        created=datetime.fromtimestamp(encounter.created, UTC),
        updated=datetime.fromtimestamp(encounter.updated, UTC),
        duration=received if encounter.duration is None else encounter.duration,
    )
