"""Where log records go: to the journal of systemd with fields to search by, and as plain lines to the terminal anywhere else.

No record holds patient text. What a record is about goes into `extra`, never into the text of a visit:

    event          a short name of what happened        CHARTSIDE_EVENT
    encounter      id of an encounter                   CHARTSIDE_ENCOUNTER

The message of an exception may hold what somebody said, so of exceptions only the type and the places are written.
"""

from __future__ import annotations

import contextlib
import copy
import logging
import os
import re
import socket
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType
from typing import Final

_log = logging.getLogger(__name__)
_JOURNAL: Final = Path("/run/systemd/journal/socket")
_FORMAT: Final = "%(levelname)s %(name)s: %(message)s"
_NOISY: Final = ("httpx", "httpcore", "faster_whisper")
"""Log addresses with ids, and what they heard."""
_PRIORITIES: Final = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
"""Of syslog; anything less severe is 7."""
_FIELDS: Final = {"event": re.compile(r"[a-z][a-z-]{0,63}"), "encounter": re.compile(r"[0-9a-f]{32}")}
"""What a field may hold; anything else is left out, so that no text gets in by mistake."""


def start_logging(level: str) -> None:
    """Log to the journal if systemd connected this process to it, else to the standard error stream.

    Args:
        level: The least severe level that is logged.
    """
    handler: logging.Handler = JournalHandler(_JOURNAL) if _is_journal() else logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter("%(message)s" if isinstance(handler, JournalHandler) else _FORMAT))
    logging.basicConfig(level=level.upper(), handlers=[handler])
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    sys.excepthook = _on_exception
    threading.excepthook = lambda args: _on_exception(args.exc_type, args.exc_value, args.exc_traceback)


class JournalHandler(logging.Handler):
    """Sends records in the journal's native protocol: one datagram of fields (systemd.io/JOURNAL_NATIVE_PROTOCOL).

    Args:
        path: The journal's socket.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record. A service must not fail because nobody listens or the record is too long."""
        fields = {
            "MESSAGE": self.format(record),
            "PRIORITY": str(next((number for level, number in _PRIORITIES if record.levelno >= level), 7)),
            "SYSLOG_IDENTIFIER": "chartside",
            "CHARTSIDE_LOGGER": record.name,
            "CODE_FILE": record.pathname,
            "CODE_LINE": str(record.lineno),
            "CODE_FUNC": record.funcName or "",
        }
        for name, allowed in _FIELDS.items():
            if allowed.fullmatch(value := str(getattr(record, name, ""))):
                fields[f"CHARTSIDE_{name.upper()}"] = value
        with contextlib.suppress(OSError):
            self._socket.sendto(b"".join(_field(name, value) for name, value in fields.items()), str(self._path))

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
        super().close()


class _Formatter(logging.Formatter):
    """Without the messages of exceptions."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as text."""
        # Another formatter keeps in the record what it made of the exception.
        ours = copy.copy(record)
        ours.exc_text = None
        return super().format(ours)

    def formatException(  # noqa: N802  # the name is the library's
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        kind, _, trace = ei
        return "".join(traceback.format_tb(trace)) + (kind.__name__ if kind else "")


def _on_exception(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """What nobody caught; Python itself would write its message as well."""
    if error is not None and not issubclass(kind, KeyboardInterrupt | SystemExit):
        _log.critical("nobody expected this", exc_info=(kind, error, trace), extra={"event": "crash"})


def _field(name: str, value: str) -> bytes:
    encoded = value.encode("utf-8", "replace")
    if b"\n" not in encoded:
        return name.encode() + b"=" + encoded + b"\n"
    return name.encode() + b"\n" + len(encoded).to_bytes(8, "little") + encoded + b"\n"


def _is_journal() -> bool:
    """Whether the standard error stream is the journal: systemd says which device and inode that would be."""
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
