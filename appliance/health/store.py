"""Whether encounters can be written."""

from __future__ import annotations

import shutil
import tempfile

from appliance.errors import StorageError
from appliance.health.check import Finding
from appliance.settings import Settings

_HOUR_BYTES = 16_000 * 2 * 3600
_LEAST_HOURS = 10


def check_store(settings: Settings) -> Finding:
    """The data directory: writable, and room for hours of audio.

    Raises:
        StorageError: The directory cannot be written.
    """
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.data_dir) as file:
            file.write(b"chartside")
    except OSError as error:
        message = f"The data directory {settings.data_dir} cannot be written: {error.strerror}."
        raise StorageError(message, hint="Free some space, or choose another with --data-dir.") from error
    hours = shutil.disk_usage(settings.data_dir).free / _HOUR_BYTES
    detail = f"{settings.data_dir}: room for {hours:.0f} hours of audio"
    if hours < _LEAST_HOURS:
        return Finding("store", "warning", detail, "Free some space or delete old encounters.")
    return Finding("store", "ok", detail)
