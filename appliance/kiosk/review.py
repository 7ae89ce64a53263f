"""The review of a note: what came of checking it, its signature, and what is added afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterable

from appliance.clinical_note import Check, Note, Omission
from appliance.errors import ConflictError, NotFoundError, SigningBlockedError
from appliance.kiosk import wire
from appliance.kiosk.draft import Draft
from appliance.kiosk.shared import LIVE_STATES, Shared
from appliance.kiosk.signing import blocks, signature, signed_text
from appliance.store.records import Addendum, Dismissal


class Review:
    """The review of one encounter's note. Safe to use from several threads.

    Args:
        shared: The encounter.
        draft: Its note.
    """

    def __init__(self, shared: Shared, draft: Draft) -> None:
        self._shared = shared
        self._draft = draft
        self._checked = -1
        """The value of `checks_wanted` for which nothing is left to check."""

    # What the page does.

    def check(self) -> wire.Checked:
        """What came of checking the newest note.

        Raises:
            NotFoundError: There is no note yet.
        """
        with self._shared.changed:
            version, _ = self._draft.newest()
            check = self._shared.store.check(self._shared.id, version)
            dismissals = self._shared.store.dismissals(self._shared.id) if check else []
        omissions = check.omissions if check else ()
        latest = {(dismissal.kind, dismissal.text): dismissal for dismissal in dismissals}
        found = ((k, latest.get((omission.kind, omission.text))) for k, omission in enumerate(omissions))
        dismissed = [wire.Dismissed(k, said.reason) for k, said in found if said and not said.withdrawn]
        return wire.Checked(version, check, dismissed)

    def dismiss(self, k: int, request: wire.DismissRequest) -> wire.Checked:
        """Record that an omission does not belong into the note; it stays dismissed in later checks, until `restore`.

        Args:
            k: Position of the omission in the check.
            request: Of which check, and why.

        Raises:
            NotFoundError: There is no such omission, or no note.
            ConflictError: The check is pending or of another version, or the note is signed.
        """
        return self._judge(k, request.version, dismissed=True, reason=request.reason.strip())

    def restore(self, k: int, request: wire.RestoreRequest) -> wire.Checked:
        """Take a dismissal back.

        Args:
            k: Position of the omission in the check.
            request: Of which check.

        Raises:
            NotFoundError: There is no such omission, or no note.
            ConflictError: The check is pending or of another version, or the note is signed.
        """
        return self._judge(k, request.version, dismissed=False)

    def _judge(self, k: int, version: int | None, *, dismissed: bool, reason: str = "") -> wire.Checked:
        """Record whether an omission does not belong into the note, unless that is how it stands."""
        with self._shared.changed:
            self._shared.check_unsigned()
            checked = self.check()
            if checked.check is None or version not in {None, checked.version}:
                raise ConflictError("The note is being checked again.", hint="Wait for the new check and repeat it there.")
            omission = _omission(checked.check, k)
            if dismissed != any(entry.omission == k for entry in checked.dismissed):
                dismissal = Dismissal(omission.kind, omission.text, reason, time.time(), withdrawn=not dismissed)
                self._shared.store.add_dismissal(self._shared.id, dismissal)
                checked = self.check()
                self._shared.log.publish("check", checked)
            return checked

    def bring(self, decided: Iterable[wire.DecidedOmission]) -> None:
        """Record what a clinician said of omissions on a tablet; it holds wherever a check finds them.

        Args:
            decided: The last word on each; the same again changes nothing.

        Raises:
            ConflictError: The note is signed.
        """
        shared = self._shared
        with shared.changed:
            dismissed = {(said.kind, said.text): not said.withdrawn for said in shared.store.dismissals(shared.id)}
            fresh = [said for said in decided if dismissed.get((said.kind, said.text), False) == said.withdrawn]
            if fresh:
                shared.check_unsigned()
            for said in fresh:
                dismissal = Dismissal(said.kind, said.text, said.reason.strip(), time.time(), withdrawn=said.withdrawn)
                shared.store.add_dismissal(shared.id, dismissal)
            version, _ = shared.store.note(shared.id)
            if fresh and version and shared.store.check(shared.id, version):
                shared.log.publish("check", self.check())

    def sign(self, request: wire.SignRequest) -> wire.Signed:
        """Sign the note; from then on it never changes.

        Raises:
            SigningBlockedError: Something stands in the way.
            ConflictError: There is no complete note, or it is signed already.
        """
        shared = self._shared
        with shared.changed:
            shared.check_unsigned()
            version, note = shared.store.note(shared.id)
            if note is None or shared.record.state in LIVE_STATES:
                raise ConflictError("There is no complete note yet.", hint="Wait until it is written.")
            check = shared.store.check(shared.id, version)
            if found := blocks(version, check, request):
                count = "1 thing stands" if len(found) == 1 else f"{len(found)} things stand"
                hint = "Resolve each, or override it with a reason."
                raise SigningBlockedError(f"{count} in the way of signing.", hint=hint, blocks=found)
            signed = signature(version, note, check, request, time.time())
            shared.store.sign(shared.id, signed)
            shared.refresh()
            shared.log.publish("signature", wire.signed(signed))
            shared.publish_state()
            shared.changed.notify_all()
            return wire.signed(signed)

    def signature(self) -> wire.Signed | None:
        """The signature; None if the note is not signed."""
        found = self._shared.store.signature(self._shared.id)
        return wire.signed(found) if found else None

    def add(self, request: wire.AddendumRequest) -> wire.AddendumEntry:
        """Add something to a signed note.

        Raises:
            ConflictError: The note is not signed.
        """
        shared = self._shared
        with shared.changed:
            shared.check_open()
            if shared.record.state != "signed":
                raise ConflictError("The note is not signed.", hint="Edit the note instead, or sign it first.")
            addendum = Addendum(request.text.strip(), request.signer.strip(), time.time())
            shared.store.add_addendum(shared.id, addendum)
            shared.refresh()
            entry = wire.addendum_entry(addendum)
            shared.log.publish("addendum", entry)
            return entry

    def addenda(self) -> list[wire.AddendumEntry]:
        """What was added to the signed note."""
        return [wire.addendum_entry(addendum) for addendum in self._shared.store.addenda(self._shared.id)]

    def text(self) -> str:
        """The note as plain text; once it is signed, the text that was signed and its addenda.

        Raises:
            NotFoundError: There is no note yet.
            StorageError: The signed text was changed.
        """
        with self._shared.changed:
            _, note = self._draft.newest()
            signed = self._shared.store.signature(self._shared.id)
            return signed_text(signed, self._shared.store.addenda(self._shared.id)) if signed else note.text

    # What the checker does.

    def wanted(self) -> int | None:
        """Number of the check that is due; None if there is nothing to check now."""
        shared = self._shared
        with shared.changed:
            idle = shared.closed or shared.record.state in LIVE_STATES or shared.record.state == "signed"
            if idle or self._checked == shared.checks_wanted:
                return None
            version, note = shared.store.note(shared.id)
            if note is None or shared.store.check(shared.id, version):
                self._checked = shared.checks_wanted
                return None
            return shared.checks_wanted

    def note(self) -> Note:
        """The newest note."""
        return self._draft.newest()[1]

    def checked(self, number: int, check: Check) -> None:
        """Store and publish what came of check `number`, unless something has changed since."""
        shared = self._shared
        with shared.changed:
            if number != self.wanted():
                return
            version, _ = self._draft.newest()
            shared.store.set_check(shared.id, version, check)
            self._checked = number
            shared.log.publish("check", self.check())


def _omission(check: Check, k: int) -> Omission:
    if k >= len(check.omissions):
        raise NotFoundError(f"There is no omission {k}.", hint=f"The check has {len(check.omissions)}, counted from 0.")
    return check.omissions[k]
