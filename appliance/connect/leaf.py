"""The certificate that tablets see: signed by the box's authority, good for 90 days, replaced at two thirds of them.

Its names and addresses stand in the subject alternative name, the only place where browsers look (RFC 6125, section 6.4.4).
The key stays when the certificate is replaced.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance.connect.addresses import Address
from appliance.connect.authority import BACKDATED, Authority
from appliance.connect.keys import load_or_create_key
from appliance.runtime.files import write_whole

LIFETIME: Final = timedelta(days=90)
RENEWED_AFTER: Final = 2 * LIFETIME / 3


class Leaf:
    """The certificate in a directory, kept up to date.

    Args:
        directory: Keeps `leaf.key` and `leaf.pem`.
        authority: Who signs it.
    """

    def __init__(self, directory: Path, authority: Authority) -> None:
        self.path: Final = directory / "leaf.pem"
        self.key_path: Final = directory / "leaf.key"
        self._authority = authority

    def refresh(self, addresses: Sequence[Address], now: datetime) -> str:
        """Replace the certificate if that is due.

        Args:
            addresses: Private addresses of the box.
            now: A time that can be believed.

        Returns:
            Why it was replaced; empty if it was not.

        Raises:
            StorageError: It cannot be written.
        """
        reason = self._reason(addresses, now)
        if reason:
            key = load_or_create_key(self.key_path)
            write_whole(self.path, issue(self._authority, key, addresses, now).public_bytes(Encoding.PEM))
        return reason

    def read(self) -> x509.Certificate:
        """The certificate as it is now."""
        return x509.load_pem_x509_certificate(self.path.read_bytes())

    def _reason(self, addresses: Sequence[Address], now: datetime) -> str:
        try:
            leaf = self.read()
            leaf.verify_directly_issued_by(self._authority.certificate)
        except FileNotFoundError:
            return "there was none"
        except Exception:  # noqa: BLE001  # whatever is wrong with the old one, a new one mends it
            return "the old one was damaged or of another authority"
        reasons = {
            "the addresses of the box changed": named(leaf) != (self._authority.names, tuple(addresses)),
            "the old one was made while the clock was ahead": now < leaf.not_valid_before_utc,
            "the old one had expired": now >= leaf.not_valid_after_utc,
            "two thirds of its time had passed": now >= leaf.not_valid_before_utc + RENEWED_AFTER,
        }
        return next((reason for reason, holds in reasons.items() if holds), "")


def issue(
    authority: Authority, key: ec.EllipticCurvePrivateKey, addresses: Sequence[Address], now: datetime
) -> x509.Certificate:
    """A certificate for the names of the authority and these addresses."""
    start = now.replace(microsecond=0) - BACKDATED
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in authority.names]
    names += [x509.IPAddress(address) for address in addresses]
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"), False
    )
    usage |= {"digital_signature": True, "encipher_only": False, "decipher_only": False}
    root = authority.certificate
    identifier = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, authority.names[0])]))
        .issuer_name(root.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(max(start, root.not_valid_before_utc))
        .not_valid_after(min(start + LIFETIME, root.not_valid_after_utc))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(authority.key, hashes.SHA256())
    )


def named(certificate: x509.Certificate) -> tuple[tuple[str, ...], tuple[Address, ...]]:
    """The names and addresses that a certificate stands for; none if it has no subject alternative name."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return (), ()
    addresses = names.get_values_for_type(x509.IPAddress)
    single = tuple(address for address in addresses if isinstance(address, IPv4Address | IPv6Address))
    return tuple(names.get_values_for_type(x509.DNSName)), single
