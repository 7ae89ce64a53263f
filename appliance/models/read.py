"""Opens a Llama model of any format that is read here."""

from __future__ import annotations

from pathlib import Path

from appliance.errors import InputError
from appliance.models.checkpoint import CONFIG_FILE, Bits, Checkpoint
from appliance.models.llama import LlamaWeights
from appliance.models.weights import GgufLlama


def read_llama(path: Path, *, bits: Bits = 4) -> LlamaWeights:
    """The quantized weights of a model.

    Args:
        path: A GGUF file with Q4_1 matrices, which are taken as they are, or a Hugging Face directory, which is quantized.
        bits: Of the matrices of a Hugging Face directory.

    Raises:
        BundleError: The model is damaged, or not one that this version reads.
        InputError: There is no model at the path.
    """
    if path.is_file():
        return GgufLlama(path)
    if not (path / CONFIG_FILE).is_file():
        raise InputError(f"There is no base model in {path}.", hint="Give a GGUF file or a Hugging Face model directory.")
    return Checkpoint(path, bits=bits)
