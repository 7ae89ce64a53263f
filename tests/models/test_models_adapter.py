from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from model_runs import Run, divergence
from safetensors.numpy import load_file, save_file
from tiny_adapter import ALPHA, RANK, write_adapter
from tiny_llama import LAYERS, TinyLlama

from appliance.errors import BundleError, ChartsideError, InputError
from appliance.models.adapter import Adapter, adapter_label
from appliance.models.graph import write_graph
from appliance.models.merge import Merged
from appliance.models.weights import GgufLlama

GGUF_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
IDS = [*range(3, 43)]


@pytest.fixture
def gguf(tmp_path: Path) -> GgufLlama:
    TinyLlama(seed=7).write(tmp_path / "tiny.gguf")
    return GgufLlama(tmp_path / "tiny.gguf")


@pytest.fixture
def adapted(tmp_path: Path, gguf: GgufLlama) -> TinyLlama:
    """The base with the adapter added in float32, by an implementation of its own."""
    tensors = write_adapter(tmp_path / "adapter", gguf.shape)
    tiny = TinyLlama(seed=7)
    for layer in range(LAYERS):
        for name, theirs in GGUF_NAMES.items():
            down, up = (tensors[f"base_model.model.model.layers.{layer}.{name}.lora_{part}.weight"] for part in "AB")
            tiny.add(layer, theirs, up.astype(np.float32) @ down.astype(np.float32) * (ALPHA / RANK))
    return tiny


def test_an_unmerged_adapter_is_exact(tmp_path: Path, gguf: GgufLlama, adapted: TinyLlama) -> None:
    write_graph(gguf, tmp_path, accuracy_level=1, adapter=Adapter(tmp_path / "adapter", gguf.shape))
    np.testing.assert_allclose(Run(tmp_path).logits(IDS), adapted.logits(IDS), atol=1e-3)
    assert divergence(TinyLlama(seed=7).logits(IDS), Run(tmp_path).logits(IDS)) > 0.05  # it does something


def test_a_merged_adapter_is_close_at_8_bits_and_less_so_at_4(tmp_path: Path, gguf: GgufLlama, adapted: TinyLlama) -> None:
    adapter = Adapter(tmp_path / "adapter", gguf.shape)
    found = {}
    for bits in (4, 8):
        write_graph(Merged(gguf, adapter, 8 if bits == 8 else 4), tmp_path, accuracy_level=1)
        found[bits] = divergence(adapted.logits(IDS), Run(tmp_path).logits(IDS))
    assert found[8] < 0.001
    assert found[8] < found[4] < 1


def test_merging_nothing_changes_nothing_at_4_bits(gguf: GgufLlama) -> None:
    # Q4_1 blocks hold their least and greatest weight, so rounding them again finds the same steps.
    again = Merged(gguf, None, 4).matrix(0, "mlp.down_proj").dequantize()
    np.testing.assert_allclose(again, gguf.matrix(0, "mlp.down_proj").dequantize(), atol=2e-3)


def _cut(adapter: Path) -> None:
    path = adapter / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def _not_finite(adapter: Path) -> None:
    tensors = load_file(adapter / "adapter_model.safetensors")
    next(iter(tensors.values()))[0, 0] = np.nan
    save_file(tensors, adapter / "adapter_model.safetensors")


def _no_config(adapter: Path) -> None:
    (adapter / "adapter_config.json").unlink()


def _broken_config(adapter: Path) -> None:
    (adapter / "adapter_config.json").write_text('{"r": "many"')


def _other_kind(adapter: Path) -> None:
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps(config | {"use_dora": True}))


def _other_rank(adapter: Path) -> None:
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps(config | {"r": 2 * RANK}))


def _lacks_a_matrix(adapter: Path) -> None:
    tensors = load_file(adapter / "adapter_model.safetensors")
    tensors.popitem()
    save_file(tensors, adapter / "adapter_model.safetensors")


def _gone(adapter: Path) -> None:
    for path in adapter.iterdir():
        path.unlink()
    adapter.rmdir()


@pytest.mark.parametrize(
    ("damage", "kind", "message"),
    [
        (_cut, BundleError, "cannot be read"),
        (_not_finite, BundleError, "not finite"),
        (_no_config, InputError, "There is no adapter"),
        (_broken_config, BundleError, "cannot be read"),
        (_other_kind, BundleError, "not a plain LoRA"),
        (_other_rank, BundleError, "another base"),
        (_lacks_a_matrix, BundleError, "another base"),
        (_gone, InputError, "There is no adapter"),
    ],
)
def test_what_is_wrong_is_said(
    tmp_path: Path, gguf: GgufLlama, damage: Callable[[Path], None], kind: type[ChartsideError], message: str
) -> None:
    write_adapter(tmp_path / "adapter", gguf.shape)
    Adapter(tmp_path / "adapter", gguf.shape)
    damage(tmp_path / "adapter")
    with pytest.raises(kind, match=message) as raised:
        Adapter(tmp_path / "adapter", gguf.shape)
    assert raised.value.hint


def test_an_adapter_of_other_sizes_is_refused(tmp_path: Path, gguf: GgufLlama) -> None:
    write_adapter(tmp_path / "adapter", replace(gguf.shape, intermediate=512))
    with pytest.raises(BundleError, match="is for another base"):
        Adapter(tmp_path / "adapter", gguf.shape)


def test_an_adapter_tuned_on_other_weights_is_refused(tmp_path: Path, gguf: GgufLlama) -> None:
    other = tmp_path / "other.gguf"
    TinyLlama(seed=8).write(other)
    write_adapter(tmp_path / "run" / "adapter", gguf.shape)
    (tmp_path / "run" / "run.json").write_text(json.dumps({"base_sha256": _sha256(tmp_path / "tiny.gguf")}))
    Adapter(tmp_path / "run" / "adapter", gguf.shape, tmp_path / "tiny.gguf")
    with pytest.raises(BundleError, match=r"other\.gguf has the right sizes but other weights"):
        Adapter(tmp_path / "run" / "adapter", gguf.shape, other)


def test_the_label_names_the_weights(tmp_path: Path, gguf: GgufLlama) -> None:
    write_adapter(tmp_path / "knee", gguf.shape)
    assert adapter_label(tmp_path / "knee") == f"knee {_sha256(tmp_path / 'knee' / 'adapter_model.safetensors')[:12]}"


def _sha256(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()
