"""What the updater remembers on the data partition: the floor under which no system is installed any more."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from appliance.runtime.files import write_whole
from appliance.update.release import Release, Version, parts

STATE_DIR: Final = Path("/var/lib/chartside-update")
_FILE: Final = "floor.json"


class _Floor(msgspec.Struct, frozen=True):
    floor: Version


def load_floor(installed: Release, directory: Path = STATE_DIR) -> str:
    """The oldest system that may be installed: the highest floor that any system on this box has had.

    A damaged or missing file, as after a factory reset, falls back to the floor of the system that runs.
    """
    try:
        kept = msgspec.json.decode((directory / _FILE).read_bytes(), type=_Floor).floor
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        kept = installed.floor
    return max(kept, installed.floor, key=parts)


def raise_floor(installed: Release, directory: Path = STATE_DIR) -> None:
    """Keep the floor of a system that has passed its self-test. Never before: the way back would be closed.

    Raises:
        StorageError: It cannot be written.
    """
    write_whole(directory / _FILE, msgspec.json.encode(_Floor(load_floor(installed, directory))))
