"""Which sentences of an exchange state something: what a note may repeat word for word."""

from __future__ import annotations

import re
from typing import Final

LEAST_WORDS: Final = 4
"""Words beyond fillers that a statement has."""

_SENTENCE = re.compile(r"[^.?!]+(?:[.?!](?=\d)[^.?!]*)*[.?!]*")
_SPEAKER = re.compile(r"^(?:Doctor|Patient): ")
_WORD = re.compile(r"[A-Za-z0-9][\w'’%+/.,-]*")  # noqa: RUF001  # the apostrophe of transcripts
_FILLERS: Final = frozenset(
    "uh um mm hm hmm mm-hmm okay ok yeah yep yes right well like so know thanks thank bye hi hello good great sure".split()
)


def statements(exchange: str) -> list[str]:
    """Sentences of an exchange that are neither questions nor empty talk, in order, without repetitions.

    Args:
        exchange: What was said, one turn per line, with or without speakers.
    """
    found: dict[str, None] = {}
    for line in exchange.splitlines():
        for sentence in _SENTENCE.findall(_SPEAKER.sub("", line)):
            words = [word for word in _WORD.findall(sentence) if word.lower().strip(".,") not in _FILLERS]
            if len(words) >= LEAST_WORDS and "?" not in sentence:
                found[" ".join(sentence.split())] = None
    return list(found)
