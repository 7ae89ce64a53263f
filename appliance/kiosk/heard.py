"""What was heard in a visit: turns, gaps, who spoke, and what else may have been said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from appliance.errors import NotFoundError
from appliance.kiosk import speakers, wire
from appliance.kiosk.shared import Shared
from appliance.proposals import Proposal, ProposalState, corrected, proposed
from appliance.store.records import Label
from appliance.transcript import Gap, Speaker, Turn


class Heard:
    """The turns of one encounter. Their text never changes; labels and proposals do. Safe to use from several threads.

    Args:
        shared: The encounter.
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self.count = len(shared.store.turns(shared.id))
        """How many turns are stored."""
        self.corrections = 0
        """Changes whenever a turn is read or labelled differently than before."""

    def turns(self) -> list[Turn]:
        """The turns as they were heard, with the labels the clinician sees."""
        store, encounter = self._shared.store, self._shared.id
        with self._shared.changed:
            pairs = zip(store.turns(encounter), speakers.shown(store.labels(encounter)), strict=True)
            return [msgspec.structs.replace(turn, speaker=speaker) for turn, speaker in pairs]

    def corrected(self, start: int = 0) -> list[Turn]:
        """The turns from number `start` as the note service is to read them: with the accepted proposals."""
        with self._shared.changed:
            proposals = self._shared.store.proposals(self._shared.id)
            return [corrected(turn, n, proposals) for n, turn in enumerate(self.turns())][start:]

    def earlier(self) -> list[dict[str, Any]]:
        """What a new speech session is told of the turns so far."""
        store, encounter = self._shared.store, self._shared.id
        with self._shared.changed:
            pairs = zip(store.turns(encounter), store.voices(encounter), strict=True)
            return [{"text": turn.text, "voice": msgspec.Raw(voice or b"null")} for turn, voice in pairs]

    def gaps(self) -> list[Gap]:
        """Stretches of audio that never came."""
        return self._shared.store.gaps(self._shared.id)

    def proposals(self) -> list[Proposal]:
        """What else may have been said."""
        return self._shared.store.proposals(self._shared.id)

    # What the page does.

    def label(self, n: int, speaker: Speaker) -> wire.NumberedTurn:
        """Say who spoke a turn.

        Raises:
            NotFoundError: There is no such turn.
            ConflictError: The note is signed.
        """
        with self._shared.changed:
            self._shared.check_unsigned()
            labels = self._shared.store.labels(self._shared.id)
            if n >= len(labels):
                raise NotFoundError(f"There is no turn {n}.", hint=f"There are {len(labels)} turns, counted from 0.")
            self._set_labels(labels, {n: Label(labels[n].heard, chosen=speaker)})
            return wire.NumberedTurn(n, self.turns()[n])

    def swap(self) -> None:
        """Say that clinician and patient are mixed up.

        Raises:
            ConflictError: The note is signed.
        """
        with self._shared.changed:
            self._shared.check_unsigned()
            labels = self._shared.store.labels(self._shared.id)
            self._set_labels(labels, speakers.swapped(labels))

    def decide(self, n: int, state: ProposalState) -> wire.NumberedProposal:
        """Say what is thought of a proposal.

        Raises:
            NotFoundError: There is no such proposal.
            ConflictError: The note is signed.
        """
        with self._shared.changed:
            self._shared.check_unsigned()
            proposals = self.proposals()
            if n >= len(proposals):
                raise NotFoundError(f"There is no proposal {n}.", hint=f"There are {len(proposals)}, counted from 0.")
            decided = wire.NumberedProposal(n, msgspec.structs.replace(proposals[n], state=state))
            if decided.proposal != proposals[n]:
                self._shared.store.set_proposal(self._shared.id, n, decided.proposal)
                self.corrections += "accepted" in {state, proposals[n].state}
                self._shared.log.publish("proposal", decided)
                self._shared.want_check()
            return decided

    # What a tablet brings.

    def bring(self, decided: Iterable[Proposal]) -> None:
        """Decide proposals as a clinician did on a tablet; what is not proposed here is left out.

        Raises:
            ConflictError: The note is signed.
        """
        with self._shared.changed:
            here = self.proposals()
            for proposal in decided:
                # Its first word may be counted from elsewhere: the box leaves out words of a turn that it knew.
                same = [n for n, own in enumerate(here) if _named(own) == _named(proposal)]
                nearest = min(same, key=lambda n: abs(here[n].first - proposal.first), default=None)
                if nearest is not None and here[nearest].state != proposal.state:
                    self.decide(nearest, proposal.state)

    # What the transcriber does.

    def add(self, turn: Turn, committed: int, voice: bytes = b"") -> None:
        """Store and publish a final turn; one that is known already is left out.

        Args:
            turn: The turn.
            committed: Sample before which no later turn starts.
            voice: What speech wants to be told of the turn when it goes on after it; JSON.
        """
        shared = self._shared
        found = proposed(turn, self.count)
        with shared.changed:
            before = len(self.proposals())
            n = shared.store.add_turn(shared.id, turn, committed, voice=voice, proposals=found)
            if n is None:
                return
            shared.refresh()
            self.count = n + 1
            shared.log.publish("turn", wire.NewTurn(n, self.turns()[n], committed), key="partial")
            for k, proposal in enumerate(found, start=before):
                shared.log.publish("proposal", wire.NumberedProposal(k, proposal))
            shared.changed.notify_all()

    def relabel(self, changes: Mapping[int, Speaker]) -> None:
        """Store and publish who spoke, as speech believes now; what the clinician said stays."""
        with self._shared.changed:
            if self._shared.record.state == "signed":
                return
            labels = self._shared.store.labels(self._shared.id)
            self._set_labels(labels, speakers.heard(labels, changes))

    def add_gap(self, gap: Gap, committed: int) -> None:
        """Store and publish a stretch of audio that never came; one that is known already is left out."""
        shared = self._shared
        with shared.changed:
            if shared.store.add_gap(shared.id, gap, committed):
                shared.refresh()
                shared.log.publish("gap", gap)

    def _set_labels(self, labels: list[Label], changes: dict[int, Label]) -> None:
        """Store changes of labels, and publish every turn whose label the clinician sees change."""
        if not changes:
            return
        before = speakers.shown(labels)
        after = speakers.shown([changes.get(n, label) for n, label in enumerate(labels)])
        self._shared.store.set_labels(self._shared.id, changes)
        for n, turn in enumerate(self.turns()):
            if before[n] != after[n]:
                self._shared.log.publish("turn", wire.NumberedTurn(n, turn))
        self.corrections += before != after
        self._shared.want_check()


def _named(proposal: Proposal) -> tuple[int, str, str]:
    """What a proposal is recognized by, whoever made it."""
    return proposal.turn, proposal.said, proposal.drug
