"""The base model in `transformers`: the quantized weights, dequantized, so that what is tuned is what ships.

Source of the idea: QLoRA (Dettmers et al. 2023, arXiv 2305.14314), where the frozen base is quantized before tuning.
"""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from appliance.errors import InputError
from appliance.models.weights import GgufLlama

PROJECTIONS = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
"""Name of every matrix of a layer in `transformers`, with its name in a GGUF file."""


def load_base(path: Path) -> LlamaForCausalLM:
    """A base model as float32 `transformers` model.

    Args:
        path: A GGUF file with Q4_1 matrices, or a Hugging Face directory.

    Raises:
        BundleError: The GGUF file is not one that this version reads.
        InputError: There is no model at the path.
    """
    if path.is_file():
        return dequantized(GgufLlama(path))
    if not (path / "config.json").is_file():
        raise InputError(f"There is no base model in {path}.", hint="Give a GGUF file or a Hugging Face model directory.")
    model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, local_files_only=True)
    if not isinstance(model, LlamaForCausalLM):
        raise InputError(f"{path} does not hold a Llama model.", hint="Only the Llama architecture is exported.")
    return model


def dequantized(gguf: GgufLlama) -> LlamaForCausalLM:
    """The weights of a GGUF file, dequantized to float32."""
    shape = gguf.shape
    config = LlamaConfig(
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
        "model.embed_tokens.weight": gguf.embedding().dequantize(),
        "model.norm.weight": gguf.vector("output_norm.weight"),
    }
    heads = {"attn_q": shape.heads, "attn_k": shape.kv_heads}
    for layer in range(shape.layers):
        ours, theirs = f"blk.{layer}.", f"model.layers.{layer}."
        for name, tensor in PROJECTIONS.items():
            stored = f"{ours}{tensor}.weight"
            matrix = gguf.rotary_matrix(stored, heads[tensor]) if tensor in heads else gguf.matrix(stored)
            state[f"{theirs}{name}.weight"] = matrix.dequantize()
        state[theirs + "input_layernorm.weight"] = gguf.vector(ours + "attn_norm.weight")
        state[theirs + "post_attention_layernorm.weight"] = gguf.vector(ours + "ffn_norm.weight")
    llama = LlamaForCausalLM(config)
    found = llama.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()}, strict=False)
    if found.unexpected_keys or set(found.missing_keys) - {"lm_head.weight"}:
        raise InputError("The base model's tensors do not fit its sizes.", hint="Fetch the model file again.")
    return llama.eval()
