"""The base model in `transformers`: the quantized weights, dequantized, so that what is tuned is what ships.

Source of the idea: QLoRA (Dettmers et al. 2023, arXiv 2305.14314), where the frozen base is quantized before tuning.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from appliance.errors import InputError
from appliance.models.llama import NORMS, PROJECTIONS, LlamaShape, LlamaWeights
from appliance.models.read import read_llama


def load_base(path: Path) -> LlamaForCausalLM:
    """A base model as float32 `transformers` model, with the weights that an export of it has.

    Args:
        path: A GGUF file with Q4_1 matrices, or a Hugging Face directory.

    Raises:
        BundleError: The model is damaged, or not one that this version reads.
        InputError: There is no model at the path.
    """
    return dequantized(read_llama(path))


def dequantized(weights: LlamaWeights) -> LlamaForCausalLM:
    """Quantized weights as float32 `transformers` model, filled tensor by tensor."""
    shape = weights.shape
    llama = LlamaForCausalLM(_config(shape))
    tensors = dict(llama.named_parameters())

    def fill(name: str, values: Any) -> None:
        try:
            tensors.pop(name).copy_(torch.from_numpy(values))
        except (KeyError, RuntimeError) as error:
            raise InputError("The base model's tensors do not fit its sizes.", hint="Fetch the model file again.") from error

    with torch.no_grad():
        fill("model.embed_tokens.weight", weights.embedding().dequantize())
        fill("model.norm.weight", weights.norm("norm"))
        for layer in range(shape.layers):
            for name in PROJECTIONS:
                fill(f"model.layers.{layer}.{name}.weight", weights.matrix(layer, name).dequantize())
            for name in NORMS:
                fill(f"model.layers.{layer}.{name}.weight", weights.norm(name, layer))
    return llama.eval()


def _config(shape: LlamaShape) -> LlamaConfig:
    rope: dict[str, str | float] = {"rope_type": "default", "rope_theta": shape.rope_base}
    if shape.rope_scaling:
        rope |= {
            "rope_type": "llama3",
            "factor": shape.rope_scaling.factor,
            "low_freq_factor": shape.rope_scaling.low_freq_factor,
            "high_freq_factor": shape.rope_scaling.high_freq_factor,
            "original_max_position_embeddings": shape.rope_scaling.original_context,
        }
    return LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        head_dim=shape.head_size,
        max_position_embeddings=shape.context,
        rms_norm_eps=shape.norm_epsilon,
        rope_parameters=rope,
        tie_word_embeddings=True,
    )
