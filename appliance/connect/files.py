"""Writing keys and certificates."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from appliance.errors import StorageError


def write(path: Path, content: bytes) -> None:
    """Replace a file, whole or not at all, readable by its owner only.

    Raises:
        StorageError: The directory cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StorageError(f"The file {path} cannot be written: {error.strerror}.", hint="Free some disk space.") from error


def load_or_create_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """The P-256 key in a file, which is made when it is not there.

    Raises:
        StorageError: The file holds something else, or cannot be read or written.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except FileNotFoundError:
        new = ec.generate_private_key(ec.SECP256R1())
        write(path, new.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return new
    except (OSError, ValueError, TypeError) as error:
        raise _damaged(path) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise _damaged(path)
    return key


def _damaged(path: Path) -> StorageError:
    hint = "Restore it from the backup; or remove its directory: the box makes a new authority, which tablets must trust again."
    return StorageError(f"The key {path} cannot be read.", hint=hint)
