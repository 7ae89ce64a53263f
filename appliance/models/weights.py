"""Llama weights read from a GGUF file, block for block, without dequantizing them.

Sources: the GGUF specification (ggml, `docs/gguf.md`) for the file, `ggml-quants.h` for the block layouts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from gguf import GGMLQuantizationType, GGUFReader

from appliance.errors import BundleError

BLOCK: Final = 32
"""Weights per quantization block, along the input dimension."""

Float32 = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class LlamaShape:
    """Sizes of a Llama model."""

    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_size: int
    vocabulary: int
    context: int
    """Longest sequence in tokens that the model was trained for."""
    rope_base: float
    norm_epsilon: float


@dataclass(frozen=True)
class Matrix4:
    """A 4-bit matrix `[rows, blocks * 32]`: `weight = scale * code + offset`, exactly as stored in Q4_1."""

    codes: Bytes
    """0 to 15, shape `[rows, blocks, 32]`."""
    scale: Float32
    """Shape `[rows, blocks]`."""
    offset: Float32
    """Shape `[rows, blocks]`."""

    def dequantize(self) -> Float32:
        """The weights, shape `[rows, blocks * 32]`."""
        weights: Float32 = self.codes * self.scale[..., None] + self.offset[..., None]
        return weights.reshape(len(weights), -1)


@dataclass(frozen=True)
class Matrix8:
    """An 8-bit matrix `[rows, blocks * 32]`: `weight = scale * (code - 128)`, exactly as stored in Q8_0."""

    codes: Bytes
    """0 to 255, shape `[rows, blocks, 32]`."""
    scale: Float32
    """Shape `[rows, blocks]`."""

    def dequantize(self) -> Float32:
        """The weights, shape `[rows, blocks * 32]`."""
        weights: Float32 = (self.codes.astype(np.float32) - 128) * self.scale[..., None]
        return weights.reshape(len(weights), -1)


def stack(*parts: Matrix4) -> Matrix4:
    """Several matrices with the same input as one, rows after rows."""
    return Matrix4(
        np.concatenate([p.codes for p in parts]),
        np.concatenate([p.scale for p in parts]),
        np.concatenate([p.offset for p in parts]),
    )


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

    def vector(self, name: str) -> Float32:
        """A float32 tensor with one dimension, such as a norm."""
        raw = self._raw(name, GGMLQuantizationType.F32)
        return np.array(raw, dtype=np.float32).reshape(-1)

    def embedding(self) -> Matrix8:
        """The token embedding `[vocabulary, hidden]`, which is also the output head."""
        raw = self._blocks("token_embd.weight", GGMLQuantizationType.Q8_0, 2 + BLOCK)
        codes = (raw[..., 2:].view(np.int8).astype(np.int16) + 128).astype(np.uint8)
        return Matrix8(codes, _halves(raw[..., :2]))

    def matrix(self, name: str) -> Matrix4:
        """A Q4_1 matrix as stored."""
        raw = self._blocks(name, GGMLQuantizationType.Q4_1, 4 + BLOCK // 2)
        nibbles = raw[..., 4:]
        codes = np.concatenate([nibbles & 15, nibbles >> 4], axis=-1)
        return Matrix4(codes, _halves(raw[..., :2]), _halves(raw[..., 2:4]))

    def rotary_matrix(self, name: str, heads: int) -> Matrix4:
        """A Q4_1 query or key matrix with its rows in the order of the Llama paper.

        llama.cpp interleaves the two halves of every head for its rotary embedding; ONNX Runtime rotates halves.
        """
        stored = self.matrix(name)
        rows = len(stored.scale)
        order = np.arange(rows).reshape(heads, rows // heads // 2, 2).swapaxes(1, 2).reshape(-1)
        return Matrix4(stored.codes[order], stored.scale[order], stored.offset[order])

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


def _halves(raw: Bytes) -> Float32:
    return np.ascontiguousarray(raw).view("<f2")[..., 0].astype(np.float32)
