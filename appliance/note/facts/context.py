"""Whether something is denied, doubted, only possible, past, or about a relative: cues around it, each with its reach.

The method is NegEx (Chapman et al. 2001, J Biomed Inform 34:301) and ConText (Harkema et al. 2009, J Biomed Inform 42:839): cue
words reach forwards or backwards until a word ends their reach.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

Experiencer = Literal["patient", "family"]


@dataclass(frozen=True, slots=True)
class Context:
    """What the words around a span say about it."""

    negated: bool = False
    """Denied, absent, or not taken."""
    uncertain: bool = False
    """Possible, suspected, or to be ruled out."""
    hypothetical: bool = False
    """Something to watch for or to do in a case: "call if you get a fever"."""
    past: bool = False
    """No longer: "used to", "stopped taking"."""
    experiencer: Experiencer = "patient"
    """`family` if it is about a relative."""


def _cue(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w'])(?:{words})(?![\w'])", re.IGNORECASE)


FAMILY: Final = (
    "mother|father|mom|mum|dad|mommy|daddy|sister|brother|aunt|uncle|cousin|grandmother|grandfather|grandma|grandpa|"
    "grandparents|grandparent|"
    "parents|parent|siblings|sibling|son|daughter|children|niece|nephew|relatives|relative|sisters|brothers|aunts|"
    "uncles|half-sister|half-brother"
)
"""Relatives, as one pattern."""

_NO_NEGATION: Final = _cue(
    r"no (?:increase|change|doubt|wonder|problem|problems|worries|matter|question|big deal|more than)|not (?:only|consistent|"
    r"just|necessarily|to mention|"
    r"sure|certain|bad|too bad|really sure|much|at goal|well[- ]controlled|controlled|quite|surprised|uncommon)|"
    r"can't (?:remember|recall)|"
    r"don't (?:remember|recall|forget|stop|know if|know whether|be afraid|worry)|do not (?:forget|stop)|"
    r"without (?:difficulty|help)|"
    r"if not|or not|whether or not|why not|not (?:missed|skipped|forgotten)|never (?:miss|missed|skip|skipped|forget)|"
    r"(?:don't|didn't|haven't|doesn't|hasn't|do not|does not|has not|did not) (?:really )?(?:miss|missed|skip|skipped|"
    r"forgotten|forget)|"
    r"(?:not|\w+n't) (?:really )?(?:reliev\w+|improv\w+|alleviat\w+|eas(?:e|ed)|eliminat\w+)|"
    r"isn't (?:helping|working)|not (?:really )?(?:helping|working|helped)|(?:doesn't|didn't|don't|does not|"
    r"did not) (?:really |seem to )*(?:help|work|touch)"
)
"""Phrases that hold a negation and negate nothing that follows."""
_NEGATION: Final = _cue(
    r"no|not|nothing|denies|denied|denying|deny|without|never|none of|nothing like|negative for|free of|"
    r"no evidence of|nor|neither|absence of|absent|"
    r"\w+n't|cannot|ruled out|rules out|no longer|avoid|lack of|(?:stay\w*|keep\w*) away from|steer clear of|doesnt|"
    r"dont|didnt|havent|hasnt|isnt|wasnt|arent"
)
_NEGATION_AFTER: Final = _cue(
    r"(?:is|are|was|were|has been|have been) (?:also )?(?:negative|absent|denied|ruled out|not present|"
    r"not (?:seen|noted|appreciated))|"
    r"(?:is|are|was|were) not (?:present|seen|noted|there)"
)
_NEGATION_NEXT: Final = re.compile(r"\W*(?:negative|none|no|never|not that i|absent|denied)\s*(?:[.,;]|$)", re.IGNORECASE)
"""Directly behind the name: "Chest pain: none." """
LABELLED_NO: Final = re.compile(r"[^:.;]{1,60}:\s*(?:never|no|none|denie[sd]|not \w+)\W*$", re.IGNORECASE)
"""A label with its denial: "Illicit drug use: never." """
_UNCERTAIN: Final = _cue(
    r"maybe|may (?:be|have)|might|could (?:be|have)|possible|possibly|probable|probably|perhaps|suspect|suspected|"
    r"suspicious for|suspicion (?:of|for)|"
    r"concern for|concerned (?:about|for)|concerning for|rule out|r/o|question of|questionable|not sure|don't know if|"
    r"don't know whether|"
    r"i think|i guess|i believe|likely|appears to be|wondering (?:about|if)|worried about|differential"
)
_UNCERTAIN_AFTER: Final = _cue(
    r"is (?:possible|suspected|likely|unlikely|questionable)|(?:is|was) not certain|maybe|i think|i guess|perhaps|"
    r"probably|unlikely"
)
_HYPOTHETICAL: Final = _cue(
    r"if|unless|in case|in the event|watch (?:out )?for|look out for|monitor for|risk (?:of|for)|prevent|prevents|"
    r"side effects?|can cause|may cause|"
    r"could cause|should you|return for|wish|call (?:(?:me|us|right away|immediately|the office|the clinic|"
    r"your doctor)[, ]+)*(?:for|with|about)|precautions|screen(?:ed|ing)? for|test for|check for"
)
_PAST: Final = _cue(
    r"used to|previously|formerly|former|no longer|stopped|discontinued|quit|came off|come off|went off|been off|"
    r"took (?:me|him|her) off|"
    r"as a (?:kid|child|teenager)|resolved|in the past|prior to"
)
_PAST_AFTER: Final = _cue(
    r"(?:has|have|had)? ?resolved|in the past|as a (?:kid|child|teenager)|went away|is gone|was discontinued|was stopped"
)
_ENDS: Final = re.compile(
    r"[.;!?\n](?=\s|$)|\b(?:associated with|related to|due to|despite|plus|"
    r"but|however|otherwise|although|though|except|okay|ok|all right|alright|yeah|what|how|where|besides|"
    r"as (?:he|she|they|the|it)|aside from|other than|apart from|yet|which|because|since|so|"
    r"reports?|endorses?|complains?|presents?|admits?|positive for|just|only|still|instead|(?:and|,)\s+(?:i|i'm|i've|"
    r"he|she|it|it's|they|we|you|there|"
    r"the patient|patient|that|your|my|now|then|also)(?=\s)|(?:and|,|or)\s+(?:has|have|had|does|do|am|is|are|takes?|"
    r"some|occasional|occasionally|mild|a little|a lot|a bit|"
    r"lots|sometimes|continue|start|increase|decrease|will)(?=\s))\b",
    re.IGNORECASE,
)
"""Where the reach of a cue ends."""
_NO_ENDS_FAMILY: Final = re.compile(
    r"[.;!?\n](?=\s|$)|\b(?:but|however|although|except|i|i'm|i've|i'd|me|says?|said|thinks?|told|tells|noticed|"
    r"wants?|the patient)\b",
    re.IGNORECASE,
)
_FAMILY: Final = _cue(rf"(?:{FAMILY})(?:'s)?|family history|family|runs in the family")
_FAMILY_AFTER: Final = _cue(
    rf"(?:in|on|with|for|from) (?:(?:my|his|her|your|the|patient's|both|a) )*(?:{FAMILY})|runs in|in (?:the|my|his|her) family"
)
_LIVES_WITH: Final = _cue(rf"(?:with|by|at|to|care of|for|from|and) (?:my|his|her|your|a|the|the patient's|our) (?:{FAMILY})")
_REACH: Final = 12
"""Words that a cue reaches at most."""
_REACH_OF_LIST: Final = 40
"""The same in a list: "denies chest pain, nausea, or fever"."""
_CLAUSE_START: Final = re.compile(r"[.;!?\n](?=\s|$)")


def context(text: str, start: int, end: int) -> Context:
    """What the words around a span say about it.

    >>> context("She denies chest pain but has a cough.", 11, 21).negated
    True

    Args:
        text: What was said or what is written.
        start: Offset of the first character of the span.
        end: Offset after its last character.
    """
    first = max((match.end() for match in _CLAUSE_START.finditer(text, 0, start)), default=0)
    ends = _CLAUSE_START.search(text, end)
    last = ends.start() if ends else len(text)
    before, after = _straight(text[first:start]), _straight(text[end:last])
    kept = _NO_NEGATION.sub(lambda match: "_" * len(match[0]), before)
    behind = _ENDS.split(after, maxsplit=1)[0] if _ENDS.search(after) else after
    return Context(
        negated=_reaches(_NEGATION, kept)
        or _follows(_NEGATION_AFTER, behind)
        or bool(_NEGATION_NEXT.match(behind) or LABELLED_NO.fullmatch(text)),
        uncertain=_reaches(_UNCERTAIN, before) or _follows(_UNCERTAIN_AFTER, behind),
        hypothetical=_reaches(_HYPOTHETICAL, before) and "?" not in text[last : last + 1],
        past=_reaches(_PAST, before) or _follows(_PAST_AFTER, behind),
        experiencer="family" if _about_family(before, behind) else "patient",
    )


def _straight(text: str) -> str:
    return text.replace("’", "'")  # noqa: RUF001


def _reaches(cue: re.Pattern[str], before: str) -> bool:
    """Whether the last cue before a span reaches it."""
    last = _last(cue, before)
    if last is None:
        return False
    between = before[last.end() :]
    return not _ENDS.search(f"x{between} x") and len(between.split()) <= (_REACH_OF_LIST if "," in between else _REACH)


def _last(cue: re.Pattern[str], before: str) -> re.Match[str] | None:
    return max(cue.finditer(before), key=re.Match.start, default=None)


def _follows(cue: re.Pattern[str], behind: str) -> bool:
    match = cue.search(behind)
    return match is not None and len(behind[: match.start()].split()) <= 3  # noqa: PLR2004


def _about_family(before: str, behind: str) -> bool:
    last = _last(_FAMILY, before)
    if (
        last is not None
        and not _NO_ENDS_FAMILY.search(before, last.end())
        and not _LIVES_WITH.search(before, max(0, last.start() - 20))
    ):
        return True
    return bool(_FAMILY_AFTER.search(behind))
