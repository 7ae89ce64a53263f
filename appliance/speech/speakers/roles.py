"""Which voice is the clinician's, guessed from what is said.

A clinician asks about the other person, examines, explains and plans; a patient tells of themselves. `CUES` lists the
phrases. The weights are about the natural logarithm of how much more often the one says them than the other in ACI-Bench
`train` (Yim et al. 2023, doi 10.1038/s41597-023-02487-3).
"""

from __future__ import annotations

import re
from typing import Final

CUES: Final = (
    # The clinician asks ...
    (
        2.0,
        (
            r"(do|did|have|had|are|were|can|could) you (ever |still |also |really )?"
            r"(allergic|any|been|drink|eat|feel|felt|had|have|having|notice|noticed|sleep|smoke|take|taken|taking)"
        ),
    ),
    (
        1.5,
        (
            r"any (other )?(allerg\w+|changes?|chest|chills|cough|dizziness|family|fevers?|history|issues|nausea|numbness|pain"
            r"|palpitations|problems|questions|shaking|shortness|swelling|symptoms|trouble|vomiting|weakness)"
        ),
    ),
    (1.5, r"what brings you|how (are your|are you|have you|is your|long|many|much|often)|tell me (more )?(about|exactly|how)"),
    (1.0, r"your"),
    (0.4, r"you"),
    # ... examines, explains and plans.
    (
        2.0,
        r"i'm (going to|gonna)|i am going to|i'd like to|i would like to|i want to|i'll|we'll|we will|let's|let me|i recommend",
    ),
    (2.0, r"deep breath|examine|follow[ -]up|go ahead and|on exam|physical exam|prescri\w+|press(ing)? (here|on)|refer\w*"),
    (
        1.0,
        r"blood pressure|elevated|labs?|lungs?|micrograms?|milligrams?|murmur|normal|once a day|results?|tender\w*|twice a day",
    ),
    # The patient tells of themselves ...
    (-2.0, r"i (can't|couldn't|didn't|don't|feel|felt|forget|get|got|guess|had|haven't|take|took|tried|used to|was)|i've been"),
    (-1.2, r"my"),
    # ... and asks for themselves.
    (-2.0, r"am i|can i|could i|do i|should i|will i|would i|hey,? doc|thank(s| you),? doc(tor)?"),
)
"""Weight, above 0 for the clinician and below 0 for the patient, and a regular expression over whole words in lower case."""
SURE: Final = 3.0
"""Difference of the evidence of two voices from which their roles are told."""
_CUES: Final = tuple((weight, re.compile(rf"\b({pattern})\b")) for weight, pattern in CUES)
_MOST_PER_TURN: Final = 4.0


def role_evidence(text: str) -> float:
    """How much one turn sounds like the clinician (above 0) or like the patient (below 0): -4.0 to 4.0."""
    said = text.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    total = sum(weight * sum(1 for _ in cue.finditer(said)) for weight, cue in _CUES)
    # One long turn must not outweigh the visit: in a story each repeats what the other said.
    return max(-_MOST_PER_TURN, min(_MOST_PER_TURN, total))
