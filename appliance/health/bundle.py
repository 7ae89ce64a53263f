"""Whether the model bundle is complete and unchanged."""

from __future__ import annotations

from appliance.health.check import Finding
from appliance.runtime.bundle import Bundle
from appliance.settings import Settings


def check_bundle(settings: Settings) -> Finding:
    """Every file of the bundle against the manifest.

    Raises:
        BundleError: A file is missing, cut off or changed.
    """
    bundle = Bundle(settings.bundle)
    bundle.verify()
    manifest = bundle.manifest
    detail = f"{bundle.label}: {manifest.speech.model}, {manifest.note.model}, adapter {manifest.note.adapter}"
    caution = manifest.note.caution
    return Finding("bundle", "warning" if caution else "ok", detail, caution)
