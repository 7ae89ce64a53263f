"""A base with an adapter merged into it, quantized again."""

from __future__ import annotations

from appliance.models.adapter import Adapter
from appliance.models.checkpoint import Bits
from appliance.models.llama import LlamaShape, LlamaWeights
from appliance.models.quantize import Float32, Matrix, Matrix8, quantize4, quantize8


class Merged:
    """Weights of a base with an adapter added to every matrix; what the second rounding costs must be measured.

    Args:
        base: The weights that the adapter was tuned on.
        adapter: What is added.
        bits: Of the matrices afterwards.
    """

    def __init__(self, base: LlamaWeights, adapter: Adapter | None, bits: Bits) -> None:
        self._base = base
        self._adapter = adapter
        self._bits = bits

    @property
    def shape(self) -> LlamaShape:
        """The base's sizes."""
        return self._base.shape

    def norm(self, name: str, layer: int | None = None) -> Float32:
        """A norm of the base."""
        return self._base.norm(name, layer)

    def matrix(self, layer: int, name: str) -> Matrix:
        """The sum of the base's matrix and the adapter's, quantized."""
        weights = self._base.matrix(layer, name).dequantize()
        if self._adapter:
            weights += self._adapter.low_rank(layer, name).product()
        return quantize4(weights) if self._bits == 4 else quantize8(weights)  # noqa: PLR2004  # the two of `Bits`

    def embedding(self) -> Matrix8:
        """The base's embedding."""
        return self._base.embedding()
