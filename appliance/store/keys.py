"""The box key, and the keys of the encounters that it wraps.

All encryption is AES-256-GCM under a fresh random 96-bit nonce. The associated data name the encounter and the record, so a
ciphertext that is moved to another place, or to another encounter, no longer opens.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from appliance.errors import StorageError

KEY_BYTES: Final = 32
"""Length of every key: AES-256."""
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
OVERHEAD_BYTES: Final = NONCE_BYTES + TAG_BYTES
"""How much longer a sealed record is than its plain text."""
WRAPPED_BYTES: Final = KEY_BYTES + OVERHEAD_BYTES
"""Length of a wrapped key."""


class EncounterKey:
    """The key of one encounter.

    Args:
        encounter: Id of the encounter; every record is bound to it.
        key: `KEY_BYTES` random bytes.
    """

    def __init__(self, encounter: str, key: bytes) -> None:
        self.encounter = encounter
        self._cipher = AESGCM(key)

    def seal(self, record: str, plain: bytes) -> bytes:
        """Encrypt one record.

        Args:
            record: Name of the record within the encounter, such as `turn/3`.
            plain: Any bytes.

        Returns:
            Nonce, ciphertext and tag: `OVERHEAD_BYTES` longer than `plain`.
        """
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, self._binding(record))

    def open(self, record: str, sealed: bytes) -> bytes:
        """Decrypt what `seal` returned for the same record.

        Raises:
            StorageError: The bytes were changed, or belong to another record, encounter or key.
        """
        return _open(self._cipher, sealed, self._binding(record), f"The {record.partition('/')[0]} of an encounter")

    def _binding(self, record: str) -> bytes:
        return f"chartside/1 {self.encounter} {record}".encode()


class BoxKey:
    """The key that wraps the key of every encounter.

    Args:
        key: `KEY_BYTES` random bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._cipher = AESGCM(key)

    @classmethod
    def load(cls, path: Path, *, create: bool) -> Self:
        """Read the box key.

        Args:
            path: Key file, readable by its owner only.
            create: Make the file when it is not there. Pass False when there are encounters that need the old key.

        Raises:
            StorageError: The file is missing, has the wrong length, or others may read it.
        """
        if create and not path.exists():
            _create(path)
        try:
            _check_mode(path)
            key = path.read_bytes()
        except FileNotFoundError as error:
            raise StorageError(
                f"The box key {path} is missing, and there are encounters that only it can open.",
                hint="Restore the key file from its backup, or move the encounter store away to start with an empty one.",
            ) from error
        except OSError as error:
            raise StorageError(
                f"The box key {path} cannot be read: {error.strerror}.", hint="Run as the user that owns the key file."
            ) from error
        if len(key) != KEY_BYTES:
            raise StorageError(
                f"The box key {path} has {len(key)} bytes instead of {KEY_BYTES}.", hint="Restore the key file from its backup."
            )
        return cls(key)

    def new_key(self, encounter: str) -> tuple[EncounterKey, bytes]:
        """A fresh key for an encounter, and the same key wrapped (`WRAPPED_BYTES`)."""
        key = AESGCM.generate_key(8 * KEY_BYTES)
        nonce = os.urandom(NONCE_BYTES)
        return EncounterKey(encounter, key), nonce + self._cipher.encrypt(nonce, key, _wrap_binding(encounter))

    def derive(self, purpose: str) -> bytes:
        """A key of its own for a purpose: `KEY_BYTES`, the same each time, which tell nothing of the box key (RFC 5869)."""
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"chartside/1 {purpose}".encode()).derive(self._key)

    def unwrap(self, encounter: str, wrapped: bytes) -> EncounterKey:
        """The key that `new_key` wrapped for this encounter.

        Raises:
            StorageError: The bytes were changed, or belong to another encounter or another box.
        """
        return EncounterKey(encounter, _open(self._cipher, wrapped, _wrap_binding(encounter), "The key of an encounter"))


def sync_directory(directory: Path) -> None:
    """Make the creation or removal of files in a directory survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _wrap_binding(encounter: str) -> bytes:
    return f"chartside/1 {encounter} key".encode()


def _open(cipher: AESGCM, sealed: bytes, binding: bytes, what: str) -> bytes:
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], binding)
    except (InvalidTag, ValueError) as error:
        raise StorageError(
            f"{what} does not open: its bytes were changed, or the box key is another one.",
            hint="Restore the encounter store together with its box key from the backup.",
        ) from error


def _create(path: Path) -> None:
    """Write a new key under a temporary name and link it into place, so that nobody ever sees half a key."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, os.urandom(KEY_BYTES))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        # link() fails where another process was faster; its key is then the box key.
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
        sync_directory(path.parent)
    except OSError as error:
        raise StorageError(
            f"The box key {path} cannot be created: {error.strerror}.", hint="Choose a writable data directory with free space."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _check_mode(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    # systemd grants a unit its credentials with an access control list, which shows as group-readable.
    credential = str(path.parent) == os.environ.get("CREDENTIALS_DIRECTORY")
    if mode & (0o037 if credential else 0o077):
        raise StorageError(f"The box key {path} has mode {mode:04o}: others may use it.", hint=f"Run: chmod 600 {path}")
