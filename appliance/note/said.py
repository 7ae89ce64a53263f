"""Which words the model may use: those that were said, and the small words that hold a sentence together."""

from __future__ import annotations

import re
from typing import Final

_WORD = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.,'/%+-]*[A-Za-z0-9%+])?")
_NEGATED = re.compile(r"\b(?:no|not|never|none|nothing|deny|denies|without|neither|nor)\b|n't\b", re.IGNORECASE)
_FIRST_OR_SECOND_PERSON = re.compile(r"(?:i|you|we|me|my|your|our|us|let)(?:'[a-z]+)?", re.IGNORECASE)

JOINING: Final = frozenset(
    "a an the of to in on for with and or is are was were has have had be been by at from as since after before but will that "
    "this it its she he they their his her patient reports takes about".split()
)
_NEGATING: Final = frozenset("no not denies without".split())
_FILLERS: Final = frozenset(
    "uh um mm hm hmm mm-hmm okay ok yeah yep right well like so know gonna wanna thanks thank bye hi hello".split()
)


def said_words(exchange: str) -> frozenset[str]:
    """Words of an exchange that a note line about it may contain.

    Fillers and the first and second person are left out: a note is written in the third.

    Args:
        exchange: What was said, one turn per line, with or without speakers.
    """
    left_out = _FILLERS | JOINING | _NEGATING
    words = _WORD.findall(_without_speakers(exchange))
    return frozenset(word for word in words if word.lower() not in left_out and not _FIRST_OR_SECOND_PERSON.fullmatch(word))


def joining_words(exchange: str) -> frozenset[str]:
    """Small words that may stand between. Those that deny something are among them only where something was denied."""
    return JOINING | _NEGATING if _NEGATED.search(_without_speakers(exchange)) else JOINING


def _without_speakers(exchange: str) -> str:
    return re.sub(r"^(?:Doctor|Patient): ", "", exchange, flags=re.MULTILINE).replace("\u2019", "'")
