"""Which models the box has, and whether their bundle is complete and unchanged."""

from __future__ import annotations

from typing import Any

from appliance.health.check import Finding
from appliance.runtime.bundle import MANIFEST_FILE, Bundle, describe_file
from appliance.settings import Settings


def check_bundle(settings: Settings) -> Finding:
    """Every file of the bundle against the manifest.

    Raises:
        BundleError: A file is missing, cut off or changed.
    """
    bundle = Bundle(settings.bundle)
    bundle.verify()
    note, manifest = bundle.manifest.note, describe_file(settings.bundle / MANIFEST_FILE)
    sha256 = manifest.sha256 if manifest else ""
    detail = f"{bundle.label} ({sha256[:12]}): {bundle.manifest.speech.model}, {note.model}, adapter {note.adapter}"
    facts = {"bundle": bundle.label, "manifest_sha256": sha256, "models": _models(bundle)}
    return Finding("bundle", "warning" if note.caution else "ok", detail, note.caution, facts)


def _models(bundle: Bundle) -> dict[str, Any]:
    """Models by role, with the SHA-256 of each file."""
    manifest = bundle.manifest
    roles = {"speech": manifest.speech, "note": manifest.note, "speaker": manifest.speaker}
    return {
        role: {
            "model": model.model,
            "files": {name: file.sha256 for name, file in manifest.files.items() if name.startswith(model.directory + "/")},
        }
        for role, model in roles.items()
        if model
    }
