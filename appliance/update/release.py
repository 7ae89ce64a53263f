"""What an installed system knows about itself: `/usr/lib/chartside/release.json`, part of the verified root."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from appliance.errors import InputError

RELEASE_FILE: Final = Path("/usr/lib/chartside/release.json")

Version = Annotated[str, msgspec.Meta(pattern=r"^(0|[1-9][0-9]{0,5})(\.(0|[1-9][0-9]{0,5})){0,3}$")]
"""One to four numbers with dots, so that order is never a question."""
Board = Literal[
    "x86-64",
    "x86-64-display",
    "x86-64-intel",
    "x86-64-intel-display",
    "x86-64-nvidia",
    "x86-64-nvidia-display",
    "arm64",
    "jetson-orin",
]
"""systemd's name of the architecture, with the profile if that is not `cpu`, and whether there is a browser for the attached
display; boards with an image of their own get a name."""


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An installed system."""

    product: str
    version: Version
    board: Board
    floor: Version
    """The oldest version that may be installed over this one."""


def parts(version: str) -> tuple[int, ...]:
    """A version as numbers to compare: `1.2` is `1.2.0.0`."""
    numbers = tuple(int(part) for part in version.split("."))
    return numbers + (0,) * (4 - len(numbers))


def load_release(path: Path = RELEASE_FILE) -> Release:
    """The system that runs.

    Raises:
        InputError: This is not a box with the Chartside image.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Release)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        message = "This machine does not run the Chartside image."
        raise InputError(message, hint="Update Chartside the way it was installed.") from error
