"""Where somebody speaks: streaming Silero voice detection.

The network (it ships inside faster-whisper) reads frames of 512 samples with the 64 samples before them and carries a
recurrent state. Feeding a recording in pieces gives the same probabilities as feeding it whole.
"""

from __future__ import annotations

import functools
from typing import Final

import numpy as np
import numpy.typing as npt
import onnxruntime
from faster_whisper.utils import get_assets_path

from appliance.audio import Pcm16, Waveform, to_waveform

FRAME: Final = 512
"""Samples per frame: 32 ms."""
_CONTEXT = 64
_STATE = 128
_BATCH = 2048  # frames per run: about a minute, which bounds the memory of long feeds

Probabilities = npt.NDArray[np.float32]
"""Probability of speech per frame, shape `[n]`, 0.0 to 1.0."""


@functools.cache
def _network() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # A frame costs a tenth of a millisecond: more threads would only take the recognizer's cores away.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(
        f"{get_assets_path()}/silero_vad_v6.onnx", sess_options=options, providers=["CPUExecutionProvider"]
    )


class VoiceDetector:
    """Tells speech from everything else, frame by frame, for one stream of audio."""

    def __init__(self) -> None:
        self._rest: Pcm16 = np.empty(0, np.int16)
        self._context: Waveform = np.zeros(_CONTEXT, np.float32)
        self._h = np.zeros((1, 1, _STATE), np.float32)
        self._c = np.zeros((1, 1, _STATE), np.float32)

    def feed(self, samples: Pcm16) -> Probabilities:
        """Add audio.

        Args:
            samples: Any number of samples, shape `[n]`, that follow those fed before.

        Returns:
            One probability for each frame that is now complete; what is left over waits for the next call.
        """
        audio = np.concatenate([self._rest, samples])
        whole = len(audio) - len(audio) % FRAME
        self._rest = audio[whole:].copy()
        step = _BATCH * FRAME
        runs = [self._run(to_waveform(audio[at : min(at + step, whole)])) for at in range(0, whole, step)]
        return np.concatenate(runs) if runs else np.empty(0, np.float32)

    def flush(self) -> Probabilities:
        """The probability of the last, incomplete frame, filled up with silence; empty if there is none."""
        if not len(self._rest):
            return np.empty(0, np.float32)
        return self.feed(np.zeros(FRAME - len(self._rest), np.int16))

    def _run(self, audio: Waveform) -> Probabilities:
        frames = audio.reshape(-1, FRAME)
        before = np.concatenate([self._context[None], frames[:-1, -_CONTEXT:]])
        self._context = frames[-1, -_CONTEXT:].copy()
        inputs = {"input": np.concatenate([before, frames], axis=1), "h": self._h, "c": self._c}
        output, self._h, self._c = _network().run(None, inputs)
        return np.asarray(output, np.float32).reshape(-1)
