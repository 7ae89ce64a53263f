from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_llama import CONTEXT, KV_HEADS, LAYERS, VOCABULARY, TinyLlama

from appliance.errors import BundleError
from appliance.models.graph import write_graph
from appliance.models.weights import GgufLlama

Tensors = dict[str, Any]
HEAD = 32


class Graph:
    """The exported tiny model, called the way the decode loop calls it."""

    def __init__(self, directory: Path) -> None:
        self.session = ort.InferenceSession(directory / "model.onnx", providers=["CPUExecutionProvider"])

    def run(self, ids: list[list[int]], past: Tensors | None, lengths: list[int], positions: list[int]) -> tuple[Any, Tensors]:
        rows = len(ids)
        empty = np.zeros((rows, KV_HEADS, CONTEXT, HEAD), np.float32)
        names = [f"{layer}.{part}" for layer in range(LAYERS) for part in ("key", "value")]
        feeds: Tensors = {f"past.{name}": past[name] if past else empty for name in names}
        feeds["input_ids"] = np.array(ids, np.int64)
        feeds["row_lengths"] = np.array(lengths, np.int32) - 1
        feeds["total_length"] = np.array(max(lengths), np.int32)
        feeds["positions"] = np.array(positions, np.int64)
        logits, *present = self.session.run(["logits", *(f"present.{name}" for name in names)], feeds)
        return logits, dict(zip(names, present, strict=True))


@pytest.fixture(scope="module")
def tiny() -> TinyLlama:
    return TinyLlama(seed=7)


@pytest.fixture(scope="module")
def exact(tiny: TinyLlama, tmp_path_factory: pytest.TempPathFactory) -> Graph:
    directory = tmp_path_factory.mktemp("tiny")
    tiny.write(directory / "tiny.gguf")
    write_graph(GgufLlama(directory / "tiny.gguf"), directory, accuracy_level=1)
    return Graph(directory)


def test_equals_an_independent_implementation(tiny: TinyLlama, exact: Graph) -> None:
    ids = list(range(3, 43))
    logits, _ = exact.run([ids], None, [len(ids)], list(range(len(ids))))
    np.testing.assert_allclose(logits, tiny.logits(ids), atol=2e-4)


def test_gives_logits_only_where_wanted(tiny: TinyLlama, exact: Graph) -> None:
    ids = [5, 9, 2, 40, 41]
    logits, _ = exact.run([ids], None, [5], [4, 1])
    assert logits.shape == (2, VOCABULARY)
    np.testing.assert_allclose(logits, tiny.logits(ids)[[4, 1]], atol=2e-4)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, VOCABULARY - 1), min_size=2, max_size=30), st.data())
def test_a_prompt_may_come_in_pieces(tiny: TinyLlama, exact: Graph, ids: list[int], data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(ids) - 1))
    _, past = exact.run([ids[:cut]], None, [cut], [0])
    logits, _ = exact.run([ids[cut:]], past, [len(ids)], [len(ids) - cut - 1])
    np.testing.assert_allclose(logits[0], tiny.logits(ids)[-1], atol=2e-4)


def test_rows_of_a_batch_have_their_own_lengths(tiny: TinyLlama, exact: Graph) -> None:
    first, second = [1, 2, 3, 4, 5, 6], [50, 60, 70]
    padded = [first, second + [0] * 3]
    logits, past = exact.run(padded, None, [6, 3], [5, 6 + 2])
    np.testing.assert_allclose(logits, [tiny.logits(first)[-1], tiny.logits(second)[-1]], atol=2e-4)
    logits, _ = exact.run([[7], [8]], past, [7, 4], [0, 1])
    np.testing.assert_allclose(logits, [tiny.logits([*first, 7])[-1], tiny.logits([*second, 8])[-1]], atol=2e-4)


def test_shipped_accuracy_level_stays_close(tiny: TinyLlama, tmp_path: Path) -> None:
    tiny.write(tmp_path / "tiny.gguf")
    write_graph(GgufLlama(tmp_path / "tiny.gguf"), tmp_path, accuracy_level=4)
    ids = list(range(40))
    logits, _ = Graph(tmp_path).run([ids], None, [40], list(range(40)))
    expected = tiny.logits(ids)
    log_p, log_q = (x - np.log(np.exp(x).sum(-1, keepdims=True)) for x in (expected, logits))
    assert (np.exp(log_p) * (log_p - log_q)).sum(-1).mean() < 0.01


def test_same_weights_give_the_same_bytes(tiny: TinyLlama, tmp_path: Path) -> None:
    tiny.write(tmp_path / "tiny.gguf")
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_graph(GgufLlama(tmp_path / "tiny.gguf"), tmp_path / name, accuracy_level=4)
    for file in ("model.onnx", "model.onnx.data"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_refuses_what_is_not_such_a_model(tiny: TinyLlama, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF but not really")
    with pytest.raises(BundleError, match="not a complete GGUF file"):
        GgufLlama(path)
    tiny.write(path)
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(BundleError, match="not a complete GGUF file"):
        GgufLlama(path)
    tiny.write(path, architecture="gpt2")
    with pytest.raises(BundleError, match="does not hold a Llama model"):
        GgufLlama(path)
