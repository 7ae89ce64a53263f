"""What the store hands out about an encounter."""

from __future__ import annotations

import sqlite3
from typing import Literal

import msgspec

from appliance.clinical_note import OmissionKind, Stamp
from appliance.errors import ChartsideError
from appliance.transcript import Speaker

State = Literal["recording", "transcribing", "writing", "draft", "failed", "signed"]
"""Where an encounter stands; each state but the last three leads to the next by itself or when the visit ends."""
Author = Literal["model", "clinician"]
"""Who made a version of a note."""


class Problem(msgspec.Struct, frozen=True):
    """What went wrong with an encounter, as it is shown to the clinician."""

    title: str
    detail: str
    hint: str

    @classmethod
    def of(cls, error: ChartsideError) -> Problem:
        """The problem that an error describes."""
        return cls(error.title, error.message, error.hint)


class Encounter(msgspec.Struct, frozen=True):
    """What the store knows of an encounter besides its turns, notes and audio."""

    id: str
    """32 hexadecimal digits."""
    title: str
    template: str
    state: State
    paused: bool
    created: float
    """Seconds since 1970-01-01 UTC."""
    updated: float
    chunks: int | None
    """How many chunks the recording has; None until the visit was finished."""
    committed: int
    """Sample up to which turns are final."""
    duration: float | None
    """Seconds of the whole recording; None until it was transcribed to its end."""
    problem: Problem | None
    section: str | None = None
    """The only section that is written again; None for the whole note."""
    audio_deleted: float | None = None
    """When the audio was deleted although the encounter was kept; seconds since 1970-01-01 UTC."""


class Label(msgspec.Struct, frozen=True):
    """Who spoke a turn."""

    heard: Speaker
    """What speech believes at present."""
    chosen: Speaker | None = None
    """What the clinician said, if they did."""
    swapped: bool = False
    """It was chosen together with all other labels by swapping the speakers."""


class NoteRecord(msgspec.Struct, frozen=True):
    """A stored version of a note, without its text."""

    version: int
    author: Author
    created: float
    """Seconds since 1970-01-01 UTC."""


class Dismissal(msgspec.Struct, frozen=True):
    """An omission that the clinician does not want in the note, or does after all; the latest one counts."""

    kind: OmissionKind
    text: str
    """The omission's sentence: with the kind, what it is recognized by in a later check."""
    reason: str
    created: float
    withdrawn: bool = False


class Override(msgspec.Struct, frozen=True):
    """Something that blocked the signing, and why the note was signed all the same."""

    kind: str
    section: str | None
    sentence: int | None
    text: str
    """The sentence."""
    reason: str


class Signature(msgspec.Struct, frozen=True):
    """That a clinician takes responsibility for a note, and the text they signed."""

    version: int
    signer: str
    created: float
    overrides: tuple[Override, ...]
    stamp: Stamp
    text: str
    sha256: str
    """Of the text in UTF-8, 64 hexadecimal digits."""


class Addendum(msgspec.Struct, frozen=True):
    """What was added to a note after it was signed."""

    text: str
    signer: str
    created: float


def described(
    row: sqlite3.Row, *, title: str, template: str, problem: Problem | None, state: State, section: str | None = None
) -> Encounter:
    """The encounter of a database row with what was decrypted from it."""
    return Encounter(
        id=row["id"],
        title=title,
        template=template,
        state=state,
        paused=bool(row["paused"]),
        created=row["created"] / 1000,
        updated=row["updated"] / 1000,
        chunks=row["chunks"],
        committed=row["committed"],
        duration=row["duration"],
        problem=problem,
        section=section,
        audio_deleted=None if row["audio_deleted"] is None else row["audio_deleted"] / 1000,
    )
