"""Whose updates a box takes: the vendor's public keys, each with a date after which it counts no more.

The keys are part of the verified system. A vendor puts the next key into an image before the last one expires.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from appliance.errors import InputError

KEYS_DIR: Final = Path("/usr/lib/chartside/update-keys")
"""Where the image has them, one `.json` each."""


class TrustedKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody whose updates are taken."""

    name: str
    public: str
    """The 32 bytes of an Ed25519 public key (RFC 8032), in base64."""
    expires: Annotated[datetime, msgspec.Meta(tz=True)]

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Whether this key's owner signed the message."""
        try:
            Ed25519PublicKey.from_public_bytes(base64.b64decode(self.public, validate=True)).verify(signature, message)
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


def load_trusted_keys(directory: Path = KEYS_DIR) -> tuple[TrustedKey, ...]:
    """The keys of a directory, by file name.

    Raises:
        InputError: There are none, or one cannot be read.
    """
    keys = []
    for path in sorted(directory.glob("*.json")):
        try:
            keys.append(msgspec.json.decode(path.read_bytes(), type=TrustedKey))
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(f"The update key {path.name} cannot be read.", hint="Install the image again.") from error
    if not keys:
        raise InputError(f"There are no update keys in {directory}.", hint="Only boxes with the Chartside image take updates.")
    return tuple(keys)
