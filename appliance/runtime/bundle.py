"""Model bundles: a directory with the models of a box and a manifest, `bundle.json`, that names every file's SHA-256."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from appliance.errors import BundleError

MANIFEST_FILE: Final = "bundle.json"
SCORE_CARD_FILE: Final = "score-card.json"
"""Where a bundle's score card is, if it has one."""
SPEAKER_GRAPH: Final = "voice-print.onnx"
"""The speaker model's file in its directory."""
FORMAT: Final = 1
"""Version of the manifest's layout."""
_REBUILD = "Run `chartside models build` to make the bundle again."

StrategyName = Literal["sections", "topics"]
WritingName = Literal["verbatim", "zero_shot", "tuned"]
Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class BundleFile(msgspec.Struct, frozen=True):
    """One file of a bundle."""

    sha256: Sha256
    bytes: int


class Source(msgspec.Struct, frozen=True):
    """Published weights the bundle was made from."""

    name: str
    version: str
    sha256: Sha256
    """Of the package they came in."""
    licence: str
    """SPDX identifier."""
    origin: str
    """Who published the weights."""


class SpeechModel(msgspec.Struct, frozen=True):
    """The recognizer: a CTranslate2 Whisper model in `speech/`, and for pages ONNX graphs of it in `page/`."""

    model: str
    directory: str = "speech"
    page: str = ""
    """Directory of the same recognizer's graphs for pages; empty where pages cannot hear."""


class SpeakerModel(msgspec.Struct, frozen=True):
    """What tells voices apart: an ONNX voice encoder in `speaker/`."""

    model: str
    directory: str = "speaker"


class NoteModel(msgspec.Struct, frozen=True):
    """The note writer: an ONNX Llama graph in `note/`, and how it is used."""

    model: str
    adapter: str
    """Name of the adapter, or `none`."""
    strategy: StrategyName
    context: int
    """Longest sequence in tokens."""
    writing: WritingName
    """What the model may answer: only sentences that were said, word for word; whatever it likes, told what to do; or what it
    was tuned to."""
    window_tokens: int = 3000
    """Longest stretch of a visit, in tokens, that the sections strategy reads at once."""
    repetition_penalty: float = 1.1
    directory: str = "note"
    caution: str = ""
    """One sentence that stands on every note of this model; empty if nothing beyond the draft notice has to be said."""
    training_data: str = ""
    """SHA-256 that stands for the visits the adapter was tuned on; empty where it is not known."""
    score_card: str = ""
    """The bundle's file with what the model scored, such as `score-card.json`; empty if there is none."""


class Manifest(msgspec.Struct, frozen=True):
    """`bundle.json`."""

    format: int
    name: str
    version: str
    speech: SpeechModel
    note: NoteModel
    files: dict[str, BundleFile]
    """By path relative to the bundle, with `/`."""
    sources: tuple[Source, ...]
    speaker: SpeakerModel | None = None
    """None where speakers are not labelled."""

    @property
    def label(self) -> str:
        """Name and version."""
        return f"{self.name} {self.version}"

    @property
    def speaker_graph(self) -> str:
        """The speaker model's file in the bundle; empty where there is none that this version runs."""
        name = f"{self.speaker.directory}/{SPEAKER_GRAPH}" if self.speaker else ""
        return name if name in self.files else ""


class Bundle:
    """A model bundle on disk.

    Args:
        directory: The bundle's directory.

    Raises:
        BundleError: There is no bundle, or its manifest is not one this version reads.
    """

    def __init__(self, directory: Path) -> None:
        self.directory: Final = directory
        path = directory / MANIFEST_FILE
        try:
            self.manifest: Final = msgspec.json.decode(path.read_bytes(), type=Manifest)
        except FileNotFoundError as error:
            raise BundleError(f"There is no model bundle in {directory}.", hint=_REBUILD) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BundleError(f"The manifest {path} is damaged: {error}.", hint=_REBUILD) from error
        if self.manifest.format != FORMAT:
            message = f"The bundle in {directory} has format {self.manifest.format}; this version reads format {FORMAT}."
            raise BundleError(message, hint=_REBUILD)

    @property
    def label(self) -> str:
        """Name and version."""
        return self.manifest.label

    @property
    def speech_directory(self) -> Path:
        """Where the recognizer's files are."""
        return self.directory / self.manifest.speech.directory

    @property
    def speaker_directory(self) -> Path:
        """Where the speaker model's file is.

        Raises:
            BundleError: The bundle has no speaker model.
        """
        if self.manifest.speaker is None:
            raise BundleError(f"The bundle {self.label} has no speaker model.", hint=_REBUILD)
        return self.directory / self.manifest.speaker.directory

    @property
    def note_directory(self) -> Path:
        """Where the note model's files are."""
        return self.directory / self.manifest.note.directory

    def verify(self, directory: str = "") -> None:
        """Compare every file with the manifest.

        Args:
            directory: Only the files of this directory of the bundle, such as `note`.

        Raises:
            BundleError: A file is missing, cut off or changed; the message names it.
        """
        for name, expected in self.manifest.files.items():
            if not name.startswith(directory):
                continue
            found = describe_file(self.directory / name)
            if found is None:
                raise BundleError(f"The bundle's file {name} is missing.", hint=_REBUILD)
            if found.bytes != expected.bytes:
                message = f"The bundle's file {name} has {found.bytes} bytes instead of {expected.bytes}."
                raise BundleError(message, hint=_REBUILD)
            if found.sha256 != expected.sha256:
                raise BundleError(f"The bundle's file {name} was changed: its SHA-256 does not match.", hint=_REBUILD)


def describe_file(path: Path) -> BundleFile | None:
    """Size and SHA-256 of a file; None if there is no such file."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return BundleFile(digest, file.tell())
    except (FileNotFoundError, NotADirectoryError):
        return None
