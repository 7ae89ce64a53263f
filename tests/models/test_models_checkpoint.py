from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file
from small_llama import SMALL

from appliance.errors import BundleError, InputError
from appliance.models.checkpoint import Checkpoint
from appliance.models.llama import PROJECTIONS
from appliance.models.quantize import Matrix4, Matrix8, quantize4, quantize8
from appliance.models.read import read_llama
from appliance.models.tokenizer import read_tokenizer
from training.export.random_llama import write_random_llama


@pytest.fixture
def model(tmp_path: Path) -> Path:
    write_random_llama(tmp_path / "model", SMALL)
    return tmp_path / "model"


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.floats(1e-3, 10), st.floats(-3, 3))
def test_rounding_is_by_half_a_step(seed: int, size: float, middle: float) -> None:
    weights = np.random.default_rng(seed).normal(middle * size, size, (4, 64)).astype(np.float32)
    blocks = weights.reshape(4, 2, 32)
    for quantized, steps in ((quantize4(weights), 15), (quantize8(weights), 254)):
        width = blocks.max(-1) - blocks.min(-1) if steps == 15 else 2 * np.abs(blocks).max(-1)
        # Scale and offset are float16: relative steps of 1/2048, the scale's times the code.
        allowed = width / steps / 2 + np.abs(blocks).max(-1) / 1000 + 1e-6
        assert (np.abs(quantized.dequantize() - weights).reshape(4, 2, 32) <= allowed[..., None]).all()
        assert (quantized.scale == quantized.scale.astype(np.float16)).all()


def test_blocks_without_variation_are_exact() -> None:
    weights = np.repeat(np.array([[0.0, 0.5, -2.0]], np.float32), 32, axis=1)
    np.testing.assert_array_equal(quantize4(weights).dequantize(), weights)
    np.testing.assert_allclose(quantize8(weights).dequantize(), weights, rtol=1e-3)


def test_all_tensors_are_read_with_their_sizes(model: Path) -> None:
    weights = Checkpoint(model)
    assert (weights.shape.layers, weights.shape.head_size, weights.shape.rope_base) == (2, 32, 500_000.0)
    assert weights.shape.rope_scaling is not None
    stored = {name: tensor for path in model.glob("*.safetensors") for name, tensor in load_file(path).items()}
    for name in PROJECTIONS:
        original = stored[f"model.layers.1.{name}.weight"].astype(np.float32)
        matrix = weights.matrix(1, name)
        assert isinstance(matrix, Matrix4)
        assert np.abs(matrix.dequantize() - original).max() < 0.03
        eight = Checkpoint(model, bits=8).matrix(1, name)
        assert isinstance(eight, Matrix8)
        assert np.abs(eight.dequantize() - original).max() < 0.003
    np.testing.assert_array_equal(weights.norm("norm"), stored["model.norm.weight"].astype(np.float32))


def test_pieces_do_not_show(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Checkpoint(model).embedding()
    monkeypatch.setattr("appliance.models.checkpoint._PIECE", 7 * 128)
    pieces = Checkpoint(model).embedding()
    np.testing.assert_array_equal(pieces.codes, whole.codes)
    np.testing.assert_array_equal(pieces.scale, whole.scale)


@pytest.mark.parametrize("type_", [ml_dtypes.bfloat16, np.float16, np.float32])
def test_one_file_of_any_float_type(model: Path, type_: Any) -> None:
    before = Checkpoint(model).matrix(0, "mlp.up_proj")
    tensors = {name: tensor for path in model.glob("*.safetensors") for name, tensor in load_file(path).items()}
    for path in [*model.glob("*.safetensors"), model / "model.safetensors.index.json"]:
        path.unlink()
    save_file({name: tensor.astype(np.float32).astype(type_) for name, tensor in tensors.items()}, model / "model.safetensors")
    after = Checkpoint(model).matrix(0, "mlp.up_proj")
    np.testing.assert_allclose(after.dequantize(), before.dequantize(), atol=1e-6 if type_ is not np.float16 else 2e-2)


def _config(change: dict[str, Any]) -> Callable[[Path], None]:
    def apply(model: Path) -> None:
        config = json.loads((model / "config.json").read_text())
        (model / "config.json").write_text(json.dumps(config | change))

    return apply


def _rewrite(name: str, change: Callable[[Any], Any]) -> Callable[[Path], None]:
    def apply(model: Path) -> None:
        for path in model.glob("*.safetensors"):
            tensors = load_file(path)
            if name in tensors:
                changed = change(tensors.pop(name))
                save_file(tensors if changed is None else tensors | {name: changed}, path)

    return apply


def _cut(model: Path) -> None:
    path = model / "model-00002-of-00002.safetensors"
    path.write_bytes(path.read_bytes()[:-10])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_config({"model_type": "qwen2"}), "model type qwen2"),
        (_config({"tie_word_embeddings": False}), "output head of its own"),
        (_config({"attention_bias": True}), "biases"),
        (_config({"rope_scaling": {"rope_type": "yarn", "factor": 4.0}}), "rotary embedding yarn"),
        (_config({"rope_scaling": {"type": "linear", "factor": 2.0}}), "rotary embedding linear"),
        (_config({"vocab_size": 500}), r"embed_tokens.weight as BF16 \(512, 128\), not as floats \(500, 128\)"),
        (_config({"hidden_size": "large"}), "cannot be read"),
        (lambda model: (model / "config.json").write_text("{"), "cannot be read"),
        (lambda model: (model / "model-00001-of-00002.safetensors").unlink(), "model-00001-of-00002.safetensors"),
        (lambda model: (model / "model.safetensors.index.json").write_text("{}"), "cannot be read"),
        (lambda model: (model / "model.safetensors.index.json").unlink(), "no model.safetensors"),
        (_cut, "missing or damaged"),
        (_rewrite("model.norm.weight", lambda _: None), "no model.norm.weight"),
        (_rewrite("model.layers.1.mlp.up_proj.weight", lambda tensor: np.ascontiguousarray(tensor[:-1])), "255, 128"),
        (_rewrite("model.layers.0.mlp.up_proj.weight", lambda tensor: tensor.astype(np.int8)), "as I8"),
    ],
)
def test_what_cannot_be_exported_is_refused_at_once(model: Path, damage: Callable[[Path], None], message: str) -> None:
    damage(model)
    with pytest.raises(BundleError, match=message) as raised:
        Checkpoint(model)
    assert raised.value.message.count(". ") == 0
    assert raised.value.hint


def test_numbers_that_are_not_finite_are_refused(model: Path) -> None:
    _rewrite("model.layers.0.self_attn.k_proj.weight", lambda tensor: np.full_like(tensor, np.inf))(model)
    with pytest.raises(BundleError, match=r"k_proj\.weight that are not finite"):
        Checkpoint(model).matrix(0, "self_attn.k_proj")


def test_a_place_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no base model in"):
        read_llama(tmp_path)


def test_the_tokenizer_is_read_or_missed(model: Path) -> None:
    assert read_tokenizer(model).encode("w7 w500").ids == [7, 500]
    (model / "tokenizer.json").write_text("{}")
    with pytest.raises(BundleError, match="is damaged"):
        read_tokenizer(model)
    (model / "tokenizer.json").unlink()
    with pytest.raises(InputError, match=r"There is no tokenizer\.json"):
        read_tokenizer(model)
