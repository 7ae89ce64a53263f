"""Signatures of bundles: Ed25519 (RFC 8032) over the bytes of `bundle.json`, which in turn holds the SHA-256 of every file.

The vendor signs with a private key that never leaves the build machine; a box or its owner checks with the public key.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from appliance.errors import BundleError, InputError
from appliance.runtime.bundle import MANIFEST_FILE

SIGNATURE_FILE: Final = "bundle.json.sig"
PRIVATE_KEY_FILE: Final = "private.pem"
PUBLIC_KEY_FILE: Final = "public.pem"


def write_keys(directory: Path) -> None:
    """Make a new pair of keys: `private.pem`, which only its owner can read, and `public.pem`.

    Raises:
        InputError: There are keys already, which would be lost.
    """
    directory.mkdir(parents=True, exist_ok=True)
    private = Ed25519PrivateKey.generate()
    try:
        descriptor = os.open(directory / PRIVATE_KEY_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        message = f"There is a key in {directory} already, which would be lost."
        raise InputError(message, hint="Choose another directory.") from error
    with open(descriptor, "wb") as file:  # noqa: PTH123  # a path cannot open a descriptor
        file.write(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (directory / PUBLIC_KEY_FILE).write_bytes(public)


def sign(bundle: Path, key: Path) -> None:
    """Write `bundle.json.sig`, 64 bytes, beside the manifest.

    Args:
        bundle: The bundle's directory.
        key: The private key (PEM).

    Raises:
        InputError: The key is not an Ed25519 private key.
        BundleError: There is no manifest.
    """
    (bundle / SIGNATURE_FILE).write_bytes(read_private_key(key).sign(_read_manifest(bundle)))


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """The private key in a file (PEM, without a password).

    Raises:
        InputError: The file cannot be read, or does not hold an Ed25519 private key.
    """
    try:
        private = load_pem_private_key(_read_key(path), password=None)
    except (ValueError, TypeError) as error:
        raise _wrong_key(path, "private") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise _wrong_key(path, "private")
    return private


def check_signature(bundle: Path, key: Path) -> None:
    """Check that the manifest is the one that was signed; `Bundle.verify` then checks the files.

    Args:
        bundle: The bundle's directory.
        key: The public key (PEM).

    Raises:
        InputError: The key is not an Ed25519 public key.
        BundleError: The bundle is not signed, was signed with another key, or was changed since.
    """
    try:
        public = load_pem_public_key(_read_key(key))
    except ValueError as error:
        raise _wrong_key(key, "public") from error
    if not isinstance(public, Ed25519PublicKey):
        raise _wrong_key(key, "public")
    manifest = _read_manifest(bundle)
    try:
        public.verify((bundle / SIGNATURE_FILE).read_bytes(), manifest)
    except FileNotFoundError as error:
        raise BundleError(f"The bundle in {bundle} is not signed.", hint="Ask who made it for a signed one.") from error
    except InvalidSignature as error:
        message = f"The bundle in {bundle} was changed after it was signed, or signed with another key."
        raise BundleError(message, hint="Do not use it; fetch it again from who made it.") from error


def _read_manifest(bundle: Path) -> bytes:
    try:
        return (bundle / MANIFEST_FILE).read_bytes()
    except OSError as error:
        raise BundleError(f"There is no model bundle in {bundle}.", hint="Give a directory with bundle.json.") from error


def _read_key(key: Path) -> bytes:
    try:
        return key.read_bytes()
    except OSError as error:
        raise InputError(f"The key {key} cannot be read.", hint="Give a PEM file.") from error


def _wrong_key(key: Path, kind: str) -> InputError:
    return InputError(f"{key} does not hold an Ed25519 {kind} key.", hint="Make keys with `chartside-train keys`.")
