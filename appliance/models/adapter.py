"""A low-rank adapter (LoRA, Hu et al. 2021, arXiv 2106.09685) as PEFT writes it, read without torch.

An adapter directory holds `adapter_config.json` and `adapter_model.safetensors`. For every matrix `W` of every layer there are
`A` `[rank, inputs]` and `B` `[outputs, rank]`; the tuned product is `x @ W.T + (alpha / rank) * (x @ A.T) @ B.T`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from appliance.errors import BundleError, InputError
from appliance.models.llama import PROJECTIONS, LlamaShape
from appliance.models.quantize import Float32
from appliance.runtime.bundle import describe_file

CONFIG_FILE: Final = "adapter_config.json"
WEIGHTS_FILE: Final = "adapter_model.safetensors"
RECORD_FILE: Final = "run.json"
_PREFIX: Final = "base_model.model.model.layers."
_AGAIN: Final = "Train or fetch it again."


@dataclass(frozen=True)
class LowRank:
    """What is added to one product: `x @ down.T @ up.T`."""

    down: Float32
    """Shape `[rank, inputs]`."""
    up: Float32
    """Shape `[outputs, rank]`, with the scale in it."""

    def product(self) -> Float32:
        """What is added to the matrix, shape `[outputs, inputs]`."""
        added: Float32 = self.up @ self.down
        return added


def stack_low_rank(*parts: LowRank) -> LowRank:
    """Adapters of several matrices with the same input as one: rows of outputs after rows."""
    down = np.concatenate([part.down for part in parts])
    up = np.zeros((sum(len(part.up) for part in parts), len(down)), np.float32)
    row = column = 0
    for part in parts:
        rows, columns = part.up.shape
        up[row : row + rows, column : column + columns] = part.up
        row, column = row + rows, column + columns
    return LowRank(down, up)


class _Config(msgspec.Struct):
    r: int
    lora_alpha: float
    peft_type: str
    bias: str = "none"
    use_rslora: bool = False
    use_dora: bool = False
    fan_in_fan_out: bool = False
    rank_pattern: dict[str, int] = msgspec.field(default_factory=dict)
    alpha_pattern: dict[str, float] = msgspec.field(default_factory=dict)


class TuningRecord(msgspec.Struct, frozen=True):
    """What is known of how an adapter came to be; empty where nothing is."""

    base_sha256: str = ""
    """Of the base's GGUF file."""
    data_sha256: str = ""
    """Fingerprint of the visits it was tuned on."""


def read_tuning_record(directory: Path) -> TuningRecord:
    """The record of a tuning: `run.json` in the adapter's directory, or in the one above, where `chartside-train tune` puts it.

    Raises:
        BundleError: The file is damaged.
    """
    for path in (directory / RECORD_FILE, directory.parent / RECORD_FILE):
        try:
            return msgspec.json.decode(path.read_bytes(), type=TuningRecord)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            message = f"The record {path.name} of the adapter {directory.name} is damaged."
            raise BundleError(message, hint=_AGAIN) from error
    return TuningRecord()


def adapter_label(directory: Path) -> str:
    """Name of an adapter and the first 12 hex digits of the SHA-256 of its weights.

    Raises:
        InputError: There is no adapter in the directory.
    """
    described = describe_file(directory / WEIGHTS_FILE)
    if described is None:
        raise _missing(directory)
    return f"{directory.name} {described.sha256[:12]}"


class Adapter:
    """A LoRA adapter of a Llama model.

    Args:
        directory: As PEFT's `save_pretrained` writes it.
        shape: Of the base.
        base: The base's file or directory; a file must be the one that the record of the tuning names, if there is a record.

    Raises:
        InputError: There is no adapter in the directory.
        BundleError: A file is damaged, the adapter is of another kind, or it is for another base.
    """

    def __init__(self, directory: Path, shape: LlamaShape, base: Path | None = None) -> None:
        self.name: Final = directory.name
        try:
            config = msgspec.json.decode((directory / CONFIG_FILE).read_bytes(), type=_Config)
            self._tensors = load_file(directory / WEIGHTS_FILE)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise _missing(directory) from error
        except (OSError, msgspec.DecodeError, SafetensorError, UnicodeDecodeError) as error:
            message = f"The adapter {directory.name} cannot be read ({type(error).__name__})."
            raise BundleError(message, hint=_AGAIN) from error
        of_another_kind = (
            config.use_dora, config.fan_in_fan_out, config.bias != "none", config.rank_pattern, config.alpha_pattern,
        )  # fmt: skip
        if config.peft_type != "LORA" or any(of_another_kind):
            raise BundleError(f"The adapter {directory.name} is not a plain LoRA.", hint="Tune it with `chartside-train tune`.")
        self._scale = config.lora_alpha / (config.r**0.5 if config.use_rslora else config.r)
        self._check_sizes(config.r, shape)
        if base:
            self._check_base(read_tuning_record(directory), base)

    def low_rank(self, layer: int, matrix: str) -> LowRank:
        """The adapter of one matrix, named as in `transformers`, such as `self_attn.q_proj`."""
        name = f"{_PREFIX}{layer}.{matrix}.lora_"
        down = self._tensors[f"{name}A.weight"].astype(np.float32)
        up = self._tensors[f"{name}B.weight"].astype(np.float32)
        return LowRank(down, up * np.float32(self._scale))

    def _check_sizes(self, rank: int, shape: LlamaShape) -> None:
        sizes: dict[str, tuple[int, int]] = {}
        for layer in range(shape.layers):
            for matrix in PROJECTIONS:
                outputs, inputs = shape.projection(matrix)
                sizes[f"{_PREFIX}{layer}.{matrix}.lora_A.weight"] = (rank, inputs)
                sizes[f"{_PREFIX}{layer}.{matrix}.lora_B.weight"] = (outputs, rank)
        if set(sizes) != set(self._tensors):
            raise self._refuse("its matrices are not those of this model")
        for name, tensor in self._tensors.items():
            if tensor.shape != sizes[name]:
                matrix = name.removeprefix(_PREFIX).removesuffix(".weight")
                raise self._refuse(f"{matrix} is {tensor.shape} instead of {sizes[name]}")
            if not np.isfinite(tensor.astype(np.float32)).all():
                raise BundleError(f"The adapter {self.name} holds numbers that are not finite.", hint=_AGAIN)

    def _check_base(self, record: TuningRecord, base: Path) -> None:
        described = describe_file(base) if record.base_sha256 and base.is_file() else None
        if described and described.sha256 != record.base_sha256:
            raise self._refuse(f"{base.name} has the right sizes but other weights")

    def _refuse(self, why: str) -> BundleError:
        return BundleError(f"The adapter {self.name} is for another base: {why}.", hint="Use the base that it was tuned on.")


def _missing(directory: Path) -> InputError:
    hint = f"Give a directory with {CONFIG_FILE} and {WEIGHTS_FILE}, as `chartside-train tune` writes it."
    return InputError(f"There is no adapter in {directory}.", hint=hint)
