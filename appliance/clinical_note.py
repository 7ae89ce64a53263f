"""The note: the wire format of what the note service writes, the kiosk keeps and the clinician edits."""

from __future__ import annotations

from typing import Final

import msgspec

DRAFT_NOTICE: Final = "Draft written by a language model. A clinician must review it before use."
"""Stands on every generated note, on screen, in copies and in exports."""
NOT_DISCUSSED: Final = "Not discussed."
"""The whole text of a section about which nothing was said."""


class Sentence(msgspec.Struct, frozen=True):
    """One sentence as the model wrote it."""

    text: str
    turns: tuple[int, ...] = ()
    """Positions, from 0, of the turns it was written from."""


class Section(msgspec.Struct, frozen=True):
    """One section of a note."""

    name: str
    """Identifier within the template, such as `history_of_present_illness`."""
    title: str
    text: str
    """What is shown and copied; the clinician may have changed it."""
    sentences: tuple[Sentence, ...] = ()
    """What the model wrote, with the turns it came from."""
    edited: bool = False
    """A clinician changed the text."""


class Stamp(msgspec.Struct, frozen=True):
    """Which models and prompts wrote the note."""

    bundle: str
    """Name and version of the model bundle."""
    model: str
    adapter: str
    """Name of the adapter, or `none`."""
    strategy: str
    """`sections` or `topics`."""
    prompt: str
    """First 12 hex digits of the SHA-256 of the prompt texts."""
    software: str
    """Version of Chartside."""
    caution: str = ""
    """What the bundle wants said on every note of its model; may be empty."""


class Timing(msgspec.Struct, frozen=True):
    """How long the writing took."""

    prefill_tokens: int = 0
    prefill_seconds: float = 0.0
    decode_tokens: int = 0
    decode_seconds: float = 0.0
    finish_to_note_seconds: float = 0.0
    """From the call that ended the visit to the complete note."""


class Note(msgspec.Struct, frozen=True):
    """A note with every section of its template, in order."""

    template: str
    sections: tuple[Section, ...]
    stamp: Stamp
    timing: Timing = Timing()
    notice: str = DRAFT_NOTICE

    @property
    def text(self) -> str:
        """The note as plain text, with its notice."""
        blocks = [f"{section.title.upper()}\n{section.text}" for section in self.sections]
        return "\n\n".join([*blocks, self.notice]) + "\n"
