"""One encounter as this process has it: its parts, what is known of it, and its event stream."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import msgspec

from appliance.errors import ConflictError
from appliance.heard_events import ChangedSpeakers, CommittedGap, FinalTurn, Finished, HeardEvent, PartialText
from appliance.kiosk import wire
from appliance.kiosk.draft import Draft
from appliance.kiosk.heard import Heard
from appliance.kiosk.lending import Lending
from appliance.kiosk.recording import Recording
from appliance.kiosk.review import Review
from appliance.kiosk.shared import LIVE_STATES, Shared
from appliance.runtime.events import Event
from appliance.store.encounters import EncounterStore
from appliance.store.journal import Journal
from appliance.store.records import Problem, State
from appliance.transcript import Transcript


class Visit:
    """One encounter. Safe to use from several threads.

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
        self._shared = Shared(store, encounter)
        self._down: set[str] = set()
        self.recording = Recording(self._shared, max_chunks)
        self.heard = Heard(self._shared)
        self.lending = Lending(self._shared, self.heard)
        self.draft = Draft(self._shared)
        self.review = Review(self._shared, self.draft)
        if self._shared.audible is None and self.state in LIVE_STATES:
            self.fail(Problem.of(self._shared.damage))

    # What the page does.

    def document(self) -> wire.Document:
        """All that is known of the encounter."""
        shared = self._shared
        with shared.changed:
            shared.check_open()
            version, note = shared.store.note(self.id)
            summary, journal = shared.summary(), shared.audible
            return wire.Document(
                **msgspec.structs.asdict(summary),
                received_through=journal.received_through if journal else -1,
                missing=journal.missing(shared.record.chunks) if journal else [],
                transcript=Transcript(tuple(self.heard.turns()), tuple(self.heard.gaps()), summary.duration),
                committed=self.committed,
                proposals=self.heard.proposals(),
                note=note,
                note_version=version,
                section=shared.record.section,
                signature=self.review.signature(),
                addenda=self.review.addenda(),
                problem=shared.record.problem,
            )

    def summary(self) -> wire.Summary:
        """The encounter as it stands in the list."""
        return self._shared.summary()

    def describe(self, description: wire.Description) -> None:
        """Change the title, or whether the recording is paused."""
        with self._shared.changed:
            self._shared.check_open()
            self._shared.set(title=description.title, paused=description.paused)

    def stream(self, last_event_id: str) -> Iterator[bytes]:
        """The event stream.

        Args:
            last_event_id: Where the reader was; empty or foreign to start with a snapshot.
        """
        log = self._shared.log
        after = self._known(last_event_id)
        if after is None:
            with self._shared.changed:
                after = log.last_id
                events = [Event(after, "snapshot", msgspec.json.encode(self.document()))]
                events += [Event(after, "service", _service(name, up=False)) for name in sorted(self._down)]
            yield from (event.encode(log.epoch) for event in events)
        yield from log.stream(after)

    # What the workers do.

    @property
    def closed(self) -> bool:
        """The encounter was deleted, or this process is stopping."""
        return self._shared.closed

    @property
    def state(self) -> State:
        """Where the encounter stands."""
        return self._shared.record.state

    @property
    def template(self) -> str:
        """Name of the note template."""
        return self._shared.record.template

    @property
    def committed(self) -> int:
        """Sample up to which turns are final."""
        return self._shared.record.committed

    @property
    def chunks(self) -> int | None:
        """How many chunks the recording has; None until it was finished."""
        return self._shared.record.chunks

    @property
    def journal(self) -> Journal:
        """The audio.

        Raises:
            StorageError: It is damaged.
        """
        return self._shared.journal

    def unchanged(self) -> threading.Condition:
        """A context in which nothing about the visit changes."""
        return self._shared.changed

    def wait_for(self, condition: Callable[[], bool], timeout: float | None = None) -> bool:
        """Wait until a condition holds; it is looked at whenever something changes. Returns whether it holds."""
        with self._shared.changed:
            return self._shared.changed.wait_for(condition, timeout)

    def wake(self) -> None:
        """Have all waiting conditions looked at."""
        with self._shared.changed:
            self._shared.changed.notify_all()

    def hear(self, event: HeardEvent) -> None:
        """Store or show what was heard; what is known already is left out."""
        match event:
            case PartialText():
                self.show("partial", event)
            case FinalTurn(turn, committed, voice):
                self.heard.add(turn, committed, msgspec.json.encode(voice) if voice else b"")
            case ChangedSpeakers(labels):
                self.heard.relabel({label.n: label.speaker for label in labels})
            case CommittedGap(gap, committed):
                self.heard.add_gap(gap, committed)
            case Finished(duration):
                self.transcribed(duration)

    def transcribed(self, duration: float) -> None:
        """The recording is transcribed to its end, at `duration` seconds: the note can be written.

        Raises:
            ConflictError: The recording is not over.
        """
        with self._shared.changed:
            if self.state == "recording":
                raise ConflictError("The recording is not over.", hint="Send the rest of it, then finish it.")
            if self.state != "transcribing":
                return
            self._shared.store.finish(self.id, duration)
            self._shared.refresh()
            self._shared.publish_state()
            self._shared.changed.notify_all()

    def fail(self, problem: Problem) -> None:
        """What was to be written could not be; what was said, and an earlier note, are kept."""
        with self._shared.changed:
            state: State = "failed" if self._shared.record.section is None else "draft"
            self._shared.set(state=state, problem=problem, section=None)

    def warn(self, problem: Problem) -> None:
        """Show a problem that does not stop the visit."""
        with self._shared.changed:
            self._shared.set(problem=problem)

    def show(self, name: str, data: object, *, key: str | None = None) -> None:
        """Publish something that only matters while it is fresh."""
        self._shared.log.publish(name, data, volatile=True, key=key)

    def service(self, name: str, *, up: bool) -> None:
        """Publish that a service went away or came back; nothing if that is known."""
        with self._shared.changed:
            if up == (name not in self._down):
                return
            (self._down.discard if up else self._down.add)(name)
            # What the lost session last heard is heard anew by the next one.
            self._shared.log.publish("service", {"name": name, "up": up}, key="partial" if name == "speech" else None)

    # Its end in this process.

    def close(self, *, deleted: bool = False) -> None:
        """End all event streams and close the journal; every later use raises `NotFoundError`."""
        self._shared.close(deleted=deleted)

    def end_streams(self) -> None:
        """End all event streams."""
        self._shared.log.close()

    def wake_streams(self) -> None:
        """Send the state on all event streams."""
        with self._shared.changed:
            self._shared.publish_state()

    def _known(self, last_event_id: str) -> int | None:
        """The position that an event id names, None if this process does not have it."""
        epoch, _, number = last_event_id.partition("-")
        if epoch != self._shared.log.epoch or not (number.isascii() and number.isdecimal()):
            return None
        after = int(number[:20])
        return after if after <= self._shared.log.last_id else None


def _service(name: str, *, up: bool) -> bytes:
    return msgspec.json.encode({"name": name, "up": up})
