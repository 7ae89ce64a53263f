"""Llama 3.2's configuration with everything else as it is, but small: rope scaling shows within a few dozen tokens."""

from __future__ import annotations

from typing import Any

from training.export.random_llama import LLAMA_3_2_1B

SMALL: dict[str, Any] = LLAMA_3_2_1B | {
    "head_dim": 32,
    "hidden_size": 128,
    "initializer_range": 0.1,
    "intermediate_size": 256,
    "max_position_embeddings": 1024,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "rope_scaling": LLAMA_3_2_1B["rope_scaling"] | {"original_max_position_embeddings": 64},
    "vocab_size": 512,
}
