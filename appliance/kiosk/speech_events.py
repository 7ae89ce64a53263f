"""What is heard of a visit, as events of the speech service or of a tablet that hears the visit itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec

from appliance.kiosk.visit import Visit
from appliance.transcript import Gap, Seconds, Speaker, Turn

_Sample = Annotated[int, msgspec.Meta(ge=0, le=2**40)]


class PartialText(msgspec.Struct, frozen=True):
    """What is being said right now."""

    start: Seconds
    end: Seconds
    stable: str
    tentative: str


class FinalTurn(msgspec.Struct, frozen=True):
    """A turn whose words never change again."""

    turn: Turn
    committed: _Sample
    """No later turn starts before this sample."""
    voice: msgspec.Raw = msgspec.Raw()
    """What speech wants to be told of the turn when it goes on after it."""


class TurnSpeaker(msgspec.Struct, frozen=True):
    """Who spoke a turn."""

    n: int
    speaker: Speaker


class ChangedSpeakers(msgspec.Struct, frozen=True):
    """Turns that somebody else spoke than was said before."""

    labels: tuple[TurnSpeaker, ...]


class CommittedGap(msgspec.Struct, frozen=True):
    """Audio that never came."""

    gap: Gap
    committed: _Sample


class Finished(msgspec.Struct, frozen=True):
    """The recording is transcribed to its end."""

    duration: Seconds


SpeechEvent = PartialText | FinalTurn | ChangedSpeakers | CommittedGap | Finished
KINDS: Final[Mapping[str, type[SpeechEvent]]] = {
    "partial": PartialText,
    "final": FinalTurn,
    "speakers": ChangedSpeakers,
    "gap": CommittedGap,
    "finished": Finished,
}
"""What an event of each name holds."""


def hear(visit: Visit, event: SpeechEvent) -> None:
    """Store or show an event; what is known already is left out."""
    match event:
        case PartialText():
            visit.show("partial", event)
        case FinalTurn():
            visit.heard.add(event.turn, event.committed, bytes(event.voice))
        case ChangedSpeakers():
            visit.heard.relabel({label.n: label.speaker for label in event.labels})
        case CommittedGap():
            visit.heard.add_gap(event.gap, event.committed)
        case Finished():
            visit.transcribed(event.duration)
