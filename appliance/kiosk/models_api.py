"""The box's note model for tablets that run it themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from flask import Blueprint, Response, send_file

from appliance.errors import NotFoundError
from appliance.runtime import web
from appliance.runtime.bundle import MANIFEST_FILE, Bundle, BundleFile

_TYPE: Final = "application/octet-stream"


def create_models(directory: Path) -> Blueprint:
    """Routes that serve the files of the note model, each under its SHA-256.

    Args:
        directory: The bundle's directory; it is read anew for every list, as an update may change it.
    """
    models = Blueprint("models", __name__, url_prefix="/api/models")

    @models.get("")
    def listing() -> Response:
        """The bundle's manifest, and the files of its note model."""
        bundle = Bundle(directory)
        files = [{"name": path.name, "sha256": file.sha256, "bytes": file.bytes} for path, file in _files(bundle).items()]
        manifest = (directory / MANIFEST_FILE).read_text("utf-8")
        return web.send({"bundle": bundle.label, "manifest": manifest, "files": files})

    @models.get("/<sha256>")
    def file(sha256: str) -> Response:
        """A file of the note model, or with `Range` a part of it."""
        for path, known in _files(Bundle(directory)).items():
            if known.sha256 == sha256 and path.is_file():
                return send_file(path.absolute(), _TYPE, conditional=True, etag=sha256)
        raise NotFoundError("The box has no such model file.", hint="Ask for the list again; the models were updated.")

    return models


def _files(bundle: Bundle) -> dict[Path, BundleFile]:
    """The files of the note model, by where they are."""
    prefix = f"{bundle.manifest.note.directory}/"
    return {bundle.directory / name: file for name, file in bundle.manifest.files.items() if name.startswith(prefix)}
