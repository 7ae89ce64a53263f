"""Words, numbers and marks of a text, with their places: what every reader of facts works on."""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"(?P<number>[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?(?![0-9])|[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
    r"|(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)*)"  # noqa: RUF001  # the apostrophe of transcripts
    r"|(?P<mark>\S)"
)


class Token(NamedTuple):
    """A word, a number in digits, or one mark."""

    text: str
    """Lower case; the apostrophe is straight."""
    start: int
    """Offset of its first character."""
    end: int
    """Offset after its last character."""
    kind: str
    """`number`, `word` or `mark`."""


def tokens(text: str) -> list[Token]:
    """The tokens of a text, in order.

    >>> [token.text for token in tokens("Take 1,000mg b.i.d.")]
    ['take', '1,000', 'mg', 'b', '.', 'i', '.', 'd', '.']
    """
    return [
        Token(match[0].lower().replace("’", "'"), match.start(), match.end(), str(match.lastgroup))  # noqa: RUF001
        for match in _TOKEN.finditer(text)
    ]
