"""Packs an exported note model and a speech model into a bundle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from appliance.errors import InputError
from appliance.models.assemble import copy_into, staging, write_manifest
from appliance.models.float16 import write_float16
from appliance.models.graph import GRAPH_FILE, WEIGHTS_FILE
from appliance.models.tokenizer import TOKENIZER_FILE
from appliance.models.unpacked import write_unpacked
from appliance.runtime.bundle import (
    FORMAT,
    MANIFEST_FILE,
    SCORE_CARD_FILE,
    Bundle,
    Manifest,
    NoteModel,
    Source,
    StrategyName,
)
from appliance.runtime.signature import sign
from training.export.write import read_export


def pack(
    exported: Path,
    speech: Bundle,
    output: Path,
    *,
    name: str,
    version: str,
    strategy: StrategyName,
    score_card: Path | None = None,
    sources: Sequence[Source] = (),
    key: Path | None = None,
) -> Bundle:
    """Make a bundle of an exported model.

    Args:
        exported: Directory that `export` wrote.
        speech: A bundle to take the speech and speaker models from, such as the default one.
        output: The new bundle; an older bundle there is replaced.
        name: Of the bundle.
        version: Of the bundle.
        strategy: How the note is written.
        score_card: What the model scored (JSON).
        sources: The published weights that speech and note model were made from, with their licences.
        key: Private key (PEM) that signs the bundle; None leaves it unsigned.

    Raises:
        InputError: A file is missing, the key is not one, the export is not for CPUs, or `output` holds something else.
        BundleError: The speech model is damaged.
        StorageError: The disk is full or not writable.
    """
    made = read_export(exported)
    if made.io != "float32":
        message = f"The model in {exported} has float16 inputs and outputs, which the note service does not run."
        raise InputError(message, hint="Export it with float32 for the box; float16 is for GPUs and browsers.")
    speech.verify(speech.manifest.speech.directory)
    if speech.manifest.speech.page:
        speech.verify(speech.manifest.speech.page)
    if speech.manifest.speaker:
        speech.verify(speech.manifest.speaker.directory)
    note = NoteModel(
        model=made.base,
        adapter=made.adapter,
        strategy=strategy,
        context=made.context,
        writing="zero_shot" if made.adapter == "none" else "tuned",
        training_data=made.training_data,
        score_card=SCORE_CARD_FILE if score_card else "",
    )
    with staging(output, replaces=MANIFEST_FILE) as staged:
        copy_into(speech.speech_directory, staged / speech.manifest.speech.directory)
        if page := speech.manifest.speech.page:
            copy_into(speech.directory / page, staged / page)
        if speech.manifest.speaker:
            copy_into(speech.speaker_directory, staged / speech.manifest.speaker.directory)
        for file in (GRAPH_FILE, WEIGHTS_FILE, TOKENIZER_FILE):
            copy_into(exported / file, staged / note.directory / file)
        write_unpacked(staged / note.directory)
        write_float16(staged / note.directory)
        if score_card:
            copy_into(score_card, staged / SCORE_CARD_FILE)
        manifest = Manifest(
            format=FORMAT,
            name=name,
            version=version,
            speech=speech.manifest.speech,
            speaker=speech.manifest.speaker,
            note=note,
            files={},
            sources=tuple(sources),
        )
        write_manifest(staged, manifest)
        Bundle(staged).verify()
        if key:
            sign(staged, key)
    return Bundle(output)
