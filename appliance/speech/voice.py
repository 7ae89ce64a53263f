"""Where somebody speaks: a probability for every frame of 32 ms.

Feeding a recording in pieces gives the same probabilities as feeding it whole. The network is given: ONNX Runtime's on the
box (`appliance.speech.silero`), the browser's in a page.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeAlias

from appliance.audio import Pcm16

FRAME: Final = 512
"""Samples per frame: 32 ms."""


class VoiceStream(Protocol):
    """A network that listens to one stream of audio."""

    def hear(self, frames: Pcm16) -> Sequence[float]:
        """Listen on.

        Args:
            frames: One whole frame of `FRAME` samples or more, that follow those before.

        Returns:
            Probability of speech per frame, 0.0 to 1.0.
        """


Listen: TypeAlias = Callable[[], VoiceStream]
"""Begins to listen to a new stream."""


class VoiceDetector:
    """Tells speech from everything else, frame by frame, for one stream of audio.

    Args:
        listen: Makes its network.
    """

    def __init__(self, listen: Listen) -> None:
        self._stream = listen()
        self._rest: Pcm16 = array("h")

    def feed(self, samples: Pcm16) -> Sequence[float]:
        """Add audio.

        Args:
            samples: Any number of samples that follow those fed before.

        Returns:
            One probability for each frame that is now complete; what is left over waits for the next call.
        """
        audio = self._rest + samples
        whole = len(audio) - len(audio) % FRAME
        self._rest = audio[whole:]
        return self._stream.hear(audio[:whole]) if whole else ()

    def flush(self) -> Sequence[float]:
        """The probability of the last, incomplete frame, filled up with silence; empty if there is none."""
        if not self._rest:
            return ()
        return self.feed(array("h", bytes(2 * (FRAME - len(self._rest)))))
