"""Writes a checkpoint with random weights, to exercise the production path without the production model.

Its answers mean nothing, and so does the distance between the quantized and the original weights: random weights have no
structure that rounding could spare. What can be checked is that the exported graph computes what `transformers` computes with
the same quantized weights, dequantized.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit

from appliance.models.assemble import staging
from appliance.models.checkpoint import CONFIG_FILE, INDEX_FILE
from appliance.models.tokenizer import TOKENIZER_FILE

LLAMA_3_2_1B: Final[dict[str, Any]] = {
    "architectures": ["LlamaForCausalLM"],
    "attention_bias": False,
    "attention_dropout": 0.0,
    "bos_token_id": 128000,
    "eos_token_id": [128001, 128008, 128009],
    "head_dim": 64,
    "hidden_act": "silu",
    "hidden_size": 2048,
    "initializer_range": 0.02,
    "intermediate_size": 8192,
    "max_position_embeddings": 131072,
    "mlp_bias": False,
    "model_type": "llama",
    "num_attention_heads": 32,
    "num_hidden_layers": 16,
    "num_key_value_heads": 8,
    "pretraining_tp": 1,
    "rms_norm_eps": 1e-05,
    "rope_scaling": {
        "factor": 32.0,
        "high_freq_factor": 4.0,
        "low_freq_factor": 1.0,
        "original_max_position_embeddings": 8192,
        "rope_type": "llama3",
    },
    "rope_theta": 500000.0,
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
    "use_cache": True,
    "vocab_size": 128256,
}
"""`config.json` of Llama-3.2-1B-Instruct (Meta 2024)."""
_PIECE: Final = 1 << 22
"""Weights that are made at once."""
_Shape = tuple[int, ...]


def write_random_llama(
    directory: Path,
    config: dict[str, Any] = LLAMA_3_2_1B,
    *,
    shards: int = 2,
    seed: int = 1,
    progress: Callable[[float, float], None] = lambda _done, _all: None,
) -> None:
    """Write `config.json`, bfloat16 safetensors with their index, and a tokenizer whose tokens are the words w0, w1, w2, ...

    Args:
        directory: Where the files go; an older checkpoint is replaced.
        config: As `config.json` of a Llama model with a tied embedding.
        shards: Number of safetensors files.
        seed: The same seed gives the same weights.
        progress: Takes weights written and weights in all.

    Raises:
        InputError: The directory holds something else.
        StorageError: The disk is full or not writable.
    """
    random = np.random.default_rng(seed)
    shapes = _shapes(config)
    names = list(shapes)
    each = -(-len(names) // shards)
    total = sum(math.prod(shape) for shape in shapes.values())
    written = 0
    places: dict[str, str] = {}
    with staging(directory, replaces=CONFIG_FILE) as staged:
        for shard in range(shards):
            part = {name: shapes[name] for name in names[shard * each : (shard + 1) * each]}
            file_name = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
            places |= dict.fromkeys(part, file_name)
            with (staged / file_name).open("wb") as file:
                file.write(_header(part))
                for shape in part.values():
                    for piece in _random_pieces(random, shape, config["initializer_range"]):
                        file.write(piece.data)
                        written += len(piece)
                        progress(written, total)
        index = {"metadata": {"total_size": 2 * total}, "weight_map": places}
        (staged / INDEX_FILE).write_text(json.dumps(index, indent=1) + "\n", "utf-8")
        (staged / CONFIG_FILE).write_text(json.dumps(config, indent=1) + "\n", "utf-8")
        tokenizer = Tokenizer(WordLevel({f"w{index}": index for index in range(config["vocab_size"])}, unk_token="w0"))  # noqa: S106  # no password
        tokenizer.pre_tokenizer = WhitespaceSplit()
        tokenizer.save(str(staged / TOKENIZER_FILE), pretty=False)


def _shapes(config: dict[str, Any]) -> dict[str, _Shape]:
    hidden, middle = config["hidden_size"], config["intermediate_size"]
    queries, keys = (config["head_dim"] * config[f"num_{kind}_heads"] for kind in ("attention", "key_value"))
    shapes: dict[str, _Shape] = {"model.embed_tokens.weight": (config["vocab_size"], hidden)}
    for layer in range(config["num_hidden_layers"]):
        for name, shape in {
            "input_layernorm": (hidden,),
            "mlp.down_proj": (hidden, middle),
            "mlp.gate_proj": (middle, hidden),
            "mlp.up_proj": (middle, hidden),
            "post_attention_layernorm": (hidden,),
            "self_attn.k_proj": (keys, hidden),
            "self_attn.o_proj": (hidden, queries),
            "self_attn.q_proj": (queries, hidden),
            "self_attn.v_proj": (keys, hidden),
        }.items():
            shapes[f"model.layers.{layer}.{name}.weight"] = shape
    return shapes | {"model.norm.weight": (hidden,)}


def _header(shapes: dict[str, _Shape]) -> bytes:
    """Of a safetensors file: length and JSON, then the tensors follow without gaps."""
    described, offset = {}, 0
    for name, shape in shapes.items():
        size = 2 * math.prod(shape)
        described[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    encoded = json.dumps(described).encode()
    encoded += b" " * (-len(encoded) % 8)
    return len(encoded).to_bytes(8, "little") + encoded


def _random_pieces(random: np.random.Generator, shape: _Shape, deviation: float) -> Iterator[npt.NDArray[np.uint16]]:
    """Weights as bfloat16, flat: matrices around zero, norms around one."""
    count = math.prod(shape)
    for start in range(0, count, _PIECE):
        size = min(_PIECE, count - start)
        if len(shape) == 1:
            values = random.uniform(0.5, 1.5, size).astype(np.float32)
        else:
            values = random.standard_normal(size, np.float32) * np.float32(deviation)
        yield (values.view(np.uint32) >> 16).astype(np.uint16)  # the upper half of a float32 is a bfloat16
