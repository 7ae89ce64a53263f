"""Llama weights read from a Hugging Face directory and quantized on the way, without torch.

A directory holds `config.json`, and `model.safetensors` or several such files with `model.safetensors.index.json`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import msgspec
import numpy as np
from safetensors import SafetensorError, safe_open

from appliance.errors import BundleError
from appliance.models.llama import NORMS, PROJECTIONS, LlamaShape, RopeScaling
from appliance.models.quantize import BLOCK, AnyMatrix, Float32, Matrix, Matrix8, quantize4, quantize8, stack

CONFIG_FILE: Final = "config.json"
INDEX_FILE: Final = "model.safetensors.index.json"
SINGLE_FILE: Final = "model.safetensors"
Bits = Literal[4, 8]
_TYPES: Final = ("BF16", "F16", "F32")
_PIECE: Final = 1 << 24
"""Most weights that are quantized at once, so that memory does not grow with the vocabulary."""


class _Rope(msgspec.Struct):
    """`rope_scaling` of older files, `rope_parameters` of newer ones."""

    rope_type: str = ""
    type: str = ""
    """An older name of `rope_type`."""
    rope_theta: float = 0.0
    """0 where it stands in the configuration itself."""
    factor: float = 1.0
    low_freq_factor: float = 1.0
    high_freq_factor: float = 4.0
    original_max_position_embeddings: int = 8192


class _Config(msgspec.Struct):
    model_type: str
    num_hidden_layers: int
    hidden_size: int
    intermediate_size: int
    num_attention_heads: int
    vocab_size: int
    max_position_embeddings: int
    rms_norm_eps: float
    num_key_value_heads: int | None = None
    head_dim: int | None = None
    rope_theta: float = 10_000.0
    rope_scaling: _Rope | None = None
    rope_parameters: _Rope | None = None
    tie_word_embeddings: bool = False
    attention_bias: bool = False
    mlp_bias: bool = False
    hidden_act: str = "silu"


class Checkpoint:
    """A Llama model in a Hugging Face directory; tensors are read and quantized as they are asked for.

    Args:
        directory: With the configuration and the weights, in bfloat16, float16 or float32.
        bits: Of the layers' matrices; the embedding always has 8.

    Raises:
        BundleError: A file is missing or damaged, or the model is of a kind that the graph writer does not know.
    """

    def __init__(self, directory: Path, *, bits: Bits = 4) -> None:
        self._directory = directory
        self._quantize: Callable[[Float32], Matrix] = quantize4 if bits == 4 else quantize8  # noqa: PLR2004  # the two of `Bits`
        try:
            config = msgspec.json.decode((directory / CONFIG_FILE).read_bytes(), type=_Config)
            self._files = self._tensor_files()
        except FileNotFoundError as error:
            raise self._refuse(f"has no {Path(error.filename or SINGLE_FILE).name}") from error
        except (OSError, ValueError, KeyError, SafetensorError, msgspec.DecodeError) as error:
            raise self._refuse(f"cannot be read ({type(error).__name__}: {error})") from error
        self.shape: Final = self._checked(config)
        self._check_tensors()

    def norm(self, name: str, layer: int | None = None) -> Float32:
        """A norm, `[hidden]`."""
        return self._rows(f"{_prefix(layer)}{name}.weight", slice(0, self.shape.hidden))

    def matrix(self, layer: int, name: str) -> Matrix:
        """A matrix of a layer, quantized."""
        return self._in_pieces(f"{_prefix(layer)}{name}.weight", self.shape.projection(name), self._quantize)

    def embedding(self) -> Matrix8:
        """The token embedding, quantized to 8 bits."""
        return self._in_pieces(f"{_prefix(None)}embed_tokens.weight", (self.shape.vocabulary, self.shape.hidden), quantize8)

    def _in_pieces(self, name: str, size: tuple[int, int], quantize: Callable[[Float32], AnyMatrix]) -> AnyMatrix:
        rows, columns = size
        step = max(1, _PIECE // columns)
        return stack(*(quantize(self._rows(name, slice(row, min(row + step, rows)))) for row in range(0, rows, step)))

    def _rows(self, name: str, rows: slice) -> Float32:
        # Opened anew for every read: pages that stay mapped would count as memory in use.
        try:
            with safe_open(self._directory / self._files[name], framework="numpy") as file:
                values: Float32 = file.get_slice(name)[rows].astype(np.float32)
        except (OSError, SafetensorError) as error:
            raise self._refuse(f"cannot be read ({type(error).__name__}: {error})") from error
        if not np.isfinite(values).all():
            raise self._refuse(f"holds numbers in {name} that are not finite")
        return values

    def _tensor_files(self) -> dict[str, str]:
        """Name of the file of every tensor."""
        if (self._directory / INDEX_FILE).is_file():
            files: dict[str, str] = json.loads((self._directory / INDEX_FILE).read_bytes())["weight_map"]
            return files
        with safe_open(self._directory / SINGLE_FILE, framework="numpy") as file:
            return dict.fromkeys(file.keys(), SINGLE_FILE)

    def _checked(self, config: _Config) -> LlamaShape:
        rope = config.rope_parameters or config.rope_scaling or _Rope()
        rope_type = rope.rope_type or rope.type or "default"
        head_size = config.head_dim or config.hidden_size // config.num_attention_heads
        sizes = (config.hidden_size, config.intermediate_size, head_size * config.num_attention_heads)
        unknown = {
            f"model type {config.model_type}": config.model_type != "llama",
            f"rotary embedding {rope_type}": rope_type not in {"default", "llama3"},
            f"activation {config.hidden_act}": config.hidden_act != "silu",
            "an output head of its own": not config.tie_word_embeddings,
            "biases": config.attention_bias or config.mlp_bias,
            f"sizes that are no multiples of {BLOCK}": any(size % BLOCK for size in sizes),
        }
        for what, is_so in unknown.items():
            if is_so:
                raise self._refuse(f"has {what}, which cannot be exported")
        scaling = RopeScaling(rope.factor, rope.low_freq_factor, rope.high_freq_factor, rope.original_max_position_embeddings)
        return LlamaShape(
            layers=config.num_hidden_layers,
            hidden=config.hidden_size,
            intermediate=config.intermediate_size,
            heads=config.num_attention_heads,
            kv_heads=config.num_key_value_heads or config.num_attention_heads,
            head_size=head_size,
            vocabulary=config.vocab_size,
            context=config.max_position_embeddings,
            rope_base=rope.rope_theta or config.rope_theta,
            norm_epsilon=config.rms_norm_eps,
            rope_scaling=scaling if rope_type == "llama3" else None,
        )

    def _check_tensors(self) -> None:
        """Every tensor is there with its size, so that an export does not fail half way."""
        shape = self.shape
        wanted: dict[str, tuple[int, ...]] = {
            f"{_prefix(None)}embed_tokens.weight": (shape.vocabulary, shape.hidden),
            f"{_prefix(None)}norm.weight": (shape.hidden,),
        }
        for layer in range(shape.layers):
            wanted |= {f"{_prefix(layer)}{name}.weight": (shape.hidden,) for name in NORMS}
            wanted |= {f"{_prefix(layer)}{name}.weight": shape.projection(name) for name in PROJECTIONS}
        found: dict[str, tuple[tuple[int, ...], str]] = {}
        for name in sorted({self._files[tensor] for tensor in wanted if tensor in self._files}):
            try:
                with safe_open(self._directory / name, framework="numpy") as file:
                    for tensor in file.keys():  # noqa: SIM118  # no mapping
                        described = file.get_slice(tensor)
                        found[tensor] = (tuple(described.get_shape()), described.get_dtype())
            except (OSError, SafetensorError) as error:
                raise self._refuse(f"has a {name} that is missing or damaged") from error
        for tensor, size in wanted.items():
            if tensor not in found:
                raise self._refuse(f"has no {tensor}")
            shape_found, type_found = found[tensor]
            if shape_found != size or type_found not in _TYPES:
                raise self._refuse(f"stores {tensor} as {type_found} {shape_found}, not as floats {size}")

    def _refuse(self, why: str) -> BundleError:
        return BundleError(f"The model {self._directory.name} {why}.", hint="Fetch it again, or use another Llama model.")


def _prefix(layer: int | None) -> str:
    return "model." if layer is None else f"model.layers.{layer}."
