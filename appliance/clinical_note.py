"""The note: the wire format of what the note service writes, the kiosk keeps and the clinician edits."""

from __future__ import annotations

from typing import Final, Literal

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
    """What has to be said on every note of this model, or of these settings; may be empty."""
    grounded: bool = True
    """Numbers, units, drugs, sides and dates that were not said could not be written."""


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


State = Literal["supported", "inferred", "unsupported", "contradicted"]
"""How a sentence of a note stands to what was said.

`supported`: all of it was said. `inferred`: nothing speaks against it, but it was not said in these words. `unsupported`: a
fact, or most of it, was never said. `contradicted`: a fact was said otherwise.
"""
Severity = Literal["none", "minor", "major"]
"""`major` where an error could change diagnosis or treatment: medications, allergies, results, diagnoses, the plan."""
OmissionKind = Literal["allergy", "medication", "red_flag", "symptom", "result", "diagnosis", "order", "follow_up"]
"""What was left out; a `red_flag` is a symptom that must not be overlooked, a `symptom` any other that the patient reports."""


class CheckedSentence(msgspec.Struct, frozen=True):
    """One sentence of a note, checked against what was said."""

    text: str
    """The sentence as it stands in the section's text."""
    state: State
    severity: Severity
    """How much an error here matters; `none` if the sentence is supported."""
    turns: tuple[int, ...] = ()
    """Positions, from 0, of the turns that support or contradict it, in order."""
    reasons: tuple[str, ...] = ()
    """Why it is doubtful, in sentences for the clinician. Turns are counted from 1 in them."""


class CheckedSection(msgspec.Struct, frozen=True):
    """The sentences of one section that state something, in order."""

    name: str
    sentences: tuple[CheckedSentence, ...] = ()


class Omission(msgspec.Struct, frozen=True):
    """Something that was said and matters for safety, and that the note does not state."""

    kind: OmissionKind
    text: str
    """A sentence that can be put into the note as it is."""
    section: str
    """Name of the section it belongs to."""
    turns: tuple[int, ...]
    """Positions, from 0, of the turns that say it."""
    severity: Severity


class Check(msgspec.Struct, frozen=True):
    """A note checked against what was said."""

    sections: tuple[CheckedSection, ...]
    omissions: tuple[Omission, ...] = ()
    """The most severe first, then in the order they were said."""
