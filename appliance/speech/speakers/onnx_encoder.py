"""The bundle's speaker model in the box's ONNX Runtime."""

from __future__ import annotations

import logging

import numpy as np
import onnxruntime

from appliance.audio import Pcm16
from appliance.errors import BundleError, ChartsideError
from appliance.runtime.bundle import Bundle
from appliance.settings import Settings
from appliance.speech.speakers.clustering import Print
from appliance.speech.speakers.encoder import VoiceEncoder

_log = logging.getLogger(__name__)


class OnnxVoiceEncoder:
    """Tells how a voice sounds. May be used from several threads. See `VoiceEncoder`.

    Args:
        bundle: The model bundle; the speaker model is compared with its manifest first.

    Raises:
        BundleError: The bundle has no speaker model, or a damaged one.
    """

    def __init__(self, bundle: Bundle) -> None:
        graph = bundle.manifest.speaker_graph
        if not graph:
            message = f"The bundle {bundle.label} has no speaker model that this version runs."
            raise BundleError(message, hint="Run `chartside models build` to make the bundle again.")
        bundle.verify(graph)
        options = onnxruntime.SessionOptions()
        # It runs beside the recognizer, which needs the cores more.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._network = onnxruntime.InferenceSession(
            bundle.directory / graph, sess_options=options, providers=["CPUExecutionProvider"]
        )

    def embed(self, samples: Pcm16, starts: list[int], length: int) -> list[Print]:
        """See `VoiceEncoder.embed`."""
        windows = {"starts": np.array(starts, np.int64), "length": np.array([length], np.int64)}
        (vectors,) = self._network.run(["embedding"], {"samples": np.frombuffer(samples, np.int16), **windows})
        found: list[Print] = np.asarray(vectors, np.float32).tolist()
        return found


def load_voice_encoder(settings: Settings) -> VoiceEncoder | None:
    """The speaker model of the bundle in the settings; None, and a line in the log, if there is none that works."""
    try:
        return OnnxVoiceEncoder(Bundle(settings.bundle))
    except ChartsideError as error:
        _log.warning("speakers are not told apart: %s", error.message)
    except Exception as error:  # noqa: BLE001
        # ONNX Runtime has errors of its own; without labels the transcript is still what was said.
        _log.warning("speakers are not told apart: the model cannot be loaded (%s)", type(error).__name__)
    return None
