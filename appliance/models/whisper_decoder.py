"""Writes Whisper's decoder as an ONNX graph for the page, which keeps its outputs and hands them in again.

    input_ids             int64   [rows, n]                  new tokens
    parents               int64   [rows]                     which row of the past each row goes on from
    past.<layer>.key      float   [before, heads, length, size]    also .value; `length` is 0 at the start
    cross.<layer>.key     float   from the encoder; also .value
    logits                float   [rows * n, vocabulary]
    alignment             float   [alignment heads, rows * n, half_frames]    scores before the softmax
    present.<layer>.key   float   [rows, heads, length + n, size]  also .value

All rows hear the same audio, so in cross-attention they are one long sequence and its keys are read once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import BinaryIO, Final

import onnx
from onnx import TensorProto, helper

from appliance.models.ctranslate import Float32
from appliance.models.onnx_graph import Graph
from appliance.models.whisper_layers import Layers, rounded

_HIDDEN: Final = -1e9
"""Added to the scores of tokens that come later."""


def write_decoder(
    variables: Mapping[str, Float32], alignment_heads: Sequence[tuple[int, int]], data: BinaryIO, data_name: str
) -> onnx.ModelProto:
    """The graph, with products in int8; its constants go to `data`.

    Args:
        variables: The model's arrays.
        alignment_heads: Layer and head of those whose attention follows the audio.
        data: The data file, open for writing.
        data_name: Its name, which the graph refers to.
    """
    graph = Graph(data, data_name, "float32", accuracy_level=1)
    layers = Layers(graph, variables, "decoder", integers=True)
    codes, step = rounded(layers.variable("embeddings/weight"))
    graph.constant("embeddings.codes", codes.T)
    graph.constant("embeddings.step", step)
    graph.node("Shape", ["input_ids"], "count", start=1, end=2)
    graph.node("Shape", ["past.0.key"], "length", start=2, end=3)
    x = _embedded(layers)
    scores: list[str] = []
    for layer in range(layers.count):
        name = f"layer_{layer}"
        x = graph.node("Add", [x, _self_attention(layers, layer, x)], f"{name}/attended")
        heads = [head for of_layer, head in alignment_heads if of_layer == layer]
        x = graph.node("Add", [x, _cross_attention(layers, layer, x, heads, scores)], f"{name}/heard")
        x = layers.feed_forward(name, x)
    graph.node("Concat", scores, "alignment", axis=0)
    head = layers.integer_product("head", layers.norm("layer_norm", x), "embeddings.codes", "embeddings.step")
    graph.node("Identity", [head], "logits")
    return graph.finish(*_interface(graph, layers, len(alignment_heads), len(codes)), "whisper_decoder")


def _embedded(layers: Layers) -> str:
    """`[rows * n, width]`: of each token and of its place; also the mask `later` `[n, length + n]`."""
    graph = layers.graph
    ids = graph.node("Reshape", ["input_ids", graph.integers([-1])], "embedding/ids")
    codes = graph.node("Gather", ["embeddings.codes", ids], "embedding/codes", axis=1)
    step = graph.node("Gather", ["embeddings.step", ids], "embedding/step", axis=0)
    values = graph.node("Cast", [codes], "embedding/cast", to=graph.float_type)
    values = graph.node("Transpose", [graph.node("Mul", [values, step], "embedding/scaled")], "embedding/flat", perm=[1, 0])
    total = graph.node("Add", ["length", "count"], "positions/total")
    length, end = (graph.node("Squeeze", [name], f"positions/{name}_scalar") for name in ("length", total))
    places = graph.node("Range", [length, end, graph.index(1)], "positions/places")
    keys = graph.node("Range", [graph.index(0), end, graph.index(1)], "positions/keys")
    column = graph.node("Unsqueeze", [places, graph.integers([1])], "positions/column")
    later = graph.node("Greater", [keys, column], "positions/later")
    graph.node("Where", [later, graph.scalar(_HIDDEN), graph.scalar(0.0)], "later")
    table = layers.stored("positions.table", layers.variable("position_encodings/encodings"))
    place = graph.node("Gather", [table, places], "positions/values", axis=0)
    shape = graph.node("Concat", [graph.integers([-1]), "count", graph.integers([layers.width])], "embedding/shape", axis=0)
    values = graph.node("Reshape", [values, shape], "embedding/rows")
    values = graph.node("Add", [values, place], "embedding/placed")
    return graph.node("Reshape", [values, graph.integers([-1, layers.width])], "embedding/output")


def _self_attention(layers: Layers, layer: int, x: str) -> str:
    graph = layers.graph
    name = f"layer_{layer}/self_attention"
    fused = layers.queries(f"{name}/linear_0", layers.norm(f"{name}/layer_norm", x))
    sizes = graph.integers([3 * layers.heads, layers.size])
    shape = graph.node("Concat", [graph.integers([-1]), "count", sizes], f"{name}/shape", axis=0)
    parts = graph.node("Reshape", [fused, shape], f"{name}/parts")
    parts = graph.node("Transpose", [parts], f"{name}/by_head", perm=[0, 2, 1, 3])
    names = [f"{name}/{part}" for part in ("query", "key", "value")]
    graph.raw("Split", [parts], names, domain="", axis=1, num_outputs=3)
    for part in ("key", "value"):
        past = graph.node("Gather", [f"past.{layer}.{part}", "parents"], f"{name}/past_{part}", axis=0)
        graph.node("Concat", [past, f"{name}/{part}"], f"present.{layer}.{part}", axis=2)
    key = graph.node("Transpose", [f"present.{layer}.key"], f"{name}/key_t", perm=[0, 1, 3, 2])
    scores = graph.node("MatMul", [f"{name}/query", key], f"{name}/scores")
    scores = graph.node("Add", [scores, "later"], f"{name}/seen")
    weights = graph.node("Softmax", [scores], f"{name}/weights", axis=-1)
    mixed = graph.node("MatMul", [weights, f"present.{layer}.value"], f"{name}/mixed")
    mixed = graph.node("Transpose", [mixed], f"{name}/by_position", perm=[0, 2, 1, 3])
    return layers.linear(
        f"{name}/linear_1", graph.node("Reshape", [mixed, graph.integers([-1, layers.width])], f"{name}/joined")
    )


def _cross_attention(layers: Layers, layer: int, x: str, heads: list[int], found: list[str]) -> str:
    """Attention to the audio; the scores of `heads` are put into `found`."""
    graph = layers.graph
    name = f"layer_{layer}/attention"
    query = layers.queries(f"{name}/linear_0", layers.norm(f"{name}/layer_norm", x))
    query = graph.node("Reshape", [query, graph.integers([-1, layers.heads, layers.size])], f"{name}/parts")
    query = graph.node("Transpose", [query], f"{name}/by_head", perm=[1, 0, 2])
    scores = graph.node("MatMul", [query, f"cross.{layer}.key"], f"{name}/scores")
    if heads:
        found.append(graph.node("Gather", [scores, graph.integers(heads)], f"{name}/alignment", axis=0))
    weights = graph.node("Softmax", [scores], f"{name}/weights", axis=-1)
    mixed = graph.node("MatMul", [weights, f"cross.{layer}.value"], f"{name}/mixed")
    mixed = graph.node("Transpose", [mixed], f"{name}/by_position", perm=[1, 0, 2])
    return layers.linear(
        f"{name}/linear_2", graph.node("Reshape", [mixed, graph.integers([-1, layers.width])], f"{name}/joined")
    )


def _interface(
    graph: Graph, layers: Layers, alignment_heads: int, vocabulary: int
) -> tuple[list[onnx.ValueInfoProto], list[onnx.ValueInfoProto]]:
    def declare(name: str, type_: int, *dimensions: str | int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, type_, list(dimensions))

    float_, heads, size = graph.float_type, layers.heads, layers.size
    caches = [f"{layer}.{part}" for layer in range(layers.count) for part in ("key", "value")]
    inputs = [
        declare("input_ids", TensorProto.INT64, "rows", "n"),
        declare("parents", TensorProto.INT64, "rows"),
        *(declare(f"past.{name}", float_, "before", heads, "length", size) for name in caches),
    ]
    for layer in range(layers.count):
        inputs.append(declare(f"cross.{layer}.key", float_, heads, size, "half_frames"))
        inputs.append(declare(f"cross.{layer}.value", float_, heads, "half_frames", size))
    outputs = [
        declare("logits", float_, "positions", vocabulary),
        declare("alignment", float_, alignment_heads, "positions", "half_frames"),
        *(declare(f"present.{name}", float_, "rows", heads, "after", size) for name in caches),
    ]
    return inputs, outputs
