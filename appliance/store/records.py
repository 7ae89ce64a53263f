"""What the store hands out about an encounter."""

from __future__ import annotations

import sqlite3
from typing import Literal

import msgspec

from appliance.errors import ChartsideError

State = Literal["recording", "transcribing", "writing", "draft", "failed"]
"""Where an encounter stands; each state but the last two leads to the next by itself or when the visit ends."""


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


def described(row: sqlite3.Row, *, title: str, template: str, problem: Problem | None, state: State) -> Encounter:
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
    )
