"""The note service's language model, computed by `transformers`: the same decode loop and rules on other arithmetic.

It shows that the exported graph and the model that was tuned write the same. Simple and slow: every row is run alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from transformers import DynamicCache

from appliance.note.model import Float32, KeyValueCache, LanguageModel


class ReferenceModel(LanguageModel):
    """Stands in for `LanguageModel` wherever notes are written.

    Args:
        llama: A `LlamaForCausalLM`, also with an adapter of `peft` around it.
        tokenizer: The tokenizer that was exported with it.
        context: Longest sequence in tokens.
    """

    def __init__(self, llama: Any, tokenizer: Tokenizer, *, context: int) -> None:
        # The parent would open an ONNX session; what it shares with this class is everything around `_run`.
        self.tokenizer = tokenizer  # type: ignore[misc]
        self.context = context  # type: ignore[misc]
        self._llama = llama.eval().get_base_model() if hasattr(llama, "get_base_model") else llama.eval()
        config = self._llama.config
        size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        self._cache_shape = (int(config.num_key_value_heads), int(size))
        self._names = [f"{layer}.{part}" for layer in range(config.num_hidden_layers) for part in ("key", "value")]

    def _run(self, cache: KeyValueCache, ids: npt.NDArray[np.int64], positions: npt.NDArray[np.int64]) -> Float32:
        logits: Float32 = np.concatenate([self._run_row(cache, row, ids[row]) for row in range(cache.rows)])
        cache.lengths += ids.shape[1]
        return logits[positions]

    def _run_row(self, cache: KeyValueCache, row: int, ids: npt.NDArray[np.int64]) -> Float32:
        """Logits after every new token of one row, `[tokens, vocabulary]`; its keys and values are written into the cache."""
        length = int(cache.lengths[row])
        tensors = cache._tensors  # noqa: SLF001  # `values` hands out copies
        known = [torch.from_numpy(tensor[row : row + 1, :, :length]) for tensor in tensors]
        past = DynamicCache(list(zip(known[::2], known[1::2], strict=True)))
        with torch.inference_mode():
            # By position: the name of the cache differs between versions of transformers.
            found = self._llama(torch.from_numpy(ids[None]), None, None, past, use_cache=True)
        for layer, (keys, values) in enumerate(zip(tensors[::2], tensors[1::2], strict=True)):
            keys[row, :, length : length + len(ids)] = past.layers[layer].keys[0, :, length:].numpy()
            values[row, :, length : length + len(ids)] = past.layers[layer].values[0, :, length:].numpy()
        logits: Float32 = found.logits[0].float().numpy()
        return logits
