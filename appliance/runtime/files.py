"""Small files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from pathlib import Path

from appliance.errors import StorageError

_log = logging.getLogger(__name__)


def write_whole(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace a file in one step.

    Args:
        path: The file.
        data: All of it.
        mode: Its permissions; by default only the owner may read it.

    Raises:
        StorageError: It cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123  # a path cannot open a descriptor
                file.write(data)
                file.flush()
                os.fchmod(descriptor, mode)
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise StorageError(f"The file {path} cannot be written: {error.strerror}.", hint="Free some disk space.") from error


def remember(path: Path, data: bytes) -> None:
    """The same for what can be found out again: what goes wrong is logged."""
    try:
        write_whole(path, data)
    except StorageError as error:
        _log.warning("%s", error.message)
