"""Writes a second graph over the same weights file, for GPUs that compute with 16-bit numbers.

Activations, keys and values are float16. The weights file holds scales and other constants as float32; a `Cast` beside each
makes them float16, which the runtime does once, when it loads the graph. No weight is stored again, and codes are shared byte
for byte. The head stays float32, since neighbouring logits above 16 would be 1/64 apart: it takes the normalized value of the
wanted positions as float32, and needs no second row for what int8 leaves out.

Inputs and outputs are those of `appliance.models.graph`, with `past.*` and `present.*` in float16.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from appliance.models.graph import GRAPH_FILE
from appliance.models.onnx_graph import MICROSOFT
from appliance.models.rewrite import HEAD, HEAD_INPUT, LOGITS, rewritten

FLOAT16_FILE: Final = "model.float16.onnx"
_FLOAT_INPUTS: Final = 1
"""The accuracy level at which `MatMulNBits` leaves its inputs as they are."""


def write_float16(directory: Path) -> None:
    """Write `model.float16.onnx` beside a `model.onnx` of float32, which it shares the weights file with."""
    first = onnx.load(directory / GRAPH_FILE, load_external_data=False)
    onnx.save(halve(first), directory / FLOAT16_FILE)


def halve(first: onnx.ModelProto) -> onnx.ModelProto:
    """The graph in float16; `first` is as `appliance.models.graph` writes it."""
    graph = first.graph
    halving = _Halving({tensor.name: tensor for tensor in graph.initializer})
    for node in graph.node:
        halving.take(node)
    inputs, outputs = ([_declared(value) for value in values] for values in (graph.input, graph.output))
    return rewritten(first, halving.nodes, halving.constants, inputs, outputs)


class _Halving:
    """Nodes and constants of the new graph."""

    def __init__(self, constants: dict[str, TensorProto]) -> None:
        self.constants: Final = constants
        self.nodes: Final[list[NodeProto]] = []
        self._halves: dict[str, str] = {}

    def take(self, node: NodeProto) -> None:
        """Add what computes the same as a node of the first graph."""
        if HEAD in node.output:
            self._take_head(node)
        elif LOGITS not in node.output:  # the sum of the head's two rows, of which one is left
            taken = NodeProto()
            taken.CopyFrom(node)
            taken.input[:] = [self._half(name) for name in node.input]
            for attribute in taken.attribute:
                if node.op_type == "Cast" and attribute.i == TensorProto.FLOAT:
                    attribute.i = TensorProto.FLOAT16
            self.nodes.append(taken)

    def _take_head(self, node: NodeProto) -> None:
        attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        attributes["accuracy_level"] = _FLOAT_INPUTS
        x = self._cast(HEAD_INPUT, "head/float", TensorProto.FLOAT)
        head = helper.make_node(node.op_type, [x, *node.input[1:]], [LOGITS], name=LOGITS, domain=MICROSOFT, **attributes)
        self.nodes.append(head)

    def _half(self, name: str) -> str:
        """The name of an input in float16: a constant is cast, anything else is float16 already, or no number with a point."""
        constant = self.constants.get(name)
        if constant is None or constant.data_type != TensorProto.FLOAT:
            return name
        if name not in self._halves:
            self._halves[name] = self._halved(name, constant)
        return self._halves[name]

    def _halved(self, name: str, constant: TensorProto) -> str:
        half = f"{name}.half"
        if constant.data_location == TensorProto.EXTERNAL:
            return self._cast(name, half, TensorProto.FLOAT16)
        self.constants[half] = numpy_helper.from_array(numpy_helper.to_array(constant).astype(np.float16), half)
        return half

    def _cast(self, name: str, output: str, type_: int) -> str:
        self.nodes.append(helper.make_node("Cast", [name], [output], name=output, to=type_))
        return output


def _declared(value: ValueInfoProto) -> ValueInfoProto:
    """An input or an output of the new graph; keys and values are float16."""
    declared = ValueInfoProto()
    declared.CopyFrom(value)
    tensor = declared.type.tensor_type
    if value.name != LOGITS and tensor.elem_type == TensorProto.FLOAT:
        tensor.elem_type = TensorProto.FLOAT16
    return declared
