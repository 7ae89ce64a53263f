"""Cuts a text into sentences without losing their places."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

_END: Final = re.compile(r"(?:[.?!]+[\"')]*(?=\s)|\n)\s*")
_ABBREVIATION: Final = re.compile(r"(?:^|\s)(?:dr|mr|mrs|ms|vs|st|approx|e\.g|i\.e|[a-z](?:\.[a-z])+|[a-hj-z])$", re.IGNORECASE)
_QUESTION_START: Final = re.compile(
    r"^(?:(?:and|so|okay|ok|all right|alright|um|uh|now|well|any|good|right|let me ask you|got it|great|then|but)[\s,:.]+)*"
    r"(?:do|does|did|have|has|are|is|were|was|any|how|what|when|where|which|who|can|could|would|will|"
    r"you're taking|you are taking|have you|anything)\b(?! (?:i|we|it)\b)",
    re.IGNORECASE,
)


_UNPUNCTUATED_END: Final = re.compile(
    r"\s+(?=(?:okay|ok|all right|alright) (?!with\b)|(?:do|did|does|have|are|were|can|could) you\b|any other\b|"
    r"is there\b|does (?:that|it|this)\b|how (?:about|are|is|long|much|many)\b)",
    re.IGNORECASE,
)
"""Where recognized speech without punctuation starts anew."""
_LONG: Final = 12
"""Words of a text without punctuation that are more than one sentence."""


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Offsets of the sentences of a text: first character and after the last one.

    >>> [text[start:end] for text in ["Take 7.5 mg b.i.d. with food. Any pain?"] for start, end in sentence_spans(text)]
    ['Take 7.5 mg b.i.d. with food.', 'Any pain?']
    """
    if not re.search(r"[.?!,;]", text) and len(text.split()) > _LONG:
        cuts = [0, *(match.end() for match in _UNPUNCTUATED_END.finditer(text)), len(text)]
        pieces = [(first, first + len(text[first:last].rstrip())) for first, last in pairwise(cuts)]
        return [(first, last) for first, last in pieces if text[first:last].strip()]
    spans, start = [], 0
    for match in _END.finditer(text):
        before = text[start : match.start()]
        if text[match.start()] == "." and _ABBREVIATION.search(before) and not text[match.end() : match.end() + 1].isupper():
            continue
        if text[match.start()] == "." and re.search(r"(?:^|\s)(?:dr|mr|mrs|ms)$", before, re.IGNORECASE):
            continue
        end = match.start() + len(match[0].rstrip())
        if before.strip():
            spans.append((start, end))
        start = match.end()
    if text[start:].strip():
        spans.append((start, len(text.rstrip())))
    return spans


def is_question(sentence: str) -> bool:
    """Whether a sentence asks; without a question mark, whether it starts and ends like a question of recognized speech."""
    stripped = sentence.rstrip()
    return stripped.endswith("?") or (not stripped.endswith((".", "!")) and bool(_QUESTION_START.match(stripped)))
