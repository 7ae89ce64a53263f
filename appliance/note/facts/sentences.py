"""Cuts a text into sentences without losing their places."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

_END: Final = re.compile(r"(?:[.?!]+[\"')]*(?=\s)|\n)\s*")
_ABBREVIATION: Final = re.compile(r"(?:^|\s)(?:dr|mr|mrs|ms|vs|st|approx|e\.g|i\.e|[a-z](?:\.[a-z])+|[a-hj-z])$", re.IGNORECASE)
_QUESTION_START: Final = re.compile(
    r"^(?:(?:and|so|okay|ok|all right|alright|um|uh|now|well|any|good|right|let me ask you|got it|great|then|but|"
    r"sorry)[\s,:.]+)*"
    r"(?:do|does|did|have|has|are|is|were|was|any|how|what|when|where|which|who|can|could|would|will|"
    r"you're taking|you are taking|have you|anything)\b(?! (?:i|we|it)\b)",
    re.IGNORECASE,
)
_ASKS_ABOUT: Final = re.compile(r"\b(?:talk about|what about|how about)\b.*\bany\b", re.IGNORECASE)
_LEADS_ON: Final = "".join(
    rf"(?<!\b{word})"
    for word in (
        "if that when while because since think thinks thought believe know say says said see hope like what where "
        "how who which "
        "whether unless until before after do don't did didn't does doesn't would should could can can't and but or "
        "not as than is "
        "was are to feel suspect tell of in on for with from about so sure afraid make mean guess wish i"
    ).split()
)
"""What comes after these words goes on with the sentence."""
_UNPUNCTUATED_END: Final = re.compile(
    r"\s+(?=(?:okay|ok|all right|alright) (?!with\b)|otherwise\b|any other\b|"
    r"(?<!\bI )(?<!\bto )(?<!'ll )(?<!\bwill )(?:do|did|does|have|are|were|can|could) you\b|"
    r"is there\b|does (?:that|it|this)\b|how (?:about|are|is|long|much|many)\b)|"
    rf"{_LEADS_ON}\s+(?=(?:so |and |and then |but |now )*(?:(?:i|we|you|he|she|they|there)(?:'m|'re|'s|'ve|'ll)?"
    r" (?:do |don't |did |didn't |also |just |really )*(?:am|is|isn't|are|aren't|was|wasn't|were|have(?! it)|haven't|"
    r"has|had|hear|see|"
    r"feel|appreciate|think|want|wanna|would|will|notice|gonna|going|can|can't|know|sound|should|need|took|take|"
    r"encourage|recommend)\b|"
    r"(?:let's|let me|i'm|i've|i'll|i'd|you're|you've|there's|we'll|we're|why don't)\b|"
    r"(?:on|for|in terms of|regarding) (?:your|the) (?:\w+ ){0,3}(?:exam|examination|problem|issue|diagnosis)\b|"
    r"(?:your|the) (?:\w+ ){0,3}(?:is|are|was|were|looks?|sounds?|seems?|exam|examination)\b|"
    r"\w+ (?:is|are) (?:intact|normal|clear|soft|regular|symmetric|equal|present)\b))",
    re.IGNORECASE,
)
"""Where recognized speech without punctuation starts anew."""
_LONG: Final = 12
"""Words of a text without punctuation that are more than one sentence."""
_ENDLESS: Final = 30
"""Words of a sentence without a comma that was punctuated only where a number was: "ninety eight. Seven"."""
_LONGEST_QUESTION: Final = 40
"""Words of a question without a question mark."""


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Offsets of the sentences of a text: first character and after the last one.

    >>> [text[start:end] for text in ["Take 7.5 mg b.i.d. with food. Any pain?"] for start, end in sentence_spans(text)]
    ['Take 7.5 mg b.i.d. with food.', 'Any pain?']
    """
    if not re.search(r"[.?!,;]", text) and len(text.split()) > _LONG:
        return _unpunctuated(text, 0, len(text))
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
    return [piece for span in spans for piece in _pieces(text, *span)]


def _pieces(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """A sentence, or what it is made of if it is too long to be one."""
    whole = len(text[start:end].split()) <= _ENDLESS or "," in text[start:end]
    return [(start, end)] if whole else _unpunctuated(text, start, end)


def _unpunctuated(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Cuts speech without punctuation where it starts anew."""
    cuts = [start, *(match.end() for match in _UNPUNCTUATED_END.finditer(text, start, end)), end]
    pieces = [(first, first + len(text[first:last].rstrip())) for first, last in pairwise(cuts)]
    return [(first, last) for first, last in pieces if text[first:last].strip()]


def is_question(sentence: str) -> bool:
    """Whether a sentence asks; without a question mark, whether it starts and ends like a question of recognized speech."""
    stripped = sentence.rstrip()
    if stripped.endswith(("?", ".", "!")):
        return stripped.endswith("?")
    asks = _QUESTION_START.match(stripped) or _ASKS_ABOUT.search(stripped)
    return len(stripped.split()) <= _LONGEST_QUESTION and bool(asks)
