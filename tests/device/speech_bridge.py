"""A bridge to the page's speech graphs on the box's ONNX Runtime, so that the page's Python runs without a page."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from box_bridge import BoxBlock

from appliance.runtime.bundle import SPEAKER_GRAPH, Bundle

Arrays = dict[str, npt.NDArray[Any]]


@dataclass
class Heard:
    """What the decoder attends to, and what it said last."""

    cross: Arrays
    past: Arrays = field(default_factory=dict)


class BoxSpeechBridge:
    """See `appliance.device.hearing.SpeechBridge`.

    Args:
        bundle: With graphs for pages.
    """

    def __init__(self, bundle: Bundle) -> None:
        assert bundle.manifest.speech.page
        page = bundle.directory / bundle.manifest.speech.page
        names = ("encoder", "decoder", "choice", "alignment", "voice")
        paths = {name: page / f"{name}.onnx" for name in names} | {"voice-print": bundle.speaker_directory / SPEAKER_GRAPH}
        self.graphs = {name: onnxruntime.InferenceSession(path) for name, path in paths.items()}
        self.heard: dict[int, Heard] = {}
        self.calls: list[tuple[str, int]] = []
        """What was called, with frames or rows."""

    def voice(self, samples: array[int], state: array[float]) -> BoxBlock:
        """See `SpeechBridge.voice`."""
        audio = np.array(samples, np.float32) / 32768
        frames = np.lib.stride_tricks.sliding_window_view(audio, 576)[::512]
        h, c = np.array(state, np.float32).reshape(2, 1, 1, 128)
        probabilities, *after = self._run("voice", {"input": frames, "h": h, "c": c}).values()
        return BoxBlock(np.concatenate([probabilities.ravel(), *(part.ravel() for part in after)]))

    def embed(self, samples: array[int], starts: Sequence[int], length: int) -> BoxBlock:
        """See `SpeechBridge.embed`."""
        windows: Arrays = {"starts": np.array(starts, np.int64), "length": np.array([length], np.int64)}
        return BoxBlock(self._run("voice-print", {"samples": np.array(samples, np.int16), **windows})["embedding"].ravel())

    def listen(self, samples: array[int], first: int, last: int, frames: int) -> int:
        """See `SpeechBridge.listen`."""
        self.calls.append(("listen", frames))
        window = {name: np.array([value], np.int64) for name, value in (("first", first), ("last", last), ("frames", frames))}
        number = max(self.heard, default=0) + 1
        self.heard[number] = Heard(self._run("encoder", {"samples": np.array(samples, np.int16), **window}))
        return number

    def release(self, audio: int) -> None:
        """See `SpeechBridge.release`."""
        del self.heard[audio]

    def step(
        self, audio: int, parents: Sequence[int], ids: Sequence[int], spans: Sequence[int], *, starting: bool, timed: bool
    ) -> BoxBlock:
        """See `Decoder.step`."""
        self.calls.append(("step", len(parents)))
        found = self._decode(audio, parents, ids)
        rules: Arrays = {
            "spans": np.array(spans, np.int64).reshape(-1, 4),
            "starting": np.array([starting], np.float32),
            "timed": np.array([timed], np.float32),
        }
        chosen = self._run("choice", {"logits": found["logits"], **rules})
        rows = np.concatenate([chosen["log_probabilities"], chosen["tokens"]], axis=1)
        return BoxBlock(np.concatenate([chosen["no_speech"], rows.ravel()]).astype(np.float32))

    def align(self, audio: int, ids: Sequence[int], targets: Sequence[int], content: int) -> BoxBlock:
        """See `Aligner.align`."""
        found = self._decode(audio, [], ids)
        asked: Arrays = {"targets": np.array(targets, np.int64), "content": np.array([content], np.int64)}
        aligned = self._run("alignment", {"logits": found["logits"], "alignment": found["alignment"], **asked})
        return BoxBlock(np.concatenate([aligned["probabilities"], aligned["weights"].ravel()]))

    def _decode(self, audio: int, parents: Sequence[int], ids: Sequence[int]) -> Arrays:
        heard = self.heard[audio]
        if not parents:
            shapes = {value.name: value.shape for value in self.graphs["decoder"].get_inputs()}
            caches = {name: shape for name, shape in shapes.items() if name.startswith("past.")}
            heard.past = {name: np.zeros((1, shape[1], 0, shape[3]), np.float32) for name, shape in caches.items()}
        rows = max(1, len(parents))
        given: Arrays = {
            "input_ids": np.array(ids, np.int64).reshape(rows, -1),
            "parents": np.array(parents or [0], np.int64),
        }
        found = self._run("decoder", {**given, **heard.past, **heard.cross})
        heard.past = {name.replace("present.", "past."): value for name, value in found.items() if name.startswith("present.")}
        return found

    def _run(self, name: str, feeds: Arrays) -> Arrays:
        graph = self.graphs[name]
        return dict(zip((output.name for output in graph.get_outputs()), graph.run(None, feeds), strict=True))
