"""Writes a second graph over the same weights file, for a runtime without kernels for packed weights.

The WebAssembly build of ONNX Runtime unpacks the weights of every `MatMulNBits` in every call. Here each of them is a
`DequantizeLinear` of constants and a plain product, so that the runtime folds the constants to float32 once, when it loads
the graph; a session needs `session.disable_quant_qdq` for that. No weight is stored again: the constants are other views of
the same bytes. Weights and inputs of products stay float32, so the head needs no second row for what int8 leaves out.

Inputs and outputs are those of `appliance.models.graph`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import onnx
from onnx import NodeProto, TensorProto, helper

from appliance.models.graph import GRAPH_FILE
from appliance.models.onnx_graph import MICROSOFT
from appliance.models.quantize import BLOCK
from appliance.models.rewrite import HEAD, HEAD_INPUT, LOGITS, rewritten

UNPACKED_FILE: Final = "model.unpacked.onnx"
_CODES: Final = {4: (TensorProto.UINT4, 8), 8: (TensorProto.UINT8, 128)}
"""Type of the codes by their bits, and the zero point that `MatMulNBits` takes off them."""


def write_unpacked(directory: Path) -> None:
    """Write `model.unpacked.onnx` beside a `model.onnx` of float32, which it shares the weights file with."""
    packed = onnx.load(directory / GRAPH_FILE, load_external_data=False)
    onnx.save(unpack(packed), directory / UNPACKED_FILE)


def unpack(packed: onnx.ModelProto) -> onnx.ModelProto:
    """The graph with plain products; `packed` is as `appliance.models.graph` writes it."""
    graph = packed.graph
    unpacking = _Unpacking({tensor.name: tensor for tensor in graph.initializer})
    for node in graph.node:
        unpacking.take(node)
    return rewritten(packed, unpacking.nodes, unpacking.constants, graph.input, graph.output)


class _Unpacking:
    """Nodes and constants of the new graph."""

    def __init__(self, constants: dict[str, TensorProto]) -> None:
        self.constants: Final = constants
        self.nodes: Final[list[NodeProto]] = []

    def take(self, node: NodeProto) -> None:
        """Add what computes the same as a node of the packed graph."""
        if node.op_type == "MatMulNBits":
            self._take_product(node)
        elif LOGITS not in node.output:  # the sum of the head's two rows, of which one is left
            self.nodes.append(node)

    def _take_product(self, node: NodeProto) -> None:
        attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        rows, blocks = attributes["N"], attributes["K"] // BLOCK
        type_, zero_point = _CODES[attributes["bits"]]
        x, codes, scale, *_ = node.input
        (output,) = node.output
        if output == HEAD:
            x, output = HEAD_INPUT, LOGITS
        weights = [
            self._view(codes, f"{output}/codes", [rows, blocks * BLOCK], type_),
            self._view(scale, f"{output}/scale", [rows, blocks], TensorProto.FLOAT),
            self._zero_points(f"{output}/zero_points", [rows, blocks], type_, zero_point),
        ]
        self._node("DequantizeLinear", weights, f"{output}/weights", axis=1, block_size=BLOCK)
        self._node("FusedMatMul", [x, f"{output}/weights"], output, domain=MICROSOFT, transB=1)

    def _view(self, constant: str, name: str, dimensions: list[int], type_: int) -> str:
        """The bytes of a constant under other dimensions, and as another type."""
        view = TensorProto()
        view.CopyFrom(self.constants[constant])
        view.name, view.dims[:], view.data_type = name, dimensions, type_
        self.constants[name] = view
        return name

    def _zero_points(self, name: str, dimensions: list[int], type_: int, value: int) -> str:
        """The same zero point for every block, made when the graph is loaded; there are no 4-bit constants of a shape."""
        self.constants[f"{name}/shape"] = helper.make_tensor(f"{name}/shape", TensorProto.INT64, [2], dimensions)
        fill = helper.make_tensor("value", TensorProto.UINT8, [1], [value])
        return self._node(
            "Cast", [self._node("ConstantOfShape", [f"{name}/shape"], f"{name}/wide", value=fill)], name, to=type_
        )

    def _node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output
