"""Writes the graphs with which a tablet's page hears: the bundle's own recognizer, and the voice detector."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Final

import onnx
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens
from faster_whisper.utils import get_assets_path
from tokenizers import Tokenizer as TokenizerFile

from appliance.models.ctranslate import read_variables
from appliance.models.whisper_decoder import write_decoder
from appliance.models.whisper_encoder import write_encoder
from appliance.models.whisper_rules import write_alignment, write_choice

_VOICE: Final = "silero_vad_v6.onnx"


def write_page_speech(speech: Path, target: Path) -> None:
    """Write `encoder`, `decoder` (each with its `.data`), `choice`, `alignment` and `voice`, all `.onnx`.

    Args:
        speech: The recognizer's directory.
        target: Directory to make for the files.

    Raises:
        BundleError: The recognizer's weights are damaged.
    """
    target.mkdir(parents=True)
    weights = speech / "model.bin"
    with weights.open("rb") as file:
        variables = read_variables(file, str(weights), "WhisperSpec")
    settings = json.loads((speech / "config.json").read_bytes())
    heads = [(layer, head) for layer, head in settings["alignment_heads"]]
    vocabulary = len(variables["decoder/embeddings/weight"])
    tokens = Tokenizer(TokenizerFile.from_file(str(speech / "tokenizer.json")), multilingual=False)
    suppressed = get_suppressed_tokens(tokens, [-1]) or ()
    with (target / "encoder.onnx.data").open("wb") as data:
        encoder = write_encoder(variables, data, "encoder.onnx.data", integers=True)
    with (target / "decoder.onnx.data").open("wb") as data:
        decoder = write_decoder(variables, heads, data, "decoder.onnx.data")
    choice = write_choice(vocabulary, tokens.timestamp_begin, tokens.no_speech, suppressed, settings["suppress_ids_begin"])
    alignment = write_alignment(vocabulary, tokens.eot, len(heads))
    for name, model in {"encoder": encoder, "decoder": decoder, "choice": choice, "alignment": alignment}.items():
        path = target / f"{name}.onnx"
        onnx.save(model, path)
        onnx.checker.check_model(str(path))
    shutil.copyfile(Path(get_assets_path()) / _VOICE, target / "voice.onnx")
