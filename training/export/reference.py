"""The model that an export must agree with: the dequantized base in `transformers` with the adapter in PEFT, float32."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from peft import PeftModel

from appliance.models.adapter import Adapter
from appliance.models.read import read_llama
from training.base import dequantized

Logits = Callable[[list[int]], npt.NDArray[np.float32]]
"""Takes token ids; gives the logits after every one of them, `[tokens, vocabulary]`."""


def load_tuned(base: Path, adapter: Path | None) -> Any:
    """The model in torch: a `LlamaForCausalLM`, with the adapter of `peft` around it if there is one.

    Args:
        base: A GGUF file or a Hugging Face directory.
        adapter: Directory of the adapter; None for the base alone.

    Raises:
        InputError: There is no base or adapter at the path.
        BundleError: One of them is damaged, or the adapter is for another base.
    """
    weights = read_llama(base)
    if adapter:
        Adapter(adapter, weights.shape, base)  # refuses what does not fit, which PEFT would load in part
    model = dequantized(weights)
    with warnings.catch_warnings():
        # peft asks transformers for a property that has a new name.
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        return PeftModel.from_pretrained(model, str(adapter)).eval() if adapter else model


def reference(base: Path, adapter: Path | None) -> Logits:
    """The logits of the model in torch.

    Args:
        base: As for `load_tuned`.
        adapter: As for `load_tuned`.

    Raises:
        InputError, BundleError: As `load_tuned`.
    """
    tuned = load_tuned(base, adapter)

    def logits(ids: list[int]) -> npt.NDArray[np.float32]:
        with torch.no_grad():
            found: npt.NDArray[np.float32] = tuned(input_ids=torch.tensor([ids])).logits[0].float().numpy()
        return found

    return logits
