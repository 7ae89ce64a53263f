"""The recovery passphrase, and what the box keeps of it.

argon2id turns the passphrase into the private half of an X25519 key and a secret of the box. The box keeps the public half and
the secret. So it makes backups at night without anybody, cannot read old ones (encounters that were deleted since are in
them), and nobody without the secret can make a file that passes for one of its backups.
"""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import Final, Self

import msgspec
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from appliance.connect import fingerprint
from appliance.errors import InputError, NotFoundError, StorageError
from appliance.runtime.files import write_whole

_LEAST: Final = 16
"""Characters of a passphrase somebody else makes."""
_SALT_BYTES: Final = 16
_PASSES: Final = range(1, 17)
_LANES: Final = range(1, 17)
_MEMORY_KIB: Final = range(8 * _LANES[-1], 1024 * 1024 + 1)


class Cost(msgspec.Struct, frozen=True):
    """Parameters of argon2id; the default is the second recommendation of RFC 9106. The bounds keep a forged file from more."""

    passes: int = 3
    memory_kib: int = 64 * 1024
    lanes: int = 4

    def __post_init__(self) -> None:
        if self.passes not in _PASSES or self.lanes not in _LANES or self.memory_kib not in _MEMORY_KIB:
            raise ValueError("out of range")


class RecoveryKey(msgspec.Struct, frozen=True):
    """What the box keeps: enough to seal."""

    salt: bytes
    cost: Cost
    public: bytes
    """X25519 public key."""
    secret: bytes
    """Proves that a backup was made by this box."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the key.

        Raises:
            NotFoundError: No passphrase was set.
            StorageError: The file cannot be used.
        """
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except FileNotFoundError as error:
            raise NotFoundError(
                "There is no recovery passphrase, so no backup can be made.", hint="Run `chartside backup passphrase`."
            ) from error
        except (OSError, msgspec.MsgspecError) as error:
            raise StorageError(
                f"The recovery key {path} cannot be read.", hint="Set a new one: `chartside backup passphrase`."
            ) from error

    def save(self, path: Path) -> None:
        """Write the key, readable by its owner only."""
        write_whole(path, msgspec.json.encode(self))


class OpenedRecoveryKey:
    """The key with its private half: enough to open.

    Args:
        passphrase: As it was typed; white space does not count.
        salt: Of the key.
        cost: Of the key.
    """

    def __init__(self, passphrase: str, salt: bytes, cost: Cost) -> None:
        derived = hash_secret_raw(
            normal(passphrase).encode(),
            salt,
            time_cost=cost.passes,
            memory_cost=cost.memory_kib,
            parallelism=cost.lanes,
            hash_len=64,
            type=Type.ID,
        )
        self.private: Final = X25519PrivateKey.from_private_bytes(derived[:32])
        self.key: Final = RecoveryKey(salt, cost, self.private.public_key().public_bytes_raw(), derived[32:])

    def exchange(self, public: bytes) -> bytes:
        """The secret shared with whoever holds the other half of `public`."""
        return self.private.exchange(X25519PublicKey.from_public_bytes(public))


def make_passphrase() -> str:
    """Eight words, 88 random bits."""
    return fingerprint.words(os.urandom(32))


def make_key(passphrase: str) -> RecoveryKey:
    """The key of a new passphrase.

    Raises:
        InputError: It is too short.
    """
    if len(normal(passphrase)) < _LEAST:
        raise InputError(
            f"The recovery passphrase has fewer than {_LEAST} characters.", hint="Take several words, or let the box make one."
        )
    return OpenedRecoveryKey(passphrase, os.urandom(_SALT_BYTES), Cost()).key


def normal(passphrase: str) -> str:
    """The passphrase without what differs from keyboard to keyboard."""
    return " ".join(unicodedata.normalize("NFKC", passphrase).split())
