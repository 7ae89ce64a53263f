"""Every way in which a certificate of the clinic can be wrong, and what is said about it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from connect_certificates import NOW, certificate, clinic, pem
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from appliance.connect.own_certificate import check
from appliance.errors import CertificateError

CLINIC = clinic()
WHOLE = (CLINIC.leaf, CLINIC.intermediate, CLINIC.root)
SIGNER = CLINIC.intermediate
NAMES = ("scribe.clinic.example",)
ODD = ec.generate_private_key(ec.SECP256K1())
WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505  # it has to be refused


@pytest.mark.parametrize("chain", [WHOLE, WHOLE[:2], WHOLE[:1]], ids=["to the root", "usual", "alone"])
def test_a_good_certificate_passes(chain: tuple[object, ...]) -> None:
    found = check(pem(*chain), NOW)  # type: ignore[arg-type]
    assert found.names == NAMES
    assert found.expires == CLINIC.leaf.certificate.not_valid_after_utc


def test_the_chain_expires_with_its_first() -> None:
    short = certificate("Short", CLINIC.root, ca=True, days=30)
    leaf = certificate("leaf", short, names=NAMES)
    assert check(pem(leaf, short), NOW).expires == short.certificate.not_valid_after_utc


BAD = {
    "holds no certificate": b"nonsense",
    "holds no private key": pem(*WHOLE).partition(b"-----BEGIN PRIVATE")[0],
    "has a password": pem(*WHOLE, password=b"secret"),
    "does not belong to the first certificate": pem(*WHOLE, key=ec.generate_private_key(ec.SECP256R1())),
    "was not signed by the one after it": pem(CLINIC.leaf, CLINIC.root),
    "expired on 19 February 2027": pem(certificate("old", SIGNER, names=NAMES, start=NOW - timedelta(days=375))),
    "is not valid before 2 March 2027": pem(certificate("new", SIGNER, names=NAMES, start=NOW + timedelta(days=1))),
    "names no host": pem(certificate("scribe.clinic.example", SIGNER)),
    "has 1024 bits": pem(certificate("weak", SIGNER, names=NAMES, key=WEAK)),
    "is on the curve secp256k1": pem(certificate("odd", SIGNER, names=NAMES, key=ODD)),
    "is not for servers": pem(certificate("mail", SIGNER, names=NAMES, purpose=ExtendedKeyUsageOID.EMAIL_PROTECTION)),
    "cannot be read": pem(*WHOLE[:1]).replace(b"PRIVATE KEY-----\nM", b"PRIVATE KEY-----\n?"),
}


@pytest.mark.parametrize("reason", BAD)
def test_a_bad_one_is_refused_with_its_reason_and_a_way_out(reason: str) -> None:
    with pytest.raises(CertificateError, match=reason) as refused:
        check(BAD[reason], NOW)
    assert refused.value.hint
    assert refused.value.status == 422
