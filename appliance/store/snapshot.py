"""The database as it is now, for a backup, while the kiosk goes on writing."""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from appliance.errors import StorageError
from appliance.store.database import Database, translated

_PAGES: Final = 256
"""Copied at a time; others wait for at most that (1 MiB)."""
_YIELD_SECONDS: Final = 0.001
"""For which the others get the database between two steps."""
_PREFIX: Final = ".snapshot-"


class SnapshotRecords(Database):
    """Copies the database."""

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[BinaryIO]:
        """A consistent copy, at its beginning; gone when the block ends.

        It holds wrapped keys, and an encounter may be deleted later on: the copy is overwritten before it is removed.

        Raises:
            StorageError: The disk is full, or the database is damaged.
        """
        path = self.path.with_name(f"{_PREFIX}{secrets.token_hex(8)}")
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise StorageError(f"The store cannot be copied: {error.strerror}.", hint="Free some disk space.") from error
        try:
            with open(descriptor, "rb") as file:  # noqa: PTH123  # a path cannot open a descriptor
                self._copy(path)
                _check(path)
                yield file
        finally:
            _wipe(path)

    def _remove_snapshots(self) -> None:
        """Remove what a process left behind that was killed."""
        for path in self.path.parent.glob(f"{_PREFIX}*"):
            _wipe(path)

    def _copy(self, path: Path) -> None:
        def let_others(*_: int) -> None:
            self._lock.release()
            time.sleep(_YIELD_SECONDS)
            self._lock.acquire()

        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as target, translated():
            # Nobody needs half a copy after a crash.
            for pragma in ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE"):
                target.execute(f"PRAGMA {pragma}")
            with self._lock:
                # What others write in between reaches the copy through the same connection.
                self._db.backup(target, pages=_PAGES, progress=let_others)


def _check(path: Path) -> None:
    with translated(), contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
        (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise StorageError(
            "The encounter store is damaged; no backup was made of it.",
            hint="Keep the backups there are, check the disk, and restore the newest one.",
        )


def _wipe(path: Path) -> None:
    for name in (path, *(path.with_name(path.name + suffix) for suffix in ("-journal", "-wal", "-shm"))):
        with contextlib.suppress(FileNotFoundError), name.open("r+b") as file:
            left = os.fstat(file.fileno()).st_size
            while left > 0:
                left -= file.write(bytes(min(left, 1 << 20)))
            file.flush()
            os.fsync(file.fileno())
            name.unlink()
