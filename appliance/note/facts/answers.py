"""What an answer says to a question: yes, no, or only part of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

_FILLERS: Final = (
    r"(?:(?:uh|um|oh|well|you know|i mean|let's see|let me see|let me think|hmm|hm|mm|okay|ok|so|doctor|honestly|"
    r"actually|like|gosh|ah|er)\b[\s,.…-]*)*"
)
_NO: Final = re.compile(
    rf"{_FILLERS}(?:no|nope|nah|none|not|nothing|never|neither|uh-uh|mm-mm|nuh|negative|"
    r"i (?:don't|do not|haven't|have not|didn't|did not|can't|couldn't|am not|wasn't)(?! know)|i'm not|i've (?:not|"
    r"never|had no|got no|no)|i have (?:no|not)|"
    r"i (?:never|deny)|they (?:don't|haven't)|it (?:doesn't|hasn't|isn't)|that's (?:all fine|fine|not)|all (?:fine|"
    r"good|clear))\b",
    re.IGNORECASE,
)
_NO_SURE: Final = re.compile(
    rf"{_FILLERS}(?:not sure|no idea|i don't know|no, yeah|no problem|no worries|not a problem)\b", re.IGNORECASE
)
_YES: Final = re.compile(
    rf"{_FILLERS}(?:yes|yeah|yep|yup|ya|sure|correct|right|exactly|absolutely|definitely|of course|uh-huh|mm-hmm|mhm|"
    r"i do|i have|i am|i did|it does|it is|"
    r"they do|sometimes|some|a little|a bit|a lot|every|still|all of|both|same as|that's (?:right|correct)|i still|"
    r"i've been|usually|occasionally|"
    r"once in a while|off and on|on and off|pretty much|i try|i think so|i guess so|i'm good about)\b",
    re.IGNORECASE,
)
_AGREES: Final = re.compile(
    rf"{_FILLERS}(?:(?:yes|yeah|yep)[\s,.]+)?(?:correct|right|exactly|that's (?:right|correct)|none|no)\b", re.IGNORECASE
)
_ONLY: Final = re.compile(
    r"\b(?:just|only)\b|\bnone of the (?:others?|rest)\b|\bnot the (?:others?|rest)\b|\bno to the (?:others?|rest)\b|"
    r"\bnothing else\b|\bbut not?\b|"
    r"\bthe (?:others?|rest),? (?:no|is fine|are fine)\b|\bother(?:wise| than that)\b|\bthat's (?:it|all)\b",
    re.IGNORECASE,
)
_GENERAL: Final = frozenset(
    "pain pains trouble problem problems loss change changes with from your that this have been more than often feel feeling "
    "felt lately around some time times does them they when what were low high any the and for".split()
)
"""Words of a complaint that do not tell it from others."""
_STEM: Final = 4
"""Letters that two words of one complaint share: weak and weakness, anxious and anxiety."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer says as a whole."""

    polarity: Literal["yes", "no", ""]
    """Empty if it says neither."""
    only: bool
    """What it does not name is denied: "just the nausea", "none of the others"."""
    agrees: bool
    """Confirms a question put in the negative: "No headaches?" "Right." """


def answer_of(text: str) -> Answer:
    """What an answer says as a whole.

    >>> answer_of("Um, no, just the nausea.")
    Answer(polarity='no', only=True, agrees=True)

    Args:
        text: The turn that answers.
    """
    stripped = text.strip().replace("’", "'")  # noqa: RUF001
    unsure = bool(_NO_SURE.match(stripped))
    denies = bool(_NO.match(stripped)) and not unsure
    confirms = bool(_YES.match(stripped)) and not unsure
    return Answer("no" if denies else "yes" if confirms else "", bool(_ONLY.search(stripped)), bool(_AGREES.match(stripped)))


def echo_of(asked: str, answer: str) -> tuple[int, int] | None:
    """Where an answer takes up what was asked in other words: "weakness in your muscles" and "my thighs get weak".

    Args:
        asked: The words of the question that name one thing.
        answer: The turn that answers.

    Returns:
        Offsets of the word in the answer, or None.
    """
    stems = {word[:_STEM].lower() for word in re.findall(r"[^\W\d_]{4,}", asked) if word.lower() not in _GENERAL}
    for match in re.finditer(r"[^\W\d_]{4,}", answer):
        if match[0][:_STEM].lower() in stems and match[0].lower() not in _GENERAL:
            return match.start(), match.end()
    return None
