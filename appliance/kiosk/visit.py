"""One encounter as this process has it: its store records, its audio journal and its event stream, changed together."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from appliance.audio import parse_chunk
from appliance.clinical_note import DRAFT_NOTICE, Note, Section
from appliance.errors import ConflictError, InputError, NotFoundError, StorageError, TooLargeError
from appliance.kiosk import wire
from appliance.runtime.events import Event, EventLog
from appliance.store.encounters import EncounterStore
from appliance.store.journal import Journal
from appliance.store.records import Problem, State
from appliance.transcript import Gap, Transcript, Turn

_log = logging.getLogger(__name__)
LIVE_STATES: Final[frozenset[State]] = frozenset({"recording", "transcribing", "writing"})
"""States in which workers are busy with an encounter."""


class Visit:
    """One encounter. Safe to use from several threads.

    Every change is stored first and published after, under one lock: a reader of the event stream that starts with a
    snapshot misses nothing and gets nothing twice.

    Args:
        store: The encounter store.
        encounter: Id of the encounter.
        max_chunks: Longest recording, in chunks.

    Raises:
        NotFoundError: There is no such encounter.
        StorageError: The encounter does not open.
    """

    def __init__(self, store: EncounterStore, encounter: str, *, max_chunks: int) -> None:
        self.id = encounter
        self._store = store
        self._max_chunks = max_chunks
        self._changed = threading.Condition()
        self._log = EventLog(epoch=secrets.token_hex(4))
        self._down: set[str] = set()
        self._closed = False
        self._last_arrival = time.monotonic()
        self._record = store.get(encounter)
        self._turns = len(store.turns(encounter))
        self._journal: Journal | None = None
        try:
            self._journal = store.journal(encounter)
        except StorageError as error:
            self._damage = error
            if self._record.state in LIVE_STATES:
                self.fail(Problem.of(error))

    # What the page does.

    def document(self) -> wire.Document:
        """All that is known of the encounter."""
        with self._changed:
            self._check_open()
            version, note = self._store.note(self.id)
            summary = self.summary()
            turns, gaps = self._store.turns(self.id), self._store.gaps(self.id)
            return wire.Document(
                **msgspec.structs.asdict(summary),
                received_through=self._journal.received_through if self._journal else -1,
                missing=self._journal.missing(self._record.chunks) if self._journal else [],
                transcript=Transcript(tuple(turns), tuple(gaps), summary.duration),
                note=note,
                note_version=version,
                problem=self._record.problem,
            )

    def summary(self) -> wire.Summary:
        """The encounter as it stands in the list."""
        with self._changed:
            return wire.summary(self._record, self._journal.last + 1 if self._journal else None)

    def describe(self, description: wire.Description) -> None:
        """Change the title, or whether the recording is paused."""
        with self._changed:
            self._check_open()
            self._record = self._store.update(self.id, title=description.title, paused=description.paused)
            self._publish_state()

    def put_chunk(self, n: int, body: bytes) -> wire.Received:
        """Store an audio chunk; when this returns, it is on disk.

        Raises:
            AudioError, TooLargeError: The chunk cannot be used, or the recording is over its longest length.
            ConflictError: The recording is over, or other audio is stored under this number.
            StorageError: The disk is full; nothing was stored.
        """
        parse_chunk(body)
        if n >= self._max_chunks:
            raise TooLargeError(
                f"Chunk {n} is beyond the longest recording of {self._max_chunks} chunks.",
                hint="Finish this visit and start another; the limit is the setting max_minutes.",
            )
        with self._changed:
            self._check_open()
            chunks = self._record.chunks
            new = n not in self.journal
            over = self._record.state not in LIVE_STATES or (self._record.state == "writing" and new)
            if over or (chunks is not None and n >= chunks):
                raise ConflictError("The recording is over.", hint="Start a new encounter for more audio.")
            if self.journal.append(n, body):
                self._last_arrival = time.monotonic()
                self._changed.notify_all()
            return wire.Received(self.journal.received_through, self.journal.missing(chunks))

    def finish(self, chunks: int) -> None:
        """End the recording. The same request again changes nothing.

        Args:
            chunks: How many chunks the recording has; those that did not arrive may still come for a while.

        Raises:
            ConflictError: Later chunks are stored, or the recording was ended with another number.
            TooLargeError: More chunks than the longest recording has.
        """
        if chunks > self._max_chunks:
            raise TooLargeError(
                f"{chunks} chunks are more than the longest recording of {self._max_chunks}.",
                hint="Count the chunks that were recorded; the limit is the setting max_minutes.",
            )
        with self._changed:
            self._check_open()
            if self._record.chunks == chunks:
                return
            if self._record.state != "recording":
                raise ConflictError(
                    f"The recording was finished with {self._record.chunks} chunks.", hint="Load the encounter again."
                )
            if chunks <= self.journal.last:
                raise ConflictError(
                    f"Chunk {self.journal.last} is stored, so the recording has more than {chunks} chunks.",
                    hint="Count chunks from 0 and send the number of all of them.",
                )
            self._last_arrival = time.monotonic()
            self._set(state="transcribing", chunks=chunks)

    def edit(self, edit: wire.NoteEdit) -> wire.NoteVersion:
        """Store the clinician's text as the next version of the note.

        Raises:
            ConflictError: There is no note to edit now, or it has another version.
            InputError: A section is unknown or named twice.
        """
        texts = {section.name: section.text for section in edit.sections}
        if len(texts) < len(edit.sections):
            raise InputError("A section is named twice.", hint="Send each section once.")
        with self._changed:
            self._check_open()
            _, note = self._store.note(self.id)
            if note is None or self._record.state in LIVE_STATES:
                raise ConflictError("There is no complete note yet.", hint="Wait until it is written.")
            unknown = texts.keys() - {section.name for section in note.sections}
            if unknown:
                raise InputError(
                    f"The note has no section named {min(unknown)[:60]!r}.",
                    hint="Its sections: " + ", ".join(section.name for section in note.sections) + ".",
                )
            sections = tuple(_edited(section, texts.get(section.name, section.text)) for section in note.sections)
            return self._store_note(msgspec.structs.replace(note, sections=sections), after=edit.version)

    def note(self) -> Note:
        """The newest version of the note.

        Raises:
            NotFoundError: There is none yet.
        """
        with self._changed:
            self._check_open()
            _, note = self._store.note(self.id)
        if note is None:
            raise NotFoundError("There is no note yet.", hint="Finish the visit and wait until the note is written.")
        return note

    def write_again(self) -> None:
        """Go back to where a new note can come from.

        Raises:
            ConflictError: The encounter is still at work.
        """
        with self._changed:
            self._check_open()
            if self._record.state in LIVE_STATES:
                raise ConflictError("The note is not finished yet.", hint="Wait until the state is draft or failed.")
            whole = self._record.duration is not None or self._journal is None
            self._set(state="writing" if whole else "transcribing", problem=None)

    def stream(self, last_event_id: str) -> Iterator[bytes]:
        """The event stream.

        Args:
            last_event_id: Where the reader was; empty or foreign to start with a snapshot.
        """
        after = self._known(last_event_id)
        if after is None:
            with self._changed:
                after = self._log.last_id
                events = [Event(after, "snapshot", msgspec.json.encode(self.document()))]
                events += [Event(after, "service", _service(name, up=False)) for name in sorted(self._down)]
            yield from (event.encode(self._log.epoch) for event in events)
        yield from self._log.stream(after)

    # What the workers do.

    @property
    def closed(self) -> bool:
        """The encounter was deleted, or this process is stopping."""
        return self._closed

    @property
    def state(self) -> State:
        """Where the encounter stands."""
        return self._record.state

    @property
    def template(self) -> str:
        """Name of the note template."""
        return self._record.template

    @property
    def committed(self) -> int:
        """Sample up to which turns are final."""
        return self._record.committed

    @property
    def chunks(self) -> int | None:
        """How many chunks the recording has; None until it was finished."""
        return self._record.chunks

    @property
    def journal(self) -> Journal:
        """The audio.

        Raises:
            StorageError: It is damaged.
        """
        if self._journal is None:
            raise self._damage
        return self._journal

    @property
    def turn_count(self) -> int:
        """How many turns are stored."""
        return self._turns

    @property
    def last_arrival(self) -> float:
        """When the last new chunk came, or the recording ended, by the monotonic clock."""
        return self._last_arrival

    def turns(self, start: int) -> list[Turn]:
        """The stored turns from number `start`."""
        return self._store.turns(self.id, start)

    def wait_for(self, condition: Callable[[], bool], timeout: float | None = None) -> bool:
        """Wait until a condition holds; it is looked at whenever something changes. Returns whether it holds."""
        with self._changed:
            return self._changed.wait_for(condition, timeout)

    def wake(self) -> None:
        """Have all waiting conditions looked at."""
        with self._changed:
            self._changed.notify_all()

    def add_turn(self, turn: Turn, committed: int) -> None:
        """Store and publish a final turn; one that is known already is left out."""
        with self._changed:
            n = self._store.add_turn(self.id, turn, committed)
            if n is None:
                return
            self._refresh()
            self._turns = n + 1
            self._log.publish("turn", {"n": n, "turn": turn}, key="partial")
            self._changed.notify_all()

    def add_gap(self, gap: Gap, committed: int) -> None:
        """Store and publish a stretch of audio that never came; one that is known already is left out."""
        with self._changed:
            if self._store.add_gap(self.id, gap, committed):
                self._refresh()
                self._log.publish("gap", gap)

    def transcribed(self, duration: float) -> None:
        """The recording is transcribed to its end, at `duration` seconds: the note can be written."""
        with self._changed:
            self._set(state="writing", duration=duration)

    def written(self, note: Note) -> None:
        """Store and publish the note that the note service wrote."""
        with self._changed:
            version, _ = self._store.note(self.id)
            self._store_note(msgspec.structs.replace(note, notice=DRAFT_NOTICE), after=version, state="draft")
            self._refresh()
            self._publish_state()

    def fail(self, problem: Problem) -> None:
        """The note could not be written; what was said is kept."""
        with self._changed:
            self._set(state="failed", problem=problem)

    def warn(self, problem: Problem) -> None:
        """Show a problem that does not stop the visit."""
        with self._changed:
            self._record = self._store.update(self.id, problem=problem)
            self._publish_state()

    def show(self, name: str, data: object, *, key: str | None = None) -> None:
        """Publish something that only matters while it is fresh."""
        self._log.publish(name, data, volatile=True, key=key)

    def show_section(self, section: Section) -> None:
        """Publish a complete section, before the note as a whole is."""
        self._log.publish("section", section, key=f"section {section.name}")

    def service(self, name: str, *, up: bool) -> None:
        """Publish that a service went away or came back; nothing if that is known."""
        with self._changed:
            if up == (name not in self._down):
                return
            (self._down.discard if up else self._down.add)(name)
            # What the lost session last heard is heard anew by the next one.
            self._log.publish("service", {"name": name, "up": up}, key="partial" if name == "speech" else None)

    # Its end in this process.

    def close(self, *, deleted: bool = False) -> None:
        """End all event streams and close the journal; every later use raises `NotFoundError`."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            if deleted:
                self._log.publish("deleted", None)
            self._log.close()
            if self._journal:
                self._journal.close()
            self._changed.notify_all()

    def end_streams(self) -> None:
        """End all event streams."""
        self._log.close()

    def _known(self, last_event_id: str) -> int | None:
        """The position that an event id names, None if this process does not have it."""
        epoch, _, number = last_event_id.partition("-")
        if epoch != self._log.epoch or not (number.isascii() and number.isdecimal()):
            return None
        after = int(number[:20])
        return after if after <= self._log.last_id else None

    def _check_open(self) -> None:
        if self._closed:
            raise NotFoundError("There is no such encounter.", hint="It was deleted.")

    def _set(self, **changes: object) -> None:
        self._record = self._store.update(self.id, **changes)  # type: ignore[arg-type]
        self._publish_state()
        self._changed.notify_all()

    def _refresh(self) -> None:
        self._record = self._store.get(self.id)

    def _publish_state(self) -> None:
        self._log.publish("state", self.summary(), key="progress")

    def _store_note(self, note: Note, *, after: int, state: State | None = None) -> wire.NoteVersion:
        version = self._store.add_note(self.id, note, after=after, state=state or self._record.state)
        stored = wire.NoteVersion(version, note)
        self._log.publish("note", stored)
        return stored


def _edited(section: Section, text: str) -> Section:
    return section if text == section.text else msgspec.structs.replace(section, text=text, edited=True)


def _service(name: str, *, up: bool) -> bytes:
    return msgspec.json.encode({"name": name, "up": up})
