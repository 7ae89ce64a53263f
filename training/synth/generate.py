# ruff: noqa: E501  # a template stays on one line
"""Generates visits.

Train and test share nothing that could be learned by heart: every case (diagnosis, sex, medications with doses, changes, results)
belongs to one split by a hash of its key, family names are divided between the splits, and one in `speech.HELD_OUT_OF` phrasings
is never said in training and is used in test for half of what is said that way. No case comes twice. Visits that resemble an
earlier one are dropped.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from appliance.note.templates import template_named
from training.synth.beat import Beat
from training.synth.case import Case
from training.synth.cases import CASES
from training.synth.check import contradictions
from training.synth.dialogue import dialogue
from training.synth.duplicates import NearDuplicates
from training.synth.speech import Speech, Split
from training.visits import Fact, Visit, note_text

TEST_SHARE: Final = 8
"""One in so many cases belongs to the test split."""

_NAMES: Final = (
    "Alvarez Baker Bennett Brooks Castillo Chen Coleman Cooper Davis Diaz Edwards Fisher Flores Foster Garcia Gonzalez Graham Green Hayes Henderson Hill Howard Hughes "
    "Jackson Jenkins Johnson Kelly Khan Kim Lee Lewis Lopez Martin Mitchell Moore Morgan Murphy Murray Nelson Nguyen Ortiz Parker Patel Perez Perry Peterson Phillips "
    "Powell Price Ramirez Reed Reyes Reynolds Rivera Roberts Rogers Ross Russell Sanders Schmidt Scott Shaw Simmons Singh Stewart Sullivan Taylor Thompson Torres Turner "
    "Walker Wallace Ward Watson West White Williams Wong Wood Wright Young"
).split()
_DOCTORS: Final = "Adler Barnes Costa Dunn Ellis Feld Grant Huang Iyer Jensen Keller Lang Mehta Novak Owens Park Quinn Rossi Stein Vance".split()


@dataclass
class Tally:
    """What became of the cases that were drawn."""

    made: int = 0
    rejected: int = 0
    """Failed the check that every fact of the note is said, or were too short or too long."""
    duplicates: int = 0
    """Cases that came twice, and visits too similar to another."""


def generate(
    count: int, *, seed: int, split: Split, avoid: Iterable[Visit] = (), tally: Tally | None = None
) -> Iterator[Visit]:
    """Generate visits of one split, the same for the same seed.

    Args:
        count: How many.
        seed: Seed of all choices.
        split: Which cases and phrasings to use.
        avoid: Visits of the other split that these must not resemble.
        tally: Added to as cases are drawn; one may serve for both splits.

    Yields:
        Each visit as it is made.
    """
    chance = random.Random(f"{split} {seed}")  # noqa: S311  # reproducible, not secret
    counts = tally if tally is not None else Tally()
    known = NearDuplicates(avoid)
    keys: set[str] = set()
    makers, weights = zip(*CASES, strict=True)
    made = 0
    while made < count:
        maker: Callable[[random.Random], Case] = chance.choices(makers, weights)[0]
        case = maker(chance)
        if _split_of(case.key) != split:
            continue
        if case.key in keys:
            counts.duplicates += 1
            continue
        visit = _visit(f"synthetic-{split}-{made:04d}", case, chance, split)
        if visit is None:
            counts.rejected += 1
        elif not known.add(visit):
            counts.duplicates += 1
        else:
            keys.add(case.key)
            made += 1
            counts.made += 1
            yield visit


def _split_of(key: str) -> Split:
    return "test" if zlib.crc32(key.encode()) % TEST_SHARE == 0 else "train"


def _visit(name: str, case: Case, chance: random.Random, split: Split) -> Visit | None:
    speech = Speech(chance, split)
    family_name = chance.choice([name for name in _NAMES if _split_of(name) == split])
    title = "Mr." if case.sex == "male" else chance.choice(("Mrs.", "Ms."))
    whole = dialogue(speech, case, f"{title} {family_name}", chance.choice(_DOCTORS))
    if whole is None:
        return None
    facts = [(Fact(c.kind, c.names, c.values, c.negated, c.severity, turns), c.said) for c, turns in whole.claims]
    if contradictions(whole.turns, whole.lines, facts):
        return None
    return _as_visit(name, whole, tuple(fact for fact, _ in facts))


def _as_visit(name: str, whole: Beat, facts: tuple[Fact, ...]) -> Visit:
    lines = tuple(whole.lines)
    return Visit(name, "synthetic", tuple(whole.turns), note_text(template_named("aci"), lines), lines, facts)
