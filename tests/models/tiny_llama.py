"""A Llama with random weights in a GGUF file, and the same model in plain NumPy to compare with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from gguf import GGMLQuantizationType, GGUFWriter
from gguf.quants import dequantize, quantize

LAYERS, HIDDEN, INTERMEDIATE, HEADS, KV_HEADS, VOCABULARY, CONTEXT = 2, 128, 256, 4, 2, 96, 64
ROPE_BASE, EPSILON = 10_000.0, 1e-5
TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "ab", "abc", "\u0120", *map(chr, range(33, 123))]

Array = npt.NDArray[np.float32]


class TinyLlama:
    """Random weights, as every reader of the file sees them after dequantization."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self.stored: dict[str, tuple[npt.NDArray[np.uint8] | Array, GGMLQuantizationType]] = {}
        self.weights: dict[str, Array] = {}
        self._matrix("token_embd.weight", VOCABULARY, HIDDEN, GGMLQuantizationType.Q8_0)
        self._norm("output_norm.weight")
        head = HIDDEN // HEADS
        for layer in range(LAYERS):
            for name, rows, columns in (
                ("attn_q", HIDDEN, HIDDEN),
                ("attn_k", KV_HEADS * head, HIDDEN),
                ("attn_v", KV_HEADS * head, HIDDEN),
                ("attn_output", HIDDEN, HIDDEN),
                ("ffn_gate", INTERMEDIATE, HIDDEN),
                ("ffn_up", INTERMEDIATE, HIDDEN),
                ("ffn_down", HIDDEN, INTERMEDIATE),
            ):
                self._matrix(f"blk.{layer}.{name}.weight", rows, columns, GGMLQuantizationType.Q4_1)
            self._norm(f"blk.{layer}.attn_norm.weight")
            self._norm(f"blk.{layer}.ffn_norm.weight")

    def write(self, path: Path, *, architecture: str = "llama") -> None:
        writer = GGUFWriter(path, architecture)
        writer.add_block_count(LAYERS)
        writer.add_embedding_length(HIDDEN)
        writer.add_feed_forward_length(INTERMEDIATE)
        writer.add_head_count(HEADS)
        writer.add_head_count_kv(KV_HEADS)
        writer.add_vocab_size(VOCABULARY)
        writer.add_context_length(CONTEXT)
        writer.add_rope_freq_base(ROPE_BASE)
        writer.add_layer_norm_rms_eps(EPSILON)
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("smollm")
        writer.add_token_list(TOKENS)
        writer.add_token_types([3 if token.startswith("<|") else 1 for token in TOKENS])
        writer.add_token_merges(["a b", "ab c"])
        for name, (tensor, kind) in self.stored.items():
            writer.add_tensor(name, tensor, raw_dtype=kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()

    def logits(self, ids: list[int]) -> Array:
        """Logits after every token, `[tokens, vocabulary]`."""
        weights, count, head = self.weights, len(ids), HIDDEN // HEADS
        x = weights["token_embd.weight"][ids]
        mask = np.triu(np.full((count, count), -np.inf, np.float32), 1)
        for layer in range(LAYERS):

            def product(name: str, value: Array, layer: int = layer) -> Array:
                return value @ weights[f"blk.{layer}.{name}.weight"].T

            h = _rms(x, weights[f"blk.{layer}.attn_norm.weight"])
            q = _rotate(product("attn_q", h).reshape(count, HEADS, head))
            k = _rotate(product("attn_k", h).reshape(count, KV_HEADS, head)).repeat(HEADS // KV_HEADS, axis=1)
            v = product("attn_v", h).reshape(count, KV_HEADS, head).repeat(HEADS // KV_HEADS, axis=1)
            scores = np.einsum("ihd,jhd->hij", q, k) / np.sqrt(head) + mask
            scores = np.exp(scores - scores.max(-1, keepdims=True))
            scores /= scores.sum(-1, keepdims=True)
            x = x + product("attn_output", np.einsum("hij,jhd->ihd", scores, v).reshape(count, HIDDEN))
            h = _rms(x, weights[f"blk.{layer}.ffn_norm.weight"])
            gate = product("ffn_gate", h)
            x = x + product("ffn_down", gate / (1 + np.exp(-gate)) * product("ffn_up", h))
        result: Array = _rms(x, weights["output_norm.weight"]) @ weights["token_embd.weight"].T
        return result

    def add(self, layer: int, name: str, product: Array) -> None:
        """Add to a matrix what an adapter adds, whose query and key rows are in the order of the Llama paper."""
        heads = {"attn_q": HEADS, "attn_k": KV_HEADS}.get(name)
        if heads:
            rows, columns = product.shape
            product = product.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)
        key = f"blk.{layer}.{name}.weight"
        self.weights[key] = self.weights[key] + product

    def _matrix(self, name: str, rows: int, columns: int, kind: GGMLQuantizationType) -> None:
        raw = quantize(self._random.normal(0, 0.08, (rows, columns)).astype(np.float32), kind)
        self.stored[name] = (raw, kind)
        self.weights[name] = dequantize(raw, kind)

    def _norm(self, name: str) -> None:
        self.weights[name] = self._random.uniform(0.5, 1.5, HIDDEN).astype(np.float32)
        self.stored[name] = (self.weights[name], GGMLQuantizationType.F32)


def _rms(x: Array, weight: Array) -> Array:
    normal: Array = x / np.sqrt((x * x).mean(-1, keepdims=True) + EPSILON) * weight
    return normal


def _rotate(x: Array) -> Array:
    """Rotary embedding on neighbouring pairs, the order in which llama.cpp stores query and key rows."""
    count, _, size = x.shape
    angles = np.arange(count)[:, None] * ROPE_BASE ** (-np.arange(0, size, 2) / size)
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    even, odd = x[..., 0::2], x[..., 1::2]
    rotated = np.empty_like(x)
    rotated[..., 0::2] = even * cos - odd * sin
    rotated[..., 1::2] = even * sin + odd * cos
    return rotated
