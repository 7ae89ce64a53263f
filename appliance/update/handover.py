"""How the kiosk, which has no rights, has an update installed: over a UNIX socket, from a service that systemd starts per call.

The kiosk sends a word and, with `install`, the open file itself (SCM_RIGHTS), which need not have a name. The service trusts
neither: it checks the update as if nobody had. It answers in lines of JSON, the last of which says how it ended. Should the
kiosk go away meanwhile, the update is installed all the same.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from appliance.errors import ChartsideError, ConflictError, InputError, UnavailableError, from_problem
from appliance.update.here import waiting
from appliance.update.install import Told

SOCKET: Final = Path("/run/chartside/updater.sock")
"""Of `updater.socket` in the image."""
_INSTALL: Final = b"install\n"
_RESTART: Final = b"restart\n"
_WORD_BYTES: Final = 8
_CALL_SECONDS: Final = 10.0
"""How long either side may take to say what it wants."""
_INSTALL_SECONDS: Final = 3600.0
_RESTART_COMMAND: Final = ("/usr/bin/systemctl", "--no-block", "reboot")


class _Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the service says."""

    step: str = ""
    share: float | None = None
    done: str = ""
    """How it ended well."""
    problem: dict[str, str | int] = {}
    """How it ended otherwise, as a problem document."""


def ask_to_install(file: int, told: Told, address: Path = SOCKET) -> str:
    """Have an update installed; returns what it is and what to do next.

    Args:
        file: Descriptor of the update.
        told: Hears how far it is.
        address: The service's socket.

    Raises:
        UnavailableError: There is no such service, or it ended without a word.
        ChartsideError: The update may not be installed, or could not be.
    """
    with _called(address) as connection:
        socket.send_fds(connection, [_INSTALL], [file])
        return _heard(connection, told)


def ask_to_restart(address: Path = SOCKET) -> None:
    """Have the box restarted, so that it starts what was installed.

    Raises:
        ConflictError: Nothing was installed.
        UnavailableError: There is no such service.
    """
    with _called(address) as connection:
        connection.sendall(_RESTART)
        _heard(connection, lambda _step, _share: None)


def answer(
    connection: socket.socket,
    install: Callable[[Path, Told], str],
    *,
    restart: Callable[[], None] | None = None,
    waits: Callable[[], str] = waiting,
) -> None:
    """Do what one caller asks for.

    Args:
        connection: To the caller.
        install: Installs a file.
        restart: Restarts the box.
        waits: What waits for a restart.
    """
    connection.settimeout(_CALL_SECONDS)

    def say(line: _Line) -> None:
        # The caller may be gone; what was begun is ended all the same.
        with contextlib.suppress(OSError):
            connection.sendall(msgspec.json.encode(line) + b"\n")

    descriptors: list[int] = []
    try:
        word, descriptors, _flags, _address = socket.recv_fds(connection, _WORD_BYTES, 1)
        if word == _RESTART:
            if not waits():
                raise ConflictError("Nothing waits for a restart.", hint="Install an update first.")
            (restart or _restart)()
            say(_Line(done="The box restarts."))
        elif word == _INSTALL and descriptors and stat.S_ISREG(os.fstat(descriptors[0]).st_mode):
            said = install(Path(f"/proc/self/fd/{descriptors[0]}"), _in_percent(say))
            say(_Line(done=said))
        else:
            raise InputError("The updater was not understood.", hint="Restart the box, then try again.")
    except ChartsideError as error:
        say(_Line(problem=error.problem()))
    except TimeoutError:
        pass  # a caller that wants nothing
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _in_percent(say: Callable[[_Line], None]) -> Told:
    """Says a step once per percent."""
    last: tuple[str, float | None] = ("", None)

    def told(step: str, share: float | None) -> None:
        nonlocal last
        now = (step, None if share is None else round(share, 2))
        if now != last:
            last = now
            say(_Line(step=now[0], share=now[1]))

    return told


@contextmanager
def _called(address: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_CALL_SECONDS)
        try:
            connection.connect(str(address))
            connection.settimeout(_INSTALL_SECONDS)
            yield connection
        except OSError as error:
            raise _gone() from error


def _heard(connection: socket.socket, told: Told) -> str:
    """Hear the service to its end."""
    with connection.makefile("rb") as lines:
        for text in lines:
            line = msgspec.json.decode(text, type=_Line)
            if line.problem:
                raise from_problem(line.problem)
            if line.done:
                return line.done
            told(line.step, line.share)
    raise _gone()


def _gone() -> UnavailableError:
    message = "The updater of the box does not answer; the running system is unchanged."
    return UnavailableError(message, hint="Wait for a minute, then try again.")


def _restart() -> None:
    try:
        subprocess.run(_RESTART_COMMAND, check=True, stdin=subprocess.DEVNULL, timeout=_CALL_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        raise UnavailableError("The box could not be restarted.", hint="Switch it off and on again.") from error
