"""Reads files of a directory that anybody may have written: plain files only, no links, up to a size."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from appliance.errors import InputError, TooLargeError

_UPDATE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}\.chartside")
_MOST_NAMES: Final = 10_000
"""Entries of the directory that are looked at."""


class Stick:
    """The directory. Use it as a context manager.

    Args:
        directory: Where the stick is mounted.

    Raises:
        InputError: There is no such directory.
    """

    def __init__(self, directory: Path) -> None:
        try:
            self._directory = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise InputError(f"The stick {directory} cannot be read: {error.strerror}.", hint="Give a directory.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        os.close(self._directory)

    def read(self, name: str, limit: int) -> bytes | None:
        """The whole of a file; None if there is none.

        Args:
            name: Of the file.
            limit: The most bytes it may have.

        Raises:
            InputError: It is no plain file, or cannot be read.
            TooLargeError: It is longer.
        """
        with self._opened(name) as descriptor:
            if descriptor is None:
                return None
            data = b""
            # A read may give less than is there.
            while len(data) <= limit and (block := _read(descriptor, name, limit + 1 - len(data))):
                data += block
        if len(data) > limit:
            raise TooLargeError(f"{name} is longer than {limit} bytes.", hint="It is not what it should be.")
        return data

    def updates(self) -> list[str]:
        """Names of the update files, in order."""
        with os.scandir(self._directory) as entries:
            names = [entry.name for entry, _ in zip(entries, range(_MOST_NAMES), strict=False)]
        return sorted(name for name in names if _UPDATE.fullmatch(name))

    @contextlib.contextmanager
    def path(self, name: str) -> Iterator[Path]:
        """A path of a plain file that stays the same file, whatever becomes of the name.

        Raises:
            InputError: It is no plain file.
        """
        with self._opened(name) as descriptor:
            if descriptor is None:
                raise InputError(f"{name} is gone.", hint="Plug in the stick again.")
            yield Path(f"/proc/self/fd/{descriptor}")

    @contextlib.contextmanager
    def _opened(self, name: str) -> Iterator[int | None]:
        try:
            # Without O_NONBLOCK a named pipe would be waited for.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(name, flags, dir_fd=self._directory)
        except FileNotFoundError:
            yield None
            return
        except OSError as error:
            raise InputError(f"{name} cannot be read: {error.strerror}.", hint="Put a plain file there.") from error
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise InputError(f"{name} is no plain file.", hint="Put a plain file there.")
            yield descriptor
        finally:
            os.close(descriptor)


def _read(descriptor: int, name: str, count: int) -> bytes:
    try:
        return os.read(descriptor, count)
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}.", hint="The stick may be broken.") from error
