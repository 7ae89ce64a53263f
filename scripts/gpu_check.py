"""Write small graphs of the note model's kind with the box's own results, for `web/src/device/gpu-check.ts`."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np

from appliance.models.float16 import FLOAT16_FILE, write_float16
from appliance.models.graph import GRAPH_FILE, WEIGHTS_FILE, write_graph
from appliance.models.llama import LlamaShape
from appliance.models.quantize import Float32, Matrix, Matrix8, quantize4, quantize8
from appliance.note.model import KeyValueCache, LanguageModel

NAME: Final = "gpu-check"
SHAPE: Final = LlamaShape(
    layers=2, hidden=192, intermediate=384, heads=3, kv_heads=1, head_size=64, vocabulary=256, context=256,
    rope_base=10_000.0, norm_epsilon=1e-5,
)  # fmt: skip
"""Heads as in the default bundle's model, three for each key."""
PROMPT: Final = 160
"""Tokens of the first row: more than the decode loop gives at once."""
SHORT: Final = 40
"""Tokens of the second row."""
SINK: Final = 28_000
"""In a model's residual one channel of the first token grows very large, in the default bundle's to 28,156 (ADR 0026)."""
_SINK_CHANNEL: Final = 5
_FIRST: Final = 0
"""The token that grows."""
_WIDE_GATES: Final = 30
"""Times what the other gates are: `exp` of 80 is no float16 number, and such gates are in the default bundle's model."""
_SEED: Final = 7
_NO_TOKENIZER: Final = '{"version": "1.0", "model": {"type": "WordLevel", "vocab": {"?": 0}, "unk_token": "?"}}'


class RandomLlama:
    """Random weights. See `LlamaWeights`.

    Args:
        shape: The model's sizes.
        seed: The same seed gives the same weights.
        deviation: Of the weights of matrices.
    """

    def __init__(self, shape: LlamaShape, seed: int, deviation: float = 0.08) -> None:
        self.shape: Final = shape
        self._seed = seed
        self._deviation = deviation

    def norm(self, name: str, layer: int | None = None) -> Float32:
        """See `LlamaWeights.norm`."""
        return self._random(name, layer).uniform(0.5, 1.5, self.shape.hidden).astype(np.float32)

    def matrix(self, layer: int, name: str) -> Matrix:
        """See `LlamaWeights.matrix`."""
        return quantize4(self._normal(self._random(name, layer), *self.shape.projection(name)))

    def embedding(self) -> Matrix8:
        """See `LlamaWeights.embedding`."""
        return quantize8(self._normal(self._random("embedding", None), self.shape.vocabulary, self.shape.hidden))

    def _normal(self, random: np.random.Generator, rows: int, columns: int) -> Float32:
        return random.standard_normal((rows, columns), np.float32) * np.float32(self._deviation)

    def _random(self, name: str, layer: int | None) -> np.random.Generator:
        return np.random.default_rng([self._seed, 0 if layer is None else layer + 1, *name.encode()])


class WideLlama(RandomLlama):
    """Random weights, and numbers as far apart as in a trained model, which float16 must bear."""

    def norm(self, name: str, layer: int | None = None) -> Float32:
        """See `LlamaWeights.norm`; what the first token grew to is not in the logits."""
        weight = super().norm(name, layer)
        if layer is None:
            weight[_SINK_CHANNEL] = 0
        return weight

    def matrix(self, layer: int, name: str) -> Matrix:
        """See `LlamaWeights.matrix`."""
        if name != "mlp.gate_proj":
            return super().matrix(layer, name)
        weights = self._normal(self._random(name, layer), *self.shape.projection(name))
        weights[::8] *= _WIDE_GATES
        return quantize4(weights)

    def embedding(self) -> Matrix8:
        """See `LlamaWeights.embedding`."""
        weights = self._normal(self._random("embedding", None), self.shape.vocabulary, self.shape.hidden)
        weights[_FIRST] = 0
        weights[_FIRST, _SINK_CHANNEL] = SINK
        return quantize8(weights)


def gpu_check() -> dict[str, bytes]:
    """The graph in float32 and float16, their weights, and what they are asked with the answers, by file name."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "tokenizer.json").write_text(_NO_TOKENIZER, "utf-8")
        # The answers are computed in float32; GPUs are asked as the bundle asks them.
        write_graph(WideLlama(SHAPE, _SEED), directory, accuracy_level=1)
        asked = json.dumps(_answers(LanguageModel(directory, threads=1, context=SHAPE.context)))
        write_graph(WideLlama(SHAPE, _SEED), directory)
        write_float16(directory)
        return {
            f"{NAME}.onnx": (directory / GRAPH_FILE).read_bytes(),
            f"{NAME}.float16.onnx": (directory / FLOAT16_FILE).read_bytes(),
            f"{NAME}.onnx.data": (directory / WEIGHTS_FILE).read_bytes(),
            f"{NAME}.json": asked.encode(),
        }


def _answers(model: LanguageModel) -> dict[str, Any]:
    ids = [_FIRST, *np.random.default_rng(_SEED).integers(1, SHAPE.vocabulary, PROMPT - 1).tolist()]
    prompt = model.empty_cache(SHAPE.context)
    logits = model.prefill(prompt, ids)
    batch = prompt.fork(2, SHAPE.context)
    short: KeyValueCache = batch.row(1)
    short.lengths[:] = 0
    model.prefill(short, ids[:SHORT])
    following = ids[1:3]
    rows = model.decode_step(batch, following)
    return {
        "ids": ids,
        "short": SHORT,
        "next": following,
        "logits": [round(float(value), 5) for value in logits],
        "rows": [round(float(value), 5) for value in rows.reshape(-1)],
    }
