"""What a voice sounds like, as a vector: mel frames in numpy, the speaker model of the bundle in ONNX Runtime."""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import onnxruntime
from faster_whisper.feature_extractor import FeatureExtractor

from appliance.audio import SAMPLE_RATE
from appliance.errors import ChartsideError
from appliance.runtime.bundle import SPEAKER_GRAPH, Bundle
from appliance.settings import Settings
from appliance.speech.waveform import Waveform

_log = logging.getLogger(__name__)

Float32 = npt.NDArray[np.float32]
_WINDOW: Final = 400  # 25 ms
_STEP: Final = 160  # 10 ms
_MELS: Final = 40
_FRAMES: Final = 160  # the model was trained on 1.6 s
_MOST_WINDOWS: Final = 4
# Resemblyzer raises what is softer than -30 dBFS and leaves the rest, so that the distance from the microphone counts. With
# all at -25 dBFS the voices of the sample visits are as far apart, and the microphone does not matter.
_LOUDNESS: Final = 10 ** (-25 / 20)
_SILENCE: Final = 1e-6


class VoiceEncoder:
    """Tells how a voice sounds. May be used from several threads.

    Args:
        bundle: The model bundle; the speaker model is compared with its manifest first.

    Raises:
        BundleError: The bundle has no speaker model, or a damaged one.
    """

    def __init__(self, bundle: Bundle) -> None:
        directory = bundle.speaker_directory
        bundle.verify(directory.name)
        options = onnxruntime.SessionOptions()
        # It runs beside the recognizer, which needs the cores more.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._network = onnxruntime.InferenceSession(
            directory / SPEAKER_GRAPH, sess_options=options, providers=["CPUExecutionProvider"]
        )

    def embed(self, pieces: Sequence[Waveform]) -> Float32:
        """One vector per piece of speech of one voice.

        Args:
            pieces: Speech without pauses, each `[n]` with n >= 1; of a long one up to four windows of 1.6 s are heard.

        Returns:
            Vectors of length 1, shape `[pieces, 256]`; their products tell how alike two voices are.
        """
        return np.stack([self._embed(piece) for piece in pieces])

    def _embed(self, piece: Waveform) -> Float32:
        frames = mel_frames(_levelled(piece))
        length = min(_FRAMES, len(frames))
        count = min(_MOST_WINDOWS, -(-len(frames) // _FRAMES))
        starts = np.linspace(0, len(frames) - length, count).round().astype(int)
        (vectors,) = self._network.run(None, {"mels": np.stack([frames[at : at + length] for at in starts])})
        return unit(np.asarray(vectors, np.float32).mean(axis=0))


def mel_frames(audio: Waveform) -> Float32:
    """Power in 40 mel bands every 10 ms, shape `[1 + n // 160, 40]`, as `librosa.feature.melspectrogram` gives it."""
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(audio, _WINDOW // 2), _WINDOW)[::_STEP]
    window, filters = _tables()
    power = np.abs(np.fft.rfft(frames * window, axis=1)).astype(np.float32) ** 2
    return np.asarray(power @ filters, np.float32)


def unit(vectors: Float32) -> Float32:
    """Vectors along the last axis, scaled to length 1; a vector of zeros stays as it is."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), _SILENCE), np.float32)


def load_voice_encoder(settings: Settings) -> VoiceEncoder | None:
    """The speaker model of the bundle in the settings; None, and a line in the log, if there is none that works."""
    try:
        return VoiceEncoder(Bundle(settings.bundle))
    except ChartsideError as error:
        _log.warning("speakers are not told apart: %s", error.message)
    except Exception as error:  # noqa: BLE001
        # ONNX Runtime has errors of its own; without labels the transcript is still what was said.
        _log.warning("speakers are not told apart: the model cannot be loaded (%s)", type(error).__name__)
    return None


def _levelled(audio: Waveform) -> Waveform:
    """The audio at one loudness."""
    loudness = max(float(np.sqrt(np.mean(audio**2))), _SILENCE)
    return audio * np.float32(_LOUDNESS / loudness)


@functools.cache
def _tables() -> tuple[Float32, Float32]:
    """A periodic Hann window `[400]`, and Slaney's mel filters `[201, 40]`."""
    window = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
    filters = FeatureExtractor.get_mel_filters(SAMPLE_RATE, _WINDOW, n_mels=_MELS)
    return window, np.asarray(filters, np.float32).T
