"""The box's models for tablets that run them themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from flask import Blueprint, Response, send_file

from appliance.errors import NotFoundError
from appliance.runtime import web
from appliance.runtime.bundle import MANIFEST_FILE, Bundle, BundleFile

_TYPE: Final = "application/octet-stream"
_VOCABULARY: Final = "vocabulary.txt"


def create_models(directory: Path) -> Blueprint:
    """Routes that serve the files of the models that run in a page, each under its SHA-256.

    Args:
        directory: The bundle's directory; it is read anew for every list, as an update may change it.
    """
    models = Blueprint("models", __name__, url_prefix="/api/models")

    @models.get("")
    def listing() -> Response:
        """The bundle's manifest, and the files of its note model and of its speech and speaker models for pages."""
        bundle = Bundle(directory)
        files = [
            {"name": name.rsplit("/", 1)[-1], "model": model, "sha256": file.sha256, "bytes": file.bytes}
            for name, model, file in _files(bundle)
        ]
        manifest = (directory / MANIFEST_FILE).read_text("utf-8")
        return web.send({"bundle": bundle.label, "manifest": manifest, "files": files})

    @models.get("/<sha256>")
    def file(sha256: str) -> Response:
        """A file of a model, or with `Range` a part of it."""
        for name, _, known in _files(Bundle(directory)):
            if known.sha256 == sha256 and (directory / name).is_file():
                return send_file((directory / name).absolute(), _TYPE, conditional=True, etag=sha256)
        raise NotFoundError("The box has no such model file.", hint="Ask for the list again; the models were updated.")

    return models


def _files(bundle: Bundle) -> Iterator[tuple[str, Literal["note", "speech"], BundleFile]]:
    """The files that a page needs, by their names in the bundle, and the model that each belongs to."""
    manifest = bundle.manifest
    beside = {f"{manifest.speech.directory}/{_VOCABULARY}", manifest.speaker_graph}
    for name, file in manifest.files.items():
        if name.startswith(f"{manifest.note.directory}/"):
            yield name, "note", file
        elif manifest.speech.page and (name in beside or name.startswith(f"{manifest.speech.page}/")):
            yield name, "speech", file
