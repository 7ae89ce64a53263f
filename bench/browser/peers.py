"""What the page `/bench` needs to compare: the other engines, and one base model in the form that each of them reads."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Final

from tokenizers import Tokenizer
from transformers_graph import write_transformers_model

from appliance.models.build import fetch_default_base
from appliance.models.graph import GRAPH_FILE, write_graph
from appliance.models.tokenizer import write_tokenizer
from appliance.models.unpacked import UNPACKED_FILE, write_unpacked
from appliance.models.weights import GgufLlama
from appliance.note.prompts import END, START

ROOT: Final = Path(__file__).resolve().parents[2]
BASE: Final = ROOT / "build" / "base.gguf"
_MODULES: Final = Path(__file__).parent / "node_modules"
_ORT: Final = "onnxruntime-web/dist/ort-wasm-simd-threaded"
_FILES: Final = {
    "transformers": ("@huggingface/transformers/dist/transformers.min.js", f"{_ORT}.asyncify.mjs", f"{_ORT}.asyncify.wasm"),
    "wllama": ("@wllama/wllama/esm/index.js", "@wllama/wllama/esm/wasm/wllama.wasm"),
}
_EXCHANGE: Final = """Doctor: How long has that been going on?
Patient: Since about August, so maybe three months. I've also gained nine pounds.
Doctor: Are you taking the levothyroxine every day?
Patient: Yes, 75 micrograms every morning. I'm allergic to penicillin, I got a rash."""


def prepare(directory: Path, tokens: int) -> None:
    """Fill a directory that the page sees as `/peers/`.

    Args:
        directory: Where to; replaced.
        tokens: How many every engine is to write.
    """
    shutil.rmtree(directory, ignore_errors=True)
    for folder, files in _FILES.items():
        (directory / folder).mkdir(parents=True)
        for file in files:
            shutil.copyfile(_MODULES / file, directory / folder / Path(file).name)
    if not BASE.exists():
        fetch_default_base(BASE)
    models = directory / "models"
    ours = models / "chartside"
    ours.mkdir(parents=True)
    shutil.copyfile(BASE, models / BASE.name)
    base = GgufLlama(BASE)
    write_tokenizer(base, ours)
    write_graph(base, ours)
    write_unpacked(ours)
    write_transformers_model(ours / GRAPH_FILE, base.shape, models / "transformers-packed")
    write_transformers_model(ours / UNPACKED_FILE, base.shape, models / "transformers-float32", float32=True)
    text = f"{START}user\nSummarize for the chart.\n\n{_EXCHANGE}{END}\n{START}assistant\n"
    ids = read_tokenizer(directory).encode(text, add_special_tokens=False).ids
    task = {"model": BASE.stem, "prompt": {"text": text, "ids": ids}, "tokens": tokens}
    (directory / "task.json").write_text(json.dumps(task) + "\n", "utf-8")


def read_tokenizer(directory: Path) -> Tokenizer:
    """The model's tokenizer."""
    return Tokenizer.from_file(str(directory / "models" / "chartside" / "tokenizer.json"))
