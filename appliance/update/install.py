"""Takes an update: signature, key, product, board and version first, then the hashes, then systemd-sysupdate.

systemd-sysupdate writes a system into the slot that is not running, and a model bundle beside the one in use. It sees the files
only after all of them were checked, in a directory that nobody else can write.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from appliance.errors import ConflictError, InputError, StorageError, UnavailableError
from appliance.update.container import Component, Manifest, PackedFile, read_files, read_manifest
from appliance.update.policy import Box, check_allowed
from appliance.update.store import STATE_DIR

SYSUPDATE: Final = Path("/usr/lib/systemd/systemd-sysupdate")
TRANSFER_DIR: Final = Path("/run/chartside-update")
"""Where the image's `.transfer` files look for what to install."""
_SPARE: Final = 64 * 1024 * 1024

Command = Callable[[Sequence[str]], None]
Told = Callable[[str, float | None], None]
"""Gets what is being done, and which share of it is done (0 to 1); None if nobody can say."""


def untold(_step: str, _share: float | None) -> None:
    """For callers to whom nobody listens."""


def verify(path: Path, box: Box, told: Told = untold) -> Manifest:
    """Check an update without installing it.

    Args:
        path: The update file.
        box: What it is held against.
        told: Hears how far it is.

    Raises:
        InputError: The file is no update, is damaged, not signed, or not for this box.
        ConflictError: It is not newer than what is installed, or older than the floor.
    """
    with _opened(path) as file:
        manifest = _allowed(file, box)
        counted = _counted(manifest, "Checking the update", told)
        read_files(file, manifest, lambda _file, block: counted(block))
    return manifest


def install(
    path: Path,
    box: Box,
    *,
    state: Path = STATE_DIR,
    transfer: Path = TRANSFER_DIR,
    run: Command | None = None,
    told: Told = untold,
) -> Manifest:
    """Install an update; a system takes effect at the next boot.

    Args:
        path: The update file.
        box: What it is held against.
        state: Directory with room for the files; what an interrupted run left there is removed.
        transfer: Where systemd-sysupdate looks; a link to the checked files, made last.
        run: Calls systemd-sysupdate.
        told: Hears how far it is.

    Raises:
        InputError: As for `verify`.
        ConflictError: As for `verify`; or another update is being installed.
        StorageError: There is no room for the files.
        UnavailableError: systemd-sysupdate failed; what runs is unchanged.
    """
    staged = state / "staged"
    with _opened(path) as file:
        manifest = _allowed(file, box)
        with _alone(state):
            shutil.rmtree(staged, ignore_errors=True)
            try:
                _unpack(file, manifest, staged, told)
                _hand_over(staged, transfer)
                told("Writing it beside the running system", None)
                (run or _run)(command_for(manifest.component, manifest.version))
            finally:
                transfer.unlink(missing_ok=True)
                shutil.rmtree(staged, ignore_errors=True)
    return manifest


def command_for(component: Component, version: str) -> list[str]:
    """The call of systemd-sysupdate that installs a version."""
    part = [] if component == "system" else ["--component=models"]
    return [str(SYSUPDATE), *part, "--verify=no", "update", version]


def _allowed(file: BinaryIO, box: Box) -> Manifest:
    manifest, signer = read_manifest(file, box.keys)
    check_allowed(manifest, signer, box)
    return manifest


def _unpack(file: BinaryIO, manifest: Manifest, staged: Path, told: Told) -> None:
    counted = _counted(manifest, "Unpacking the update", told)
    try:
        staged.mkdir(mode=0o700, parents=True)
        needed = sum(packed.bytes for packed in manifest.files) + _SPARE
        if shutil.disk_usage(staged).free < needed:
            message = f"The update needs {needed // 1_000_000} MB on the data partition."
            raise StorageError(message, hint="Delete visits that are not needed any more.")
        with ExitStack() as stack:
            targets = {packed.name: stack.enter_context((staged / packed.name).open("xb")) for packed in manifest.files}

            def take(packed: PackedFile, block: bytes) -> None:
                targets[packed.name].write(block)
                counted(block)

            read_files(file, manifest, take)
    except OSError as error:
        raise StorageError(
            f"The update cannot be unpacked: {error.strerror}.", hint="Free space on the data partition."
        ) from error


def _counted(manifest: Manifest, step: str, told: Told) -> Callable[[bytes], None]:
    """Tells which share of an update's files has gone by."""
    total, done = sum(packed.bytes for packed in manifest.files), 0

    def count(block: bytes) -> None:
        nonlocal done
        done += len(block)
        told(step, done / total)

    return count


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """Nobody else installs meanwhile: stick and page may both bring an update."""
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory = os.open(state, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise StorageError(f"No update can be installed: {error.strerror}.", hint="Run it as root.") from error
    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise ConflictError("Another update is being installed.", hint="Wait until it is done.") from error
    finally:
        os.close(directory)


def _hand_over(staged: Path, transfer: Path) -> None:
    transfer.parent.mkdir(parents=True, exist_ok=True)
    transfer.unlink(missing_ok=True)
    transfer.symlink_to(staged)


def _run(command: Sequence[str]) -> None:
    try:
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        message = "systemd-sysupdate could not install the update; the running system is unchanged."
        raise UnavailableError(message, hint="Look at `journalctl`, then try again.") from error


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise InputError(f"The update {path} cannot be read: {error.strerror}.", hint="Check the path.") from error
    with file:
        yield file
