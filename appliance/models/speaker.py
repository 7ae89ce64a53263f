"""Writes the speaker model's graph: the voice encoder of the package Resemblyzer, from samples to a vector.

Mel frames, then three LSTM layers over windows of them, a projection of the last state, ReLU, and a vector of length 1: the
*d-vector* of Wan et al. 2018, "Generalized end-to-end loss for speaker verification", arXiv 1710.10467. A frame's spectrum is
its product with cosines and sines, computed as a convolution: no FFT is needed anywhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt
import onnx
from faster_whisper.feature_extractor import FeatureExtractor
from onnx import TensorProto, helper, numpy_helper

from appliance.audio import SAMPLE_RATE
from appliance.errors import BundleError
from appliance.models.torch_file import Float32, read_tensors
from appliance.runtime.bundle import SPEAKER_GRAPH

_FULL_SCALE: Final = 32768.0
# Resemblyzer raises what is softer than -30 dBFS and leaves the rest, so that the distance from the microphone counts. With
# all at -25 dBFS the voices of the sample visits are as far apart, and the microphone does not matter.
_LOUDNESS: Final = 10 ** (-25 / 20)
_SILENCE: Final = 1e-6
_WINDOW: Final = 400  # 25 ms
_HOP: Final = 160  # 10 ms
_LAYERS: Final = 3
_MELS: Final = 40
_HIDDEN: Final = 256
_EMBEDDING: Final = 256
_OPSET: Final = 21
_IR_VERSION: Final = 10


def write_speaker_graph(weights: BinaryIO, name: str, target: Path) -> None:
    """Write the graph: speech of one voice to what it sounds like.

        samples    int16    [n]                PCM, 16 kHz, at least 1
        starts     int64    [windows]          first frame (10 ms) of each window; there are 1 + n // 160 frames
        length     int64    [1]                frames of a window
        mels       float32  [1 + n // 160, 40] power in mel bands, of the samples at one loudness
        embedding  float32  [windows, 256]     each of length 1

    Args:
        weights: The package's `pretrained.pt`.
        name: What it is called in errors.
        target: Directory of the bundle that the file goes to.

    Raises:
        BundleError: The weights are damaged or those of another network.
    """
    tensors = read_tensors(weights, name, "model_state")
    for tensor, shape in _shapes().items():
        found = tensors.get(tensor)
        if found is None or found.shape != shape or not np.isfinite(found).all():
            raise BundleError(f"The weights {name} have no {tensor} of the size {shape}.", hint="Fetch the package again.")
    model = helper.make_model(
        _graph(tensors),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
        producer_name="chartside",
    )
    onnx.checker.check_model(model, full_check=True)
    (target / SPEAKER_GRAPH).write_bytes(model.SerializeToString(deterministic=True))


def _shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"linear.weight": (_EMBEDDING, _HIDDEN), "linear.bias": (_EMBEDDING,)}
    for layer in range(_LAYERS):
        shapes[f"lstm.weight_ih_l{layer}"] = (4 * _HIDDEN, _HIDDEN if layer else _MELS)
        shapes[f"lstm.weight_hh_l{layer}"] = (4 * _HIDDEN, _HIDDEN)
        shapes |= {f"lstm.bias_{side}_l{layer}": (4 * _HIDDEN,) for side in ("ih", "hh")}
    return shapes


def _graph(tensors: dict[str, Float32]) -> onnx.GraphProto:
    constants: dict[str, npt.NDArray[np.generic]] = {
        **_mel_constants(),
        "projection": tensors["linear.weight"],
        "bias": tensors["linear.bias"],
    }
    nodes = [*_mel_nodes(), *_window_nodes()]
    for layer in range(_LAYERS):
        name = f"layer{layer}"
        biases = [_gates(tensors[f"lstm.bias_{side}_l{layer}"]) for side in ("ih", "hh")]
        constants |= {
            f"{name}.W": _gates(tensors[f"lstm.weight_ih_l{layer}"])[None],
            f"{name}.R": _gates(tensors[f"lstm.weight_hh_l{layer}"])[None],
            f"{name}.B": np.concatenate(biases)[None],
        }
        inputs = [f"{name}.{part}" for part in ("in", "W", "R", "B")]
        nodes.append(helper.make_node("LSTM", inputs, [f"{name}.out", f"{name}.last"], hidden_size=_HIDDEN))
        if layer + 1 < _LAYERS:
            nodes.append(helper.make_node("Squeeze", [f"{name}.out", "one"], [f"layer{layer + 1}.in"]))
    nodes += [
        helper.make_node("Squeeze", [f"layer{_LAYERS - 1}.last", "zero"], ["last"]),
        helper.make_node("Gemm", ["last", "projection", "bias"], ["projected"], transB=1),
        helper.make_node("Relu", ["projected"], ["positive"]),
        helper.make_node("LpNormalization", ["positive"], ["embedding"], axis=1, p=2),
    ]
    return helper.make_graph(
        nodes,
        "speaker",
        [
            helper.make_tensor_value_info("samples", TensorProto.INT16, ["n"]),
            helper.make_tensor_value_info("starts", TensorProto.INT64, ["windows"]),
            helper.make_tensor_value_info("length", TensorProto.INT64, [1]),
        ],
        [
            helper.make_tensor_value_info("mels", TensorProto.FLOAT, ["frames", _MELS]),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["windows", _EMBEDDING]),
        ],
        [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in constants.items()],
    )


def _mel_constants() -> dict[str, npt.NDArray[np.generic]]:
    bins = _WINDOW // 2 + 1
    angles = 2 * np.pi / _WINDOW * np.outer(np.arange(bins), np.arange(_WINDOW))
    waves = np.concatenate([np.cos(angles), np.sin(angles)]) * np.hanning(_WINDOW + 1)[:-1]
    filters = FeatureExtractor.get_mel_filters(SAMPLE_RATE, _WINDOW, n_mels=_MELS)
    return {
        "full_scale": np.array(_FULL_SCALE, np.float32),
        "loudness": np.array(_LOUDNESS, np.float32),
        "silence": np.array(_SILENCE, np.float32),
        "edges": np.array([_WINDOW // 2, _WINDOW // 2], np.int64),
        "signal_axes": np.array([0, 1], np.int64),
        "waves": waves.astype(np.float32)[:, None],
        "filters": np.asarray(filters, np.float32),
        "zero": np.array([0], np.int64),
        "one": np.array([1], np.int64),
        "first": np.array(0, np.int64),
        "step": np.array(1, np.int64),
    }


def _mel_nodes() -> list[onnx.NodeProto]:
    """From `samples` to `mels`, as `librosa.feature.melspectrogram` gives them for the samples at one loudness."""
    node = helper.make_node
    return [
        node("Cast", ["samples"], ["cast"], to=TensorProto.FLOAT),
        node("Div", ["cast", "full_scale"], ["audio"]),
        node("Mul", ["audio", "audio"], ["squares"]),
        node("ReduceMean", ["squares"], ["mean"], keepdims=0),
        node("Sqrt", ["mean"], ["root"]),
        node("Max", ["root", "silence"], ["found"]),
        node("Div", ["loudness", "found"], ["gain"]),
        node("Mul", ["audio", "gain"], ["levelled"]),
        node("Pad", ["levelled", "edges"], ["padded"]),
        node("Unsqueeze", ["padded", "signal_axes"], ["signal"]),
        node("Conv", ["signal", "waves"], ["spectrum"], kernel_shape=[_WINDOW], strides=[_HOP]),
        node("Mul", ["spectrum", "spectrum"], ["parts"]),
        node("Split", ["parts"], ["real", "imaginary"], axis=1, num_outputs=2),
        node("Add", ["real", "imaginary"], ["power"]),
        node("MatMul", ["filters", "power"], ["bands"]),
        node("Squeeze", ["bands", "zero"], ["mel"]),
        node("Transpose", ["mel"], ["mels"], perm=[1, 0]),
    ]


def _window_nodes() -> list[onnx.NodeProto]:
    """The windows of `mels`, with time first as LSTM wants it: `[length, windows, 40]`."""
    node = helper.make_node
    return [
        node("Squeeze", ["length", "zero"], ["count"]),
        node("Range", ["first", "count", "step"], ["offsets"]),
        node("Unsqueeze", ["offsets", "one"], ["column"]),
        node("Add", ["column", "starts"], ["places"]),
        node("Gather", ["mels", "places"], ["layer0.in"], axis=0),
    ]


def _gates(stacked: Float32) -> Float32:
    """The four gates, stacked along the first axis, in ONNX's order (input, output, forget, cell) instead of torch's."""
    into, forget, cell, out = np.split(stacked, 4)
    return np.concatenate([into, out, forget, cell])
