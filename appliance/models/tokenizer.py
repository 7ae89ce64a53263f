"""Reads a model's tokenizer; that of a GGUF file is rebuilt from its own vocabulary.

What `transformers` derives from such a file is wrong (a second beginning-of-sequence token, digits not split one by one), so
the byte-level BPE is put together here and its ids are tested against llama.cpp's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tokenizers import AddedToken, Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence

from appliance.errors import BundleError, InputError
from appliance.models.weights import GgufLlama

TOKENIZER_FILE: Final = "tokenizer.json"
_CONTROL_TOKEN = 3
_SPLIT_DIGITS = "smollm"


def read_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of a model.

    Args:
        path: A GGUF file, or a Hugging Face directory with `tokenizer.json`.

    Raises:
        InputError: The directory has no tokenizer.
        BundleError: The tokenizer is damaged, or not one that can be rebuilt.
    """
    if path.is_file():
        return rebuild_tokenizer(GgufLlama(path))
    file = path / TOKENIZER_FILE
    if not file.is_file():
        raise InputError(f"There is no {TOKENIZER_FILE} in {path}.", hint="Fetch it with the model's other files.")
    try:
        return Tokenizer.from_file(str(file))
    except Exception as error:  # tokenizers raises bare Exceptions
        raise BundleError(f"The tokenizer {file} is damaged.", hint="Fetch it again.") from error


def write_tokenizer(model: GgufLlama, directory: Path) -> None:
    """Rebuild a GGUF file's tokenizer as `tokenizer.json`.

    Raises:
        BundleError: As `rebuild_tokenizer`.
    """
    rebuild_tokenizer(model).save(str(directory / TOKENIZER_FILE), pretty=False)


def rebuild_tokenizer(model: GgufLlama) -> Tokenizer:
    """The tokenizer of a GGUF file.

    Raises:
        BundleError: It is not the byte-level BPE with split digits of SmolLM.
    """
    kind = (model.field("tokenizer.ggml.model"), model.field("tokenizer.ggml.pre"))
    if kind != ("gpt2", _SPLIT_DIGITS):
        raise BundleError(f"The tokenizer {kind[0]}/{kind[1]} is not supported.", hint="Use a SmolLM2 model.")
    tokens: list[str] = model.field("tokenizer.ggml.tokens")
    types: list[int] = model.field("tokenizer.ggml.token_type")
    merges = [tuple(merge.split(" ", 1)) for merge in model.field("tokenizer.ggml.merges")]
    tokenizer = Tokenizer(BPE({token: i for i, token in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = Sequence([Digits(individual_digits=True), ByteLevel(add_prefix_space=False, use_regex=True)])
    tokenizer.decoder = ByteLevelDecoder()
    control = [token for token, type_ in zip(tokens, types, strict=True) if type_ == _CONTROL_TOKEN]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in control])
    return tokenizer
