"""Names of drugs that a recognizer may have misheard: "listen opera" for lisinopril.

Proposals only. Nothing here changes a transcript: the note is written as if they were right, the page shows each with what was
heard, and the clinician decides.

A stretch of one to four words is compared by sound with every drug of the hand-written table. How alike they must be depends on
the doubt: words that the recognizer was unsure of, or that are no English words, need less; words that make sense need more,
and more again where nothing near speaks of medicines. A known drug is never proposed away.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from appliance.lexicon import tables
from appliance.lexicon.lexicon import everyday_words, mentions
from appliance.lexicon.phonetics import Codebook, sounds, weight
from appliance.transcript import Word

_LONGEST = 4  # words that one name can become: "them at form in"
_SHORTEST_NAME = 5  # sounds: shorter names are like too many words
_NEAR = 8  # words: how far a word about medicines reaches
_LETTERS = 3  # a word of no more is a letter, an abbreviation or a piece of a word, and no nonsense
_NONSENSE_DOUBT = 0.9
"""Doubt about a word that is no English word, however sure the recognizer was."""
_LEAST_DOUBT = 0.3
"""A stretch with less doubt than this on average is left alone."""
_SURE, _UNSURE, _NO_CONTEXT = 0.92, 0.68, 0.08
"""Similarity needed without doubt, in full doubt, and more where nothing near speaks of medicines."""
_TORN, _TORN_DOUBT = 0.05, 0.5
"""More similarity needed for each word of such doubt that stands directly beside: it may belong to the same name."""
_SHORT, _LONG_WEIGHT = 0.05, 5.0
"""More similarity needed for each unit of weight that the sounds are short of this: short names are like many words."""
_ONE_WORD = 0.06
"""More similarity needed for a single English word: one that was not said stands for another English word more often."""
_CLEAR_BY = 0.02
"""By how much the best drug must beat the next one."""
_CUES: Final = frozenset(
    "bedtime capsule capsules daily dosage dose doses drug drugs generic inhaler inject injecting injection insulin mcg "
    "medication medications medicine medicines mg microgram micrograms milligram milligrams pill pills prescribe prescribed "
    "prescribing prescription refill refills start started starting stop stopped stopping switch switched tablet tablets "
    "take taken takes taking took twice unit units weekly".split()
)
"""Words that speak of medicines."""
_PUNCTUATION: Final = ".,;:?!\"'()…"
_SPELLED: Final = re.compile(r"[A-Za-z]{2,}(?:[ -][A-Za-z]{2,})*")
"""A name that its sound can tell: not "vitamin E", which differs from "vitamin D" by one letter."""
_SWALLOWED: Final = re.compile(r"(\d),(\d{3})\W*")
"""A number whose first digit may be the end of a name: "met 4,500" for "metformin 500"."""
_AROUND: Final = re.compile(r"(\W*).*?(\W*)", re.DOTALL)
_DIGITS: Final = dict(zip("0123456789", "oh one to three for five six seven ate nine".split(), strict=True))


@dataclass(frozen=True, slots=True)
class Proposal:
    """A drug that may have been said where the recognizer wrote something else."""

    first: int
    """Position of the first word."""
    last: int
    """Position of the last word, which belongs to it."""
    said: str
    """The words as the recognizer wrote them, without punctuation around them."""
    drug: str
    """What to write instead: the name as it sounded, generic or brand, and digits that had run into it ("metformin 500")."""
    concept: str
    """The drug's concept in the lexicon."""
    score: float
    """How alike they sound, 0.0 to 1.0."""


class Replacement(Protocol):
    """What a proposal says, wherever it is kept."""

    @property
    def first(self) -> int:
        """Position of the first word, from 0."""

    @property
    def last(self) -> int:
        """Position of the last word."""

    @property
    def drug(self) -> str:
        """What to read instead."""


def with_proposals(words: Sequence[Word], proposals: Iterable[Replacement]) -> list[Word]:
    """The words as they read with proposals, each as one word with the punctuation around it.

    Args:
        words: Of the turn, as they were heard.
        proposals: Those that count; they do not overlap.
    """
    found = list(words)
    # From the last to the first, so that positions before a replacement stay as they are.
    for proposal in sorted(proposals, key=lambda proposal: -proposal.first):
        heard = found[proposal.first : proposal.last + 1]
        around = _AROUND.fullmatch(" ".join(word.text for word in heard))
        before, after = around.groups() if around else ("", "")
        probability = min(word.probability for word in heard)
        found[proposal.first : proposal.last + 1] = [
            Word(f"{before}{proposal.drug}{after}", heard[0].start, heard[-1].end, probability)
        ]
    return found


def propose(words: Sequence[Word]) -> list[Proposal]:
    """Drugs that may have been misheard in one turn, in order; they never overlap.

    Args:
        words: The words of the turn with the recognizer's probabilities.
    """
    heard = [_Heard(word.text, word.probability) for word in words]
    known = _known(heard)
    found: list[Proposal] = []
    for proposal in sorted(
        _candidates(heard, known), key=lambda candidate: (-candidate.score, candidate.first - candidate.last)
    ):
        if all(proposal.last < other.first or other.last < proposal.first for other in found):
            found.append(proposal)
    return sorted(found, key=lambda proposal: proposal.first)


class _Heard:
    """A word with its doubt."""

    def __init__(self, text: str, probability: float) -> None:
        self.text = text
        self.bare = text.strip(_PUNCTUATION).removesuffix("'s")
        parts = re.findall(r"[^\W\d_]+", self.bare.lower())
        self.code = "".join(map(sounds, parts)) if parts else ""
        self.nonsense = any(len(part) > _LETTERS and part not in everyday_words() for part in parts)
        self.doubt = max(1.0 - probability, _NONSENSE_DOUBT if self.nonsense else 0.0)
        self.cue = self.bare.lower() in _CUES
        self.ends = text.rstrip().endswith((".", "?", "!"))


@dataclass(frozen=True)
class _Names:
    """The names that may be proposed, and what else a doctor may have said that sounds like one of them."""

    names: tuple[str, ...]
    concepts: tuple[str, ...]
    """The drug of each name; empty for a name that is none."""
    codes: tuple[str, ...]
    book: Codebook


@functools.cache
def _names() -> _Names:
    ours = tables.hand_written_drugs()
    proposed = {concept for concept, drug in ours.items() if not drug.is_class}
    rows = [
        (form, concept if kind == "drug" else "")
        for kind, concept, form in tables.forms()
        if kind != "drug" or concept in proposed
    ]
    spelled = [
        (name, concept, "".join(map(sounds, re.split("[ -]", name)))) for name, concept in rows if _SPELLED.fullmatch(name)
    ]
    names, concepts, codes = zip(*(row for row in spelled if len(row[2]) >= _SHORTEST_NAME), strict=True)
    return _Names(names, concepts, codes, Codebook(codes))


def _known(heard: list[_Heard]) -> frozenset[int]:
    """Positions of the words that are a known drug's name."""
    text, spans = "", []
    for word in heard:
        start = len(text) + word.text.find(word.bare)
        spans.append((start, start + len(word.bare)))
        text += word.text + " "
    found = [mention for mention in mentions(text) if mention.kind == "drug"]
    return frozenset(
        place
        for place, (start, end) in enumerate(spans)
        if any(mention.start <= start < end <= mention.end for mention in found)
    )


def _candidates(heard: list[_Heard], known: frozenset[int]) -> Iterator[Proposal]:
    for first in range(len(heard)):
        for last in range(first, min(first + _LONGEST, len(heard))):
            if last in known:
                break
            stretch = heard[first : last + 1]
            in_context = _in_context(heard, known, first, last)
            swallowed = _swallowed(stretch, first) if in_context else None
            if swallowed:
                yield swallowed
            candidate = _most_alike(stretch, first, _needed(heard, first, last, in_context=in_context))
            if candidate:
                yield candidate
            if heard[last].ends:
                break


def _needed(heard: list[_Heard], first: int, last: int, *, in_context: bool) -> float:
    """How alike a stretch must be to a drug; more than 1.0 if it is beyond doubt."""
    stretch = heard[first : last + 1]
    doubt = sum(word.doubt for word in stretch) / len(stretch)
    if doubt < _LEAST_DOUBT or not all(word.code for word in stretch):
        return 2.0
    beside = [*heard[max(0, first - 1) : first], *heard[last + 1 : last + 2]]
    return (
        _SURE
        - (_SURE - _UNSURE) * doubt
        + (0.0 if in_context else _NO_CONTEXT)
        + _TORN * sum(word.doubt >= _TORN_DOUBT for word in beside)
        + (_ONE_WORD if len(stretch) == 1 and not stretch[0].nonsense else 0.0)
        + _SHORT * max(0.0, _LONG_WEIGHT - weight("".join(word.code for word in stretch)))
    )


def _most_alike(stretch: list[_Heard], first: int, needed: float) -> Proposal | None:
    names = _names()
    if needed > 1.0:
        return None
    alike = names.book.alike("".join(word.code for word in stretch), needed - _CLEAR_BY)
    best = max(alike, key=alike.__getitem__, default=-1)
    if best < 0 or not names.concepts[best] or alike[best] < needed:
        return None
    if any(alike[best] - score < _CLEAR_BY for place, score in alike.items() if names.concepts[place] != names.concepts[best]):
        return None
    return _proposal(stretch, first, best, alike[best])


def _swallowed(stretch: list[_Heard], first: int) -> Proposal | None:
    """A name whose end became the first digit of its dose: up to that digit it must sound like the beginning of one drug."""
    number = _SWALLOWED.fullmatch(stretch[-1].text)
    if not number or len(stretch) == 1 or not all(word.code for word in stretch[:-1]):
        return None
    code = "".join(word.code for word in stretch[:-1]) + sounds(_DIGITS[number[1]])
    names = _names()
    starting = [place for place, name in enumerate(names.codes) if name.startswith(code) and names.concepts[place]]
    if len(code) < _SHORTEST_NAME or len({names.concepts[place] for place in starting}) != 1:
        return None
    best = min(starting, key=lambda place: len(names.names[place]))
    return _proposal(stretch, first, best, len(code) / len(names.codes[best]), f" {number[2]}")


def _proposal(stretch: list[_Heard], first: int, best: int, score: float, tail: str = "") -> Proposal:
    names = _names()
    said = " ".join(word.text for word in stretch).strip(_PUNCTUATION)
    return Proposal(first, first + len(stretch) - 1, said, names.names[best] + tail, names.concepts[best], score)


def _in_context(heard: list[_Heard], known: frozenset[int], first: int, last: int) -> bool:
    near = [*range(max(0, first - _NEAR), first), *range(last + 1, min(len(heard), last + 1 + _NEAR))]
    return any(heard[place].cue or place in known for place in near)
