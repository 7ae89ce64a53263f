"""Write a small graph of the note model's kind with the box's own results, for `web/src/device/gpu-check.ts`."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np

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


def gpu_check() -> dict[str, bytes]:
    """The graph, its weights, and what it is asked with the answers, by file name."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "tokenizer.json").write_text(_NO_TOKENIZER, "utf-8")
        # The answers are computed in float32; GPUs are asked as the bundle asks them.
        write_graph(RandomLlama(SHAPE, _SEED), directory, accuracy_level=1)
        asked = json.dumps(_answers(LanguageModel(directory, threads=1, context=SHAPE.context)))
        write_graph(RandomLlama(SHAPE, _SEED), directory)
        return {
            f"{NAME}.onnx": (directory / GRAPH_FILE).read_bytes(),
            f"{NAME}.onnx.data": (directory / WEIGHTS_FILE).read_bytes(),
            f"{NAME}.json": asked.encode(),
        }


def _answers(model: LanguageModel) -> dict[str, Any]:
    ids = np.random.default_rng(_SEED).integers(0, SHAPE.vocabulary, PROMPT).tolist()
    prompt = model.empty_cache(SHAPE.context)
    logits = model.prefill(prompt, ids)
    batch = prompt.fork(2, SHAPE.context)
    short: KeyValueCache = batch.row(1)
    short.lengths[:] = 0
    model.prefill(short, ids[:SHORT])
    following = [ids[0], ids[1]]
    rows = model.decode_step(batch, following)
    return {
        "ids": ids,
        "short": SHORT,
        "next": following,
        "logits": [round(float(value), 5) for value in logits],
        "rows": [round(float(value), 5) for value in rows.reshape(-1)],
    }
