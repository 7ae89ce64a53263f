"""Writes a Llama model as an ONNX graph for ONNX Runtime on every provider and in the browser.

The graph is ours, so that its inputs are what the note service's decode loop needs:

    input_ids              int64   [batch, sequence]
    row_lengths            int32   [batch]       valid tokens of each row after this call, minus one
    total_length           int32   []            longest row after this call
    positions              int64   [n]           where logits are wanted, as row * sequence + column
    past.<layer>.key       float   [batch, kv_heads, capacity, head_size]   also .value; updated in place
    logits                 float   [n, vocabulary]
    present.<layer>.key    float   [batch, kv_heads, capacity, head_size]   also .value; bind to the same memory

`float` is float32, which CPUs want, or float16, which CUDA and WebGPU want; the quantized weights are the same.

4-bit weights are carried over exactly. Q4_1 stores `w = d * code + m` per block of 32; `MatMulNBits` computes with
`d * (code - 8)`. The rest, `m + 8 d` times the sum of the inputs of the block, is a small float product beside it:

    y = MatMulNBits(x) + blocksum(x) @ (m + 8 d)

8-bit weights, `w = d * (code - 128)`, are what `MatMulNBits` computes with.

An adapter (LoRA) is not merged, which would need another rounding: `x @ A.T` is put beside the block sums, and `B.T` below
`m + 8 d`, so that one more small product is all it costs.

Rows of query, key and value are stacked into one product, and so are gate and up. The embedding and the output head share
one int8 tensor. The operators are those that ONNX Runtime Web has kernels for (no GatherBlockQuantized).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper

from appliance.errors import InputError
from appliance.models.adapter import Adapter, LowRank, stack_low_rank
from appliance.models.llama import LlamaShape, LlamaWeights
from appliance.models.onnx_graph import FloatName, Graph
from appliance.models.quantize import BLOCK, Float32, Matrix, Matrix8, stack

GRAPH_FILE: Final = "model.onnx"
WEIGHTS_FILE: Final = "model.onnx.data"
ACCURACY_LEVEL: Final = 4
"""Of shipped graphs: the CPU rounds inputs of products to int8 per block; `tests/models` measures what it costs."""


def write_graph(
    model: LlamaWeights,
    directory: Path,
    *,
    accuracy_level: int = ACCURACY_LEVEL,
    adapter: Adapter | None = None,
    io: FloatName = "float32",
    context: int | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> None:
    """Write `model.onnx` and `model.onnx.data`, one tensor at a time.

    Args:
        model: The weights.
        directory: Where the two files go.
        accuracy_level: How `MatMulNBits` may round its inputs on the CPU: 1 keeps float32, 4 allows int8 per block of 32.
        adapter: What is added to every matrix of a layer.
        io: Type of inputs, outputs, activations and scales.
        context: Longest sequence in tokens that the graph is for; None means all that the model was trained for.
        progress: Called after every layer with the number of layers that are done and of all layers.

    Raises:
        InputError: The context is longer than what the model was trained for.
    """
    longest = model.shape.context
    if context is not None and not 1 <= context <= longest:
        message = f"The model reads 1 to {longest} tokens, so it cannot be exported for {context}."
        raise InputError(message, hint="Choose a shorter context.")
    with (directory / WEIGHTS_FILE).open("wb") as data:
        graph = Graph(data, WEIGHTS_FILE, io, accuracy_level)
        x = _start(graph, model, context or longest)
        for layer in range(model.shape.layers):
            x = _layer(graph, model, adapter, layer, x)
            progress(layer + 1, model.shape.layers)
        _, last = _norm(graph, "final_norm", model.norm("norm"), x, model.shape.norm_epsilon)
        _head(graph, last, model.shape)
        proto = graph.finish(*_interface(graph, model.shape))
    onnx.save(proto, directory / GRAPH_FILE)


def _start(graph: Graph, model: LlamaWeights, context: int) -> tuple[str, str]:
    """Embed the tokens; returns residual and branch (there is none yet)."""
    residual = _embed(graph, model.embedding(), model.shape)
    _rotary_tables(graph, model.shape, context)
    return residual, ""


def _layer(graph: Graph, model: LlamaWeights, adapter: Adapter | None, layer: int, stream: tuple[str, str]) -> tuple[str, str]:
    """Attention and MLP; takes and returns residual and branch, not yet added up."""
    epsilon = model.shape.norm_epsilon
    norm = model.norm("input_layernorm", layer)
    residual, x = _norm(graph, f"layer.{layer}.attention_norm", norm, stream, epsilon)
    branch = _attention(graph, model, adapter, layer, x)
    norm = model.norm("post_attention_layernorm", layer)
    residual, x = _norm(graph, f"layer.{layer}.mlp_norm", norm, (residual, branch), epsilon)
    return residual, _mlp(graph, model, adapter, layer, x)


def _embed(graph: Graph, table: Matrix8, shape: LlamaShape) -> str:
    graph.constant("embedding.codes", table.codes)
    graph.constant("embedding.scale", table.scale)
    codes = graph.node("Gather", ["embedding.codes", "input_ids"], "embedding/codes", axis=0)
    scale = graph.node("Gather", ["embedding.scale", "input_ids"], "embedding/scale", axis=0)
    signed = graph.node(
        "Sub", [graph.node("Cast", [codes], "embedding/float", to=graph.float_type), graph.scalar(128.0)], "embedding/signed"
    )
    scale = graph.node("Unsqueeze", [scale, graph.integers([3])], "embedding/scale4")
    product = graph.node("Mul", [signed, scale], "embedding/blocks")
    return graph.node("Reshape", [product, graph.integers([0, 0, shape.hidden])], "embedding/output")


def _norm(graph: Graph, name: str, weight: Float32, stream: tuple[str, str], epsilon: float) -> tuple[str, str]:
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


def _attention(graph: Graph, model: LlamaWeights, adapter: Adapter | None, layer: int, x: str) -> str:
    shape = model.shape
    names = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
    fused = graph.linear(f"layer.{layer}.qkv", _stacked(model, layer, *names), x, _low_rank(adapter, layer, *names))
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
    name = "self_attn.o_proj"
    return graph.linear(f"layer.{layer}.output", model.matrix(layer, name), output, _low_rank(adapter, layer, name))


def _mlp(graph: Graph, model: LlamaWeights, adapter: Adapter | None, layer: int, x: str) -> str:
    """SwiGLU (Shazeer 2020, arXiv 2002.05202)."""
    name, names = f"layer.{layer}.mlp", ("mlp.gate_proj", "mlp.up_proj")
    both = graph.linear(f"{name}.gate_up", _stacked(model, layer, *names), x, _low_rank(adapter, layer, *names))
    graph.raw("Split", [both], [f"{name}/gate", f"{name}/up"], domain="", axis=-1, num_outputs=2)
    silu = graph.node("Mul", [f"{name}/gate", graph.node("Sigmoid", [f"{name}/gate"], f"{name}/sigmoid")], f"{name}/silu")
    hidden = graph.node("Mul", [silu, f"{name}/up"], f"{name}/hidden")
    down = "mlp.down_proj"
    return graph.linear(f"{name}.down", model.matrix(layer, down), hidden, _low_rank(adapter, layer, down))


def _stacked(model: LlamaWeights, layer: int, *names: str) -> Matrix:
    return stack(*(model.matrix(layer, name) for name in names))


def _low_rank(adapter: Adapter | None, layer: int, *names: str) -> LowRank | None:
    return stack_low_rank(*(adapter.low_rank(layer, name) for name in names)) if adapter else None


def _head(graph: Graph, x: str, shape: LlamaShape) -> None:
    """Logits of the wanted positions, from the tied int8 embedding.

    At accuracy level 4 the CPU rounds inputs to int8 per block, which shows most in the head. So the input is split into the
    part that int8 holds exactly and the rest, both go through the same product as two rows, and the weights are read once.
    """
    rows = (shape.vocabulary, shape.hidden // BLOCK)
    flat = graph.node("Reshape", [x, graph.integers([-1, shape.hidden])], "head/flat")
    wanted = graph.node("Gather", [flat, "positions"], "head/wanted", axis=0)
    zero_points = graph.constant("head.zero_points", np.full(rows, 128, np.uint8))
    weights = ["embedding.codes", "embedding.scale", zero_points]
    blocks = graph.node("Reshape", [wanted, graph.integers([0, shape.hidden // BLOCK, BLOCK])], "head/blocks")
    largest = graph.node(
        "ReduceMax", [graph.node("Abs", [blocks], "head/abs"), graph.integers([2])], "head/largest", keepdims=1
    )
    # The bound keeps the step above the least normal number of float16, which some GPUs take for zero.
    step = graph.node(
        "Div", [graph.node("Max", [largest, graph.scalar(0.01)], "head/above_zero"), graph.scalar(127.0)], "head/step"
    )
    codes = graph.node("Round", [graph.node("Div", [blocks, step], "head/scaled")], "head/codes")
    coarse_blocks = graph.node("Mul", [codes, step], "head/coarse_blocks")
    coarse = graph.node("Reshape", [coarse_blocks, graph.integers([0, shape.hidden])], "head/coarse")
    rest = graph.node("Sub", [wanted, coarse], "head/rest")
    both = graph.node("Concat", [coarse, rest], "head/both", axis=0)
    graph.quantized("head/logits", both, weights, rows, bits=8)
    graph.raw("Split", ["head/logits"], ["head/logits_coarse", "head/logits_rest"], domain="", axis=0, num_outputs=2)
    graph.node("Add", ["head/logits_coarse", "head/logits_rest"], "logits")


def _rotary_tables(graph: Graph, shape: LlamaShape, context: int) -> None:
    """Cosines and sines of rotary position embedding, `[context, head_size / 2]`."""
    angles = np.arange(context)[:, None] * shape.frequencies()[None]
    graph.constant("rotary.cos", np.cos(angles))
    graph.constant("rotary.sin", np.sin(angles))


def _interface(graph: Graph, shape: LlamaShape) -> tuple[list[onnx.ValueInfoProto], list[onnx.ValueInfoProto]]:
    """Inputs and outputs."""

    def declare(name: str, type_: int, *dimensions: str | int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, type_, list(dimensions))

    cache = ("batch", shape.kv_heads, "capacity", shape.head_size)
    caches = [f"{layer}.{part}" for layer in range(shape.layers) for part in ("key", "value")]
    inputs = [
        declare("input_ids", TensorProto.INT64, "batch", "sequence"),
        declare("row_lengths", TensorProto.INT32, "batch"),
        declare("total_length", TensorProto.INT32),
        declare("positions", TensorProto.INT64, "wanted"),
        *(declare(f"past.{name}", graph.float_type, *cache) for name in caches),
    ]
    outputs = [
        declare("logits", graph.float_type, "wanted", shape.vocabulary),
        *(declare(f"present.{name}", graph.float_type, *cache) for name in caches),
    ]
    return inputs, outputs
