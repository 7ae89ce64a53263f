"""Which software runs."""

from __future__ import annotations

import importlib.metadata
import platform

from appliance import __version__
from appliance.health.check import Finding
from appliance.settings import Settings

_SHOWN = ("onnxruntime", "ctranslate2", "faster-whisper", "tokenizers")


def check_versions(_settings: Settings) -> Finding:
    """Versions of Chartside, Python and the inference libraries."""
    parts = [f"{name} {importlib.metadata.version(name)}" for name in _SHOWN]
    return Finding("versions", "ok", ", ".join([f"chartside {__version__}", f"Python {platform.python_version()}", *parts]))
