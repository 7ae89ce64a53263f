"""What a backup holds: the database as it was at one moment, audio, the keys, and what the box is known by on the network.

Inside the sealed stream stands one item after the other:

    length         2 bytes, big endian: bytes of the name; 0 at the end of the stream
    name           `about`, `box.key`, `encounters.sqlite`, `recovery.json`, `connect/…`, `journal/<id>.journal`
    size           8 bytes, big endian
    content

An encounter that is deleted while the backup is made may be in it without its audio.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal

import msgspec

from appliance import __version__
from appliance.backup.recovery import RecoveryKey
from appliance.backup.sealing import Unsealed, seal, sealed_bytes
from appliance.errors import BackupError, StorageError
from appliance.settings import Settings
from appliance.store import schema
from appliance.store.encounters import EncounterStore

ABOUT: Final = "about"
DATABASE: Final = "encounters.sqlite"
BOX_KEY: Final = "box.key"
RECOVERY_KEY: Final = "recovery.json"
_NAMES: Final = re.compile(
    rf"{ABOUT}|{re.escape(DATABASE)}|{re.escape(BOX_KEY)}|{re.escape(RECOVERY_KEY)}"
    r"|journal/[0-9a-f]{32}\.journal|connect(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,100}){1,3}"
)
"""What an item may be called; anything else is refused, so no file is ever written outside of the target."""
_BLOCK: Final = 1 << 20
_ITEM_BYTES: Final = 512
"""More than name and size of an item take."""
_ABOUT_LIMIT: Final = 64 * 1024


class About(msgspec.Struct, frozen=True):
    """The first item."""

    box: str
    """Tells the backups of one box from those of another: eight hexadecimal digits."""
    made: float
    """Seconds since 1970-01-01 UTC."""
    schema: int
    """Version of the database's tables."""
    software: str
    name: str
    """Of the file, when it was made."""
    encounters: int
    recordings: int
    audio: Literal["unsigned", "all", "none"]
    """Of which visits there is audio."""


@dataclass(frozen=True)
class Sealing:
    """A backup that is being made."""

    name: str
    """What the file is to be called."""
    size: int
    """The most bytes it will have."""
    blocks: Iterator[bytes]


@contextlib.contextmanager
def sealing(store: EncounterStore, settings: Settings) -> Iterator[Sealing]:
    """Begin a backup of a store that may be in use.

    Raises:
        NotFoundError: There is no recovery passphrase.
        StorageError: The store is damaged, or there is no room for a copy of the database.
    """
    recovery = RecoveryKey.load(settings.recovery_key)
    # The database comes first: the audio of what it knows is then in the journals, never the other way round.
    with store.snapshot() as database:
        made = time.time()
        encounters = store.all()
        wanted = [
            (f"journal/{encounter.id}.journal", path, path.stat().st_size)
            for encounter in encounters
            if settings.backup_audio == "all" or (settings.backup_audio == "unsigned" and encounter.state != "signed")
            if (path := store.journal_path(encounter.id)).exists()
        ]
        box = store.box_id()
        name = f"chartside-{box}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(made))}.backup"
        about = About(box, made, schema.VERSION, __version__, name, len(encounters), len(wanted), settings.backup_audio)  # type: ignore[arg-type]
        small = [(ABOUT, msgspec.json.encode(about)), *_small(settings)]
        size = os.fstat(database.fileno()).st_size
        plain = sum(len(content) + _ITEM_BYTES for _, content in small) + size + _ITEM_BYTES
        plain += sum(length + _ITEM_BYTES for *_, length in wanted)
        items = _items(small, database, size, wanted)
        yield Sealing(name, sealed_bytes(plain), seal(items, recovery))


def read(unsealed: Unsealed) -> Iterator[tuple[str, int, Iterator[bytes]]]:
    """The items, in order: name, size, content. Each content must be read before the next item.

    Raises:
        BackupError: The stream is not what `sealing` makes.
    """
    seen: set[str] = set()
    while length := int.from_bytes(_exactly(unsealed, 2), "big"):
        name = _exactly(unsealed, length).decode("utf-8", "replace")
        if not _NAMES.fullmatch(name) or name in seen or (not seen and name != ABOUT):
            raise BackupError("The backup holds something that no backup holds.", hint="Take another backup.")
        seen.add(name)
        size = int.from_bytes(_exactly(unsealed, 8), "big")
        yield name, size, _content(unsealed, size)
    if unsealed.read(1):
        raise BackupError("The backup goes on after its end.", hint="Take another backup.")
    if missing := {ABOUT, DATABASE, BOX_KEY, RECOVERY_KEY} - seen:
        raise BackupError(f"The backup lacks {', '.join(sorted(missing))}.", hint="Take another backup.")


def read_about(content: Iterator[bytes], size: int) -> About:
    """What the first item says.

    Raises:
        BackupError: The backup is of a later version.
    """
    try:
        about = msgspec.json.decode(b"".join(content) if size <= _ABOUT_LIMIT else b"", type=About)
    except msgspec.MsgspecError as error:
        raise BackupError("The backup does not say what it holds.", hint="Take another backup.") from error
    if about.schema > schema.VERSION:
        raise BackupError(
            f"The store in the backup has version {about.schema}; this software knows version {schema.VERSION}.",
            hint=f"Install Chartside {about.software} or a later one.",
        )
    return about


def _small(settings: Settings) -> Iterator[tuple[str, bytes]]:
    yield BOX_KEY, settings.box_key.read_bytes()
    yield RECOVERY_KEY, settings.recovery_key.read_bytes()
    for path in sorted(settings.connect_dir.rglob("*")):
        name = f"connect/{path.relative_to(settings.connect_dir).as_posix()}"
        if path.is_file() and not path.is_symlink() and _NAMES.fullmatch(name):
            with contextlib.suppress(FileNotFoundError):  # it was replaced just now
                yield name, path.read_bytes()


def _items(
    small: list[tuple[str, bytes]], database: BinaryIO, size: int, journals: list[tuple[str, Path, int]]
) -> Iterator[bytes]:
    for name, content in small:
        yield _head(name, len(content))
        yield content
    yield _head(DATABASE, size)
    yield from _copied(database, size)
    for name, path, length in journals:
        try:
            journal = path.open("rb")
        except FileNotFoundError:  # the encounter was deleted
            continue
        with journal:
            yield _head(name, length)
            yield from _copied(journal, length)
    yield bytes(2)


def _head(name: str, size: int) -> bytes:
    encoded = name.encode()
    return len(encoded).to_bytes(2, "big") + encoded + size.to_bytes(8, "big")


def _copied(file: BinaryIO, size: int) -> Iterator[bytes]:
    while size > 0:
        block = file.read(min(size, _BLOCK))
        if not block:
            raise StorageError("A file became shorter while it was backed up.", hint="Check the disk, then try again.")
        size -= len(block)
        yield block


def _content(unsealed: Unsealed, size: int) -> Iterator[bytes]:
    while size > 0:
        block = _exactly(unsealed, min(size, _BLOCK))
        size -= len(block)
        yield block


def _exactly(unsealed: Unsealed, count: int) -> bytes:
    found = unsealed.read(count)
    if len(found) != count:
        raise BackupError("The backup ends too early.", hint="Take another backup.")
    return found
