"""An encrypted stream that is written and read piece by piece, and whose end cannot be taken away.

    magic          17 bytes: `chartside-backup` and a line feed
    length         4 bytes, big endian: bytes of the header
    header         JSON: version, recovery key (salt, cost, public half), one-time public key
    frames         AES-256-GCM of `FRAME_BYTES` each; the last one is shorter, or empty

The key of a file is made by HKDF-SHA256 from the secret that the one-time key shares with the recovery key, salted with the
box's secret, over the whole header: a header that was changed opens nothing. The nonce of a frame is its number and whether it
is the last one (the STREAM construction), so frames that were moved, repeated or cut off are noticed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Annotated, BinaryIO, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from appliance.backup.recovery import Cost, OpenedRecoveryKey, RecoveryKey
from appliance.errors import BackupError

MAGIC: Final = b"chartside-backup\n"
VERSION: Final = 1
FRAME_BYTES: Final = 256 * 1024
_TAG_BYTES: Final = 16
_HEADER_LIMIT: Final = 4096
_ANOTHER: Final = "Take another backup; this one cannot be restored."


class Header(msgspec.Struct, frozen=True):
    """What is not encrypted."""

    version: int
    salt: Annotated[bytes, msgspec.Meta(min_length=16, max_length=64)]
    cost: Cost
    public: bytes
    """Of the recovery key."""
    once: bytes
    """Public half of a key that was used for this file only."""


class _Version(msgspec.Struct):
    version: int


def sealed_bytes(plain: int) -> int:
    """The most bytes that a stream of so many becomes."""
    return len(MAGIC) + 4 + _HEADER_LIMIT + plain + (plain // FRAME_BYTES + 1) * _TAG_BYTES


def seal(plain: Iterable[bytes], recovery: RecoveryKey) -> Iterator[bytes]:
    """Encrypt a stream, frame by frame.

    Args:
        plain: The stream, in pieces of any size.
        recovery: For whom.
    """
    once = X25519PrivateKey.generate()
    public = once.public_key().public_bytes_raw()
    header = msgspec.json.encode(Header(VERSION, recovery.salt, recovery.cost, recovery.public, public))
    cipher = _cipher(once.exchange(X25519PublicKey.from_public_bytes(recovery.public)), recovery.secret, header)
    yield MAGIC + len(header).to_bytes(4, "big") + header
    number, frame = 0, bytearray()
    for piece in plain:
        frame += piece
        while len(frame) >= FRAME_BYTES:
            yield cipher.encrypt(_nonce(number, last=False), bytes(frame[:FRAME_BYTES]), None)
            del frame[:FRAME_BYTES]
            number += 1
    yield cipher.encrypt(_nonce(number, last=True), bytes(frame), None)


class Unsealed:
    """The stream that was sealed. Nothing is handed out that was not authenticated.

    Args:
        file: The sealed file, at its beginning.
        passphrase: The recovery passphrase.

    Raises:
        BackupError: It is no backup, one of a later version, or the passphrase is another one.
    """

    def __init__(self, file: BinaryIO, passphrase: str) -> None:
        self._file = file
        raw = _read_header(file)
        header = _decode_header(raw)
        opened = OpenedRecoveryKey(passphrase, header.salt, header.cost)
        if opened.key.public != header.public:
            raise BackupError(
                "The passphrase is not the one of this backup.",
                hint="Type the passphrase that the box had when the backup was made; upper and lower case count.",
            )
        try:
            shared = opened.exchange(header.once)
        except ValueError as error:
            raise _changed(0) from error
        self._cipher = _cipher(shared, opened.key.secret, raw)
        self._number = 0
        self._plain = bytearray()
        self._ahead = file.read(FRAME_BYTES + _TAG_BYTES)
        self._ended = False

    def read(self, count: int) -> bytes:
        """The next bytes, fewer only at the end of the stream.

        Raises:
            BackupError: The file was cut off or changed.
        """
        while len(self._plain) < count and not self._ended:
            self._plain += self._next()
        piece = bytes(self._plain[:count])
        del self._plain[:count]
        return piece

    def _next(self) -> bytes:
        frame, self._ahead = self._ahead, self._file.read(FRAME_BYTES + _TAG_BYTES)
        last = len(frame) < FRAME_BYTES + _TAG_BYTES
        if last and self._ahead:  # the file grew while it was read
            raise _changed(self._number)
        try:
            plain = self._cipher.decrypt(_nonce(self._number, last=last), frame, None)
        except (InvalidTag, ValueError) as error:
            if last:
                raise BackupError("The backup is cut off, or its end was changed.", hint=_ANOTHER) from error
            raise _changed(self._number) from error
        self._number += 1
        self._ended = last
        return plain


def _read_header(file: BinaryIO) -> bytes:
    if file.read(len(MAGIC)) != MAGIC:
        raise BackupError("The file is no backup of Chartside.", hint="Backups are called `chartside-….backup`.")
    length = int.from_bytes(file.read(4), "big")
    header = file.read(length) if length <= _HEADER_LIMIT else b""
    if len(header) != length or not length:
        raise BackupError("The backup is cut off, or its beginning was changed.", hint=_ANOTHER)
    return header


def _decode_header(raw: bytes) -> Header:
    try:
        if (version := msgspec.json.decode(raw, type=_Version).version) > VERSION:
            raise BackupError(
                f"The backup has format {version}; this software knows format {VERSION}.",
                hint="Install the version of Chartside that made it, or a later one.",
            )
        return msgspec.json.decode(raw, type=Header)
    except msgspec.MsgspecError as error:
        raise _changed(0) from error


def _cipher(shared: bytes, secret: bytes, header: bytes) -> AESGCM:
    info = b"chartside backup " + hashlib.sha256(header).digest()
    return AESGCM(HKDF(SHA256(), 32, secret, info).derive(shared))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _changed(frame: int) -> BackupError:
    return BackupError(f"The backup was changed in frame {frame}.", hint=_ANOTHER)
