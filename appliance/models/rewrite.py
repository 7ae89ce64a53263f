"""What the second graphs over a note model's weights file share: they are made from the first one, node by node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import onnx
from onnx import NodeProto, TensorProto, ValueInfoProto, helper

LOGITS: Final = "logits"
HEAD: Final = "head/logits"
"""The head's product, of two rows for each wanted position: the second makes up for inputs that the CPU rounds to int8."""
HEAD_INPUT: Final = "head/wanted"
"""The one row that is enough where inputs of products stay as they are."""


def rewritten(
    first: onnx.ModelProto,
    nodes: Sequence[NodeProto],
    constants: Mapping[str, TensorProto],
    inputs: Sequence[ValueInfoProto],
    outputs: Sequence[ValueInfoProto],
) -> onnx.ModelProto:
    """A model of other nodes, without those that no output needs.

    Args:
        first: As `appliance.models.graph` writes it; versions and names are taken over.
        nodes: Each after those that it needs.
        constants: By name; some may be needed by none.
        inputs: Of the model.
        outputs: Of the model.
    """
    wanted = {output.name for output in outputs}
    needed: list[NodeProto] = []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            needed.append(node)
            wanted.update(node.input)
    kept = [tensor for name, tensor in constants.items() if name in wanted]
    graph = helper.make_graph(needed[::-1], first.graph.name, list(inputs), list(outputs), kept)
    return helper.make_model(
        graph, opset_imports=list(first.opset_import), ir_version=first.ir_version, producer_name=first.producer_name
    )
