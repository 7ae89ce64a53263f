"""From a backup to an empty box: all of it is unpacked beside the store, opened and checked, and only then moved into place."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import secrets
import shutil
from pathlib import Path
from typing import BinaryIO, Final

from appliance.backup.contents import ABOUT, BOX_KEY, DATABASE, RECOVERY_KEY, About, read, read_about
from appliance.backup.places import megabytes
from appliance.backup.sealing import Unsealed
from appliance.errors import ConflictError, InputError, StorageError
from appliance.settings import Settings
from appliance.store.encounters import EncounterStore
from appliance.store.keys import sync_directory

_log = logging.getLogger(__name__)
_PREFIX: Final = ".restore-"
_STAGED: Final = "restored"
"""Directory with a checked backup that waits for the next start."""
_ROOM: Final = 64 << 20
"""Bytes that a box needs besides what is restored."""


def verify(file: Path, passphrase: str) -> About:
    """Read a backup to its end.

    Raises:
        BackupError: It is not whole, was changed, or the passphrase is another one.
        InputError: The file cannot be read.
    """
    about: About | None = None
    with _opened(file) as backup:
        for name, size, content in read(Unsealed(backup, passphrase)):
            if name == ABOUT:
                about = read_about(content, size)
            for _ in content:
                pass
    assert about  # noqa: S101  # `read` begins with it
    return about


def restore(file: Path, passphrase: str, settings: Settings) -> About:
    """Put a backup into a box that has no encounters. The kiosk must not run.

    Args:
        file: The backup.
        passphrase: The recovery passphrase.
        settings: Of the box.

    Raises:
        BackupError: The backup is not whole, was changed, or the passphrase is another one; nothing was changed.
        ConflictError: The box has encounters, the kiosk runs, or systemd keeps another box key.
        StorageError: There is no room.
    """
    if count := _encounters(settings):
        raise ConflictError(
            f"This box has {count} encounters, which would be lost.",
            hint="Restore to an empty box, or to another data directory.",
        )
    about = stage(file, passphrase, settings)
    take_over(settings)
    return about


def stage(file: Path, passphrase: str, settings: Settings) -> About:
    """Unpack and check a backup beside the store, which may be open; `take_over` does the rest at the next start.

    Raises:
        BackupError: The backup is not whole, was changed, or the passphrase is another one.
        ConflictError: systemd keeps another box key.
        StorageError: There is no room.
    """
    _check_key(settings)
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in (*settings.data_dir.glob(f"{_PREFIX}*"), settings.data_dir / _STAGED):
        shutil.rmtree(left, ignore_errors=True)
    staging = settings.data_dir / f"{_PREFIX}{secrets.token_hex(4)}"
    try:
        staging.mkdir(mode=0o700)
        with _opened(file) as backup:
            about = _unpack(Unsealed(backup, passphrase), staging, os.fstat(backup.fileno()).st_size)
        _finish(staging, about)
        staging.rename(settings.data_dir / _STAGED)
        sync_directory(settings.data_dir)
    except OSError as error:
        raise StorageError(f"The backup cannot be restored: {error.strerror}.", hint="Free some disk space.") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return about


def take_over(settings: Settings) -> None:
    """Move what was staged into place, if there is something; to be called before the store is opened.

    Raises:
        StorageError: The store cannot be used.
        ConflictError: Another process uses it.
    """
    staged = settings.data_dir / _STAGED
    if not staged.is_dir():
        return
    # Without its database, an earlier start was interrupted after the last step.
    if (staged / DATABASE).exists():
        if _encounters(settings):
            _log.error("backup: nothing was restored, because there are encounters")
        else:
            _move(staged, settings)
    shutil.rmtree(staged, ignore_errors=True)


def _check_key(settings: Settings) -> None:
    if settings.box_key.parent != settings.data_dir:
        raise ConflictError(
            "This box gets its box key from systemd, so a store with another one would not open.",
            hint="Remove the credential `chartside.box_key`, then restore.",
        )


def _encounters(settings: Settings) -> int:
    """How many encounters the box has."""
    if not settings.database.exists():
        return 0
    with contextlib.closing(EncounterStore.open(settings)) as store:
        return len(store.all())


def _unpack(unsealed: Unsealed, staging: Path, sealed: int) -> About:
    free = shutil.disk_usage(staging).free
    if free < sealed + _ROOM:
        raise StorageError(
            f"Restoring takes {megabytes(sealed + _ROOM)} MB, and {staging.parent} has {megabytes(free)} MB left.",
            hint="Free some disk space.",
        )
    about: About | None = None
    for name, size, content in read(unsealed):
        if name == ABOUT:
            about = read_about(content, size)
            continue
        path = staging / name
        for parent in reversed(path.relative_to(staging).parents):
            (staging / parent).mkdir(mode=0o700, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:  # noqa: PTH123
            target.writelines(content)
            target.flush()
            os.fsync(target.fileno())
    assert about  # noqa: S101  # `read` begins with it
    return about


def _finish(staging: Path, about: About) -> None:
    """Open what was unpacked as a store, and leave it as the box is to have it."""
    settings = dataclasses.replace(Settings(), data_dir=staging)
    with contextlib.closing(EncounterStore(settings.database, settings.journal_dir, staging / BOX_KEY)) as store:
        known = {encounter.id for encounter in store.all()}
        # Begun after the copy of the database was made.
        for journal in settings.journal_dir.glob("*.journal"):
            if journal.stem not in known:
                journal.unlink()
        store.audit()
        store.mark_audio()
        store.add_audit("backup restored", "administrator", detail=about.name)


def _move(staging: Path, settings: Settings) -> None:
    """Into place, the database last: until then the box is empty, and a restoration can be begun again."""
    for suffix in ("", "-wal", "-shm"):
        settings.database.with_name(settings.database.name + suffix).unlink(missing_ok=True)
    for directory in ("connect", "journal"):
        if (staging / directory).exists():  # else an earlier start has moved it
            shutil.rmtree(settings.data_dir / directory, ignore_errors=True)
            (staging / directory).rename(settings.data_dir / directory)
    for name in (BOX_KEY, RECOVERY_KEY, DATABASE):
        if (staging / name).exists():
            (staging / name).replace(settings.data_dir / name)
        sync_directory(settings.data_dir)


def _opened(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        raise InputError(f"The file {file} cannot be read: {error.strerror}.", hint="Give a backup.") from error
