"""The certificate authority of the box.

Tablets are asked to trust it, so it must be able to vouch for nothing but this box: critical name constraints (RFC 5280,
section 4.2.1.10) permit its two names and private addresses, and thereby exclude every other name and address. Its second name
ends in four digits of its key's hash and is used where another box has the first.

Each name that the box ever had keeps its authority: a box that gets its old name back is trusted by the tablets as before.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from appliance.connect.addresses import PRIVATE_NETWORKS
from appliance.connect.keys import load_or_create_key
from appliance.errors import StorageError
from appliance.runtime.files import write_whole

LIFETIME: Final = timedelta(days=3650)
BACKDATED: Final = timedelta(hours=48)
"""How much earlier than its making a certificate is valid, for tablets whose clock is behind."""


@dataclass(frozen=True)
class Authority:
    """The authority for one name of the box."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    names: tuple[str, str]
    """What it vouches for, in the order in which they are used, each ending in `.local`."""

    @classmethod
    def load_or_create(cls, directory: Path, name: str, now: datetime) -> Self:
        """The authority in a directory; made when it is not there, has expired, or comes from the future.

        Args:
            directory: Of this name alone; it keeps `authority.key` and `authority.pem`.
            name: First name of the box, without `.local`.
            now: A time that can be believed.

        Raises:
            StorageError: Key or certificate cannot be read or written.
        """
        key = load_or_create_key(directory / "authority.key")
        names = (f"{name}.local", f"{name}-{_key_id(key)}.local")
        path = directory / "authority.pem"
        certificate = _read(path)
        if certificate is None or not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
            certificate = _certify(key, names, now)
            write_whole(path, certificate.public_bytes(Encoding.PEM))
        return cls(certificate, key, names)

    @property
    def der(self) -> bytes:
        """The certificate as tablets install it."""
        return self.certificate.public_bytes(Encoding.DER)


def _read(path: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        hint = "Restore it from the backup, or remove it: the box makes a new one, which tablets must trust again."
        raise StorageError(f"The certificate {path} cannot be read.", hint=hint) from error


def _key_id(key: ec.EllipticCurvePrivateKey) -> str:
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(public).hexdigest()[:4]


def _certify(key: ec.EllipticCurvePrivateKey, names: tuple[str, str], now: datetime) -> x509.Certificate:
    # Apple's list of trusted roots shows the common name only, and leaves out a root that has none.
    subject = x509.Name([
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Chartside"),
        x509.NameAttribute(NameOID.COMMON_NAME, f"Chartside {names[1].removesuffix('.local')}"),
    ])  # fmt: skip
    permitted: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    permitted += [x509.IPAddress(network) for network in PRIVATE_NETWORKS]
    usage = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
    )
    usage |= {"key_cert_sign": True, "crl_sign": True, "encipher_only": False, "decipher_only": False}
    start = now.replace(microsecond=0) - BACKDATED
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
