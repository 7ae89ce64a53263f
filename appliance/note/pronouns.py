"""Pronouns for the patient: as the visit shows them, or none.

A model that reads one exchange at a time cannot know who the patient is and guesses. What the whole visit says decides instead:
"a 58-year-old male", "yes, ma'am". Where it says nothing, the note writes "the patient", "he or she" and "their".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal

Sex = Literal["female", "male"]

_CUES: Final[dict[Sex, re.Pattern[str]]] = {
    "female": re.compile(
        r"\b(?:year[- ]old (?:\w+ )?(?:female|woman|lady)|ma'am|mrs|ms|miss [a-z]|"
        r"(?:my|your) (?:last )?(?:menstrual )?periods?\b|pregnan\w+|menopaus\w+|hysterectomy|mammogram|pap smear)\b",
        re.IGNORECASE,
    ),
    "male": re.compile(
        r"\b(?:year[- ]old (?:\w+ )?(?:male|man|gentleman)|yes,? sir|sir|mr|prostate|erectile|testic\w+|vasectomy)\b",
        re.IGNORECASE,
    ),
}
_OTHERS = re.compile(
    r"\b(?:wife|husband|mother|father|mom|dad|sons?|daughters?|brothers?|sisters?|grand\w+|aunts?|uncles?|child\w*|bab(?:y|ies)|"
    r"boyfriend|girlfriend|partner|friends?|dog|dr|doctor|physician|surgeon|specialist|nurse)\b",
    re.IGNORECASE,
)
"""Somebody else: their pronouns are left alone."""
_PRONOUN = re.compile(r"\b(?:himself|herself|his|hers|him|her|he|she)\b(?=(?P<rest>\s+[a-z]+)?)", re.IGNORECASE)
_NOT_OWNED: Final = frozenset(
    "a about after again and as at because before but by daily does for from if in is of on or since that the this to today "
    "until was when which while who will with".split()
)
"""Words that do not follow a possessive: "advised her to rest", but "her knee"."""


def patient_sex(texts: Iterable[str]) -> Sex | None:
    """The patient's sex as the visit shows it; None if it shows none, or both alike.

    Args:
        texts: What was said, turn by turn.
    """
    counts = dict.fromkeys(_CUES, 0)
    for text in texts:
        for sex, cue in _CUES.items():
            counts[sex] += len(cue.findall(text))
    if counts["female"] == counts["male"]:
        return None
    return "female" if counts["female"] > counts["male"] else "male"


def with_pronouns(sentence: str, sex: Sex | None) -> str:
    """The sentence with the patient's pronouns; one that speaks of somebody else stays as it is."""
    if _OTHERS.search(sentence):
        return sentence
    named = False

    def replaced(match: re.Match[str]) -> str:
        nonlocal named
        named = named or "patient" in sentence[: match.start()].lower()
        word = _pronoun(match, sex, named=named)
        named = named or word == "the patient"
        return _like(match[0], word)

    return _PRONOUN.sub(replaced, sentence)


def _pronoun(match: re.Match[str], sex: Sex | None, *, named: bool) -> str:
    word = match[0].lower()
    if word in {"he", "she"}:
        return {"female": "she", "male": "he", None: "he or she" if named else "the patient"}[sex]
    if word in {"himself", "herself"}:
        return {"female": "herself", "male": "himself", None: "themselves"}[sex]
    rest = (match["rest"] or "").strip().lower()
    if word == "his" or (word in {"her", "hers"} and rest and rest not in _NOT_OWNED):
        return {"female": "her", "male": "his", None: "their"}[sex]
    return {"female": "her", "male": "him", None: "them"}[sex]


def _like(original: str, word: str) -> str:
    return word[0].upper() + word[1:] if original[0].isupper() else word
