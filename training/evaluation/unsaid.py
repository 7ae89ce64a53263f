"""Numbers, doses and drugs that notes state and nobody said, with grounding on and off.

They are read with the readers of `training.evaluation`, which share no code with the note service's grounding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from training.evaluation.lexicon import drugs
from training.evaluation.normal import quantities, sentences
from training.evaluation.share import Share, together
from training.evaluation.spoken import Spoken
from training.numbers import numbers
from training.visits import Visit, WrittenNote


class Unsaid(msgspec.Struct, frozen=True):
    """What notes state unsaid."""

    notes: int
    numbers: Share
    """Numbers that nobody said, of those that are written."""
    doses: Share
    """The same for numbers with a unit."""
    drugs: Share
    """The same for drugs."""

    @property
    def all(self) -> Share:
        """Numbers, doses and drugs together."""
        return together((self.numbers, self.doses, self.drugs))


def unsaid(visits: Mapping[str, Visit], notes: Iterable[WrittenNote]) -> Unsaid:
    """Count what notes state that was not said.

    Args:
        visits: By id; each note names one of them.
        notes: The written notes.
    """
    counted, read = Counter[tuple[str, bool]](), 0
    for note in notes:
        counted.update(_statements(note.text, Spoken(visits[note.visit].turns)))
        read += 1
    kinds = (Share(counted[kind, False], counted[kind, True] + counted[kind, False]) for kind in ("number", "dose", "drug"))
    return Unsaid(read, *kinds)


def _statements(note: str, spoken: Spoken) -> Iterator[tuple[str, bool]]:
    """Every number, dose and drug of a note, and whether it was said."""
    for _, text in sentences(note):
        yield from (("number", number in spoken.numbers) for number in numbers(text))
        yield from (("dose", spoken.said(quantity)) for quantity in quantities(text) if quantity.unit)
        yield from (("drug", bool(mention.names & spoken.drugs)) for mention in drugs().mentions(text))
