"""Certificates as clinics have them, good and bad."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass
class Signer:
    certificate: x509.Certificate
    key: Key


def certificate(
    subject: str,
    signer: Signer | None = None,
    *,
    names: tuple[str, ...] = (),
    key: Key | None = None,
    start: datetime = NOW - timedelta(days=10),
    days: int = 365,
    ca: bool = False,
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
) -> Signer:
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(signer.certificate.subject if signer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
    if not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    return Signer(builder.sign(signer.key if signer else key, hashes.SHA256()), key)


def pem(*chain: Signer, key: Key | None = None, password: bytes | None = None) -> bytes:
    """The file as set-up takes it: chain, then the key of its first certificate, or another."""
    protection = BestAvailableEncryption(password) if password else NoEncryption()
    private = (key or chain[0].key).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)
    return b"".join(signer.certificate.public_bytes(Encoding.PEM) for signer in chain) + private


@dataclass
class Clinic:
    """A clinic with an authority of its own."""

    root: Signer
    intermediate: Signer
    leaf: Signer

    @property
    def pem(self) -> bytes:
        return pem(self.leaf, self.intermediate)


def clinic(name: str = "scribe.clinic.example") -> Clinic:
    root = certificate("Clinic root", ca=True, days=3650)
    intermediate = certificate("Clinic issuing", root, ca=True, days=1825)
    return Clinic(root, intermediate, certificate(name, intermediate, names=(name,)))
