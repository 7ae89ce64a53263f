"""Updates of the box that this runs on: what is installed, what waits for a restart, and installing a file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from appliance.errors import BundleError
from appliance.runtime.bundle import Bundle
from appliance.runtime.files import write_whole
from appliance.settings import Settings
from appliance.update import install as installing
from appliance.update.container import Manifest
from appliance.update.install import Told, untold
from appliance.update.keys import load_trusted_keys
from appliance.update.policy import Box
from appliance.update.release import load_release
from appliance.update.store import load_floor

WAITING_FILE: Final = Path("/run/chartside-installed.json")
"""What was installed since the box started; gone with the next start, which it waits for."""


class _Waiting(msgspec.Struct, frozen=True):
    installed: str


def load_box(settings: Settings) -> Box:
    """What updates are held against here.

    Raises:
        InputError: This machine does not run the image.
    """
    installed = load_release()
    try:
        models = Bundle(settings.bundle).manifest.version
    except BundleError:  # an update may bring the bundle
        models = "0"
    return Box(installed, models, load_floor(installed), load_trusted_keys(), datetime.now(UTC))


def status_of(box: Box) -> list[str]:
    """What is installed, and whose updates are taken, in sentences."""
    lines = [f"System {box.installed.version} for {box.installed.board}, models {box.models}, nothing older than {box.floor}."]
    lines += [f"Updates signed by {key.name} are taken until {key.expires:%d %B %Y}." for key in box.keys]
    if waits := waiting():
        lines.append(f"{waits} is installed and waits for a restart of the box.")
    return lines


def install_file(settings: Settings, file: Path, told: Told = untold) -> str:
    """Install an update; returns what it is and what to do next.

    Raises:
        ChartsideError: It may not be installed, or could not be; the running system is unchanged.
    """
    what = described(installing.install(file, load_box(settings), told=told))
    write_whole(WAITING_FILE, msgspec.json.encode(_Waiting(what)), 0o644)
    return f"{what} is installed. Restart the box."


def waiting(path: Path = WAITING_FILE) -> str:
    """What was installed and waits for a restart; empty if nothing does."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Waiting).installed
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return ""


def described(manifest: Manifest) -> str:
    """An update in two or three words."""
    return f"{'System' if manifest.component == 'system' else 'Model bundle'} {manifest.version}"
