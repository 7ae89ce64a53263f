"""What the two halves of Whisper are made of, as nodes of an ONNX graph.

Values are `[positions, width]`; the rows of a batch lie one after another. Queries carry the factor of the attention
(a power of two, so nothing is rounded by it).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import numpy as np

from appliance.models.ctranslate import Float32
from appliance.models.onnx_graph import Graph

_EPSILON: Final = 1e-5
_LARGEST: Final = 127


class Layers:
    """Layers of one half.

    Args:
        graph: What they are appended to.
        variables: The model's arrays.
        half: `encoder` or `decoder`.
        integers: Products in int8: weights rounded once with a step for every output, inputs rounded while it runs. Otherwise
            weights are kept as they are, float16, and products computed in float32.
        exact: Products that are computed in float32 in any case.
    """

    def __init__(
        self, graph: Graph, variables: Mapping[str, Float32], half: str, *, integers: bool, exact: Collection[str] = ()
    ) -> None:
        self.graph: Final = graph
        self.half: Final = half
        self.heads: Final = int(variables[f"{half}/num_heads"])
        self.width: Final = variables[f"{half}/layer_norm/gamma"].shape[0]
        self.size: Final = self.width // self.heads
        self.count: Final = sum(f"{half}/layer_{n}/ffn/linear_0/bias" in variables for n in range(len(variables)))
        self._variables = variables
        self._integers = integers
        self._exact = exact

    def variable(self, name: str) -> Float32:
        """An array of this half."""
        return self._variables[f"{self.half}/{name}"]

    def stored(self, name: str, array: Float32) -> str:
        """A constant that is stored in float16, which it was published in, and widened when the graph is loaded."""
        self.graph.constant(f"{name}.half", array.astype(np.float16), as_is=True)
        return self.graph.node("Cast", [f"{name}.half"], name, to=self.graph.float_type)

    def norm(self, name: str, x: str) -> str:
        """Layer normalization."""
        parts = [self.graph.constant(f"{name}.{part}", self.variable(f"{name}/{part}")) for part in ("gamma", "beta")]
        return self.graph.node("LayerNormalization", [x, *parts], f"{name}/output", axis=-1, epsilon=_EPSILON)

    def queries(self, name: str, x: str) -> str:
        """As `linear`, and the first `width` outputs get the factor of the attention."""
        factor = np.ones_like(self.variable(f"{name}/bias"))
        factor[: self.width] = self.size**-0.5
        return self.product(name, self.variable(f"{name}/weight") * factor[:, None], self.variable(f"{name}/bias") * factor, x)

    def linear(self, name: str, x: str) -> str:
        """`x @ weight.T + bias`."""
        return self.product(name, self.variable(f"{name}/weight"), self.variable(f"{name}/bias"), x)

    def product(self, name: str, weight: Float32, bias: Float32, x: str) -> str:
        """`x @ weight.T + bias` of any arrays."""
        graph = self.graph
        bias_name = graph.constant(f"{name}.bias", bias)
        if not self._integers or name in self._exact:
            product = graph.node("MatMul", [x, self.stored(f"{name}.weight", weight.T)], f"{name}/product")
            return graph.node("Add", [product, bias_name], f"{name}/sum")
        codes, step = rounded(weight)
        stored = graph.constant(f"{name}.codes", codes.T), graph.constant(f"{name}.step", step)
        return self.integer_product(name, x, *stored, bias_name)

    def integer_product(self, name: str, x: str, codes: str, step: str, bias: str = "") -> str:
        """`x @ (codes * step)` with `x` rounded to 8 bits; `codes` int8 `[inputs, outputs]`, `step` `[outputs]`."""
        self.graph.raw("DynamicQuantizeMatMul", [x, codes, step, "", bias], [f"{name}/product"])
        return f"{name}/product"

    def feed_forward(self, name: str, x: str) -> str:
        """The block after attention, added to `x`."""
        hidden = self.linear(f"{name}/ffn/linear_0", self.norm(f"{name}/ffn/layer_norm", x))
        self.graph.raw("Gelu", [hidden], [f"{name}/gelu"])
        return self.graph.node("Add", [x, self.linear(f"{name}/ffn/linear_1", f"{name}/gelu")], f"{name}/output")


def rounded(weight: Float32) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.int8]], Float32]:
    """int8 codes and the step of every row of `weight` `[rows, columns]`."""
    step = np.maximum(np.abs(weight).max(axis=1), np.float32(1e-8)) / np.float32(_LARGEST)
    return np.rint(weight / step[:, None]).astype(np.int8), step
