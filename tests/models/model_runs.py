"""Runs exported graphs of any size, and compares distributions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

Tensors = dict[str, Any]


class Run:
    """An exported model, called the way the decode loop calls it."""

    def __init__(self, directory: Path, graph: str = "model.onnx", options: ort.SessionOptions | None = None) -> None:
        self.session = ort.InferenceSession(directory / graph, options, providers=["CPUExecutionProvider"])
        caches = [node for node in self.session.get_inputs() if node.name.startswith("past.")]
        self._names = [node.name.removeprefix("past.") for node in caches]
        self._heads, self._size = caches[0].shape[1], caches[0].shape[3]
        self.type = {"tensor(float)": np.float32, "tensor(float16)": np.float16}[caches[0].type]

    def run(
        self, ids: list[list[int]], past: Tensors | None, lengths: list[int], positions: list[int], capacity: int = 64
    ) -> tuple[Any, Tensors]:
        empty = np.zeros((len(ids), self._heads, capacity, self._size), self.type)
        feeds: Tensors = {f"past.{name}": past[name] if past else empty for name in self._names}
        feeds["input_ids"] = np.array(ids, np.int64)
        feeds["row_lengths"] = np.array(lengths, np.int32) - 1
        feeds["total_length"] = np.array(max(lengths), np.int32)
        feeds["positions"] = np.array(positions, np.int64)
        logits, *present = self.session.run(["logits", *(f"present.{name}" for name in self._names)], feeds)
        return logits, dict(zip(self._names, present, strict=True))

    def logits(self, ids: list[int]) -> Any:
        """Logits after every token, `[tokens, vocabulary]`."""
        return self.run([ids], None, [len(ids)], list(range(len(ids))), len(ids))[0]


def divergence(expected: Any, found: Any) -> float:
    """Mean Kullback-Leibler divergence in nats."""
    log_p, log_q = (_log_softmax(logits) for logits in (expected, found))
    return float((np.exp(log_p) * (log_p - log_q)).sum(-1).mean())


def top1(expected: Any, found: Any) -> float:
    """Share of positions with the same likeliest token."""
    return float((np.asarray(expected).argmax(-1) == np.asarray(found).argmax(-1)).mean())


def _log_softmax(logits: Any) -> Any:
    shifted = np.asarray(logits, np.float64) - np.max(logits, -1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
