"""What labels are made of: words of one speaker and the voice they came with."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from appliance.heard_events import Voice
from appliance.speech.engine import HeardWord


class Earlier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A turn of the recording that an earlier session gave."""

    text: str
    voice: Voice | None = None


@dataclass(frozen=True)
class Part:
    """Words of one speaker: an utterance or a piece of it."""

    words: tuple[HeardWord, ...]
    end: int
    """Sample of the recording after the last one."""
    voice: Voice | None
    """None if the voice could not be read."""
