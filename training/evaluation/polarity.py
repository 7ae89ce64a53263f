"""Whether a note or a turn says that something is there or that it is not.

A short form of NegEx (Chapman et al. 2001, J Biomed Inform 34:301): words of negation before or after a name, with a scope that
ends at the end of the sentence or at a word that opens another statement.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

_BEFORE: Final = frozenset("no not denies denied deny denying without never neither nor none negative nkda non".split())
_OPENS: Final = frozenset(
    "but however except although though reports reported endorses endorsed complains admits has have feels takes taking "
    "continues will positive notes experiences because from with since due which who where while still remains now".split()
)
"""Words that end the scope of a negation before them."""
_NOT_ABOUT_PRESENCE: Final = frozenset(
    "well controlled only just sure certain clear adequately fully optimally yet improving improved improvement changed "
    "change changes responding at been better worse increase decrease need".split()
)
"""Words after "no" or "not" with which it says nothing about presence: "not well controlled diabetes", "no change in"."""
_HELPERS: Final = frozenset("have had has taking take takes".split())
"""After "not" these do not open another statement: "does not have a fever"."""
_AFTER: Final = frozenset("absent negative denied none unlikely".split())
_HYPOTHETICAL: Final = frozenset("if call may might cause causes prevent avoid unless".split())
_REACH: Final = 14
"""Words that a negation reaches ahead."""
_REACH_BACK: Final = 3
_YES: Final = frozenset("yes yeah yep yup absolutely definitely sure certainly occasionally sometimes".split())
_NO: Final = frozenset("no nope nah never none negative".split())


def negated(parts: Sequence[str], start: int, end: int) -> bool:
    """Whether words `start` to `end` of a sentence in normal form are negated."""
    for position in range(start - 1, max(-1, start - 1 - _REACH), -1):
        word = parts[position]
        if word in _BEFORE:
            return not (word in {"no", "not"} and parts[position + 1] in _NOT_ABOUT_PRESENCE)
        if word in _OPENS and not (word in _HELPERS and position and parts[position - 1] in {"not", "never"}):
            break
    following = parts[end : end + _REACH_BACK]
    if any(word in _AFTER for word in following):
        return True
    return any(first == "not" and second in {"present", "noted", "seen"} for first, second in itertools.pairwise(following))


def is_hypothetical(parts: Sequence[str]) -> bool:
    """Whether a sentence in normal form is about what may come, such as "call us if you have a fever"."""
    return bool(_HYPOTHETICAL & set(parts))


def answer_polarity(parts: Sequence[str]) -> bool | None:
    """Whether an answer in normal form says yes (True), no (False) or neither (None), by its first words."""
    for word in parts[:3]:
        if word in _YES:
            return True
        if word in _NO:
            return False
    opening = " ".join(parts[:4])
    if opening.startswith(("i do not", "i have not", "not really", "not that", "not at all", "i can not", "not lately")):
        return False
    return True if opening.startswith(("i do", "i have", "a little", "a bit", "some ")) else None
