"""What the parts of a visit share: the lock, the record, the event stream."""

from __future__ import annotations

import secrets
import threading
from typing import Final

from appliance.errors import ConflictError, NotFoundError, StorageError
from appliance.kiosk import wire
from appliance.kiosk.lease import Lease
from appliance.runtime.events import EventLog
from appliance.store.encounters import EncounterStore
from appliance.store.journal import Journal
from appliance.store.records import Encounter, State

LIVE_STATES: Final[frozenset[State]] = frozenset({"recording", "transcribing", "writing"})
"""States in which workers are busy with an encounter."""


class Shared:
    """One encounter, as all parts of a visit see it.

    Every change is stored first and published after, both while `changed` is held: a reader of the event stream that starts
    with a snapshot misses nothing and gets nothing twice.

    Args:
        store: The encounter store.
        encounter: Id of the encounter.

    Raises:
        NotFoundError: There is no such encounter.
        StorageError: The encounter does not open.
    """

    def __init__(self, store: EncounterStore, encounter: str) -> None:
        self.id: Final = encounter
        self.store: Final = store
        self.changed: Final = threading.Condition()
        self.log: Final = EventLog(epoch=secrets.token_hex(4))
        self.closed = False
        self.lease = Lease()
        self.record: Encounter = store.get(encounter)
        self.checks_wanted = 0
        """How often something happened that a check of the note depends on."""
        self._journal: Journal | None = None
        try:
            self._journal = store.journal(encounter)
        except (StorageError, NotFoundError) as error:
            self.damage = error

    @property
    def journal(self) -> Journal:
        """The audio.

        Raises:
            StorageError: It is damaged.
            NotFoundError: It was deleted.
        """
        if self._journal is None:
            raise self.damage
        return self._journal

    @property
    def audible(self) -> Journal | None:
        """The audio; None if it is damaged or was deleted."""
        return self._journal

    def summary(self) -> wire.Summary:
        """The encounter as it stands in the list."""
        with self.changed:
            return wire.summary(self.record, self._journal.last + 1 if self._journal else None, self.engine)

    @property
    def engine(self) -> wire.Engine:
        """Who hears and writes the encounter, while it is live."""
        lent = self.lease.left and self.record.state in LIVE_STATES and not self.closed
        return "tablet" if lent else "box"

    def check_open(self) -> None:
        """Refuse what is asked of an encounter that is gone.

        Raises:
            NotFoundError: It was deleted.
        """
        if self.closed:
            raise NotFoundError("There is no such encounter.", hint="It was deleted.")

    def check_unsigned(self) -> None:
        """Refuse what would change a signed note or what it rests on.

        Raises:
            ConflictError: The note is signed.
            NotFoundError: The encounter was deleted.
        """
        self.check_open()
        if self.record.state == "signed":
            raise ConflictError("The note is signed and does not change any more.", hint="Add an addendum instead.")

    def set(self, **changes: object) -> None:
        """Store and publish changes of the record."""
        self.record = self.store.update(self.id, **changes)  # type: ignore[arg-type]
        self.publish_state()
        self.changed.notify_all()

    def refresh(self) -> None:
        """Read the record again after the store has changed it."""
        self.record = self.store.get(self.id)

    def publish_state(self) -> None:
        """Tell the readers where the encounter stands."""
        self.log.publish("state", self.summary(), key="progress")

    def want_check(self) -> None:
        """The note, or what it is checked against, has changed in the store."""
        self.checks_wanted += 1
        self.changed.notify_all()

    def close(self, *, deleted: bool) -> None:
        """End all event streams and close the journal."""
        with self.changed:
            if self.closed:
                return
            self.closed = True
            if deleted:
                self.log.publish("deleted", None)
            self.log.close()
            if self._journal:
                self._journal.close()
            self.changed.notify_all()
