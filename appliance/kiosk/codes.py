"""Codes that people read from one screen and type on another."""

from __future__ import annotations

import hmac
import secrets
from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that looks like a digit."""
_LENGTH: Final = 8
_READ_AS: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def new_code() -> str:
    """Eight random characters, 40 bits, as `ABCD-EFGH`."""
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    return f"{code[:4]}-{code[4:]}"


def same_code(typed: str, code: str) -> bool:
    """Whether somebody typed this code; takes the same time for every wrong one. Where there is no code, nobody did."""
    return bool(code) and hmac.compare_digest(_plain(typed), _plain(code))


def _plain(code: str) -> bytes:
    return code.upper().translate(_READ_AS).encode()
