"""The fingerprint of the box's authority, for people: words to compare aloud, digits to compare with what a tablet shows.

The words are the English list of BIP-39 (MIT licence): 2,048 common words, told apart by their first four letters, 11 bits
each.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

WORDS: Final = 8
"""88 bits: finding another certificate with the same words takes more work than any attacker on a clinic's network has."""
_BITS: Final = 11


def words(der: bytes) -> str:
    """The first 88 bits of a certificate's SHA-256 as eight words."""
    number = int.from_bytes(hashlib.sha256(der).digest()) >> (256 - WORDS * _BITS)
    return " ".join(_list()[(number >> (_BITS * n)) % 2**_BITS] for n in reversed(range(WORDS)))


def digits(der: bytes) -> str:
    """A certificate's SHA-256 as tablets show it: pairs of hexadecimal digits."""
    return hashlib.sha256(der).digest().hex(" ").upper()


@cache
def _list() -> tuple[str, ...]:
    return tuple(Path(__file__).with_name("words.txt").read_text("ascii").split())
