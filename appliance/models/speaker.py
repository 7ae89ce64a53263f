"""Writes the speaker model's graph: the voice encoder of the package Resemblyzer.

Three LSTM layers over mel frames, a projection of the last state, ReLU, and a vector of length 1: the *d-vector* of Wan et al.
2018, "Generalized end-to-end loss for speaker verification", arXiv 1710.10467.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from appliance.errors import BundleError
from appliance.models.torch_file import Float32, read_tensors
from appliance.runtime.bundle import SPEAKER_GRAPH

_LAYERS: Final = 3
_MELS: Final = 40
_HIDDEN: Final = 256
_EMBEDDING: Final = 256
_OPSET: Final = 21
_IR_VERSION: Final = 10


def write_speaker_graph(weights: BinaryIO, name: str, target: Path) -> None:
    """Write `model.onnx`: `mels` `[batch, frames, 40]` to `embedding` `[batch, 256]`, float32, each of length 1.

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
    constants = {
        "first": np.array([0], np.int64),
        "directions": np.array([1], np.int64),
        "projection": tensors["linear.weight"],
        "bias": tensors["linear.bias"],
    }
    nodes = [helper.make_node("Transpose", ["mels"], ["layer0.in"], perm=[1, 0, 2])]  # LSTM wants time first
    for layer in range(_LAYERS):
        name = f"layer{layer}"
        biases = [_gates(tensors[f"lstm.bias_{side}_l{layer}"]) for side in ("ih", "hh")]
        constants |= {
            f"{name}.W": _gates(tensors[f"lstm.weight_ih_l{layer}"])[None],
            f"{name}.R": _gates(tensors[f"lstm.weight_hh_l{layer}"])[None],
            f"{name}.B": np.concatenate(biases)[None],
        }
        inputs = [f"{name}.{part}" for part in ("in", "W", "R", "B")]
        nodes += [
            helper.make_node("LSTM", inputs, [f"{name}.out", f"{name}.last"], hidden_size=_HIDDEN),
            helper.make_node("Squeeze", [f"{name}.out", "directions"], [f"layer{layer + 1}.in"]),
        ]
    nodes += [
        helper.make_node("Squeeze", [f"layer{_LAYERS - 1}.last", "first"], ["last"]),
        helper.make_node("Gemm", ["last", "projection", "bias"], ["projected"], transB=1),
        helper.make_node("Relu", ["projected"], ["positive"]),
        helper.make_node("LpNormalization", ["positive"], ["embedding"], axis=1, p=2),
    ]
    del nodes[-5]  # nothing reads the last layer's outputs over time
    return helper.make_graph(
        nodes,
        "speaker",
        [helper.make_tensor_value_info("mels", TensorProto.FLOAT, ["batch", "frames", _MELS])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", _EMBEDDING])],
        [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in constants.items()],
    )


def _gates(stacked: Float32) -> Float32:
    """The four gates, stacked along the first axis, in ONNX's order (input, output, forget, cell) instead of torch's."""
    into, forget, cell, out = np.split(stacked, 4)
    return np.concatenate([into, out, forget, cell])
