"""A bundle with a tiny note model: random weights in the graph of the default model, with its tokenizer."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

import msgspec

from appliance.models.float16 import write_float16
from appliance.models.graph import write_graph
from appliance.models.llama import LlamaShape
from appliance.runtime.bundle import MANIFEST_FILE, Bundle, WritingName, describe_file

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

from gpu_check import RandomLlama

_SHAPE: Final = LlamaShape(
    layers=2, hidden=64, intermediate=128, heads=3, kv_heads=1, head_size=64, vocabulary=49_152, context=2048,
    rope_base=10_000.0, norm_epsilon=1e-5,
)  # fmt: skip
_SEED: Final = 6
"""With this seed and deviation rows end by themselves, soon, and each at another time."""
_DEVIATION: Final = 0.25
_NOTE: Final = "note"


def write_tiny_bundle(directory: Path, like: Bundle, writing: WritingName) -> Bundle:
    """Write the bundle.

    Products are float32 everywhere (accuracy level 1): next to random weights, rounding to int8 would change tokens.

    Args:
        directory: Does not exist yet.
        like: Its tokenizer is taken, and how it wants its model used.
        writing: What the model may answer.
    """
    (directory / _NOTE).mkdir(parents=True)
    shutil.copy(like.note_directory / "tokenizer.json", directory / _NOTE)
    write_graph(RandomLlama(_SHAPE, _SEED, _DEVIATION), directory / _NOTE, accuracy_level=1)
    write_float16(directory / _NOTE)
    files = {f"{_NOTE}/{path.name}": describe_file(path) for path in sorted((directory / _NOTE).iterdir())}
    note = msgspec.structs.replace(
        like.manifest.note, model="tiny", writing=writing, context=_SHAPE.context, directory=_NOTE, score_card=""
    )
    manifest = msgspec.structs.replace(like.manifest, name="tiny", files=files, note=note)
    (directory / MANIFEST_FILE).write_bytes(msgspec.json.encode(manifest))
    return Bundle(directory)
