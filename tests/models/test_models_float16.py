from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from model_runs import Run, divergence, top1
from sample_visits import sample_visits
from tiny_adapter import write_adapter
from tiny_llama import TinyLlama
from tokenizers import Tokenizer

from appliance.models.adapter import Adapter
from appliance.models.float16 import FLOAT16_FILE, write_float16
from appliance.models.graph import GRAPH_FILE, WEIGHTS_FILE, write_graph
from appliance.models.llama import LlamaWeights
from appliance.models.merge import Merged
from appliance.models.weights import GgufLlama
from appliance.note.prompts import topic_prompts
from appliance.runtime.bundle import Bundle

IDS = [*range(3, 43)]
POSITIONS = 200
MEGABYTE = 1_000_000


@pytest.fixture
def gguf(tmp_path: Path) -> GgufLlama:
    TinyLlama(seed=7).write(tmp_path / "tiny.gguf")
    return GgufLlama(tmp_path / "tiny.gguf")


def halved(directory: Path, options: ort.SessionOptions | None = None) -> Run:
    write_float16(directory)
    return Run(directory, FLOAT16_FILE, options)


def test_is_near_an_independent_implementation(tmp_path: Path, gguf: GgufLlama) -> None:
    write_graph(gguf, tmp_path, accuracy_level=1)
    expected, found = TinyLlama(seed=7).logits(IDS), halved(tmp_path).logits(IDS)
    assert found.dtype == np.float32
    assert 0 < np.abs(found - expected).max() <= 0.005 * np.abs(expected).max()
    assert divergence(expected, found) < 1e-4


@pytest.mark.parametrize("bits", [4, 8])
def test_is_near_the_float32_graph_with_an_adapter(tmp_path: Path, gguf: GgufLlama, bits: Literal[4, 8]) -> None:
    write_adapter(tmp_path / "adapter", gguf.shape)
    adapter = Adapter(tmp_path / "adapter", gguf.shape)
    weights: LlamaWeights = gguf if bits == 4 else Merged(gguf, adapter, 8)
    write_graph(weights, tmp_path, accuracy_level=1, adapter=adapter if bits == 4 else None)
    assert divergence(Run(tmp_path).logits(IDS), halved(tmp_path).logits(IDS)) < 1e-4


def test_a_step_after_a_prompt_is_the_prompt_in_one(tmp_path: Path, gguf: GgufLlama) -> None:
    write_graph(gguf, tmp_path, accuracy_level=1)
    run = halved(tmp_path)
    assert run.type is np.float16
    _, past = run.run([IDS[:-1]], None, [len(IDS) - 1], [len(IDS) - 2])
    logits, _ = run.run([IDS[-1:]], past, [len(IDS)], [0])
    np.testing.assert_allclose(logits[0], run.logits(IDS)[-1], atol=0.05)


def test_the_weights_file_is_shared_byte_for_byte(tmp_path: Path, gguf: GgufLlama) -> None:
    write_graph(gguf, tmp_path)
    before = (tmp_path / WEIGHTS_FILE).read_bytes()
    write_float16(tmp_path)
    assert (tmp_path / WEIGHTS_FILE).read_bytes() == before
    first, second = (
        {
            tensor.name: tensor
            for tensor in onnx.load(tmp_path / name, load_external_data=False).graph.initializer
            if tensor.data_location == onnx.TensorProto.EXTERNAL
        }
        for name in (GRAPH_FILE, FLOAT16_FILE)
    )
    assert first == second


def test_the_runtime_casts_constants_when_it_loads_the_graph(tmp_path: Path, gguf: GgufLlama) -> None:
    write_graph(gguf, tmp_path)
    options = ort.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    halved(tmp_path, options)
    before, after = (
        {node.name for node in onnx.load(tmp_path / name, load_external_data=False).graph.node}
        for name in (FLOAT16_FILE, "optimized.onnx")
    )
    casts = {name for name in before if name.endswith(".half")}
    assert casts
    assert not casts & after


@pytest.mark.timeout(120)
def test_the_bundle_has_it_and_it_writes_what_float32_writes(default_bundle: Bundle) -> None:
    directory = default_bundle.note_directory
    assert (directory / FLOAT16_FILE).stat().st_size < MEGABYTE / 2
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    text = topic_prompts().prefix(tuned=True) + "\n".join(turn.text for turn in sample_visits()[0].turns)
    ids = tokenizer.encode(text, add_special_tokens=False).ids[:POSITIONS]
    expected, found = Run(directory).logits(ids), Run(directory, FLOAT16_FILE).logits(ids)
    # Both round inputs of products to int8 here, each from slightly other numbers.
    assert divergence(expected, found) < 0.01
    assert top1(expected, found) > 0.95
