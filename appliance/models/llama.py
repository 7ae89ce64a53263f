"""What the graph writer asks of a Llama model's weights, wherever they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from appliance.models.quantize import Float32, Matrix, Matrix8

PROJECTIONS: Final = (
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.o_proj",
    "mlp.gate_proj",
    "mlp.up_proj",
    "mlp.down_proj",
)
"""The matrices of a layer, named as in `transformers`."""
NORMS: Final = ("input_layernorm", "post_attention_layernorm")
"""The norms of a layer, named as in `transformers`."""


@dataclass(frozen=True)
class RopeScaling:
    """How Llama 3 stretches rotary embedding to contexts longer than those it was first trained on.

    Frequencies with a long wave are divided by `factor`, those with a short wave stay, those between are mixed. Source: Llama
    3.1 (`rope_type` `llama3` in `transformers`).
    """

    factor: float
    low_freq_factor: float
    high_freq_factor: float
    original_context: int
    """Context in tokens before it was stretched."""

    def apply(self, frequencies: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The stretched frequencies, radians per token."""
        waves = self.original_context * frequencies / (2 * np.pi)  # that fit into the original context
        share = np.clip((waves - self.low_freq_factor) / (self.high_freq_factor - self.low_freq_factor), 0, 1)
        stretched: npt.NDArray[np.float64] = frequencies * (share + (1 - share) / self.factor)
        return stretched


@dataclass(frozen=True)
class LlamaShape:
    """Sizes of a Llama model."""

    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_size: int
    vocabulary: int
    context: int
    """Longest sequence in tokens that the model was trained for."""
    rope_base: float
    norm_epsilon: float
    rope_scaling: RopeScaling | None = None

    def projection(self, name: str) -> tuple[int, int]:
        """Outputs and inputs of a matrix of a layer, by its name in `PROJECTIONS`."""
        queries, keys = self.heads * self.head_size, self.kv_heads * self.head_size
        outputs = {
            "q_proj": queries,
            "k_proj": keys,
            "v_proj": keys,
            "gate_proj": self.intermediate,
            "up_proj": self.intermediate,
        }
        inputs = {"o_proj": queries, "down_proj": self.intermediate}
        short = name.rpartition(".")[2]
        return outputs.get(short, self.hidden), inputs.get(short, self.hidden)

    def frequencies(self) -> npt.NDArray[np.float64]:
        """Of rotary position embedding (Su et al. 2021, arXiv 2104.09864), radians per token, `[head_size / 2]`."""
        plain: Any = self.rope_base ** (-np.arange(0, self.head_size, 2, dtype=np.float64) / self.head_size)
        return self.rope_scaling.apply(plain) if self.rope_scaling else plain


class LlamaWeights(Protocol):
    """Weights of a Llama model with a tied embedding, read one tensor at a time.

    Rows of query and key are in the order of the Llama paper: the two halves of every head are rotated against each other.
    """

    @property
    def shape(self) -> LlamaShape:
        """The model's sizes."""

    def norm(self, name: str, layer: int | None = None) -> Float32:
        """A norm of a layer (see `NORMS`), or without a layer the last one, `[hidden]`."""

    def matrix(self, layer: int, name: str) -> Matrix:
        """A quantized matrix of a layer by its name in `PROJECTIONS`, `[outputs, inputs]`."""

    def embedding(self) -> Matrix8:
        """The token embedding `[vocabulary, hidden]`, which is also the output head."""
