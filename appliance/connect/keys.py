"""The keys of the authority and of its certificates."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from appliance.errors import StorageError
from appliance.runtime.files import write_whole


def load_or_create_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """The P-256 key in a file, which is made when it is not there.

    Raises:
        StorageError: The file holds something else, or cannot be read or written.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except FileNotFoundError:
        new = ec.generate_private_key(ec.SECP256R1())
        write_whole(path, new.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return new
    except (OSError, ValueError, TypeError) as error:
        raise _damaged(path) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise _damaged(path)
    return key


def _damaged(path: Path) -> StorageError:
    hint = "Restore it from the backup; or remove its directory: the box makes a new authority, which tablets must trust again."
    return StorageError(f"The key {path} cannot be read.", hint=hint)
