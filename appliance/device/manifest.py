"""The manifest of the box's bundle, as a page reads it."""

from __future__ import annotations

import msgspec

from appliance.errors import BundleError
from appliance.runtime.bundle import FORMAT, Manifest


def read_manifest(text: str) -> Manifest:
    """The content of `bundle.json`.

    Raises:
        BundleError: It is damaged, or of a format that this version does not read.
    """
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except msgspec.MsgspecError as error:
        raise BundleError(f"The manifest is damaged: {error}.", hint="Load the models from the box again.") from error
    if manifest.format != FORMAT:
        raise BundleError(f"The bundle has format {manifest.format}, not {FORMAT}.", hint="Reload the page.")
    return manifest
