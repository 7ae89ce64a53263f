"""Writes the two graphs, without weights, that stand behind Whisper's decoder in the page.

*Choice* tells which tokens may follow and how likely they are; of 51,864 logits only a few numbers leave the runtime:

    logits              float   [rows, vocabulary]
    spans               int64   [rows, 4]    tokens that may follow: from [0] to before [1], and from [2] to before [3]
    starting            float   [1]          1: the tokens that no text begins with may not follow; else 0
    timed               float   [1]          1: where timestamps together are likelier than any text, only they may follow
    log_probabilities   float   [rows, 10]   of the likeliest, best first, among all that may follow
    tokens              int64   [rows, 10]
    no_speech           float   [1]          of the first row: probability of the token for no speech, among all tokens

*Alignment* tells where in the audio the tokens of a text are heard (openai/whisper, `find_alignment`, as CTranslate2 has it):

    logits              float   [n, vocabulary]
    alignment           float   [heads, n, half_frames]
    targets             int64   [n]          what follows each position
    content             int64   [1]          places of `half_frames` (20 ms) that hold audio, at least 4
    probabilities       float   [n]          of the targets among text tokens
    weights             float   [n, content]
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper

from appliance.models.onnx_graph import Graph

CHOICES: Final = 10
"""Candidates of each row: twice the beam, as half of them may be ends."""
_NEVER: Final = -1e9
_MEDIAN: Final = 7
# A network that sorts the median of 7 values into place 3 (Devillard 1998, "Fast median search").
_EXCHANGES: Final = (
    (0, 5), (0, 3), (1, 6), (2, 4), (0, 1), (3, 5), (2, 6), (2, 3), (3, 6), (4, 5), (1, 4), (1, 3), (3, 4),
)  # fmt: skip


def write_choice(
    vocabulary: int, timestamps: int, no_speech: int, suppressed: Sequence[int], suppressed_first: Sequence[int]
) -> onnx.ModelProto:
    """The choice.

    Args:
        vocabulary: Number of tokens.
        timestamps: The first of the timestamps, which are the last tokens.
        no_speech: The token for no speech.
        suppressed: Tokens that never follow.
        suppressed_first: Tokens that no text begins with.
    """
    graph = Graph(io.BytesIO(), "", "float32", accuracy_level=1)
    logits = graph.node("Add", ["logits", graph.inline("suppressed", _mask(vocabulary, suppressed))], "spoken")
    first = graph.node("Mul", [graph.inline("suppressed.first", _mask(vocabulary, suppressed_first)), "starting"], "first")
    logits = graph.node("Add", [logits, first], "begun")
    logits = graph.node("Where", [_inside_spans(graph, vocabulary), logits, graph.scalar(_NEVER)], "allowed")
    likely = graph.node("LogSoftmax", [logits], "likely", axis=1)
    start, split, end = (graph.integers([value]) for value in (0, timestamps, vocabulary))
    axis = graph.integers([1])
    # Text and timestamps are looked at apart, and only the best of each is weighed against the other.
    best: dict[str, list[str]] = {}
    for name, (low, high) in {"text": (start, split), "times": (split, end)}.items():
        part = graph.node("Slice", [likely, low, high, axis], name)
        best[name] = [f"{name}/best", f"{name}/places"]
        graph.raw("TopK", [part, graph.integers([CHOICES])], best[name], domain="", axis=1)
    mass = graph.node("ReduceLogSumExp", ["times", axis], "times/mass", keepdims=1)
    best_text = graph.node("Slice", ["text/best", start, graph.integers([1]), axis], "text/most")
    likelier = graph.node("Greater", [mass, best_text], "likelier")
    likelier = graph.node("Cast", [likelier], "likelier/one", to=graph.float_type)
    forced = graph.node("Mul", [likelier, "timed"], "forced")
    text = graph.node("Add", ["text/best", graph.node("Mul", [forced, graph.scalar(_NEVER)], "text/penalty")], "text/left")
    # Where only timestamps may follow, they share all of the probability.
    times = graph.node("Sub", ["times/best", graph.node("Mul", [forced, mass], "times/share")], "times/left")
    places = graph.node("Add", ["times/places", graph.index(timestamps)], "times/tokens")
    both = graph.node("Concat", [text, times], "both", axis=1)
    named = graph.node("Concat", ["text/places", places], "named", axis=1)
    graph.raw("TopK", [both, graph.integers([CHOICES])], ["log_probabilities", "order"], domain="", axis=1)
    graph.node("GatherElements", [named, "order"], "tokens", axis=1)
    raw = graph.node("Slice", ["logits", start, graph.integers([1]), graph.integers([0])], "raw")
    chances = graph.node("Softmax", [raw], "chances", axis=1)
    graph.node("Reshape", [graph.node("Gather", [chances, graph.index(no_speech)], "silence", axis=1), axis], "no_speech")
    return graph.finish(
        [
            helper.make_tensor_value_info("logits", graph.float_type, ["rows", vocabulary]),
            helper.make_tensor_value_info("spans", TensorProto.INT64, ["rows", 4]),
            helper.make_tensor_value_info("starting", graph.float_type, [1]),
            helper.make_tensor_value_info("timed", graph.float_type, [1]),
        ],
        [
            helper.make_tensor_value_info("log_probabilities", graph.float_type, ["rows", CHOICES]),
            helper.make_tensor_value_info("tokens", TensorProto.INT64, ["rows", CHOICES]),
            helper.make_tensor_value_info("no_speech", graph.float_type, [1]),
        ],
        "whisper_choice",
    )


def write_alignment(vocabulary: int, texts: int, heads: int) -> onnx.ModelProto:
    """The alignment.

    Args:
        vocabulary: Number of tokens.
        texts: Number of text tokens, which are the first.
        heads: Number of alignment heads.
    """
    graph = Graph(io.BytesIO(), "", "float32", accuracy_level=1)
    axis = graph.integers([1])
    text = graph.node("Slice", ["logits", graph.integers([0]), graph.integers([texts]), axis], "text")
    mass = graph.node("ReduceLogSumExp", [text, axis], "mass", keepdims=1)
    column = graph.node("Unsqueeze", ["targets", axis], "column")
    target = graph.node("GatherElements", ["logits", column], "target", axis=1)
    log = graph.node("Squeeze", [graph.node("Sub", [target, mass], "log_column"), axis], "log")
    graph.node("Exp", [log], "probabilities")
    frames = graph.integers([2])
    cut = graph.node("Slice", ["alignment", graph.integers([0]), "content", frames], "cut")
    soft = graph.node("Softmax", [cut], "soft", axis=-1)
    mean = graph.node("ReduceMean", [soft, axis], "mean", keepdims=1)
    centred = graph.node("Sub", [soft, mean], "centred")
    squares = graph.node("ReduceMean", [graph.node("Mul", [centred, centred], "squares"), axis], "variance", keepdims=1)
    scaled = graph.node("Div", [centred, graph.node("Sqrt", [squares], "deviation")], "scaled")
    graph.node("ReduceMean", [_median(graph, scaled), graph.integers([0])], "weights", keepdims=0)
    return graph.finish(
        [
            helper.make_tensor_value_info("logits", graph.float_type, ["n", vocabulary]),
            helper.make_tensor_value_info("alignment", graph.float_type, [heads, "n", "half_frames"]),
            helper.make_tensor_value_info("targets", TensorProto.INT64, ["n"]),
            helper.make_tensor_value_info("content", TensorProto.INT64, [1]),
        ],
        [
            helper.make_tensor_value_info("probabilities", graph.float_type, ["n"]),
            helper.make_tensor_value_info("weights", graph.float_type, ["n", "places"]),
        ],
        "whisper_alignment",
    )


def _mask(vocabulary: int, tokens: Sequence[int]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    mask = np.zeros(vocabulary, np.float32)
    mask[list(tokens)] = _NEVER
    return mask


def _inside_spans(graph: Graph, vocabulary: int) -> str:
    ids = graph.inline("ids", np.arange(vocabulary, dtype=np.int32))
    spans = graph.node("Cast", ["spans"], "spans/short", to=TensorProto.INT32)
    inside = []
    for span in (0, 1):
        low, high = (graph.node("Gather", [spans, graph.integers([2 * span + n])], f"span{span}/{n}", axis=1) for n in (0, 1))
        above = graph.node("GreaterOrEqual", [ids, low], f"span{span}/above")
        inside.append(graph.node("And", [above, graph.node("Less", [ids, high], f"span{span}/below")], f"span{span}/inside"))
    return graph.node("Or", inside, "inside")


def _median(graph: Graph, x: str) -> str:
    """Of the last axis, over places 3 before to 3 after, mirrored at both ends."""
    reach = _MEDIAN // 2
    pads = graph.integers([0, 0, reach, 0, 0, reach])
    padded = graph.node("Pad", [x, pads], "median/padded", mode="reflect")
    values = []
    for place in range(_MEDIAN):
        end = graph.node("Add", ["content", graph.integers([place])], f"median/end{place}")
        inputs = [padded, graph.integers([place]), end, graph.integers([2])]
        values.append(graph.node("Slice", inputs, f"median/{place}"))
    for number, (low, high) in enumerate(_EXCHANGES):
        pair = [values[low], values[high]]
        values[low] = graph.node("Min", pair, f"median/{number}/low")
        values[high] = graph.node("Max", pair, f"median/{number}/high")
    return values[reach]
