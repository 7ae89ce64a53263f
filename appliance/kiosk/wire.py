"""The JSON documents between the page and the kiosk."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec

from appliance.audio import CHUNK_SAMPLES, SAMPLE_RATE
from appliance.clinical_note import Check, Note, OmissionKind, Stamp
from appliance.proposals import Proposal, ProposalState
from appliance.store.records import (
    Addendum,
    Author,
    Encounter,
    NoteRecord,
    Override,
    Problem,
    Signature,
    State,
)
from appliance.transcript import Speaker, Transcript, Turn

Title = Annotated[str, msgspec.Meta(max_length=200)]
"""What the clinician calls an encounter."""
EncounterId = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{32}\Z")]
Count = Annotated[int, msgspec.Meta(ge=0)]
Signer = Annotated[str, msgspec.Meta(max_length=200, pattern=r"\S")]
"""Name of who signs."""
Text = Annotated[str, msgspec.Meta(pattern=r"\S")]
"""Not blank."""
Engine = Literal["box", "tablet"]
"""Where an encounter is heard and written."""
BlockKind = Literal["version", "check_pending", "contradicted", "unsupported"]
"""What blocks a signing: the note has another version, its check is pending, or a sentence of the check."""


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
    engine: Engine


class Signed(msgspec.Struct, frozen=True):
    """The signature of a note."""

    version: int
    signer: str
    created: datetime
    overrides: tuple[Override, ...]
    stamp: Stamp
    sha256: str
    """Of the signed text, with which `note.txt` begins."""


class AddendumEntry(msgspec.Struct, frozen=True):
    """What was added to a signed note."""

    text: str
    signer: str
    created: datetime


class Document(Summary, frozen=True):
    """An encounter with all that is known of it."""

    received_through: int
    """The last audio chunk before the first missing one, -1 if none."""
    missing: list[int]
    """Audio chunks that did not arrive although later ones did."""
    transcript: Transcript
    """What was heard, with the labels the clinician sees."""
    committed: int
    """Sample up to which it is final."""
    proposals: list[Proposal]
    note: Note | None
    note_version: int
    """0 while there is no note."""
    section: str | None
    """The section that is written again, if it is only one."""
    signature: Signed | None
    addenda: list[AddendumEntry]
    problem: Problem | None


class NewEncounter(msgspec.Struct, frozen=True):
    """`POST /api/encounters`."""

    template: str | None = None
    title: Title = ""
    id: EncounterId | None = None
    """What a tablet called it while the box was away; the same id again names the same encounter."""
    created: datetime | None = None
    """When it began, where that was before."""


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
    committed: int
    """Sample up to which turns are final: nobody needs the audio before it to go on."""


class EngineRequest(msgspec.Struct, frozen=True):
    """`PUT /api/encounters/<id>/engine`."""

    on: Engine


class HeardEvent(msgspec.Struct, frozen=True):
    """An event of the speech service, made by a tablet."""

    name: Literal["partial", "final", "speakers", "gap", "finished"]
    data: msgspec.Raw


class HeardRequest(msgspec.Struct, frozen=True):
    """`POST /api/encounters/<id>/heard`."""

    events: list[HeardEvent]
    """None of them only says that the tablet is still at it."""
    lease: int | None = None
    """The lease under which they were heard; None for whichever runs."""


class HeardSoFar(msgspec.Struct, frozen=True):
    """How far an encounter is heard."""

    on: Engine
    lease: int
    committed: int
    turns: int
    """How many there are."""
    corrections: int
    """Changes whenever a turn is read or labelled differently than before."""


class Standing(HeardSoFar, frozen=True):
    """Where whoever hears an encounter goes on."""

    earlier: list[dict[str, Any]]
    """What a speech session is told of the turns so far."""


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


class WrittenNote(msgspec.Struct, frozen=True):
    """`POST /api/encounters/<id>/written`."""

    note: Note
    after: Count
    """The version that it follows, 0 for none."""
    turns: Count
    """How many turns it was written from."""
    author: Author = "model"


class WrittenVersion(NoteVersion, frozen=True):
    """What a tablet wrote, as it is stored."""

    newest: int
    """The newest version: a later one where the note had changed on the box as well."""


class VersionEntry(msgspec.Struct, frozen=True):
    """A version of the note in the list."""

    version: int
    author: Author
    created: datetime


class OldVersion(VersionEntry, frozen=True):
    """A version of the note with its text."""

    note: Note | None


class NumberedTurn(msgspec.Struct, frozen=True):
    """A turn and its number."""

    n: int
    turn: Turn


class NewTurn(NumberedTurn, frozen=True):
    """A turn that was not there before."""

    committed: int
    """Sample up to which turns are final now."""


class LabelRequest(msgspec.Struct, frozen=True):
    """`PATCH /api/encounters/<id>/turns/<n>`."""

    speaker: Speaker


class NumberedProposal(msgspec.Struct, frozen=True):
    """A proposal and its number."""

    k: int
    proposal: Proposal


class ProposalRequest(msgspec.Struct, frozen=True):
    """`PATCH /api/encounters/<id>/proposals/<k>`."""

    state: ProposalState


class Dismissed(msgspec.Struct, frozen=True):
    """An omission that does not belong into the note."""

    omission: int
    """Its position in the check."""
    reason: str


class Checked(msgspec.Struct, frozen=True):
    """What came of checking the note."""

    version: int
    """The newest version of the note."""
    check: Check | None
    """None while it is pending."""
    dismissed: list[Dismissed]


class DismissRequest(msgspec.Struct, frozen=True):
    """`POST /api/encounters/<id>/omissions/<k>/dismiss`."""

    reason: str = ""
    version: int | None = None
    """Version of the note whose check was looked at."""


class RestoreRequest(msgspec.Struct, frozen=True):
    """`POST /api/encounters/<id>/omissions/<k>/restore`."""

    version: int | None = None
    """Version of the note whose check was looked at."""


class DecidedOmission(msgspec.Struct, frozen=True):
    """That an omission does not belong into the note, or does after all."""

    kind: OmissionKind
    text: str
    """The omission's sentence."""
    reason: str = ""
    withdrawn: bool = False


class Decisions(msgspec.Struct, frozen=True):
    """`POST /api/encounters/<id>/decisions`: what a clinician decided on a tablet."""

    proposals: tuple[Proposal, ...] = ()
    omissions: tuple[DecidedOmission, ...] = ()
    """The last word on each."""


class OverrideRequest(msgspec.Struct, frozen=True):
    """Why a note is signed in spite of a block."""

    reason: str
    section: str | None = None
    """With `sentence`, the place in the check; both None for a check that is pending."""
    sentence: int | None = None
    """Position in the section's sentences, from 0."""


class SignRequest(msgspec.Struct, frozen=True):
    """`POST /api/encounters/<id>/sign`."""

    version: int
    signer: Signer
    overrides: tuple[OverrideRequest, ...] = ()


class Block(msgspec.Struct, frozen=True):
    """Something that stands in the way of signing."""

    kind: BlockKind
    section: str | None = None
    sentence: int | None = None
    """Position in the section's sentences, from 0."""
    text: str = ""
    """The sentence."""


class AddendumRequest(msgspec.Struct, frozen=True):
    """`POST /api/encounters/<id>/addenda`."""

    text: Text
    signer: Signer


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


def summary(encounter: Encounter, chunks: int | None = None, engine: Engine = "box") -> Summary:
    """The encounter as it stands in the list.

    Args:
        encounter: What the store knows.
        chunks: How many chunks were received, where that is known.
        engine: Where it is heard and written.
    """
    received = (chunks if chunks is not None else encounter.chunks or 0) * CHUNK_SAMPLES / SAMPLE_RATE
    return Summary(
        id=encounter.id,
        title=encounter.title,
        template=encounter.template,
        state=encounter.state,
        paused=encounter.paused,
        created=_time(encounter.created),
        updated=_time(encounter.updated),
        duration=received if encounter.duration is None else encounter.duration,
        engine=engine,
    )


def version_entry(record: NoteRecord) -> VersionEntry:
    """A stored version as it stands in the list."""
    return VersionEntry(record.version, record.author, _time(record.created))


def signed(signature: Signature) -> Signed:
    """A stored signature without its text."""
    return Signed(
        signature.version,
        signature.signer,
        _time(signature.created),
        signature.overrides,
        signature.stamp,
        signature.sha256,
    )


def addendum_entry(addendum: Addendum) -> AddendumEntry:
    """A stored addendum."""
    return AddendumEntry(addendum.text, addendum.signer, _time(addendum.created))


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
