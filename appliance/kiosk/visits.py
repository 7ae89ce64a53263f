"""The encounters that this process has at hand, each with its pipeline."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from appliance.errors import ChartsideError
from appliance.kiosk import wire
from appliance.kiosk.pipeline import Pipeline
from appliance.kiosk.shared import LIVE_STATES
from appliance.kiosk.visit import Visit
from appliance.runtime.client import ServiceClient
from appliance.store.audit import Actor
from appliance.store.encounters import EncounterStore

_log = logging.getLogger(__name__)
_IDLE_KEPT: Final = 16
"""Visits kept at hand although nobody uses them, so that a page that reconnects resumes its event stream."""


@dataclass
class _Entry:
    visit: Visit
    pipeline: Pipeline
    users: int = 0


class Visits:
    """Every live visit, and the others while they are used. Safe to use from several threads.

    Args:
        store: The encounter store; closed with `close`.
        speech: The speech service.
        note: The note service.
        max_chunks: Longest recording, in chunks.
    """

    def __init__(self, store: EncounterStore, speech: ServiceClient, note: ServiceClient, *, max_chunks: int) -> None:
        self._store = store
        self._speech = speech
        self._note = note
        self._max_chunks = max_chunks
        # Ordered by last use.
        self._entries: dict[str, _Entry] = {}
        self._lock = threading.Lock()

    def resume(self) -> None:
        """Take up every visit that the last process left unfinished; one that cannot be is logged and the rest go on."""
        for encounter in self._store.all():
            if encounter.state in LIVE_STATES:
                try:
                    with self.use(encounter.id) as visit:
                        about = {"event": "visit-resumed", "encounter": visit.id}
                        _log.info("kiosk: visit %s resumed in state %s", visit.id, visit.state, extra=about)
                except ChartsideError as error:
                    about = {"event": "visit-not-resumed", "encounter": encounter.id}
                    _log.error("kiosk: visit %s cannot be resumed: %s", encounter.id, error.message, extra=about)

    def create(self, template: str, new: wire.NewEncounter) -> wire.Document:
        """Start a visit; one that a tablet has started before is left as it is."""
        begun = None if new.created is None else int(new.created.timestamp() * 1000)
        encounter = self._store.create(template, new.title, new.id, begun)
        with self.use(encounter.id) as visit:
            return visit.document()

    def all(self) -> list[wire.Summary]:
        """All encounters, newest first."""
        encounters = self._store.all()
        with self._lock:
            visits = {name: entry.visit for name, entry in self._entries.items()}
        return [visits[e.id].summary() if e.id in visits else wire.summary(e) for e in encounters]

    @contextlib.contextmanager
    def use(self, encounter: str) -> Iterator[Visit]:
        """The visit, at hand for as long as the block lasts.

        Raises:
            NotFoundError: There is no such encounter.
        """
        with self._lock:
            entry = self._entries.pop(encounter, None) or self._load(encounter)
            self._entries[encounter] = entry
            entry.users += 1
        try:
            yield entry.visit
        finally:
            with self._lock:
                entry.users -= 1
                self._drop_idle()

    def write_again(self, encounter: str, section: str | None = None) -> wire.Document:
        """Have the note written again, or only one section of it."""
        with self.use(encounter) as visit:
            if section is None:
                visit.draft.write_again()
            else:
                visit.draft.write_section(section)
            with self._lock:
                entry = self._entries.get(encounter)
            if entry:
                entry.pipeline.start()
            return visit.document()

    def place(self, encounter: str, on: wire.Engine) -> wire.Standing:
        """Say where a visit is heard and written from now on; a tablet has to go on saying so.

        Raises:
            NotFoundError: There is no such encounter.
            ConflictError: A tablet wants it, and its note is written.
        """
        with self.use(encounter) as visit:
            with self._lock:
                entry = self._entries.get(encounter)
            if on == "box":
                visit.lending.take_back()
            elif entry:
                entry.pipeline.lend()
            return visit.lending.standing()

    def delete(self, encounter: str, actor: Actor = "clinician") -> None:
        """Stop all work on an encounter and remove it for ever.

        Raises:
            NotFoundError: There is no such encounter.
        """
        with self._put_away(encounter, deleted=True):
            self._store.delete(encounter, actor)

    def delete_audio(self, encounter: str, actor: Actor) -> None:
        """Remove the audio of an encounter for ever; pages that show it load it again.

        Raises:
            NotFoundError: There is no such encounter.
        """
        with self._put_away(encounter, deleted=False):
            self._store.delete_audio(encounter, actor)

    @contextlib.contextmanager
    def _put_away(self, encounter: str, *, deleted: bool) -> Iterator[None]:
        """Nobody has the encounter at hand, or its journal open, while the block lasts or after it."""
        with self._lock:
            entry = self._entries.get(encounter)
        if entry:
            entry.pipeline.stop()
            entry.visit.close(deleted=deleted)
        try:
            yield
        finally:
            with self._lock:
                late = self._entries.pop(encounter, None)
            # Somebody may have asked for it just before its key was gone.
            if late and late is not entry:
                late.pipeline.stop()
                late.visit.close(deleted=deleted)

    def end_streams(self) -> None:
        """End all event streams, so that the server can stop; the work goes on."""
        with self._lock:
            entries = list(self._entries.values())
        for entry in entries:
            entry.visit.end_streams()

    def wake_streams(self) -> None:
        """Send something on every event stream, so that whoever follows it is looked at again."""
        with self._lock:
            entries = list(self._entries.values())
        for entry in entries:
            entry.visit.wake_streams()

    def close(self) -> None:
        """Stop all work, to be resumed by the next process, and close the store."""
        with self._lock:
            entries = list(self._entries.values())
            self._entries.clear()
        stopping = [threading.Thread(target=entry.pipeline.stop) for entry in entries]
        for thread in stopping:
            thread.start()
        for thread in stopping:
            thread.join()
        for entry in entries:
            entry.visit.close()
        for entry in entries:
            entry.pipeline.join()
        self._store.close()

    def _load(self, encounter: str) -> _Entry:
        visit = Visit(self._store, encounter, max_chunks=self._max_chunks)
        entry = _Entry(visit, Pipeline(visit, self._speech, self._note))
        entry.pipeline.start()
        return entry

    def _drop_idle(self) -> None:
        idle = [
            name
            for name, entry in self._entries.items()
            if not entry.users and not entry.pipeline.alive and entry.visit.state not in LIVE_STATES
        ]
        for name in idle[:-_IDLE_KEPT]:
            self._entries.pop(name).visit.close()
