"""Small files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from pathlib import Path

_log = logging.getLogger(__name__)


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file in one step; what goes wrong is logged."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123  # a path cannot open a descriptor
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        _log.warning("%s cannot be written: %s", path.name, error.strerror)
