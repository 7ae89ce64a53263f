"""SHA256SUMS of a release folder and its signature, in the formats of coreutils and OpenSSL: both can check them without us.

    sha256sum --check SHA256SUMS
    openssl pkeyutl -verify -pubin -inkey PUBLIC.pem -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig

The signature is Ed25519 over the bytes of SHA256SUMS, by the key that signs updates. No update can be made of it: update files
begin with a line that no list of checksums has.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.errors import InputError
from appliance.runtime.bundle import describe_file
from appliance.update.keys import TrustedKey

LIST_FILE: Final = "SHA256SUMS"
SIGNATURE_FILE: Final = "SHA256SUMS.sig"
_LINE: Final = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9._+-]{0,200})")
_AGAIN: Final = "Do not use the release; fetch it again from who made it."


def write_checksums(folder: Path, key: Ed25519PrivateKey) -> None:
    """Write the list of a folder's files and sign it.

    Raises:
        InputError: The folder is empty, or holds something that is not a plain file with a plain name.
    """
    names = _listed(folder)
    if not names:
        raise InputError(f"There are no files in {folder}.", hint="Build the image first.")
    lines = [f"{_digest(folder / name)}  {name}" for name in names]
    strange = next((line for line in lines if not _LINE.fullmatch(line)), None)
    if strange is not None:
        raise InputError(f"The name {strange[66:]!r} cannot be published.", hint="Take letters, digits and . _ + -")
    text = "".join(f"{line}\n" for line in lines).encode()
    (folder / LIST_FILE).write_bytes(text)
    (folder / SIGNATURE_FILE).write_bytes(key.sign(text))


def check_checksums(folder: Path, keys: Sequence[TrustedKey], now: datetime) -> tuple[tuple[str, ...], TrustedKey]:
    """The names of a folder's files, all as they were signed, and who signed them.

    Raises:
        InputError: The list is missing, was not signed by a trusted key or by one that has expired; or a file is missing, was
            changed or added.
    """
    text, signature = _read(folder / LIST_FILE), _read(folder / SIGNATURE_FILE)
    signer = next((key for key in keys if key.signed(text, signature)), None)
    if signer is None:
        raise InputError(f"{LIST_FILE} is not signed by a trusted key, or was changed since.", hint=_AGAIN)
    if signer.expires <= now:
        message = f"The key that signed {LIST_FILE} expired on {signer.expires:%d %B %Y}."
        raise InputError(message, hint="Sign the release with a newer key.")
    expected = {}
    for line in text.decode("ascii", "replace").splitlines():
        found = _LINE.fullmatch(line)
        if found is None:
            raise InputError(f"{LIST_FILE} has a line that is no checksum.", hint="Sign the release again.")
        expected[found[2]] = found[1]
    for name, digest in expected.items():
        if not (folder / name).is_file():
            raise InputError(f"{name} is missing.", hint=_AGAIN)
        if _digest(folder / name) != digest:
            raise InputError(f"{name} was changed: its SHA-256 does not match.", hint=_AGAIN)
    for name in _listed(folder):
        if name not in expected:
            raise InputError(f"{name} is not part of the signed release.", hint=_AGAIN)
    return tuple(expected), signer


def _listed(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir() if path.name not in {LIST_FILE, SIGNATURE_FILE})
    except OSError as error:
        raise InputError(f"There is no folder {folder}.", hint="Give the folder of a release.") from error


def _digest(path: Path) -> str:
    try:
        found = describe_file(path)
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror}.", hint="A release holds files only.") from error
    return found.sha256 if found else ""


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror}.", hint="Give the folder of a release.") from error
