"""The note of a visit: versions by the model and by the clinician, until it is signed."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from appliance.clinical_note import DRAFT_NOTICE, Note, Section, Stamp
from appliance.errors import ConflictError, InputError, NotFoundError
from appliance.kiosk import wire
from appliance.kiosk.shared import LIVE_STATES, Shared
from appliance.store.records import Author, State


class Draft:
    """The note of one encounter; every version is kept. Safe to use from several threads.

    Args:
        shared: The encounter.
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def edit(self, edit: wire.NoteEdit) -> wire.NoteVersion:
        """Store the clinician's text as the next version of the note.

        Raises:
            ConflictError: There is no note to edit now, it has another version, or it is signed.
            InputError: A section is unknown or named twice.
        """
        texts = {section.name: section.text for section in edit.sections}
        if len(texts) < len(edit.sections):
            raise InputError("A section is named twice.", hint="Send each section once.")
        shared = self._shared
        with shared.changed:
            shared.check_unsigned()
            _, note = shared.store.note(shared.id)
            if note is None or (shared.record.state in LIVE_STATES and self.section is None):
                raise ConflictError("There is no complete note yet.", hint="Wait until it is written.")
            for name in texts:
                _section(note, name)
            if self.section in texts:
                raise ConflictError("This section is being written again.", hint="Wait until it is written.")
            sections = tuple(_edited(section, texts.get(section.name, section.text)) for section in note.sections)
            return self._store(msgspec.structs.replace(note, sections=sections), after=edit.version, author="clinician")

    def newest(self) -> tuple[int, Note]:
        """The newest version of the note, and its number.

        Raises:
            NotFoundError: There is none yet.
        """
        with self._shared.changed:
            self._shared.check_open()
            version, note = self._shared.store.note(self._shared.id)
        if note is None:
            raise NotFoundError("There is no note yet.", hint="Finish the visit and wait until the note is written.")
        return version, note

    def versions(self) -> list[wire.VersionEntry]:
        """All versions, from the first."""
        with self._shared.changed:
            self._shared.check_open()
            return [wire.version_entry(record) for record in self._shared.store.versions(self._shared.id)]

    def version(self, number: int) -> wire.OldVersion:
        """One version.

        Raises:
            NotFoundError: There is no such version.
        """
        with self._shared.changed:
            entry = next((entry for entry in self.versions() if entry.version == number), None)
            if entry is None:
                raise NotFoundError(f"The note has no version {number}.", hint="Versions count from 1.")
            _, note = self._shared.store.note(self._shared.id, number)
            return wire.OldVersion(**msgspec.structs.asdict(entry), note=note)

    def write_again(self) -> None:
        """Go back to where a new note can come from.

        Raises:
            ConflictError: The encounter is still at work, or the note is signed.
        """
        shared = self._shared
        with shared.changed:
            self._check_idle()
            whole = shared.record.duration is not None or shared.audible is None
            shared.set(state="writing" if whole else "transcribing", problem=None)

    def write_section(self, name: str) -> None:
        """Go back to where one section can be written again; the others stay as they are.

        Raises:
            NotFoundError: There is no note, or it has no such section.
            ConflictError: The encounter is still at work, or the note is signed.
        """
        with self._shared.changed:
            self._check_idle()
            _, note = self.newest()
            _section(note, name, missing=NotFoundError)
            self._shared.set(state="writing", problem=None, section=name)

    # What the writer does.

    @property
    def section(self) -> str | None:
        """The only section that is written again; None for the whole note."""
        return self._shared.record.section

    def written(self, note: Note) -> None:
        """Store and publish the note that the note service wrote, or the wanted section of it.

        Raises:
            InputError: It lacks the section that was wanted.
        """
        shared = self._shared
        with shared.changed:
            version, before = shared.store.note(shared.id)
            if before is not None and shared.record.section is not None:
                note = _merged(before, note, shared.record.section)
            self._store(msgspec.structs.replace(note, notice=DRAFT_NOTICE), after=version, author="model", state="draft")
            shared.refresh()
            shared.publish_state()

    # What a tablet did while it wrote the note itself.

    def bring(self, written: wire.WrittenNote) -> wire.WrittenVersion:
        """Store a version that a tablet made. The same again changes nothing.

        If the note has changed here meanwhile, both are kept: what is newest stays the newest, and the tablet's is below it.
        Only what a clinician wrote on the tablet comes above what nobody but the model wrote here.
        A note of fewer turns than were heard does not end the writing of the whole one.

        Raises:
            ConflictError: What was heard is not all here yet, or the note is signed.
            InputError: There is no version that it could follow.
        """
        shared = self._shared
        with shared.changed:
            shared.check_unsigned()
            turns, (newest, _) = len(shared.store.turns(shared.id)), shared.store.note(shared.id)
            if shared.record.state in {"recording", "transcribing"}:
                raise ConflictError("The visit is not heard to its end yet.", hint="Send what was heard first, then the note.")
            if written.after > newest:
                raise InputError(f"The note has no version {written.after}.", hint=f"The newest is {newest}.")
            note = msgspec.structs.replace(written.note, notice=DRAFT_NOTICE)
            if (known := self._known(note, written)) is not None:
                return wire.WrittenVersion(known, note, newest)
            later = {record.author for record in shared.store.versions(shared.id)[written.after :]}
            if later and not (written.author == "clinician" and later == {"model"}):
                version = shared.store.add_older_note(shared.id, note, written.author)
                self._publish(*self.newest())
                return wire.WrittenVersion(version, note, version + 1)
            ends = shared.record.state in {"writing", "failed"} and self.section is None and written.turns == turns
            state: State | UnsetType = "draft" if ends else UNSET
            stored = self._store(note, after=newest, author=written.author, state=state)
            shared.refresh()
            shared.publish_state()
            return wire.WrittenVersion(stored.version, note, stored.version)

    def _known(self, note: Note, written: wire.WrittenNote) -> int | None:
        """The version that a tablet brought before and did not hear of."""
        store, encounter = self._shared.store, self._shared.id
        for record in store.versions(encounter)[written.after :]:
            if record.author == written.author and store.note(encounter, record.version)[1] == note:
                return record.version
        return None

    def show_section(self, section: Section) -> None:
        """Publish a complete section, before the note as a whole is."""
        self._shared.log.publish("section", section, key=f"section {section.name}")

    def _check_idle(self) -> None:
        self._shared.check_unsigned()
        if self._shared.record.state in LIVE_STATES:
            raise ConflictError("The note is not finished yet.", hint="Wait until the state is draft or failed.")

    def _store(self, note: Note, *, after: int, author: Author, state: State | UnsetType = UNSET) -> wire.NoteVersion:
        version = self._shared.store.add_note(self._shared.id, note, after=after, author=author, state=state)
        return self._publish(version, note)

    def _publish(self, version: int, note: Note) -> wire.NoteVersion:
        stored = wire.NoteVersion(version, note)
        self._shared.log.publish("note", stored)
        self._shared.want_check()
        return stored


def _section(note: Note, name: str, *, missing: type[InputError | NotFoundError] = InputError) -> Section:
    for section in note.sections:
        if section.name == name:
            return section
    raise missing(
        f"The note has no section named {name[:60]!r}.",
        hint="Its sections: " + ", ".join(section.name for section in note.sections) + ".",
    )


def _edited(section: Section, text: str) -> Section:
    return section if text == section.text else msgspec.structs.replace(section, text=text, edited=True)


def _merged(before: Note, after: Note, name: str) -> Note:
    """The note as it was, with one section of the new one."""
    new = _section(after, name)
    sections = tuple(new if section.name == name else section for section in before.sections)
    return msgspec.structs.replace(after, sections=sections, stamp=_both(before.stamp, after.stamp))


def _both(before: Stamp, after: Stamp) -> Stamp:
    """The later stamp, with what has to be said of the earlier one as well."""
    cautions = dict.fromkeys(caution for stamp in (before, after) for caution in [stamp.caution] if caution)
    return msgspec.structs.replace(after, caution=" ".join(cautions), grounded=before.grounded and after.grounded)
