"""Small tables of wording: what is done with a medicine, how a result is judged, what is ordered, when to come back."""

from __future__ import annotations

import re
from typing import Final, Literal

Action = Literal["", "start", "stop", "increase", "decrease", "continue", "switch"]
Level = Literal["", "normal", "high", "low"]


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE)


_ACTIONS: Final[tuple[tuple[Action, str], ...]] = (
    ("continue", r"(?:don't|do not|not|never) (?:stop|change|quit)\w*"),
    (
        "continue",
        (
            r"continu(?:e|es|ed|ing)|keep(?: on| you on| taking| going| up)?|stay(?:ing)? on|stick(?:ing)? with|"
            r"maintain|leav(?:e|ing)(?! out\b)|"
            r"refill\w*|same dose of|no changes?"
        ),
    ),
    ("switch", r"switch\w*|transition\w*|replac\w+|change (?:you |him |her )?(?:over |from )"),
    (
        "stop",
        (
            r"stop(?:ped|ping|s)?|discontinu\w+|hold(?:ing)?|com(?:e|ing) off|quit|(?:take|taking|took|get|wean) (?:you |"
            r"me |him |her )?off|leav(?:e|ing) out"
        ),
    ),
    (
        "increase",
        (
            r"increas\w+(?! (?:need|use|risk|thirst|appetite|pain|stress)\b)|g(?:o|oes|oing) (?:back )?up|went up|"
            r"mov(?:e|es|ing) up|bump\w*|rais(?:e|ing)|titrate up|doubl(?:e|ing)|up-?titrat\w+|"
            r"push(?:ing)? up|higher dose of|move up|turn up|"
            r"step up|bring up|take (?:the|your|that|it) up"
        ),
    ),
    (
        "decrease",
        (
            r"decreas\w+(?! (?:need|use|risk|appetite)\b)|reduc\w+|lower(?:ing|ed)?|g(?:o|oes|oing) (?:back )?down|"
            r"went down|mov(?:e|es|ing) down|cut(?:ting)?(?: back| down)?|"
            r"taper\w*|drop(?:ping)?|bring(?:ing)? down|back(?:ing)? (?:off|down)|"
            r"com(?:e|es|ing) (?:back )?down|step down|turn down|bring (?:the|your)"
        ),
    ),
    (
        "start",
        (
            r"start(?:ed|ing|s)?|begin(?:ning)?|began|add(?:ing)?|initiat\w+|put(?:ting)? (?:you|him|her|me) on|"
            r"prescrib\w+|new prescription|"
            r"giv(?:e|ing) you|tr(?:y|ying)(?: you)?(?: on| out)?"
        ),
    ),
)
_ACTION: Final = [(action, _words(pattern)) for action, pattern in _ACTIONS]
_ACTION_AFTER: Final = re.compile(
    r"^(?:\W+\w+){0,6}?\W+(?:(?:should|was|were|is|be|to be|will be|been|has been|gets?|needs? to|let's|we'll|we will|"
    r"we can|i'll|"
    r"i want to|going to|gonna)\W+)+",
    re.IGNORECASE,
)
_MOVES: Final = re.compile(
    r"\W+(?:dose\W+)?(?:(?:is|now|will|should|can|then|just)\W+)*(?:g(?:o|oes|oing)|com(?:e|es|ing)|mov(?:e|es|ing))(?: back)? "
    r"(?P<way>up|down)\b",
    re.IGNORECASE,
)
"""Behind a medicine: "goes up to 5 mg", "comes down to 10"."""


def action_of(before: str, behind: str) -> Action:
    """What is done with a medicine: the last verb before it, or the first after it in the passive or with "it".

    Args:
        before: The sentence up to the medicine.
        behind: The sentence after the medicine, up to the next one.
    """
    best: tuple[int, int, Action] | None = None
    for rank, (action, pattern) in enumerate(_ACTION):
        for match in pattern.finditer(before):
            if best is None or (match.end(), -rank) > (best[0], -best[1]):
                best = (match.end(), rank, action)
    if best:
        return best[2]
    if moves := _MOVES.match(behind):
        return "increase" if moves["way"].lower() == "up" else "decrease"
    lead = _ACTION_AFTER.match(behind)
    if lead:
        for action, pattern in _ACTION:
            if pattern.match(behind, lead.end()):
                return action
    if re.match(r"\W+(?:at|on) (?:the|your|its) (?:current|same) (?:dose|dosage)\b", behind, re.IGNORECASE):
        return "continue"
    return ""


_LEVELS: Final[tuple[tuple[Level, re.Pattern[str]], ...]] = (
    (
        "high",
        re.compile(
            r"(?<!not )(?<!n't )(?<!not too )\b(?:elevated|high|higher than (?:we|i|it|normal)\b[^,.]*|"
            r"above (?:normal|goal|range|target|"
            r"where)[^,.]*|too high|on the high side|over(?: the)? (?:goal|limit))\b",
            re.IGNORECASE,
        ),
    ),
    (
        "low",
        re.compile(
            r"(?<!not )(?<!n't )(?<!not too )\b(?:low|lower than (?:we|i|it|normal)\b[^,.]*|below (?:normal|goal|"
            r"range|target|where)[^,.]*|too low|"
            r"on the low side|suppressed|deficient)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "normal",
        re.compile(
            r"(?:\bnot|n't) (?:too )?(?:elevated|high|low)\b|\b(?<!above )(?<!below )(?<!not )(?:normal|within normal limits|"
            r"in (?:the )?(?:normal )?range|at goal|in range|perfect|unremarkable)\b",
            re.IGNORECASE,
        ),
    ),
)


def level_of(behind: str) -> Level:
    """How a result is judged by the words behind it; the first judgement counts.

    Args:
        behind: The sentence from the value to the next result.
    """
    first: tuple[int, Level] | None = None
    for level, pattern in _LEVELS:
        match = pattern.search(behind)
        if match and (first is None or match.start() < first[0]):
            first = (match.start(), level)
    return first[1] if first else ""


ALLERGY: Final = re.compile(r"\ballerg(?:y|ies|ic)\b|\banaphyla\w+|\bintoleran(?:t|ce)\b|\bnkda\b", re.IGNORECASE)
NO_ALLERGIES: Final = re.compile(
    r"\bnkda\b|\bno (?:known )?(?:drug |medication |medicine |food )*allerg|\b(?:denies|without|don't have|"
    r"doesn't have|does not have|not have|no)\b"
    r"(?: any| known| other| drug| medication)* allerg|\bnot allergic to any",
    re.IGNORECASE,
)
SEASONAL: Final = re.compile(
    r"\b(?:seasonal|environmental|pollen|fall|spring)[\w ]{0,12} allerg|\ballerg\w+ (?:to (?:pollen|dust|cats?|dogs?)|"
    r"rhinitis)",
    re.IGNORECASE,
)
ORDER: Final = re.compile(
    r"\b(?:repeat\w*|re-?check\w*|order\w*|check(?:ing)?|get(?:ting)?|obtain\w*|schedul\w+|draw|send(?:ing)?|redo|"
    r"need(?:s)?|set up|run|arrange\w*|"
    r"do (?:a|an|some|another|the)|test|screen|measure|retest\w*|monitor|want|(?:would|[iw]e?'d)(?: also)? like|"
    r"done again|again in|due for|"
    r"book\w*|plan(?:ning)? for)\b",
    re.IGNORECASE,
)
"""Says that a test without a result is still to come."""
_WHOM_ENDS: Final = (
    r"(?:for|about|if|and|or|to|the|because|so|who|that|in|on|at|this|next|today|with|as|given|is|was|will|again)\b"
)
REFILL: Final = re.compile(r"\brefills?\b", re.IGNORECASE)
REFERRAL: Final = re.compile(
    r"\b(?:refer(?:ral|red|ring|rals)?(?: you| him| her| the patient)?(?: over)? (?:to|for)|set(?:ting)? you up with|"
    r"have you see|consult(?:ation)?(?: with)?|"
    r"(?:visit|appointment) with|(?:get|getting) you in (?:to see|with)|(?:want|like|need) you to (?:see|meet with|talk to))\s+"
    rf"(?:(?:see|a|an|the|our|my|your|one of our)\s+)*(?P<whom>(?!{_WHOM_ENDS}|me\b|us\b|"
    rf"you\b)[a-z-]+(?: (?!{_WHOM_ENDS})[a-z-]+){{0,2}})",
    re.IGNORECASE,
)
FOLLOW_UP: Final = re.compile(
    r"\bfollow(?:ing)?[ -]?up\b|\bf/u\b|\bfollow(?: you)? back\b|\bcome (?:back|in|see)\b|\bsee (?:you|me|him|her|us|"
    r"each other)\b|\bback (?:here )?in\b|\bhave you back\b|\bsee (?:the patient )?(?:back|again)\b|"
    r"\breturn(?: to (?:the )?(?:clinic|office))?\b(?= (?:in|to|for|visit|\d|after))|\breturn (?:visit|appointment)\b|"
    r"\bnext (?:visit|appointment)\b|\bmeet (?:again|in)\b|"
    r"\brtc\b|\bappointment (?:in|for)\b|\bcheck back\b|\btouch base\b|\bbring you back\b|\bwant you back\b|"
    r"\bvisit in\b|\blike you back\b|\bget you back\b|\btake (?:a|another) look in\b|"
    r"\b(?:like|want|need) you to return\b",
    re.IGNORECASE,
)
FAMILY_QUESTION: Final = re.compile(
    r"\bfamil(?:y|ies)\b(?! (?:doctor|physician|practice))|\b(?:parents|relatives|siblings|mother|father|"
    r"brothers? or sisters?)\b|\bruns? in\b",
    re.IGNORECASE,
)
MEDICINE_QUESTION: Final = re.compile(
    r"\b(?:supplements?|vitamins?|over the counter|medications?|medicines?|meds|taking|you take|prescriptions?)\b",
    re.IGNORECASE,
)
