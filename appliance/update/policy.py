"""Whether this box may have an update whose signature is right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from appliance.errors import ConflictError, InputError
from appliance.update.container import Manifest
from appliance.update.keys import TrustedKey
from appliance.update.release import Release, parts


@dataclass(frozen=True)
class Box:
    """What an update is held against."""

    installed: Release
    """The system that runs."""
    models: str
    """Version of the model bundle in use."""
    floor: str
    """The oldest system that this box takes; rises with what was installed and never falls."""
    keys: tuple[TrustedKey, ...]
    now: datetime
    """The box's time. A clock that was set back does not revive a key: the day the update was made counts as well."""


def check_allowed(manifest: Manifest, signer: TrustedKey, box: Box) -> None:
    """Refuse what this box must not have.

    Args:
        manifest: Of the update; its signature was checked.
        signer: Whose signature it was.
        box: The box.

    Raises:
        InputError: The key has expired, or the update is for another product or board.
        ConflictError: The update is not newer than what is installed, or older than the floor.
    """
    if signer.expires <= max(box.now, manifest.created):
        day = f"{signer.expires:%d %B %Y}"
        raise InputError(f"The key that signed the update expired on {day}.", hint="Ask the vendor for a newer update.")
    installed = box.installed
    if manifest.product != installed.product:
        raise InputError(f"The update is for {manifest.product!r}.", hint=f"This box runs {installed.product!r}.")
    if manifest.board != installed.board:
        raise InputError(f"The update is for {manifest.board} boxes.", hint=f"This is a {installed.board} box.")
    if manifest.component == "system" and parts(manifest.version) < max(parts(box.floor), parts(installed.floor)):
        message = f"Version {manifest.version} has known faults and is not installed any more."
        raise ConflictError(message, hint="Ask the vendor for a newer update.")
    current = installed.version if manifest.component == "system" else box.models
    if parts(manifest.version) <= parts(current):
        message = f"Version {manifest.version} is not newer than {current}, which is installed."
        raise ConflictError(message, hint="Nothing has to be done.")
