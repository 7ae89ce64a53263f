"""Retention, backups and the like, done by whoever has the store open: the running kiosk, or the command itself.

Only one process has the store open. While that is the kiosk, a command asks it over a UNIX socket, which only the owner of the
data directory can reach (on the image: members of the group `chartside`). What comes back of a backup is sealed already.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Final, Protocol

import msgspec

from appliance.backup import places
from appliance.backup.contents import Sealing, sealing
from appliance.connect.clock import Clock
from appliance.connect.identity import give_certificate
from appliance.connect.name import with_name
from appliance.errors import UnavailableError
from appliance.runtime.client import ServiceClient
from appliance.runtime.files import remember
from appliance.settings import Settings
from appliance.store.audit import AuditEntry
from appliance.store.encounters import EncounterStore
from appliance.store.retention import Delete, Retention, RetentionReport

_log = logging.getLogger(__name__)
NAME_HEADER: Final = "Chartside-Backup-Name"
SIZE_HEADER: Final = "Chartside-Backup-Size"
_PATIENCE: Final = 600.0
"""Seconds: what a copy of a large database may take before its first byte arrives."""


class Made(msgspec.Struct, frozen=True):
    """A backup that stands under its name."""

    name: Annotated[str, msgspec.Meta(pattern=rf"^{places.NAME.pattern}\Z")]


class Keeper(Protocol):
    """What can be asked."""

    def retention(self, *, dry_run: bool) -> RetentionReport:
        """Delete what is over its time."""

    def backup(self) -> contextlib.AbstractContextManager[Sealing]:
        """Begin a backup."""

    def backup_made(self, name: str) -> None:
        """A backup is where it belongs."""

    def audit(self) -> list[AuditEntry]:
        """The audit chain, oldest entry first."""

    def use_certificate(self, pem: bytes) -> None:
        """Show tablets a certificate of the clinic."""

    def name(self) -> str:
        """What the box is called."""


class StoreKeeper:
    """The one that has the store open.

    Args:
        settings: The settings of the box.
        store: The store.
        delete: Deletes an encounter, as the page does.
        delete_audio: Deletes the audio of an encounter.
        use_certificate: Takes a certificate of the clinic; by default it is put where the next kiosk finds it.
    """

    def __init__(
        self,
        settings: Settings,
        store: EncounterStore,
        delete: Delete,
        delete_audio: Delete,
        use_certificate: Callable[[bytes], None] | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._use_certificate = use_certificate or self._give_certificate
        self._retention = Retention(settings, store, delete, delete_audio)

    def retention(self, *, dry_run: bool) -> RetentionReport:
        """Delete what is over its time.

        Raises:
            UnavailableError: The clock cannot be believed; nothing was deleted.
        """
        reading = Clock(self._settings.connect_dir / "clock").read()
        if reading.trouble:
            raise UnavailableError(f"{reading.trouble} Nothing was deleted.", hint=reading.hint)
        return self._retention.run(reading.time.timestamp(), dry_run=dry_run)

    def backup(self) -> contextlib.AbstractContextManager[Sealing]:
        """Begin a backup.

        Raises:
            NotFoundError: There is no recovery passphrase.
            StorageError: The store is damaged, or there is no room for a copy of the database.
        """
        return sealing(self._store, self._settings)

    def backup_made(self, name: str) -> None:
        """A backup is where it belongs: into the audit chain, and where `chartside doctor` looks."""
        self._store.add_audit("backup made", "administrator", detail=name)
        remember(self._settings.last_backup, name.encode())
        _log.info("backup: %s", name, extra={"event": "backup-made"})

    def audit(self) -> list[AuditEntry]:
        """The audit chain.

        Raises:
            StorageError: It was changed.
        """
        return self._store.audit()

    def use_certificate(self, pem: bytes) -> None:
        """Show tablets a certificate of the clinic.

        Raises:
            CertificateError: Tablets would refuse it; nothing was changed.
        """
        self._use_certificate(pem)

    def name(self) -> str:
        """What the box is called."""
        return with_name(self._settings).name

    def _give_certificate(self, pem: bytes) -> None:
        give_certificate(self._settings, pem, Clock(self._settings.connect_dir / "clock").read().time)


class KioskKeeper:
    """The running kiosk.

    Args:
        client: Of its keeper socket.
    """

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    def retention(self, *, dry_run: bool) -> RetentionReport:
        """Delete what is over its time."""
        path = f"/retention?dry_run={int(dry_run)}"
        return self._client.call("POST", path, RetentionReport, timeout=_PATIENCE)

    @contextlib.contextmanager
    def backup(self) -> Iterator[Sealing]:
        """Begin a backup."""
        with self._client.download("/backup", timeout=_PATIENCE) as (headers, blocks):
            yield Sealing(headers[NAME_HEADER], int(headers[SIZE_HEADER]), blocks)

    def backup_made(self, name: str) -> None:
        """A backup is where it belongs."""
        self._client.call("POST", "/backup/made", object, json=Made(name))

    def audit(self) -> list[AuditEntry]:
        """The audit chain."""
        return self._client.call("GET", "/audit", list[AuditEntry])

    def use_certificate(self, pem: bytes) -> None:
        """Show tablets a certificate of the clinic."""
        self._client.call("PUT", "/certificate", object, body=pem)

    def name(self) -> str:
        """What the box is called."""
        return self._client.call("GET", "/name", str)


@contextlib.contextmanager
def keeper(settings: Settings, socket_dir: Path | None = None) -> Iterator[Keeper]:
    """The kiosk if it runs, else this process.

    Args:
        settings: The settings of the box.
        socket_dir: Directory of the kiosk's keeper socket, if that is not the data directory; then there is no other way.

    Raises:
        ConflictError: The store is in use by something that does not answer.
        UnavailableError: Nobody answers on the socket in `socket_dir`.
    """
    path = socket_dir / settings.keeper_socket.name if socket_dir else settings.keeper_socket
    with short(path) as address:
        if socket_dir or _listens(address):
            with contextlib.closing(ServiceClient(address, "kiosk")) as client:
                yield KioskKeeper(client)
            return
    with contextlib.closing(EncounterStore.open(settings)) as store:
        yield StoreKeeper(settings, store, store.delete, store.delete_audio)


@contextlib.contextmanager
def short(path: Path) -> Iterator[Path]:
    """The same socket under a path that fits into an address, which has 108 bytes."""
    if len(os.fsencode(path)) < 100 or not path.parent.is_dir():  # noqa: PLR2004  # stated above, with room for nothing
        yield path
        return
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield Path(f"/proc/self/fd/{directory}/{path.name}")
    finally:
        os.close(directory)


def _listens(address: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as caller:
        try:
            caller.connect(str(address))
        except OSError:
            return False
    return True
