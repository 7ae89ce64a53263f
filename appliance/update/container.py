r"""The update file: a signed manifest, then the files it names, one after the other.

    "chartside update 1\n"    19 bytes
    length of the manifest    4 bytes, big endian, at most 64 KiB
    manifest                  JSON
    signature                 64 bytes, Ed25519 over all bytes before it
    files                     in the manifest's order, each as long as the manifest says

Nothing behind the signature is looked at before the signature is right, and no archive format is parsed at all: what an
attacker can reach is a length and a fixed-size signature.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, BinaryIO, Final, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.errors import InputError
from appliance.runtime.bundle import Sha256
from appliance.update.keys import TrustedKey
from appliance.update.release import Board, Version

MAGIC: Final = b"chartside update 1\n"
SUFFIX: Final = ".chartside"
_LENGTH_BYTES: Final = 4
_LONGEST_MANIFEST: Final = 64 * 1024
_SIGNATURE_BYTES: Final = 64
_BLOCK: Final = 1024 * 1024
_FETCH: Final = "Fetch it again from who made it."

Component = Literal["system", "models"]
FileName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,200}$")]
"""Without directories."""


class PackedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of an update."""

    name: FileName
    bytes: Annotated[int, msgspec.Meta(ge=1, le=2**40)]
    sha256: Sha256


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an update is."""

    product: str
    component: Component
    version: Version
    board: Board
    created: Annotated[datetime, msgspec.Meta(tz=True)]
    files: Annotated[tuple[PackedFile, ...], msgspec.Meta(min_length=1, max_length=16)]


def read_manifest(file: BinaryIO, keys: Sequence[TrustedKey]) -> tuple[Manifest, TrustedKey]:
    """The manifest and who signed it; the file is then at the first byte of its files.

    Raises:
        InputError: The file is no update, is cut off, or nobody who is trusted signed it.
    """
    magic = file.read(len(MAGIC))
    if magic != MAGIC:
        raise InputError("The file is not a Chartside update.", hint=f"Choose a file whose name ends in {SUFFIX}.")
    length = file.read(_LENGTH_BYTES)
    size = int.from_bytes(length, "big")
    if size > _LONGEST_MANIFEST:
        raise InputError("The update is damaged: its manifest is too long.", hint=_FETCH)
    manifest, signature = file.read(size), file.read(_SIGNATURE_BYTES)
    if len(signature) < _SIGNATURE_BYTES:
        raise InputError("The update is cut off.", hint=_FETCH)
    signed = magic + length + manifest
    signer = next((key for key in keys if key.signed(signed, signature)), None)
    if signer is None:
        raise InputError("The update is not signed by the vendor of this box, or was changed since.", hint=_FETCH)
    try:
        return msgspec.json.decode(manifest, type=Manifest), signer
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = "The update is made for another version of the updater."
        raise InputError(message, hint="Install the release before it first.") from error


def read_files(file: BinaryIO, manifest: Manifest, take: Callable[[PackedFile, bytes], None]) -> None:
    """Read the files of an update and compare them with its manifest.

    Args:
        file: At the first byte of the files.
        manifest: What was signed.
        take: Gets each block as it comes. What it was given counts only if this function returns.

    Raises:
        InputError: A file is cut off or changed, or something comes after the last one.
    """
    for packed in manifest.files:
        digest, left = hashlib.sha256(), packed.bytes
        while left:
            block = file.read(min(_BLOCK, left))
            if not block:
                raise InputError(f"The update is cut off in {packed.name}.", hint=_FETCH)
            digest.update(block)
            take(packed, block)
            left -= len(block)
        if digest.hexdigest() != packed.sha256:
            raise InputError(f"The update is damaged: {packed.name} was changed.", hint=_FETCH)
    if file.read(1):
        raise InputError("The update is damaged: something was added to its end.", hint=_FETCH)


def write_update(target: BinaryIO, manifest: Manifest, files: Sequence[Path], key: Ed25519PrivateKey) -> None:
    """Write a signed update.

    Args:
        target: Where to.
        manifest: Describes `files`, in the same order.
        files: What it carries.
        key: The vendor's.
    """
    body = msgspec.json.encode(manifest)
    head = MAGIC + len(body).to_bytes(_LENGTH_BYTES, "big") + body
    target.write(head + key.sign(head))
    for path in files:
        with path.open("rb") as source:
            while block := source.read(_BLOCK):
                target.write(block)
