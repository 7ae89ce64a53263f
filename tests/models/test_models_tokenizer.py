"""Token ids against llama.cpp's, recorded with `bench/tokenize.mjs` from the same GGUF file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from appliance.runtime.bundle import Bundle

VECTORS = json.loads((Path(__file__).parent / "llama_cpp_tokens.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def tokenizer(default_bundle: Bundle) -> Tokenizer:
    return Tokenizer.from_file(str(default_bundle.note_directory / "tokenizer.json"))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: repr(vector["text"])[:30])
def test_ids_equal_llama_cpp(tokenizer: Tokenizer, vector: dict[str, object]) -> None:
    assert tokenizer.encode(vector["text"], add_special_tokens=False).ids == vector["ids"]


def test_text_survives_a_round_trip(tokenizer: Tokenizer) -> None:
    text = "TSH 4.52 mIU/L, HbA1c 7.8 % — 45-year-old.\n\n  Start metformin 500 mg"
    assert tokenizer.decode(tokenizer.encode(text).ids) == text
