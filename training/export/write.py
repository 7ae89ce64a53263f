"""Exports a base and its adapter as an ONNX graph; needs no torch."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, get_args

import msgspec

from appliance.errors import BundleError, InputError
from appliance.models.adapter import Adapter, adapter_label, read_tuning_record
from appliance.models.assemble import staging
from appliance.models.checkpoint import Bits
from appliance.models.graph import write_graph
from appliance.models.llama import LlamaWeights
from appliance.models.merge import Merged
from appliance.models.onnx_graph import FloatName
from appliance.models.read import read_llama
from appliance.models.tokenizer import TOKENIZER_FILE, read_tokenizer

EXPORT_FILE: Final = "export.json"
VariantName = Literal["unmerged", "merged-int4", "merged-int8"]
VARIANTS: Final[tuple[VariantName, ...]] = get_args(VariantName)
_BITS: Final[dict[VariantName, Bits]] = {"merged-int4": 4, "merged-int8": 8}


class Exported(msgspec.Struct, frozen=True):
    """What an exported model was made from: `export.json` beside the graph."""

    base: str
    """Name of the base's file or directory."""
    adapter: str
    """Name of the adapter and the first 12 hex digits of its SHA-256, or `none`."""
    variant: VariantName
    io: FloatName
    context: int
    """Longest sequence in tokens."""
    training_data: str
    """Fingerprint of the visits the adapter was tuned on; empty where it is not known."""


def export(
    base: Path,
    adapter: Path | None,
    output: Path,
    *,
    variant: VariantName = "unmerged",
    io: FloatName = "float32",
    context: int | None = None,
    progress: Callable[[float, float], None] = lambda _done, _all: None,
) -> Exported:
    """Write `model.onnx`, `model.onnx.data`, `tokenizer.json` and `export.json`, all of them or none.

    Memory stays within a few times the largest piece of a tensor, whatever the size of the model.

    Args:
        base: A GGUF file with Q4_1 matrices, or a Hugging Face directory, which is quantized to 4 bits.
        adapter: Directory of the adapter; None exports the base.
        output: Where the files go; an older export is replaced.
        variant: The adapter beside the base, or merged into it and rounded again to 4 or 8 bits.
        io: Type of inputs, outputs and activations: float32 for CPUs, float16 for GPUs and browsers.
        context: Longest sequence in tokens; None means all that the base was trained for.
        progress: Takes layers done and layers in all.

    Returns:
        What was made.

    Raises:
        InputError: There is no base or adapter at the path, the context is too long, or `output` holds something else.
        BundleError: The base or the adapter is damaged, or the adapter is for another base.
        StorageError: The disk is full or not writable.
    """
    if variant not in VARIANTS:
        raise InputError(f"There is no variant {variant}.", hint=f"Choose one of {', '.join(VARIANTS)}.")
    weights: LlamaWeights = read_llama(base)
    added = Adapter(adapter, weights.shape, base) if adapter else None
    made = Exported(
        base=base.stem if base.is_file() else base.resolve().name,
        adapter=adapter_label(adapter) if adapter else "none",
        variant=variant,
        io=io,
        context=context or weights.shape.context,
        training_data=read_tuning_record(adapter).data_sha256 if adapter else "",
    )
    if variant != "unmerged":
        weights, added = Merged(weights, added, _BITS[variant]), None
    with staging(output, replaces=EXPORT_FILE) as staged:
        _write_tokenizer(base, staged, weights.shape.vocabulary)
        write_graph(weights, staged, adapter=added, io=io, context=context, progress=progress)
        (staged / EXPORT_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n")
    return made


def read_export(directory: Path) -> Exported:
    """What an exported model was made from.

    Raises:
        InputError: The directory does not hold an exported model.
    """
    try:
        return msgspec.json.decode((directory / EXPORT_FILE).read_bytes(), type=Exported)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        hint = "Give a directory that `chartside-train export` wrote."
        raise InputError(f"{directory} does not hold an exported model.", hint=hint) from error


def _write_tokenizer(base: Path, directory: Path, vocabulary: int) -> None:
    tokenizer = read_tokenizer(base)
    if tokenizer.get_vocab_size() > vocabulary:
        message = f"The tokenizer of {base.name} has {tokenizer.get_vocab_size()} tokens, the model only {vocabulary}."
        raise BundleError(message, hint="Fetch the model and its tokenizer again, from one place.")
    if base.is_file():
        tokenizer.save(str(directory / TOKENIZER_FILE), pretty=False)
    else:
        shutil.copyfile(base / TOKENIZER_FILE, directory / TOKENIZER_FILE)
