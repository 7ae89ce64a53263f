"""Writes Whisper's encoder as an ONNX graph that takes samples and gives what the decoder attends to.

    samples              int16   [n]                          PCM, 16 kHz, at least 201
    first                int64   [1]                          first frame (10 ms) of the window
    last                 int64   [1]                          the frame after the last that is taken
    frames               int64   [1]                          frames of the window, even, at most 3000; empty ones fill it up
    cross.<layer>.key    float   [heads, size, frames / 2]    of the decoder's layers; transposed, as it is multiplied with
    cross.<layer>.value  float   [heads, frames / 2, size]

The log-mel spectrum is that of faster-whisper: of all samples, the loudest of which sets the floor, then cut and filled up with
zeros. A frame's spectrum is its product with cosines and sines, computed as a convolution: no FFT is needed anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO, Final

import numpy as np
import onnx
from faster_whisper.feature_extractor import FeatureExtractor
from onnx import TensorProto, helper

from appliance.models.ctranslate import Float32
from appliance.models.onnx_graph import Graph
from appliance.models.whisper_layers import Layers

_WINDOW: Final = 400
_HOP: Final = 160
_FULL_SCALE: Final = 32768.0
_LEAST_POWER: Final = 1e-10
_RANGE: Final = 8.0
_EXACT: Final = ("layer_3/ffn/linear_1",)
"""The last layer's hidden values have outliers that cost all others their precision: half of all that int8 loses in tiny.en."""


def write_encoder(variables: Mapping[str, Float32], data: BinaryIO, data_name: str, *, integers: bool) -> onnx.ModelProto:
    """The graph; its constants go to `data`.

    Args:
        variables: The model's arrays.
        data: The data file, open for writing.
        data_name: Its name, which the graph refers to.
        integers: See `Layers`.
    """
    graph = Graph(data, data_name, "float32", accuracy_level=1)
    layers = Layers(graph, variables, "encoder", integers=integers, exact=_EXACT)
    x = _convolved(layers, _windowed(graph, _log_mel(graph)))
    for layer in range(layers.count):
        name = f"layer_{layer}"
        x = layers.feed_forward(name, graph.node("Add", [x, _attention(layers, name, x)], f"{name}/attended"))
    decoder = Layers(graph, variables, "decoder", integers=integers)
    products = [f"layer_{layer}/attention/linear_1" for layer in range(decoder.count)]
    heard = layers.norm("layer_norm", x)
    fused = [decoder.linear(name, heard) for name in products]
    outputs = [output for layer, value in enumerate(fused) for output in _cross(decoder, layer, value)]
    inputs = [
        helper.make_tensor_value_info("samples", TensorProto.INT16, ["n"]),
        helper.make_tensor_value_info("first", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("last", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("frames", TensorProto.INT64, [1]),
    ]
    return graph.finish(inputs, outputs, "whisper_encoder")


def _log_mel(graph: Graph) -> str:
    """`[1, mels, frames]` of all samples."""
    published = FeatureExtractor()
    bins = published.n_fft // 2 + 1
    angles = 2 * np.pi / _WINDOW * np.outer(np.arange(bins), np.arange(_WINDOW))
    # The window as it is published, rounded to float32.
    window = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
    waves = (np.concatenate([np.cos(angles), np.sin(angles)]) * window).astype(np.float32)
    audio = graph.node("Cast", ["samples"], "mel/cast", to=graph.float_type)
    audio = graph.node("Div", [audio, graph.scalar(_FULL_SCALE)], "mel/audio")
    audio = graph.node("Pad", [audio, graph.integers([0, _HOP])], "mel/after", mode="constant")
    edge = _WINDOW // 2
    # What reaches beyond the last whole hop would only make the frame that is thrown away.
    audio = graph.node("Pad", [audio, graph.integers([edge, edge])], "mel/padded", mode="reflect")
    audio = graph.node("Unsqueeze", [audio, graph.integers([0, 1])], "mel/signal")
    waves_name = graph.constant("mel.waves", waves[:, None])
    spectrum = graph.node("Conv", [audio, waves_name], "mel/spectrum", kernel_shape=[_WINDOW], strides=[_HOP])
    spectrum = graph.node("Slice", [spectrum, graph.integers([0]), graph.integers([-1]), graph.integers([2])], "mel/frames")
    squares = graph.node("Mul", [spectrum, spectrum], "mel/squares")
    graph.raw("Split", [squares], ["mel/real", "mel/imaginary"], domain="", axis=1, num_outputs=2)
    power = graph.node("Add", ["mel/real", "mel/imaginary"], "mel/power")
    mel = graph.node("MatMul", [graph.constant("mel.filters", published.mel_filters), power], "mel/mel")
    log = graph.node("Log", [graph.node("Max", [mel, graph.scalar(_LEAST_POWER)], "mel/least")], "mel/natural")
    log = graph.node("Mul", [log, graph.scalar(1 / np.log(10))], "mel/log")
    loudest = graph.node("ReduceMax", [log], "mel/loudest", keepdims=0)
    floor = graph.node("Sub", [loudest, graph.scalar(_RANGE)], "mel/floor")
    raised = graph.node("Add", [graph.node("Max", [log, floor], "mel/above"), graph.scalar(4.0)], "mel/raised")
    return graph.node("Div", [raised, graph.scalar(4.0)], "mel/output")


def _windowed(graph: Graph, mel: str) -> str:
    """The frames of the window, filled up with zeros."""
    axis = graph.integers([2])
    cut = graph.node("Slice", [mel, "first", "last", axis], "window/cut")
    shape = graph.node("Shape", [cut], "window/found", start=2, end=3)
    missing = graph.node("Sub", ["frames", shape], "window/missing")
    pads = graph.node("Concat", [graph.integers([0]), missing], "window/pads", axis=0)
    return graph.node("Pad", [cut, pads, "", axis], "window/output", mode="constant")


def _convolved(layers: Layers, x: str) -> str:
    """`[frames / 2, width]` with positions."""
    graph = layers.graph
    for number, stride in ((1, 1), (2, 2)):
        name = f"conv{number}"
        weight = layers.stored(f"{name}.weight", layers.variable(f"{name}/weight"))
        bias = graph.constant(f"{name}.bias", layers.variable(f"{name}/bias"))
        x = graph.node("Conv", [x, weight, bias], f"{name}/output", kernel_shape=[3], pads=[1, 1], strides=[stride])
        graph.raw("Gelu", [x], [f"{name}/gelu"])
        x = f"{name}/gelu"
    x = graph.node("Transpose", [graph.node("Squeeze", [x, graph.integers([0])], "conv/one")], "conv/rows", perm=[1, 0])
    table = layers.stored("positions", layers.variable("position_encodings/encodings"))
    length = graph.node("Shape", [x], "conv/length", start=0, end=1)
    positions = graph.node("Slice", [table, graph.integers([0]), length, graph.integers([0])], "conv/positions")
    return graph.node("Add", [x, positions], "conv/placed")


def _attention(layers: Layers, name: str, x: str) -> str:
    graph = layers.graph
    name = f"{name}/self_attention"
    fused = layers.linear(f"{name}/linear_0", layers.norm(f"{name}/layer_norm", x))
    batch = graph.node("Unsqueeze", [fused, graph.integers([0])], f"{name}/batch")
    names = [f"{name}/{part}" for part in ("query", "key", "value")]
    graph.raw("Split", [batch], names, domain="", axis=2, num_outputs=3)
    # One operator, which never holds all scores at once: 1500 x 1500 for every head.
    graph.raw("MultiHeadAttention", names, [f"{name}/mixed"], num_heads=layers.heads)
    joined = graph.node("Squeeze", [f"{name}/mixed", graph.integers([0])], f"{name}/joined")
    return layers.linear(f"{name}/linear_1", joined)


def _cross(decoder: Layers, layer: int, fused: str) -> list[onnx.ValueInfoProto]:
    """Keys and values of one layer of the decoder."""
    graph = decoder.graph
    name = f"cross/{layer}"
    parts = graph.node("Reshape", [fused, graph.integers([-1, 2, decoder.heads, decoder.size])], f"{name}/parts")
    key, value = (graph.node("Gather", [parts, graph.index(n)], f"{name}/{n}", axis=1) for n in (0, 1))
    names = [f"cross.{layer}.key", f"cross.{layer}.value"]
    graph.node("Transpose", [key], names[0], perm=[1, 2, 0])
    graph.node("Transpose", [value], names[1], perm=[1, 0, 2])
    shapes = ([decoder.heads, decoder.size, "half_frames"], [decoder.heads, "half_frames", decoder.size])
    return [helper.make_tensor_value_info(name, graph.float_type, shape) for name, shape in zip(names, shapes, strict=True)]
