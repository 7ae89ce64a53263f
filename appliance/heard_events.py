"""What is heard of a recording, event by event: the wire format between speech, kiosk and tablets that hear it themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec

from appliance.transcript import Gap, Seconds, Speaker, Turn

PRINT_SIZE: Final = 256
Sample = Annotated[int, msgspec.Meta(ge=0, le=2**40)]
"""Counted from the start of the recording."""


class Voice(msgspec.Struct, frozen=True):
    """The voice print of one turn: what a later session needs to go on labelling."""

    print: Annotated[bytes, msgspec.Meta(min_length=PRINT_SIZE, max_length=PRINT_SIZE)]
    """A vector of `PRINT_SIZE` signed bytes; only its direction counts."""
    seconds: Annotated[float, msgspec.Meta(gt=0.0, le=60.0)]
    """Speech that it was made from."""


class PartialText(msgspec.Struct, frozen=True):
    """What is being said right now."""

    start: Seconds
    end: Seconds
    stable: str
    """Words that two successive passes agreed on."""
    tentative: str
    """Words of the last pass only."""


class FinalTurn(msgspec.Struct, frozen=True):
    """A turn whose words never change again; its speaker may, see `ChangedSpeakers`."""

    turn: Turn
    committed: Sample
    """Up to here everything is decided: no later turn starts before it, and replay starts there."""
    voice: Voice | None = None
    """To be given back to a session that goes on from here."""


class TurnSpeaker(msgspec.Struct, frozen=True):
    """Who spoke a turn."""

    n: int
    """Number of the turn in the recording, from 0."""
    speaker: Speaker


class ChangedSpeakers(msgspec.Struct, frozen=True):
    """Turns whose speaker is now believed to be another than was told before."""

    labels: tuple[TurnSpeaker, ...]


class CommittedGap(msgspec.Struct, frozen=True):
    """Audio that never arrived."""

    gap: Gap
    committed: Sample
    """Up to here everything is decided."""


class Finished(msgspec.Struct, frozen=True):
    """The recording is transcribed to its end."""

    duration: Seconds
    """Its length."""


HeardEvent = PartialText | FinalTurn | ChangedSpeakers | CommittedGap | Finished
KINDS: Final[Mapping[str, type[HeardEvent]]] = {
    "partial": PartialText,
    "final": FinalTurn,
    "speakers": ChangedSpeakers,
    "gap": CommittedGap,
    "finished": Finished,
}
"""What an event of each name holds."""
