"""A certificate of the clinic in place of the box's own: for clinics that run an authority which their tablets trust already.

The file holds, in PEM, the certificate of the box, then those that signed it, up to but not necessarily with the root, and the
private key. Everything a tablet would refuse is refused here, with the reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from appliance.connect.addresses import Address
from appliance.connect.clock import day
from appliance.connect.leaf import named
from appliance.errors import CertificateError

_KEY: Final = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL)
_LEAST_RSA_BITS: Final = 2048
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)


@dataclass(frozen=True)
class OwnCertificate:
    """A certificate that passed."""

    names: tuple[str, ...]
    """DNS names; one may start with `*.`."""
    addresses: tuple[Address, ...]
    expires: datetime


def check(pem: bytes, now: datetime) -> OwnCertificate:
    """Everything that a tablet checks, but for the root that only the tablet knows.

    Args:
        pem: Certificate, chain and key.
        now: A time that can be believed.

    Raises:
        CertificateError: A tablet would refuse it, or the key is not its key; the message says which and why.
    """
    chain = _chain(pem)
    _check_key(pem, chain[0])
    for certificate, issuer in pairwise(chain):
        _check_issued(certificate, issuer)
    for certificate in chain:
        _check_dates(certificate, now)
        _check_strength(certificate)
    _check_purpose(chain[0])
    names, addresses = named(chain[0])
    if not names and not addresses:
        raise CertificateError(
            "The certificate names no host in its subject alternative name.",
            hint="Have it issued again with the name of the box there; browsers ignore the common name.",
        )
    return OwnCertificate(names, addresses, min(certificate.not_valid_after_utc for certificate in chain))


def _chain(pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(_KEY.sub(b"", pem))
    except ValueError as error:
        raise CertificateError(
            "The file holds no certificate in PEM.", hint="It needs the lines BEGIN CERTIFICATE and END CERTIFICATE."
        ) from error


def _check_key(pem: bytes, certificate: x509.Certificate) -> None:
    found = _KEY.search(pem)
    if not found:
        raise CertificateError("The file holds no private key.", hint="Add the key in PEM below the certificates.")
    try:
        key = load_pem_private_key(found[0], None)
    except TypeError as error:
        hint = "Remove the password: openssl pkey -in key.pem -out plain.pem"
        raise CertificateError("The private key has a password.", hint=hint) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateError("The private key cannot be read.", hint="Send it as PEM (PKCS #8).") from error
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    if key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
        raise CertificateError(
            "The private key does not belong to the first certificate.",
            hint="Put the certificate of the box first, the authorities after it, and send the key it was requested with.",
        )


def _check_issued(certificate: x509.Certificate, issuer: x509.Certificate) -> None:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise CertificateError(
            f"The certificate of {_subject(certificate)} was not signed by the one after it, {_subject(issuer)}.",
            hint="Order the chain from the certificate of the box to the root, and leave none out.",
        ) from error


def _check_dates(certificate: x509.Certificate, now: datetime) -> None:
    if now >= certificate.not_valid_after_utc:
        raise CertificateError(
            f"The certificate of {_subject(certificate)} expired on {day(certificate.not_valid_after_utc)}.",
            hint="Install a new one, or remove it: the box goes back to its own authority.",
        )
    if now < certificate.not_valid_before_utc:
        raise CertificateError(
            f"The certificate of {_subject(certificate)} is not valid before {day(certificate.not_valid_before_utc)}; "
            f"the clock of the box says {day(now)}.",
            hint="Check the clock of the box, or wait.",
        )


def _check_strength(certificate: x509.Certificate) -> None:
    key, algorithm = certificate.public_key(), certificate.signature_hash_algorithm
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < _LEAST_RSA_BITS:
        raise CertificateError(
            f"The RSA key of {_subject(certificate)} has {key.key_size} bits.", hint=f"Use at least {_LEAST_RSA_BITS}."
        )
    if isinstance(key, ec.EllipticCurvePublicKey) and not isinstance(key.curve, _CURVES):
        raise CertificateError(
            f"The key of {_subject(certificate)} is on the curve {key.curve.name}.", hint="Use P-256 or P-384."
        )
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise CertificateError(f"The key of {_subject(certificate)} is not RSA or ECDSA.", hint="Browsers know only these.")
    if algorithm is not None and algorithm.name in {"md5", "sha1"}:
        raise CertificateError(
            f"The certificate of {_subject(certificate)} is signed with {algorithm.name.upper()}.", hint="Use SHA-256."
        )


def _check_purpose(leaf: x509.Certificate) -> None:
    try:
        purposes = set(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return
    if not purposes & {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}:
        raise CertificateError("The certificate is not for servers.", hint="Have it issued for TLS server authentication.")


def _subject(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string() or "(no subject)"
