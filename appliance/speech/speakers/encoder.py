"""What a voice sounds like, as a vector."""

from __future__ import annotations

from typing import Final, Protocol

from appliance.audio import SAMPLE_RATE, Pcm16
from appliance.speech.speakers.clustering import Print, unit

_HOP: Final = SAMPLE_RATE // 100
_FRAMES: Final = 160  # the model was trained on 1.6 s
_MOST_WINDOWS: Final = 4


class VoiceEncoder(Protocol):
    """The speaker model of a bundle; see `appliance.models.speaker` for its graph."""

    def embed(self, samples: Pcm16, starts: list[int], length: int) -> list[Print]:
        """What windows of some speech sound like.

        Args:
            samples: Speech, at least 1.
            starts: First frame (10 ms) of each window, at least one.
            length: Frames of a window.

        Returns:
            For each window a vector of length 1, 256 numbers.
        """


def voice_print(encoder: VoiceEncoder, speech: Pcm16) -> Print:
    """What some speech sounds like: a vector of length 1. Products of two tell how alike their voices are.

    Args:
        encoder: The speaker model.
        speech: Of one voice, without pauses, at least one sample; of a long one up to four windows of 1.6 s are heard.
    """
    frames = 1 + len(speech) // _HOP
    length = min(_FRAMES, frames)
    count = min(_MOST_WINDOWS, -(-frames // _FRAMES))
    starts = [round(number * (frames - length) / max(1, count - 1)) for number in range(count)]
    found = encoder.embed(speech, starts, length)
    return unit([sum(values) for values in zip(*found, strict=True)])
