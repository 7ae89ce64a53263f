"""Takes an update that somebody uploads on the set-up page, checks it, and has it installed.

The file goes straight to the disk and never has a name there, so nothing is left of an upload that breaks off, whatever ends
it.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from werkzeug.exceptions import HTTPException
from werkzeug.formparser import FormDataParser

from appliance.connect.state import Trouble
from appliance.errors import ChartsideError, ConflictError, InputError, StorageError, TooLargeError
from appliance.settings import Settings
from appliance.update import handover
from appliance.update.here import load_box, status_of, waiting
from appliance.update.install import verify
from appliance.update.policy import Box

UPDATE_LIMIT: Final = 8 * 1024**3
"""Largest upload in bytes; no slot of a box is longer."""
_SPARE: Final = 128 * 1024**2
"""Bytes that stay free for visits."""
_FORM_BYTES: Final = 1024**2
"""Most that the form parser keeps in memory; it reads 64 KiB at a time."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """What is being done with an update."""

    step: str
    percent: int | None
    """None if nobody can say."""


@dataclass(frozen=True)
class Shown:
    """What the page says about updates."""

    lines: tuple[str, ...]
    """What is installed."""
    able: bool
    """Whether this machine takes updates at all; if not, `lines` says why."""
    progress: Progress | None
    done: str
    """How the last update ended well."""
    trouble: Trouble | None
    """How it ended otherwise."""
    waits: str
    """What was installed and waits for a restart."""
    at: int
    """When, in seconds: a page that loads itself again under the same address and `#` would only scroll."""


class Updates:
    """The updates of a box. Safe to use from several threads; one update at a time.

    Args:
        settings: Of the box; uploads go to the disk of its data.
        box: What updates are held against.
        waits: What waits for a restart.
        address: Socket of the service that installs.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        box: Callable[[Settings], Box] = load_box,
        waits: Callable[[], str] = waiting,
        address: Path = handover.SOCKET,
    ) -> None:
        self._settings, self._box, self._waits, self._address = settings, box, waits, address
        self._busy = threading.Lock()
        self._progress: Progress | None = None
        self._done = ""
        self._trouble: Trouble | None = None

    def shown(self) -> Shown:
        """What the page says now."""
        try:
            lines, able = tuple(status_of(self._box(self._settings))), True
        except ChartsideError as error:
            lines, able = (f"{error.message} {error.hint}",), False
        return Shown(lines, able, self._progress, self._done, self._trouble, self._waits(), int(time.time()))

    def take(self, body: IO[bytes], kind: str, options: Mapping[str, str], length: int) -> None:
        """Receive an update and check it; it is installed while the page goes on.

        Args:
            body: The body of the upload; read to its end even if it is refused, or the browser would show no answer.
            kind: Its media type.
            options: The parameters of that.
            length: Its length in bytes.

        Raises:
            TooLargeError: It is longer than `UPDATE_LIMIT`.
            StorageError: There is no room for it.
            ConflictError: Another update is on its way, or this one is not newer.
            InputError: It is no update for this box, or this machine takes none.
        """
        if length > UPDATE_LIMIT:
            raise TooLargeError("The file is too large for an update.", hint="Choose the file whose name ends in .chartside.")
        try:
            self._begin()
            try:
                self._check_room(length)
                box = self._box(self._settings)
                with _unnamed(self._settings.data_dir) as file:
                    self._receive(body, kind, options, length, file)
                    verify(Path(f"/proc/self/fd/{file.fileno()}"), box, self._tell)
                    self._tell("Waiting for the updater", None)
                    descriptor = os.dup(file.fileno())
                threading.Thread(target=self._install, args=(descriptor,), name="update", daemon=True).start()
            except BaseException:
                self._end()
                raise
        finally:
            _drain(body)

    def restart(self) -> None:
        """Restart the box, so that it starts what was installed.

        Raises:
            ConflictError: Nothing waits for that, or an update is on its way.
            UnavailableError: The box cannot be restarted from here.
        """
        self._begin()
        try:
            handover.ask_to_restart(self._address)
        finally:
            self._end()

    def _begin(self) -> None:
        if not self._busy.acquire(blocking=False):
            raise ConflictError("Another update is on its way.", hint="Wait until it is installed.")
        self._done, self._trouble = "", None

    def _end(self) -> None:
        self._progress = None
        self._busy.release()

    def _check_room(self, length: int) -> None:
        """The file, and the copy that the installer unpacks."""
        needed = 2 * length + _SPARE
        if shutil.disk_usage(self._settings.data_dir).free < needed:
            message = f"The update needs {needed // 1_000_000} MB on the data partition."
            raise StorageError(message, hint="Delete visits that are not needed any more.")

    def _receive(self, body: IO[bytes], kind: str, options: Mapping[str, str], length: int, file: IO[bytes]) -> None:
        self._tell("Receiving the update", 0.0)
        target = _Counted(file, lambda done: self._tell("Receiving the update", done / max(length, 1)))
        parser = FormDataParser(
            lambda *_about, **_named: target,  # type: ignore[arg-type]
            max_form_memory_size=_FORM_BYTES,
            max_form_parts=1,
        )
        try:
            files = parser.parse(body, kind, length, dict(options))[2]
        except HTTPException as error:
            raise InputError("The upload cannot be read.", hint="Choose one file, and try again.") from error
        except OSError as error:
            message = f"The update cannot be received: {error.strerror or 'the connection broke off'}."
            raise StorageError(message, hint="Free some disk space, then try again.") from error
        if "file" not in files:
            raise InputError("No file was sent.", hint="Choose the file whose name ends in .chartside.")
        file.flush()

    def _install(self, file: int) -> None:
        try:
            self._done = handover.ask_to_install(file, self._tell, self._address)
            _log.info("update: %s", self._done, extra={"event": "update-installed"})
        except ChartsideError as error:
            self._trouble = Trouble(error.message, error.hint)
            _log.warning("update: %s", error.message)
        finally:
            os.close(file)
            self._end()

    def _tell(self, step: str, share: float | None) -> None:
        self._progress = Progress(step, None if share is None else int(share * 100))


class _Counted:
    """What the form parser writes to."""

    def __init__(self, file: IO[bytes], count: Callable[[int], None]) -> None:
        self._file, self._count, self._done = file, count, 0

    def write(self, block: bytes) -> int:
        self._file.write(block)
        self._done += len(block)
        self._count(self._done)
        return len(block)

    def seek(self, position: int) -> int:
        return self._file.seek(position)


def _unnamed(directory: Path) -> IO[bytes]:
    """A file on the disk of a directory that no directory has, and that is gone once nobody has it open."""
    try:
        return tempfile.TemporaryFile(dir=directory)
    except OSError as error:
        raise StorageError(f"The update cannot be kept: {error.strerror}.", hint="Free some disk space.") from error


def _drain(body: IO[bytes]) -> None:
    try:
        while body.read(_FORM_BYTES):
            pass
    except (OSError, HTTPException):
        _log.debug("update: the upload broke off")
