"""Which software runs."""

from __future__ import annotations

import importlib.metadata
import platform

from appliance import __version__
from appliance.health.check import Finding
from appliance.settings import Settings

_SHOWN = ("ctranslate2", "faster-whisper", "tokenizers")
_RUNTIMES = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "onnxruntime-qnn")
"""ONNX Runtime has a distribution per kind of machine; one of them is installed."""


def check_versions(_settings: Settings) -> Finding:
    """Versions of Chartside, Python and the inference libraries."""
    parts = [f"{name} {version}" for name in (*_RUNTIMES, *_SHOWN) if (version := _version(name))]
    return Finding("versions", "ok", ", ".join([f"chartside {__version__}", f"Python {platform.python_version()}", *parts]))


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
