"""What labels are made of: words of one speaker and the voice they came with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from appliance.heard_events import Voice
from appliance.speech.endpoint import Utterance
from appliance.speech.engine import HeardWord
from appliance.transcript import Speaker


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


class Labels(Protocol):
    """Labels the turns of one recording, while it runs."""

    @property
    def labels(self) -> tuple[Speaker, ...]:
        """Of every turn so far, the earlier ones included."""

    def parts(self, utterance: Utterance, words: Sequence[HeardWord]) -> list[Part]:
        """The words of an utterance, at least one, cut where another voice begins."""

    def add(self, text: str, voice: Voice | None) -> None:
        """The next turn of the recording; `labels` may change for all turns."""


class Unlabelled:
    """Tells no voices apart: every turn is `unknown`. See `Labels`.

    Args:
        earlier: How many turns are known already.
    """

    def __init__(self, earlier: int = 0) -> None:
        nobody: tuple[Speaker, ...] = ("unknown",)
        self.labels = nobody * earlier

    def parts(self, utterance: Utterance, words: Sequence[HeardWord]) -> list[Part]:
        """See `Labels.parts`."""
        return [Part(tuple(words), utterance.end, None)]

    def add(self, text: str, voice: Voice | None) -> None:  # noqa: ARG002
        """See `Labels.add`."""
        self.labels = (*self.labels, "unknown")
