from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from model_runs import Run
from tiny_adapter import write_adapter
from tiny_llama import TinyLlama

from appliance.models.adapter import Adapter
from appliance.models.graph import WEIGHTS_FILE, write_graph
from appliance.models.llama import LlamaWeights
from appliance.models.merge import Merged
from appliance.models.unpacked import UNPACKED_FILE, write_unpacked
from appliance.models.weights import GgufLlama

IDS = [*range(3, 43)]


@pytest.fixture
def gguf(tmp_path: Path) -> GgufLlama:
    TinyLlama(seed=7).write(tmp_path / "tiny.gguf")
    return GgufLlama(tmp_path / "tiny.gguf")


def unpacked(directory: Path, options: ort.SessionOptions | None = None) -> Run:
    options = options or ort.SessionOptions()
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    write_unpacked(directory)
    return Run(directory, UNPACKED_FILE, options)


def test_equals_an_independent_implementation(tmp_path: Path, gguf: GgufLlama) -> None:
    write_graph(gguf, tmp_path)  # the accuracy level of shipped graphs does not matter here
    before = (tmp_path / WEIGHTS_FILE).read_bytes()
    np.testing.assert_allclose(unpacked(tmp_path).logits(IDS), TinyLlama(seed=7).logits(IDS), atol=2e-4)
    assert (tmp_path / WEIGHTS_FILE).read_bytes() == before


@pytest.mark.parametrize("bits", [4, 8])
def test_equals_the_packed_graph_with_an_adapter(tmp_path: Path, gguf: GgufLlama, bits: Literal[4, 8]) -> None:
    write_adapter(tmp_path / "adapter", gguf.shape)
    adapter = Adapter(tmp_path / "adapter", gguf.shape)
    weights: LlamaWeights = gguf if bits == 4 else Merged(gguf, adapter, 8)
    write_graph(weights, tmp_path, accuracy_level=1, adapter=adapter if bits == 4 else None)
    np.testing.assert_allclose(unpacked(tmp_path).logits(IDS), Run(tmp_path).logits(IDS), atol=1e-3)


def test_the_runtime_unpacks_the_weights_when_it_loads_the_graph(tmp_path: Path, gguf: GgufLlama) -> None:
    write_graph(gguf, tmp_path)
    options = ort.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    unpacked(tmp_path, options)
    operators = {node.op_type for node in onnx.load(tmp_path / "optimized.onnx").graph.node}
    assert not operators & {"MatMulNBits", "DequantizeLinear", "ConstantOfShape"}
