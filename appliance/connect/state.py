"""What the kiosk says about being reached, in a file: the terminal, `chartside connect` and `chartside doctor` read it.

The store is the running kiosk's alone, so others cannot ask there.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from appliance.runtime.files import write_whole


class Trouble(msgspec.Struct, frozen=True):
    """Something that keeps tablets away, or soon will."""

    detail: str
    hint: str


class State(msgspec.Struct, frozen=True):
    """How the box is reached."""

    name: str
    """What the box is called on the network."""
    url: str
    """Of the kiosk."""
    trust_url: str
    """Of the page where tablets learn to trust the box."""
    addresses: tuple[str, ...]
    words: str
    """The authority's fingerprint in words."""
    digits: str
    """The same in hexadecimal digits, whole."""
    certificate: str
    """Whose certificate tablets see: `box` or `clinic`."""
    issued: datetime
    expires: datetime
    troubles: tuple[Trouble, ...] = ()
    setup_code: str = ""
    """Lets whoever reads it set the first PIN; empty once there is one."""
    rooms: int = 0
    devices: int = 0
    revoked: int = 0

    def save(self, directory: Path) -> None:
        """Replace the file, readable by its owner only."""
        write_whole(directory / "state.json", msgspec.json.encode(self))

    @classmethod
    def load(cls, directory: Path) -> State | None:
        """The file's state; None if no kiosk was ever reached from the network."""
        try:
            return msgspec.json.decode((directory / "state.json").read_bytes(), type=cls)
        except (OSError, msgspec.MsgspecError):
            return None
