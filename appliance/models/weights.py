"""Llama weights read from a GGUF file, block for block, without dequantizing them.

Sources: the GGUF specification (ggml, `docs/gguf.md`) for the file, `ggml-quants.h` for the block layouts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader

from appliance.errors import BundleError
from appliance.models.llama import LlamaShape
from appliance.models.quantize import BLOCK, Bytes, Float32, Matrix4, Matrix8

_NAMES: Final = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "norm": "output_norm",
}


class GgufLlama:
    """A Llama model in a GGUF file with Q4_1 matrices and a tied Q8_0 embedding.

    Args:
        path: The GGUF file; it is memory-mapped, tensors are read as they are asked for.

    Raises:
        BundleError: The file is not GGUF, is cut off, or holds another architecture or other quantization types.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = GGUFReader(path)
        except (ValueError, OSError, IndexError, KeyError, UnicodeDecodeError) as error:
            raise self._refuse("is not a complete GGUF file") from error
        self._tensors = {tensor.name: tensor for tensor in self._file.tensors}
        if self.field("general.architecture") != "llama":
            raise self._refuse("does not hold a Llama model")
        if {"output.weight", "rope_freqs.weight"} & set(self._tensors):
            raise self._refuse("has an output head or rotary frequencies of its own, which are not read")
        heads = int(self.field("llama.attention.head_count"))
        hidden = int(self.field("llama.embedding_length"))
        self.shape: Final = LlamaShape(
            layers=int(self.field("llama.block_count")),
            hidden=hidden,
            intermediate=int(self.field("llama.feed_forward_length")),
            heads=heads,
            kv_heads=int(self.field("llama.attention.head_count_kv")),
            head_size=hidden // heads,
            vocabulary=int(self.field("llama.vocab_size")),
            context=int(self.field("llama.context_length")),
            rope_base=float(self.field("llama.rope.freq_base")),
            norm_epsilon=float(self.field("llama.attention.layer_norm_rms_epsilon")),
        )

    def field(self, name: str) -> Any:
        """A metadata value, such as `tokenizer.ggml.tokens`."""
        field = self._file.get_field(name)
        if field is None:
            raise self._refuse(f"has no field {name}")
        return field.contents()

    def norm(self, name: str, layer: int | None = None) -> Float32:
        """A float32 norm, `[hidden]`."""
        raw = self._raw(_stored(layer, name), GGMLQuantizationType.F32)
        return np.array(raw, dtype=np.float32).reshape(-1)

    def embedding(self) -> Matrix8:
        """The token embedding `[vocabulary, hidden]`, which is also the output head."""
        raw = self._blocks("token_embd.weight", GGMLQuantizationType.Q8_0, 2 + BLOCK)
        codes = (raw[..., 2:].view(np.int8).astype(np.int16) + 128).astype(np.uint8)
        return Matrix8(codes, _halves(raw[..., :2]))

    def matrix(self, layer: int, name: str) -> Matrix4:
        """A Q4_1 matrix as stored, with the rows of query and key in the order of the Llama paper."""
        raw = self._blocks(_stored(layer, name), GGMLQuantizationType.Q4_1, 4 + BLOCK // 2)
        heads = {"self_attn.q_proj": self.shape.heads, "self_attn.k_proj": self.shape.kv_heads}.get(name)
        if heads:
            # llama.cpp interleaves the two halves of every head for its rotary embedding; ONNX Runtime rotates halves.
            rows = len(raw)
            raw = raw[np.arange(rows).reshape(heads, rows // heads // 2, 2).swapaxes(1, 2).reshape(-1)]
        nibbles = raw[..., 4:]
        codes = np.concatenate([nibbles & 15, nibbles >> 4], axis=-1)
        return Matrix4(codes, _halves(raw[..., :2]), _halves(raw[..., 2:4]))

    def _blocks(self, name: str, kind: GGMLQuantizationType, block_bytes: int) -> Bytes:
        tensor = self._raw(name, kind)
        columns, rows = (int(n) for n in self._tensors[name].shape)
        return np.ascontiguousarray(tensor).reshape(rows, columns // BLOCK, block_bytes)

    def _raw(self, name: str, kind: GGMLQuantizationType) -> Any:
        tensor = self._tensors.get(name)
        if tensor is None:
            raise self._refuse(f"has no tensor {name}")
        if tensor.tensor_type != kind:
            raise self._refuse(f"stores {name} as {tensor.tensor_type.name}; {kind.name} is needed")
        return tensor.data

    def _refuse(self, why: str) -> BundleError:
        return BundleError(f"{self._path.name} {why}.", hint="Fetch the model file again, or use one with Q4_1 matrices.")


def _stored(layer: int | None, name: str) -> str:
    """Name of a tensor in the file."""
    return f"{_NAMES[name]}.weight" if layer is None else f"blk.{layer}.{_NAMES[name]}.weight"


def _halves(raw: Bytes) -> Float32:
    return np.ascontiguousarray(raw).view("<f2")[..., 0].astype(np.float32)
