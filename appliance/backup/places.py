"""Where backups go: a directory, or the USB stick. Only whole files stand under a name that ends in `.backup`."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from appliance.errors import InputError, NotFoundError, StorageError
from appliance.settings import Settings
from appliance.store.keys import sync_directory

STICK: Final = "stick"
NAME: Final = re.compile(r"chartside-(?P<box>[0-9a-f]{8})-\d{8}T\d{6}Z\.backup")
"""Of a backup: box and time."""
_PART: Final = ".part"
_BLOCK: Final = 1 << 20
_HINTS: Final = {
    errno.ENOSPC: "Free some space there, or take a larger stick.",
    errno.EFBIG: "The file system there takes no file that long: format the stick as exFAT, or set backup_audio to none.",
    errno.EROFS: "It is write-protected.",
}


def find_place(where: str, settings: Settings) -> Path:
    """The directory that backups go to.

    Args:
        where: A directory, or `stick`.
        settings: Say where the stick is mounted.

    Raises:
        NotFoundError: No stick is plugged in.
        InputError: There is no such directory.
    """
    if where == STICK:
        # Without a stick this would be a directory of the box itself.
        if not os.path.ismount(settings.stick_dir):
            raise NotFoundError("There is no USB stick labelled CHARTSIDE.", hint="Plug it in, then try again.")
        return settings.stick_dir
    place = Path(where)
    if not place.is_dir():
        raise InputError(f"There is no directory {place}.", hint="Make it, or mount what should be there.")
    return place


def write(place: Path, name: str, size: int, blocks: Iterable[bytes]) -> Path:
    """Write a backup and read it again; it gets its name when every byte is on the medium.

    Args:
        place: Directory.
        name: Of the file.
        size: The most bytes it will have.
        blocks: Its content.

    Raises:
        StorageError: There is not enough room, or the medium does not keep what it is given.
    """
    if not NAME.fullmatch(name):
        raise StorageError("The backup has a name that no backup has.", hint="Update the software of the box.")
    path, part = place / name, place / f"{name}{_PART}"
    try:
        _remove_parts(place, _box(name))
        free = shutil.disk_usage(place).free
        if free < size:
            raise StorageError(
                f"The backup takes {megabytes(size)} MB, and {place} has {megabytes(free)} MB left.",
                hint=_HINTS[errno.ENOSPC],
            )
        written = _write(part, blocks)
        if _read(part) != written:
            raise StorageError(f"{place} gives back other bytes than were written.", hint="Take another stick or disk.")
        part.rename(path)
        sync_directory(place)
    except OSError as error:
        raise StorageError(
            f"The backup cannot be written to {place}: {error.strerror}.",
            hint=_HINTS.get(error.errno or 0, "Check the stick or disk."),
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return path


def newest(place: Path) -> Path:
    """The newest backup in a directory, of whatever box.

    Raises:
        NotFoundError: There is none.
    """
    found = [path for path in place.iterdir() if NAME.fullmatch(path.name) and stat.S_ISREG(path.lstat().st_mode)]
    if not found:
        raise NotFoundError("There is no backup on the stick.", hint="Plug in the stick of the box that is to be restored.")
    return max(found, key=lambda path: path.name.split("-")[-1])


def prune(path: Path, keep: int) -> list[Path]:
    """Remove all but the newest backups of the same box; returns what was removed.

    Args:
        path: The backup just made, which stays.
        keep: How many stay.
    """
    box = _box(path.name)
    # The time is in the name, so the order of names is that of time. The one just made counts as the newest.
    others = sorted((p for p in path.parent.iterdir() if p != path and _box(p.name) == box), reverse=True)
    removed = others[keep - 1 :]
    for old in removed:
        with contextlib.suppress(OSError):
            old.unlink()
    return removed


def _write(part: Path, blocks: Iterable[bytes]) -> bytes:
    digest = hashlib.sha256()
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123  # a path cannot open a descriptor
        for block in blocks:
            file.write(block)
            digest.update(block)
        file.flush()
        os.fsync(descriptor)
        # What is read again is to come from the medium, not from memory.
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    return digest.digest()


def _read(part: Path) -> bytes:
    digest = hashlib.sha256()
    with part.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.digest()


def _remove_parts(place: Path, box: str) -> None:
    """Remove what a backup of this box left behind that was killed."""
    for path in place.glob(f"chartside-{box}-*{_PART}"):
        path.unlink(missing_ok=True)


def _box(name: str) -> str:
    found = NAME.fullmatch(name)
    return found["box"] if found else ""


def megabytes(count: int) -> str:
    """A number of bytes for people."""
    return f"{count / 1e6:,.0f}"
