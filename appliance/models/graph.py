"""Writes a Llama model as an ONNX graph for ONNX Runtime on every provider and in the browser.

The graph is ours, so that its inputs are what the note service's decode loop needs:

    input_ids              int64   [batch, sequence]
    row_lengths            int32   [batch]       valid tokens of each row after this call, minus one
    total_length           int32   []            longest row after this call
    positions              int64   [n]           where logits are wanted, as row * sequence + column
    past.<layer>.key       float32 [batch, kv_heads, capacity, head_size]   also .value; updated in place
    logits                 float32 [n, vocabulary]
    present.<layer>.key    float32 [batch, kv_heads, capacity, head_size]   also .value; bind to the same memory

4-bit weights are carried over exactly. Q4_1 stores `w = d * code + m` per block of 32; `MatMulNBits` computes with
`d * (code - 8)`. The rest, `m + 8 d` times the sum of the inputs of the block, is a small float product beside it:

    y = MatMulNBits(x) + blocksum(x) @ (m + 8 d)

Rows of query, key and value are stacked into one product, and so are gate and up. The embedding and the output head share
one int8 tensor. The operators are those that ONNX Runtime Web has kernels for (no GatherBlockQuantized).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from appliance.models.weights import BLOCK, Float32, GgufLlama, LlamaShape, Matrix4, Matrix8, stack

GRAPH_FILE: Final = "model.onnx"
WEIGHTS_FILE: Final = "model.onnx.data"
_MICROSOFT = "com.microsoft"
_OPSET = 21
_IR_VERSION = 10
_ALIGNMENT = 4096  # lets ONNX Runtime map the file instead of reading it


def write_graph(model: GgufLlama, directory: Path, *, accuracy_level: int) -> None:
    """Write `model.onnx` and `model.onnx.data`, one layer at a time.

    Args:
        model: The weights.
        directory: Where the two files go.
        accuracy_level: How `MatMulNBits` may round its inputs on the CPU: 1 keeps float32, 4 allows int8 per block of 32.
    """
    with (directory / WEIGHTS_FILE).open("wb") as data:
        graph = _Graph(data, accuracy_level)
        _llama(graph, model)
        proto = graph.finish(model.shape)
    onnx.save(proto, directory / GRAPH_FILE)


def _llama(graph: _Graph, model: GgufLlama) -> None:
    shape = model.shape
    table = model.embedding()
    graph.constant("embedding.codes", table.codes)
    graph.constant("embedding.scale", table.scale)
    _rotary_tables(graph, shape)
    residual, branch = _embed(graph, shape), ""
    for layer in range(shape.layers):
        norm = model.vector(f"blk.{layer}.attn_norm.weight")
        residual, x = _norm(graph, f"layer.{layer}.attention_norm", norm, (residual, branch), shape.norm_epsilon)
        branch = _attention(graph, model, layer, x)
        norm = model.vector(f"blk.{layer}.ffn_norm.weight")
        residual, x = _norm(graph, f"layer.{layer}.mlp_norm", norm, (residual, branch), shape.norm_epsilon)
        branch = _mlp(graph, model, layer, x)
    norm = model.vector("output_norm.weight")
    _, x = _norm(graph, "final_norm", norm, (residual, branch), shape.norm_epsilon)
    _head(graph, table, x, shape)


def _embed(graph: _Graph, shape: LlamaShape) -> str:
    codes = graph.node("Gather", ["embedding.codes", "input_ids"], "embedding/codes", axis=0)
    scale = graph.node("Gather", ["embedding.scale", "input_ids"], "embedding/scale", axis=0)
    signed = graph.node(
        "Sub", [graph.node("Cast", [codes], "embedding/float", to=TensorProto.FLOAT), graph.scalar(128.0)], "embedding/signed"
    )
    scale = graph.node("Unsqueeze", [scale, graph.integers([3])], "embedding/scale4")
    product = graph.node("Mul", [signed, scale], "embedding/blocks")
    return graph.node("Reshape", [product, graph.integers([0, 0, shape.hidden])], "embedding/output")


def _norm(graph: _Graph, name: str, weight: Float32, stream: tuple[str, str], epsilon: float) -> tuple[str, str]:
    """Add a branch to the residual (`stream` is both) and normalize; returns the new residual and the normalized value."""
    residual, branch = stream
    graph.constant(f"{name}.weight", weight)
    if not branch:
        attributes: dict[str, Any] = {"axis": -1, "epsilon": epsilon, "stash_type": 1}
        return residual, graph.node("SimplifiedLayerNormalization", [residual, f"{name}.weight"], name, **attributes)
    graph.raw(
        "SkipSimplifiedLayerNormalization",
        [residual, branch, f"{name}.weight"],
        [name, "", "", f"{name}/residual"],
        epsilon=epsilon,
    )
    return f"{name}/residual", name


def _attention(graph: _Graph, model: GgufLlama, layer: int, x: str) -> str:
    shape, block = model.shape, f"blk.{layer}"
    qkv = stack(
        model.rotary_matrix(f"{block}.attn_q.weight", shape.heads),
        model.rotary_matrix(f"{block}.attn_k.weight", shape.kv_heads),
        model.matrix(f"{block}.attn_v.weight"),
    )
    fused = graph.linear(f"layer.{layer}.qkv", qkv, x)
    past = [f"past.{layer}.key", f"past.{layer}.value"]
    output = f"layer.{layer}.attention"
    graph.raw(
        "GroupQueryAttention",
        [fused, "", "", *past, "row_lengths", "total_length", "rotary.cos", "rotary.sin"],
        [output, f"present.{layer}.key", f"present.{layer}.value"],
        num_heads=shape.heads,
        kv_num_heads=shape.kv_heads,
        scale=shape.head_size**-0.5,
        do_rotary=1,
        rotary_interleaved=0,
        local_window_size=-1,
    )
    return graph.linear(f"layer.{layer}.output", model.matrix(f"{block}.attn_output.weight"), output)


def _mlp(graph: _Graph, model: GgufLlama, layer: int, x: str) -> str:
    """SwiGLU (Shazeer 2020, arXiv 2002.05202)."""
    block, name = f"blk.{layer}", f"layer.{layer}.mlp"
    gate_up = stack(model.matrix(f"{block}.ffn_gate.weight"), model.matrix(f"{block}.ffn_up.weight"))
    both = graph.linear(f"{name}.gate_up", gate_up, x)
    graph.raw("Split", [both], [f"{name}/gate", f"{name}/up"], domain="", axis=-1, num_outputs=2)
    silu = graph.node("Mul", [f"{name}/gate", graph.node("Sigmoid", [f"{name}/gate"], f"{name}/sigmoid")], f"{name}/silu")
    return graph.linear(
        f"{name}.down", model.matrix(f"{block}.ffn_down.weight"), graph.node("Mul", [silu, f"{name}/up"], f"{name}/hidden")
    )


def _head(graph: _Graph, table: Matrix8, x: str, shape: LlamaShape) -> None:
    """Logits of the wanted positions, from the tied int8 embedding.

    At accuracy level 4 the CPU rounds inputs to int8 per block, which shows most in the head. So the input is split into the
    part that int8 holds exactly and the rest, both go through the same product as two rows, and the weights are read once.
    """
    flat = graph.node("Reshape", [x, graph.integers([-1, shape.hidden])], "head/flat")
    wanted = graph.node("Gather", [flat, "positions"], "head/wanted", axis=0)
    blocks = graph.node("Reshape", [wanted, graph.integers([0, shape.hidden // BLOCK, BLOCK])], "head/blocks")
    largest = graph.node(
        "ReduceMax", [graph.node("Abs", [blocks], "head/abs"), graph.integers([2])], "head/largest", keepdims=1
    )
    step = graph.node(
        "Div", [graph.node("Max", [largest, graph.scalar(1e-20)], "head/above_zero"), graph.scalar(127.0)], "head/step"
    )
    codes = graph.node("Round", [graph.node("Div", [blocks, step], "head/scaled")], "head/codes")
    coarse_blocks = graph.node("Mul", [codes, step], "head/coarse_blocks")
    coarse = graph.node("Reshape", [coarse_blocks, graph.integers([0, shape.hidden])], "head/coarse")
    rest = graph.node("Sub", [wanted, coarse], "head/rest")
    graph.constant("head.zero_points", np.full(table.scale.shape, 128, np.uint8))
    both = graph.node("Concat", [coarse, rest], "head/both", axis=0)
    weights = ["embedding.codes", "embedding.scale", "head.zero_points"]
    graph.quantized("head/logits", both, weights, table.scale.shape, bits=8)
    graph.raw("Split", ["head/logits"], ["head/logits_coarse", "head/logits_rest"], domain="", axis=0, num_outputs=2)
    graph.node("Add", ["head/logits_coarse", "head/logits_rest"], "logits")


def _rotary_tables(graph: _Graph, shape: LlamaShape) -> None:
    """Cosines and sines of rotary position embedding (Su et al. 2021, arXiv 2104.09864), `[context, head_size / 2]`."""
    frequencies = shape.rope_base ** (-np.arange(0, shape.head_size, 2, dtype=np.float64) / shape.head_size)
    angles = np.arange(shape.context)[:, None] * frequencies[None]
    graph.constant("rotary.cos", np.cos(angles).astype(np.float32))
    graph.constant("rotary.sin", np.sin(angles).astype(np.float32))


class _Graph:
    """An ONNX graph under construction; large constants go straight to the data file."""

    def __init__(self, data: Any, accuracy_level: int) -> None:
        self._data = data
        self._accuracy_level = accuracy_level
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._block_sums: dict[str, str] = {}

    def raw(self, operator: str, inputs: list[str], outputs: list[str], *, domain: str = _MICROSOFT, **attributes: Any) -> None:
        """Append a node."""
        self._nodes.append(helper.make_node(operator, inputs, outputs, name=outputs[0], domain=domain, **attributes))

    def node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Append a standard node with one output and return the output's name."""
        self.raw(operator, inputs, [output], domain="", **attributes)
        return output

    def constant(self, name: str, array: npt.NDArray[Any]) -> None:
        """Add a constant that lives in the data file."""
        self._data.write(b"\0" * (-self._data.tell() % _ALIGNMENT))
        body = np.ascontiguousarray(array).tobytes()
        tensor = TensorProto(name=name, data_type=helper.np_dtype_to_tensor_dtype(array.dtype), dims=array.shape)
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", WEIGHTS_FILE), ("offset", self._data.tell()), ("length", len(body))):
            tensor.external_data.add(key=key, value=str(value))
        self._data.write(body)
        self._constants[name] = tensor

    def integers(self, values: list[int]) -> str:
        """A small int64 constant, shared by value."""
        name = "integers." + "_".join(map(str, values))
        self._constants.setdefault(name, helper.make_tensor(name, TensorProto.INT64, [len(values)], values))
        return name

    def scalar(self, value: float) -> str:
        """A float32 scalar, shared by value."""
        name = f"scalar.{value}"
        self._constants.setdefault(name, helper.make_tensor(name, TensorProto.FLOAT, [], [value]))
        return name

    def linear(self, name: str, matrix: Matrix4, x: str) -> str:
        """`x @ matrix.T` with the 4-bit matrix carried over exactly."""
        packed = matrix.codes[..., 0::2] | (matrix.codes[..., 1::2] << 4)
        self.constant(f"{name}.codes", packed.astype(np.uint8))
        self.constant(f"{name}.scale", matrix.scale)
        self.constant(f"{name}.offset", np.ascontiguousarray((matrix.offset + 8 * matrix.scale).T))
        self.quantized(f"{name}/product", x, [f"{name}.codes", f"{name}.scale"], matrix.scale.shape, bits=4)
        correction = self.node("MatMul", [self._block_sum(x, matrix.scale.shape[1]), f"{name}.offset"], f"{name}/correction")
        return self.node("Add", [f"{name}/product", correction], f"{name}/sum")

    def quantized(self, output: str, x: str, weights: list[str], shape: tuple[int, ...], *, bits: int) -> None:
        """Append `MatMulNBits` for a matrix of `[rows, blocks]` quantization blocks."""
        rows, blocks = shape
        self.raw(
            "MatMulNBits", [x, *weights], [output],
            K=blocks * BLOCK, N=rows, bits=bits, block_size=BLOCK, accuracy_level=self._accuracy_level,
        )  # fmt: skip

    def finish(self, shape: LlamaShape) -> onnx.ModelProto:
        """The model with its inputs and outputs declared."""
        cache: list[str | int | None] = ["batch", shape.kv_heads, "capacity", shape.head_size]
        caches = [f"{layer}.{part}" for layer in range(shape.layers) for part in ("key", "value")]
        inputs = [
            helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "sequence"]),
            helper.make_tensor_value_info("row_lengths", TensorProto.INT32, ["batch"]),
            helper.make_tensor_value_info("total_length", TensorProto.INT32, []),
            helper.make_tensor_value_info("positions", TensorProto.INT64, ["wanted"]),
            *(helper.make_tensor_value_info(f"past.{name}", TensorProto.FLOAT, cache) for name in caches),
        ]
        outputs = [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["wanted", shape.vocabulary]),
            *(helper.make_tensor_value_info(f"present.{name}", TensorProto.FLOAT, cache) for name in caches),
        ]
        graph = helper.make_graph(self._nodes, "llama", inputs, outputs, list(self._constants.values()))
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="chartside")

    def _block_sum(self, x: str, blocks: int) -> str:
        """Sums of `x` over the quantization blocks, `[batch, sequence, blocks]`; shared by all matrices with input `x`."""
        if x not in self._block_sums:
            split = self.node("Reshape", [x, self.integers([0, 0, blocks, BLOCK])], f"{x}/split")
            self._block_sums[x] = self.node("ReduceSum", [split, self.integers([3])], f"{x}/block_sum", keepdims=0)
        return self._block_sums[x]
