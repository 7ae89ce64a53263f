"""What a page asks about drugs that may have been misheard. JSON goes in and comes out."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from appliance.device.telling import text
from appliance.errors import InputError
from appliance.proposals import Proposal, corrected, proposed
from appliance.transcript import Turn

_Item = TypeVar("_Item")


def propose(turns: str, first: int) -> str:
    """What may have been said in some turns: a JSON list of `Proposal`, in the order of the turns.

    Args:
        turns: A JSON list of `Turn`, as they were heard.
        first: Number of the first of them.

    Raises:
        InputError: This is no list of turns.
    """
    return text([found for n, turn in enumerate(_read(turns, Turn), start=first) for found in proposed(turn, n)])


def correct(turns: str, proposals: str) -> str:
    """The turns as they read with the accepted proposals: a JSON list of `Turn`.

    Args:
        turns: A JSON list of `Turn`, as they were heard, from the first.
        proposals: A JSON list of `Proposal`.

    Raises:
        InputError: These are no turns, or no proposals.
    """
    known = _read(proposals, Proposal)
    return text([corrected(turn, n, known) for n, turn in enumerate(_read(turns, Turn))])


def _read(body: str, kind: type[_Item]) -> list[_Item]:
    try:
        return msgspec.json.decode(body, type=list[kind])  # type: ignore[valid-type]
    except msgspec.MsgspecError as error:
        raise InputError(f"What was heard does not fit: {error}.", hint="Reload the page.") from error
