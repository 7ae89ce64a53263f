"""Matrices in 4 and 8 bits per weight, with a scale for every block of 32 weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

BLOCK: Final = 32
"""Weights per quantization block, along the input dimension."""

Float32 = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]


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


Matrix = Matrix4 | Matrix8
AnyMatrix = TypeVar("AnyMatrix", bound=Matrix)


def quantize4(weights: Float32) -> Matrix4:
    """Round to 16 steps between the least and the greatest weight of every block.

    Scale and offset are float16 numbers, as in Q4_1, so that a float16 graph holds the same scale as a float32 one.

    Args:
        weights: Shape `[rows, blocks * 32]`.
    """
    blocks = weights.reshape(len(weights), -1, BLOCK)
    least = blocks.min(-1)
    scale = _half((blocks.max(-1) - least) / 15)
    offset = _half(least)
    # A block of equal weights has a scale of zero: its codes are then zero, and the offset is the weight.
    inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale > 0)
    codes = np.rint((blocks - offset[..., None]) * inverse[..., None]).clip(0, 15).astype(np.uint8)
    return Matrix4(codes, scale, offset)


def quantize8(weights: Float32) -> Matrix8:
    """Round to 255 steps around zero, as wide as the greatest weight of every block; scales are float16 numbers.

    Args:
        weights: Shape `[rows, blocks * 32]`.
    """
    blocks = weights.reshape(len(weights), -1, BLOCK)
    scale = _half(np.abs(blocks).max(-1) / 127)
    inverse = np.divide(1, scale, out=np.zeros_like(scale), where=scale > 0)
    codes = (np.rint(blocks * inverse[..., None]).clip(-127, 127) + 128).astype(np.uint8)
    return Matrix8(codes, scale)


def stack(*parts: AnyMatrix) -> AnyMatrix:
    """Several matrices of one kind with the same input as one, rows after rows."""
    kind = type(parts[0])
    return kind(*(np.concatenate([getattr(part, name) for part in parts]) for name in kind.__dataclass_fields__))


def _half(values: Float32) -> Float32:
    return values.astype(np.float16).astype(np.float32)
