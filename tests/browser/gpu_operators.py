"""Small graphs with every operator and shape of the note model's graph, and the CPU provider's results for them."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
from onnx import helper

from appliance.models.adapter import LowRank
from appliance.models.onnx_graph import Graph
from appliance.models.quantize import BLOCK, Matrix8, quantize4, quantize8

Array = npt.NDArray[Any]
Build = Callable[[Graph], None]

HIDDEN, MIDDLE, HEADS, KV_HEADS, HEAD_SIZE = 576, 1536, 9, 3, 64
"""Of the default bundle's model."""
FUSED: Final = (HEADS + 2 * KV_HEADS) * HEAD_SIZE
"""Rows of query, key and value."""
VOCABULARY: Final = 4096
CONTEXT: Final = 2048
FLOAT: Final = 1e-4
"""Greatest difference, as a share of the greatest value: sums in another order."""
ROUNDED: Final = 1e-2
"""The same where accuracy level 4 allows inputs of products to be rounded to int8; the truth is never rounded."""
WEIGHTS: Final = "weights"


@dataclass
class Case:
    """A graph, what goes in, and what comes out."""

    name: str
    model: bytes
    weights: bytes
    inputs: dict[str, Array]
    expected: dict[str, Array]
    tolerance: float
    on_cpu: bool = False
    """Holds `Round`, which has no kernel for the GPU and runs beside it; nothing else may."""
    valid: list[int] = field(default_factory=list)
    """Caches `past.*` become `present.*` in place; so many tokens of each row count."""

    def difference(self, found: dict[str, Array]) -> float:
        """The greatest difference, as a share of the greatest value of an output."""
        return max(self._difference(name, found[name]) for name in self.expected)

    def _difference(self, name: str, found: Array) -> float:
        expected = self.expected[name]
        if name.startswith("present."):
            rows = [(expected[row, :, :length], found[row, :, :length]) for row, length in enumerate(self.valid)]
            expected, found = (np.concatenate([part.reshape(-1) for part in parts]) for parts in zip(*rows, strict=True))
        largest = np.abs(expected).max()
        worst = np.abs(expected - found).max()
        return float(worst / largest) if np.isfinite(worst) else float("inf")


def cases() -> Iterator[Case]:
    """Every operator and shape of the graph, and edge cases; what every GPU has to get right."""
    yield from _products()
    yield from _embeddings()
    yield from _norms()
    yield from _activations()
    yield from _heads()
    yield from _attention()


def long_prompts() -> Iterator[Case]:
    """Prompts of 32 tokens and more in one call: Chromium's software adapter is known to get them wrong."""
    for tokens in (32, 43, 128):
        yield _grouped(f"attention: prompt of {tokens}", [0], tokens, 256)


def _products() -> Iterator[Case]:
    """Quantized products: fused query, key and value, both accuracy levels; the other matrices; 8 bits."""
    for rows in (1, 6, 16, 31, 128):
        yield _product(f"4-bit {HIDDEN}x{FUSED}, {rows} rows, level 1", rows, (FUSED, HIDDEN), 4, 1)
    for rows in (1, 16, 31, 128):
        yield _product(f"4-bit {HIDDEN}x{FUSED}, {rows} rows, level 4", rows, (FUSED, HIDDEN), 4, 4)
    yield _product("4-bit attention output, level 4", 31, (HIDDEN, HIDDEN), 4, 4)
    yield _product("4-bit gate and up, level 4", 16, (2 * MIDDLE, HIDDEN), 4, 4)
    yield _product("4-bit down, one row, level 4", 1, (HIDDEN, MIDDLE), 4, 4)
    yield _product("4-bit down, 31 rows, level 4", 31, (HIDDEN, MIDDLE), 4, 4)
    yield _product("8-bit, one row, level 1", 1, (HIDDEN, HIDDEN), 8, 1)
    yield _product("8-bit, 31 rows, level 4", 31, (HIDDEN, HIDDEN), 8, 4)
    yield _product("4-bit with an adapter, one row", 1, (FUSED, HIDDEN), 4, 1, rank=8)
    yield _product("4-bit with an adapter, 31 rows", 31, (FUSED, HIDDEN), 4, 4, rank=8)


def _product(name: str, rows: int, shape: tuple[int, int], bits: int, level: int, *, rank: int = 0) -> Case:
    """A product of `rows` inputs with a matrix `[outputs, inputs]`."""
    outputs, inputs = shape
    random = np.random.default_rng(len(name))
    weights = random.normal(0, 0.05, shape).astype(np.float32)
    matrix = quantize4(weights) if bits == 4 else quantize8(weights)
    down, up = (random.normal(0, 0.05, size).astype(np.float32) for size in ((rank, inputs), (outputs, rank)))
    added = LowRank(down, up) if rank else None

    def build(graph: Graph) -> None:
        graph.node("Identity", [graph.linear("matrix", matrix, "x", added)], "y")

    x = random.standard_normal((1, rows, inputs)).astype(np.float32)
    return _case(f"product: {name}", build, {"x": x}, ["y"], ROUNDED if level == 4 else FLOAT, level=level)


def _embeddings() -> Iterator[Case]:
    table = _table()

    def embed(graph: Graph) -> None:
        graph.constant("codes", table.codes)
        graph.constant("scale", table.scale)
        codes = graph.node("Gather", ["codes", "ids"], "taken", axis=0)
        scale = graph.node("Unsqueeze", [graph.node("Gather", ["scale", "ids"], "step", axis=0), graph.integers([3])], "step4")
        signed = graph.node("Sub", [graph.node("Cast", [codes], "float", to=graph.float_type), graph.scalar(128.0)], "signed")
        product = graph.node("Mul", [signed, scale], "blocks")
        graph.node("Reshape", [product, graph.integers([0, 0, HIDDEN])], "y")

    for name, ids in (("a prompt", [[3, 0, 4095, 7, 7]]), ("a batch", [[4095], [0], [1]])):
        yield _case(f"embedding: {name}", embed, {"ids": np.array(ids, np.int64)}, ["y"], FLOAT)


def _norms() -> Iterator[Case]:
    random = np.random.default_rng(3)
    weight = random.uniform(0.5, 1.5, HIDDEN).astype(np.float32)

    def norm(graph: Graph) -> None:
        inputs = ["x", graph.constant("weight", weight)]
        graph.raw("SimplifiedLayerNormalization", inputs, ["y"], domain="", axis=-1, epsilon=1e-5, stash_type=1)

    def skip_norm(graph: Graph) -> None:
        inputs = ["x", "branch", graph.constant("weight", weight)]
        graph.raw("SkipSimplifiedLayerNormalization", inputs, ["y", "", "", "residual"], epsilon=1e-5)

    for rows in (1, 31):
        yield _case(f"norm: {rows} rows", norm, {"x": _normal(random, 1, rows, HIDDEN)}, ["y"], FLOAT)
        inputs = {"x": _normal(random, 1, rows, HIDDEN), "branch": _normal(random, 1, rows, HIDDEN)}
        yield _case(f"norm of a sum: {rows} rows", skip_norm, inputs, ["y", "residual"], FLOAT)
    yield _case("norm: very small numbers", norm, {"x": 1e-6 * _normal(random, 1, 2, HIDDEN)}, ["y"], FLOAT)
    yield _case("norm: very large numbers", norm, {"x": 1e4 * _normal(random, 6, 1, HIDDEN)}, ["y"], FLOAT)


def _activations() -> Iterator[Case]:
    random = np.random.default_rng(4)

    def swiglu(graph: Graph) -> None:
        graph.raw("Split", ["x"], ["gate", "up"], domain="", axis=-1, num_outputs=2)
        silu = graph.node("Mul", ["gate", graph.node("Sigmoid", ["gate"], "sigmoid")], "silu")
        graph.node("Mul", [silu, "up"], "y")

    for rows, size in ((1, 1), (31, 1), (6, 60)):
        yield _case(
            f"SwiGLU: {rows} rows, {size} wide", swiglu, {"x": size * _normal(random, 1, rows, 2 * MIDDLE)}, ["y"], FLOAT
        )


def _heads() -> Iterator[Case]:
    random = np.random.default_rng(5)
    table = _table()

    def head(graph: Graph) -> None:
        """As `appliance.models.graph` computes logits of the wanted positions."""
        blocks = HIDDEN // BLOCK
        weights = [graph.constant("codes", table.codes), graph.constant("scale", table.scale)]
        weights.append(graph.constant("zero", np.full((VOCABULARY, blocks), 128, np.uint8)))
        flat = graph.node("Reshape", ["x", graph.integers([-1, HIDDEN])], "flat")
        wanted = graph.node("Gather", [flat, "positions"], "wanted", axis=0)
        split = graph.node("Reshape", [wanted, graph.integers([0, blocks, BLOCK])], "split")
        largest = graph.node("ReduceMax", [graph.node("Abs", [split], "abs"), graph.integers([2])], "largest", keepdims=1)
        bounded = graph.node("Max", [largest, graph.scalar(0.01)], "bounded")
        step = graph.node("Div", [bounded, graph.scalar(127.0)], "step")
        codes = graph.node("Round", [graph.node("Div", [split, step], "scaled")], "rounded")
        product = graph.node("Mul", [codes, step], "coarse_blocks")
        coarse = graph.node("Reshape", [product, graph.integers([0, HIDDEN])], "coarse")
        both = graph.node("Concat", [coarse, graph.node("Sub", [wanted, coarse], "rest")], "both", axis=0)
        graph.quantized("all", both, weights, (VOCABULARY, blocks), bits=8)
        graph.raw("Split", ["all"], ["first", "second"], domain="", axis=0, num_outputs=2)
        graph.node("Add", ["first", "second"], "y")

    for name, x, positions in (
        ("last of a prompt", _normal(random, 1, 31, HIDDEN), [30]),
        ("six rows", _normal(random, 6, 1, HIDDEN), list(range(6))),
        ("some of two rows", _normal(random, 2, 5, HIDDEN), [9, 0, 4]),
        ("a row of zeros", np.concatenate([np.zeros((1, 1, HIDDEN), np.float32), _normal(random, 1, 1, HIDDEN)]), [0, 1]),
    ):
        inputs = {"x": x, "positions": np.array(positions, np.int64)}
        yield _case(f"head: {name}", head, inputs, ["y"], ROUNDED, level=4, on_cpu=True)


def _table() -> Matrix8:
    """Embedding of a small vocabulary, which is also the head."""
    return quantize8(np.random.default_rng(6).normal(0, 0.05, (VOCABULARY, HIDDEN)).astype(np.float32))


def _normal(random: np.random.Generator, *shape: int) -> Array:
    return random.standard_normal(shape).astype(np.float32)


def _attention() -> Iterator[Case]:
    """Attention with rotary embedding over caches that are updated in place and hold rubbish beyond their lengths."""
    for tokens in (1, 2, 16, 31):
        yield _grouped(f"attention: prompt of {tokens}", [0], tokens, 64)
    for length, tokens in ((16, 16), (31, 31), (33, 15), (1, 31), (100, 16)):
        yield _grouped(f"attention: {tokens} after {length}", [length], tokens, 256)
    for length in (1, 31, 32, 127, 128):
        yield _grouped(f"attention: one after {length}", [length], 1, 256)
    yield _grouped("attention: the last token that fits", [63], 1, 64)
    yield _grouped("attention: a prompt that fills the cache", [48], 16, 64)
    yield _grouped("attention: near the end of the context", [CONTEXT - 2], 1, CONTEXT)
    yield _grouped("attention: rows of one length", [40, 40], 1, 64)
    yield _grouped("attention: rows of different lengths", [3, 17, 31, 32, 63, 1], 1, 64)
    yield _grouped("attention: a short row beside a long one", [0, 500], 1, 512)
    yield _grouped("attention: prompts of two rows", [0, 0], 16, 64)
    yield _grouped("attention: sharp softmax", [40], 1, 64, size=12)
    yield _grouped("attention: sharp softmax in a prompt", [0], 16, 64, size=12)
    yield _grouped("attention: one head for each key", [5, 9], 1, 64, heads=(4, 4))
    yield _grouped("attention: eight heads for each key", [9], 16, 64, heads=(8, 1))


def _grouped(
    name: str, lengths: list[int], tokens: int, capacity: int, *, size: float = 1, heads: tuple[int, int] = (HEADS, KV_HEADS)
) -> Case:
    random = np.random.default_rng(len(name) + tokens + capacity)
    count, keys = heads
    rows, totals = len(lengths), np.array(lengths) + tokens
    angles = np.arange(CONTEXT)[:, None] * 10_000.0 ** (-np.arange(0, HEAD_SIZE, 2) / HEAD_SIZE)

    def build(graph: Graph) -> None:
        tables = [graph.constant("cos", np.cos(angles)), graph.constant("sin", np.sin(angles))]
        graph.raw(
            "GroupQueryAttention", ["x", "", "", "past.key", "past.value", "row_lengths", "total_length", *tables],
            ["y", "present.key", "present.value"], num_heads=count, kv_num_heads=keys, scale=HEAD_SIZE**-0.5, do_rotary=1,
            rotary_interleaved=0, local_window_size=-1,
        )  # fmt: skip

    inputs: dict[str, Array] = {
        "x": (size * random.standard_normal((rows, tokens, (count + 2 * keys) * HEAD_SIZE))).astype(np.float32),
        "row_lengths": (totals - 1).astype(np.int32),
        "total_length": np.array(totals.max(), np.int32),
    }
    for part in ("key", "value"):
        cache = np.full((rows, keys, capacity, HEAD_SIZE), 1e4, np.float32)
        for row, length in enumerate(lengths):
            cache[row, :, :length] = random.standard_normal((keys, length, HEAD_SIZE))
        inputs[f"past.{part}"] = cache
    outputs = ["y", "present.key", "present.value"]
    return _case(name, build, inputs, outputs, FLOAT, valid=totals.tolist())


def _case(name: str, build: Build, inputs: dict[str, Array], outputs: list[str], tolerance: float, **options: Any) -> Case:
    level = options.pop("level", 1)
    exact, weights = _graph(build, inputs, outputs, 1)
    model, _ = _graph(build, inputs, outputs, level)
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / WEIGHTS).write_bytes(weights)
        (Path(directory) / "model").write_bytes(exact)
        session = ort.InferenceSession(Path(directory) / "model", providers=["CPUExecutionProvider"])
        results = session.run(outputs, inputs)
    expected = dict(zip(outputs, map(np.asarray, results), strict=True))
    return Case(name, model, weights, inputs, expected, tolerance, **options)


def _graph(build: Build, inputs: dict[str, Array], outputs: list[str], level: int) -> tuple[bytes, bytes]:
    data = io.BytesIO()
    graph = Graph(data, WEIGHTS, "float32", level)
    build(graph)
    given = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), list(array.shape))
        for name, array in inputs.items()
    ]
    wanted = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in outputs]
    return graph.finish(given, wanted).SerializeToString(), data.getvalue()
