"""Silero voice detection on the box: the network that ships inside faster-whisper, streaming.

It reads frames of 512 samples with the 64 samples before them and carries a recurrent state.
"""

from __future__ import annotations

import functools
from typing import Final

import numpy as np
import onnxruntime
from faster_whisper.utils import get_assets_path

from appliance.audio import Pcm16
from appliance.speech.voice import FRAME
from appliance.speech.waveform import Waveform, to_waveform

_CONTEXT: Final = 64
_STATE: Final = 128
_BATCH: Final = 2048  # frames per run: about a minute, which bounds the memory of long feeds


class SileroStream:
    """See `appliance.speech.voice.VoiceStream`."""

    def __init__(self) -> None:
        self._context: Waveform = np.zeros(_CONTEXT, np.float32)
        self._h = np.zeros((1, 1, _STATE), np.float32)
        self._c = np.zeros((1, 1, _STATE), np.float32)

    def hear(self, frames: Pcm16) -> list[float]:
        """See `VoiceStream.hear`."""
        audio = to_waveform(frames).reshape(-1, FRAME)
        return [probability for at in range(0, len(audio), _BATCH) for probability in self._run(audio[at : at + _BATCH])]

    def _run(self, frames: Waveform) -> list[float]:
        before = np.concatenate([self._context[None], frames[:-1, -_CONTEXT:]])
        self._context = frames[-1, -_CONTEXT:].copy()
        inputs = {"input": np.concatenate([before, frames], axis=1), "h": self._h, "c": self._c}
        output, self._h, self._c = _network().run(None, inputs)
        found: list[float] = output.reshape(-1).tolist()
        return found


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
