"""One process of a run on several: tunes a tiny model and writes down the adapter that this process ends with."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import torch
from accelerate import PartialState
from tokenizers import Tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

from training.config import TuneConfig
from training.datasets.examples import Example
from training.tune import tune


def main(tokenizer: Path, output: Path) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    shape = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
    base = LlamaForCausalLM(LlamaConfig(vocab_size=49152, num_key_value_heads=2, tie_word_embeddings=True, **shape))
    examples = [Example(f"{n} mg of", f" drug number {n}", "aci") for n in range(40)]
    config = TuneConfig(rank=4, alpha=8, learning_rate=5e-3, tokens=1500, batch_tokens=100, longest=60)
    tune(base, Tokenizer.from_file(str(tokenizer)), examples, config, output)
    assert PartialState().num_processes == 2
    weights = {name: value.float() for name, value in base.named_parameters() if "lora_" in name}
    torch.save(weights, output / f"process-{os.environ['RANK']}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
