"""What the box is called: what the setting `name` says or, if that is empty, a name of its own that it keeps.

The name stands with the certificates, on the data partition and in backups: a restored box is called as before, and one that
was reset gets another name with its other authority.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path
from typing import Final

from appliance.settings import Settings

_ALPHABET: Final = "23456789abcdefghjkmnpqrstvwxyz"
"""No letter that looks like a digit, and no u, so that fewer words come about."""
_LENGTH: Final = 4
"""One chance in 18,000 that two of ten boxes in a clinic are called the same; mDNS notices those (mdns.py)."""


def with_name(settings: Settings) -> Settings:
    """The settings, with the name that the box has or, from now on, will have; the kiosk keeps it when it makes a certificate.

    Args:
        settings: Of the box.
    """
    return settings if settings.name else replace(settings, name=(names_of(settings) or [_draw()])[-1])


def names_of(settings: Settings) -> list[str]:
    """All names that the box has had; the last one counts."""
    try:
        return names_file(settings).read_text("ascii").split()
    except FileNotFoundError:
        return []


def names_file(settings: Settings) -> Path:
    """Where they are kept; its time of change is that of the last change of the name."""
    return settings.connect_dir / "names"


def _draw() -> str:
    return "chartside-" + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
