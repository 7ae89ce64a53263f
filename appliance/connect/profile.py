"""The box's authority as a configuration profile, which is how iPads install a certificate."""

from __future__ import annotations

import plistlib
import uuid
from typing import Final

from appliance.connect.authority import Authority

MEDIA_TYPE: Final = "application/x-apple-aspen-config"


def profile(authority: Authority) -> bytes:
    """The `.mobileconfig` of an authority (Apple, *Configuration Profile Reference*, payload `com.apple.security.root`).

    Its identifiers follow from the certificate, so that the same profile installed twice is one profile.
    """
    name = authority.names[1].removesuffix(".local")
    certificate = uuid.uuid5(uuid.NAMESPACE_DNS, authority.der.hex())
    payload = {
        "PayloadType": "com.apple.security.root",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"local.chartside.{name}.authority",
        "PayloadUUID": str(certificate).upper(),
        "PayloadDisplayName": f"Chartside {name}",
        "PayloadDescription": "Lets this device recognize the Chartside box. It cannot vouch for anything else.",
        "PayloadCertificateFileName": f"{name}.crt",
        "PayloadContent": authority.der,
    }
    return plistlib.dumps({
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"local.chartside.{name}",
        "PayloadUUID": str(uuid.uuid5(certificate, "profile")).upper(),
        "PayloadDisplayName": f"Chartside {name}",
        "PayloadDescription": "Lets this device recognize the Chartside box of your clinic.",
        "PayloadOrganization": "Chartside",
        "PayloadRemovalDisallowed": False,
        "PayloadContent": [payload],
    })  # fmt: skip
