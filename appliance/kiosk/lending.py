"""Who hears and writes a visit: the box, or a tablet for as long as it has the lease."""

from __future__ import annotations

import msgspec

from appliance.errors import ConflictError
from appliance.kiosk import wire
from appliance.kiosk.heard import Heard
from appliance.kiosk.shared import LIVE_STATES, Shared


class Lending:
    """The lease of one encounter, as tablets and the box's workers see it. Safe to use from several threads.

    Args:
        shared: The encounter.
        heard: What was heard of it.
    """

    def __init__(self, shared: Shared, heard: Heard) -> None:
        self._shared = shared
        self._heard = heard

    @property
    def lent(self) -> bool:
        """A tablet hears and writes the encounter."""
        return self._shared.engine == "tablet"

    def lend(self) -> None:
        """Let a tablet hear and write it, from now on or further on.

        Raises:
            ConflictError: It is written already.
            NotFoundError: It was deleted.
        """
        with self._shared.changed:
            self._shared.check_open()
            if self._shared.record.state not in LIVE_STATES:
                raise ConflictError("The visit is over and its note is written.", hint="Write the note again on the box.")
            lent = self.lent
            self._shared.lease.take()
            if not lent:
                self._tell()

    def use(self, number: int | None) -> None:
        """Go on with the lease.

        Args:
            number: Of the lease; None for whichever runs.

        Raises:
            ConflictError: It is over, or another one runs.
            NotFoundError: The encounter was deleted.
        """
        with self._shared.changed:
            self._shared.check_open()
            if not self.lent:
                self._shared.lease.end()
            self._shared.lease.use(number)

    def take_back(self) -> None:
        """End the lease."""
        with self._shared.changed:
            self._shared.lease.end()
            self._tell()

    def wait(self) -> None:
        """Return when no tablet has the encounter any more."""
        with self._shared.changed:
            while self.lent:
                self._shared.changed.wait(self._shared.lease.left)

    def so_far(self) -> wire.HeardSoFar:
        """How far it is heard."""
        shared, heard = self._shared, self._heard
        with shared.changed:
            return wire.HeardSoFar(shared.engine, shared.lease.number, shared.record.committed, heard.count, heard.corrections)

    def standing(self) -> wire.Standing:
        """Where whoever hears it goes on."""
        with self._shared.changed:
            return wire.Standing(**msgspec.structs.asdict(self.so_far()), earlier=self._heard.earlier())

    def _tell(self) -> None:
        if not self._shared.closed:
            self._shared.publish_state()
        self._shared.changed.notify_all()
