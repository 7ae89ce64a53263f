"""Adapters with random weights, as PEFT writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from appliance.models.llama import PROJECTIONS, LlamaShape

RANK, ALPHA = 4, 8
Array = npt.NDArray[Any]


def write_adapter(directory: Path, shape: LlamaShape, *, seed: int = 3, size: float = 0.1, **config: Any) -> dict[str, Array]:
    """Write an adapter and return its tensors."""
    random = np.random.default_rng(seed)
    tensors: dict[str, Array] = {}
    for layer in range(shape.layers):
        for name in PROJECTIONS:
            outputs, inputs = shape.projection(name)
            for part, rows, columns in (("A", RANK, inputs), ("B", outputs, RANK)):
                values = random.normal(0, size, (rows, columns)).astype(np.float16)
                tensors[f"base_model.model.model.layers.{layer}.{name}.lora_{part}.weight"] = values
    directory.mkdir(parents=True, exist_ok=True)
    save_file(tensors, directory / "adapter_model.safetensors")
    names = [name.rpartition(".")[2] for name in PROJECTIONS]
    described = {"peft_type": "LORA", "r": RANK, "lora_alpha": ALPHA, "target_modules": names, "task_type": "CAUSAL_LM"}
    (directory / "adapter_config.json").write_text(json.dumps(described | config))
    return tensors
