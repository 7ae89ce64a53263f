"""What an answer says to a question: yes, no, only part of it, or the dose or time that was asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from appliance.note.facts.facts import Fact
from appliance.note.facts.quantities import Quantity

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
    "felt lately around some time times does them they when what were low high any the and for once twice daily every each day "
    "days week weekly month year milligrams micrograms units".split()
)
"""Words of a complaint that do not tell it from others."""
_UNCHANGED: Final = re.compile(
    r"[^.;,!?]*?\b(?:fine|okay|ok|good|great|normal(?:ly)?|all right|alright|well|clear|(?:no|not a) (?:problem|issue)s?|"
    r"(?:the|about the|much the) same|unchanged|stable|steady)\b",
    re.IGNORECASE,
)
"""Behind a word of the question, in the same clause: what was asked for is not there. "My breathing is fine." """
_NOT_WELL: Final = re.compile(r"\b(?:not|\w+n't|never|hardly|barely|isn't)\b", re.IGNORECASE)
_CONTRAST: Final = re.compile(
    r"\b(?:but|just|only|except|though|although|however|still|sometimes|occasional(?:ly)?|mostly|mainly)\b|"
    r"\b(?:a (?:little|bit)|some) ",
    re.IGNORECASE,
)
"""Takes something out of a "no": "no, but my thighs get weak"."""
_CORRECTS: Final = re.compile(
    r"\b(?:it's|it is|i take|i'm (?:taking|on|at)|i am (?:taking|on)|(?:down|up) to|just|only|now)\b", re.IGNORECASE
)
"""After a "no", says that what is asked about is taken, but otherwise: "No, it's 1,000 now." """
_READINGS: Final = frozenset({"result", "vital"})
"""May have several values in one answer: "around 150, sometimes 160"."""
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


def echo_is_denied(said: str, place: tuple[int, int], answer: Answer) -> bool:
    """Whether an answer that takes up what was asked denies it: "My weight is the same" after a question for weight loss.

    Args:
        said: The text of the answer.
        place: Offsets of the word that takes it up, as from `echo_of`.
        answer: What the answer says as a whole; a "no" holds for all that was asked unless something is taken out of it.
    """
    unchanged = _UNCHANGED.match(said, place[1])
    if unchanged and not _NOT_WELL.search(unchanged[0]):
        return True
    return answer.polarity == "no" and not _CONTRAST.search(said[: place[1]])


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


def is_corrected(asked: Fact, detail: Sequence[Fact], said: str) -> bool:
    """Whether a "no" is about the dose or how often, and not about the medicine."""
    first = re.split(r"[.;?!](?=\s)", said, maxsplit=1)[0]
    other = [item for item in detail if item.start < len(first) or _CORRECTS.search(item.text)]
    again = any((item.quantities and asked.quantities) or (item.frequency and asked.frequency) for item in other)
    return asked.kind == "medication" and again and bool(_CORRECTS.search(said))


def _in_unit_of(amounts: Sequence[Quantity], asked: Sequence[Quantity]) -> tuple[Quantity, ...]:
    """A bare number that answers is in the unit of the question, as 1,000 after "500 milligrams?"."""
    unit = asked[0].unit if len({quantity.unit for quantity in asked}) == 1 else ""
    return tuple(quantity if quantity.unit else replace(quantity, unit=unit) for quantity in amounts)


def completed(fact: Fact, detail: Sequence[Fact], *, anew: bool = False) -> Fact:
    """A fact with the dose, frequency or time that was said apart from it.

    Args:
        fact: What they belong to.
        detail: What was said apart from it.
        anew: It corrects what the fact has.
    """
    for place, item in enumerate(detail):
        if item.quantities and fact.kind in {"medication", *_READINGS}:
            own = _in_unit_of(item.quantities, fact.quantities)
            earlier = tuple(more for other in detail[:place] for more in other.quantities) if fact.kind in _READINGS else ()
            fact = replace(fact, quantities=(*earlier, *own), previous=item.previous or fact.previous)
        if item.frequency and (anew or fact.frequency is None):
            fact = replace(fact, frequency=item.frequency)
        if item.when and fact.when is None:
            fact = replace(fact, when=item.when)
    return fact


def belongs(detail: Fact, whole: Fact) -> bool:
    """Whether a number or time has become part of a fact."""
    own = (
        detail.quantities and {item.start for item in detail.quantities} <= {item.start for item in whole.quantities},
        detail.frequency and detail.frequency == whole.frequency,
    )
    return any(own) or bool(detail.when and detail.when == whole.when)
