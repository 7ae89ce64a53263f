"""Drugs that may have been said where something else was heard."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Literal

import msgspec

from appliance.lexicon.sound_alike import propose, with_proposals
from appliance.transcript import Turn

_log = logging.getLogger(__name__)
ProposalState = Literal["accepted", "rejected"]
"""What the clinician thinks of a proposal."""


class Proposal(msgspec.Struct, frozen=True):
    """A drug that may have been said where something else was heard."""

    turn: int
    """Number of the turn, from 0."""
    first: int
    """Position of the first word in the turn, from 0."""
    last: int
    """Position of the last word, which belongs to it."""
    said: str
    """The words as they were heard."""
    drug: str
    """What to read instead."""
    state: ProposalState = "accepted"


def proposed(turn: Turn, n: int) -> list[Proposal]:
    """What may have been said in a turn.

    Args:
        turn: The turn as it was heard.
        n: Its number.
    """
    try:
        return [Proposal(n, found.first, found.last, found.said, found.drug) for found in propose(turn.words)]
    except Exception as error:  # noqa: BLE001
        # Whatever is wrong with the lexicon must not cost a turn. The text of the error may hold speech.
        _log.error("no proposals for a turn: %s", type(error).__name__)
        return []


def corrected(turn: Turn, n: int, proposals: Iterable[Proposal]) -> Turn:
    """The turn as it reads with the accepted proposals.

    Args:
        turn: The turn as it was heard.
        n: Its number.
        proposals: Those of the encounter.
    """
    accepted = [proposal for proposal in proposals if proposal.turn == n and proposal.state == "accepted"]
    if not accepted:
        return turn
    words = with_proposals(turn.words, accepted)
    return msgspec.structs.replace(turn, text=" ".join(word.text for word in words), words=tuple(words))
