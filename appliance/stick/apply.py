"""Does what the stick says, item by item, and says what was done."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from appliance.connect.clock import Clock, day
from appliance.errors import ChartsideError, InputError, StorageError, UnavailableError
from appliance.runtime.files import write_whole
from appliance.stick.files import Stick
from appliance.stick.network import read_network, unit

NETWORK: Final = "network.toml"
TIME: Final = "time"
CERTIFICATE: Final = "certificate.pem"
KEY: Final = "key.pem"
REPORT: Final = "report.txt"
NETWORK_FILE: Final = "20-stick.network"
"""In the state directory; the image has a link to it where systemd-networkd looks."""
_APPLIED_TIME: Final = "time.applied"
_NETWORK_LIMIT: Final = 4096
_TIME_LIMIT: Final = 64
_PEM_LIMIT: Final = 128 * 1024
_TIME_FORMATS: Final = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:%SZ")

_NETWORKD: Final = "org.freedesktop.network1"
_RELOAD: Final = ("/usr/bin/busctl", "call", _NETWORKD, "/org/freedesktop/network1", f"{_NETWORKD}.Manager", "Reload")
"""What `networkctl reload` does; that one refuses to work in a network namespace of its own."""

Run = Callable[[Sequence[str]], None]
"""Runs a command of the system; nothing from the stick is a part of it but checked values."""


@dataclass(frozen=True)
class Outcome:
    """What became of one item."""

    item: str
    done: bool
    text: str


@dataclass(frozen=True)
class Applier:
    """Does what the stick says.

    Args:
        stick: The stick.
        state: Directory of what outlives a restart.
        clock: Of the box; says which times are believable.
        use_certificate: Takes a certificate of the clinic with its key, or raises.
        install: Checks and installs an update, or raises; returns what it is.
        run: Runs a command of the system.
    """

    stick: Stick
    state: Path
    clock: Path
    use_certificate: Callable[[bytes], None]
    install: Callable[[Path], str]
    run: Run

    def settings(self) -> list[Outcome]:
        """Time, network and certificate, in this order: a certificate is held against the time."""
        return _outcomes([(TIME, self._time), (NETWORK, self._network), (CERTIFICATE, self._certificate)])

    def updates(self) -> list[Outcome]:
        """The update, if there is just one."""
        names = self.stick.updates()
        if len(names) > 1:
            return [Outcome(name, done=False, text="There is more than one update. Leave the one you want.") for name in names]
        return _outcomes([(name, partial(self._update, name)) for name in names])

    def _time(self) -> str | None:
        data = self.stick.read(TIME, _TIME_LIMIT)
        if data is None:
            return None
        digest = hashlib.sha256(data).hexdigest().encode()
        applied = self.state / _APPLIED_TIME
        with suppress(FileNotFoundError):
            if applied.read_bytes() == digest:
                # A stick that was left in the box would set the clock back at every start.
                return "was set before; write another time to set it again."
        time = _parsed(data)
        if trouble := Clock(self.clock, lambda: time).read().trouble:
            raise InputError(f"The time on the stick is not believed. {trouble}", hint="Correct it; it is read as UTC.")
        self.run(["/usr/bin/timedatectl", "set-time", f"{time:%Y-%m-%d %H:%M:%S}"])
        write_whole(applied, digest)
        return f"the clock was set to {day(time)}, {time:%H:%M:%S} UTC."

    def _network(self) -> str | None:
        data = self.stick.read(NETWORK, _NETWORK_LIMIT)
        if data is None:
            return None
        network = read_network(data)
        text = unit(network).encode()
        path = self.state / NETWORK_FILE
        gateway = f", gateway {network.gateway}" if network.gateway else ""
        if path.exists() and path.read_bytes() == text:
            return f"the box has {network.address}{gateway} already."
        write_whole(path, text, 0o644)  # systemd-networkd reads it as another user
        self.run(_RELOAD)
        return f"the box has {network.address}{gateway} from now on."

    def _certificate(self) -> str | None:
        certificate, key = self.stick.read(CERTIFICATE, _PEM_LIMIT), self.stick.read(KEY, _PEM_LIMIT)
        if certificate is None and key is None:
            return None
        if certificate is None or key is None:
            missing = KEY if key is None else CERTIFICATE
            raise InputError(f"There is no {missing}.", hint=f"Put {CERTIFICATE} and {KEY} on the stick.")
        self.use_certificate(certificate + b"\n" + key)
        return f"tablets see this certificate from now on. Delete {KEY} from the stick."

    def _update(self, name: str) -> str:
        with self.stick.path(name) as path:
            return self.install(path)


def report(outcomes: Sequence[Outcome], box: str) -> str:
    """What is written on the stick.

    Args:
        outcomes: What became of each item.
        box: What the box is called; empty if nobody can say.
    """
    lines = [f"Chartside {box or 'box'}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"]
    lines += [f"{outcome.item}: {'done' if outcome.done else 'NOT DONE'}: {outcome.text}" for outcome in outcomes]
    if not outcomes:
        lines.append(f"There was nothing for the box: no {NETWORK}, {TIME}, {CERTIFICATE} with {KEY}, or *.chartside.")
    return "\n".join(lines) + "\n"


def write_report(path: Path, text: str, *, append: bool) -> None:
    """Write the report; a link in its place is not followed.

    Raises:
        StorageError: The stick is full or write-protected.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | (os.O_APPEND if append else os.O_TRUNC)
    try:
        with open(os.open(path, flags, 0o644), "wb") as file:  # noqa: PTH123  # a path cannot open a descriptor
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StorageError(
            f"The report {path} cannot be written: {error.strerror}.", hint="Free some space on the stick, or unlock it."
        ) from error


def run(command: Sequence[str]) -> None:
    """Run a command of the system.

    Raises:
        UnavailableError: It failed.
    """
    try:
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        raise UnavailableError(f"{Path(command[0]).name} failed.", hint="Restart the box, then try again.") from error


def _outcomes(items: Sequence[tuple[str, Callable[[], str | None]]]) -> list[Outcome]:
    found = []
    for name, do in items:
        try:
            text = do()
        except ChartsideError as error:
            found.append(Outcome(name, done=False, text=f"{error.message} {error.hint}".rstrip()))
        else:
            if text is not None:
                found.append(Outcome(name, done=True, text=text))
    return found


def _parsed(data: bytes) -> datetime:
    text = data.decode("ascii", "replace").strip()
    for form in _TIME_FORMATS:
        with suppress(ValueError):
            return datetime.strptime(text, form).replace(tzinfo=UTC)
    raise InputError("The time on the stick is not understood.", hint="Write it like 2027-01-31 13:45, in UTC.")
