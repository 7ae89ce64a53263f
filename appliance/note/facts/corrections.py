"""What a speaker took back: "12, no, sorry, 24 units" says 24 units, "metformin, I mean glipizide" says glipizide."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, Protocol

_CORRECTION: Final = re.compile(
    r"[\s,.…-]*(?:(?:uh|um|oh|wait|well|or)[\s,.…-]+)*"
    r"(?:no|sorry|i'm sorry|actually|i mean|make that|or rather|rather|excuse me|correction|scratch that)\b"
    r"(?:[\s,.…-]+(?:no|wait|sorry|i'm sorry|actually|i mean|it's|it is|it was|that's|they're|now|make that|uh|um|not|"
    r"make it|at|about))*[\s,.…-]*",
    re.IGNORECASE,
)
"""All that stands between what is taken back and what is meant."""


class Placed(Protocol):
    """Something with a place in a text."""

    @property
    def start(self) -> int:
        """Offset of its first character."""

    @property
    def end(self) -> int:
        """Offset after its last character."""


def without_corrections(text: str, *groups: Sequence[Placed]) -> str:
    """The text with blanks for what was taken back, so that all places stay the same.

    Args:
        text: What was said.
        groups: Things of one kind each, in order: the quantities of the text, its medicines.
    """
    for group in groups:
        for first, second in pairwise(group):
            if _CORRECTION.fullmatch(text.replace("’", "'"), first.end, second.start):  # noqa: RUF001
                text = text[: first.start] + " " * (second.start - first.start) + text[second.start :]
    return text
