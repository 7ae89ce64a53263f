"""How far a note can be trusted: what it states that nobody said, and what its check finds of errors that are known.

What was never said is counted with the readers of `training.evaluation`, which share no code with the note service's grounding.
What the check finds is measured on reference notes, which are true: with planted errors, and with sentences taken out.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Final

import msgspec
from rich.table import Table

from appliance.clinical_note import CheckedSentence, Section
from appliance.note.check.check import check
from appliance.note.check.dialogue import read_dialogue
from appliance.note.check.judge import judge
from appliance.note.check.omissions import omissions
from appliance.note.templates import Template
from training.evaluation.lexicon import drugs
from training.evaluation.normal import quantities, sentences
from training.evaluation.planted import deletions, plants
from training.evaluation.spoken import Spoken
from training.numbers import numbers
from training.visits import Visit, WrittenNote

FLAGGED: Final = frozenset({"unsupported", "contradicted"})
"""States that stop the clinician."""
_OMISSION_OF: Final = {"dose": "medication"}
"""The kind of omission that a missing fact shows up as, where the names differ."""
_OMISSIONS: Final = ("medication", "dose", "allergy", "result", "diagnosis", "order", "follow_up")


class Share(msgspec.Struct, frozen=True):
    """How many of how many."""

    found: int
    of: int

    @property
    def value(self) -> float:
        """0.0 to 1.0; 1.0 of nothing."""
        return self.found / self.of if self.of else 1.0


class Trust(msgspec.Struct, frozen=True):
    """What was measured."""

    notes: int
    """Written notes that were read."""
    unsaid: Share
    """Of the numbers, doses and drugs that these notes state, those that nobody said."""
    planted: dict[str, Share]
    """By kind: planted errors that the check flags."""
    spared: dict[str, Share]
    """By kind: of the true sentences that errors were planted in, those that the check flags all the same."""
    false_flags: Share
    """Of the true sentences, those that the check flags."""
    omitted: dict[str, Share]
    """By kind of fact: sentences taken out whose loss the check lists."""
    false_omissions: float
    """Per complete reference note."""
    check_seconds: float
    """Median time of the whole check of a written note, the visit read for the first time."""


def measure(
    visits: Sequence[Visit],
    notes: Sequence[WrittenNote],
    template: Template,
    *,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Trust:
    """Measure on synthetic visits and on the notes that were written for some of them.

    Args:
        visits: With lines and facts.
        notes: Each names one of the visits.
        template: Of the notes.
        progress: Called after every visit.
    """
    by_id = {visit.id: visit for visit in visits}
    unsaid = [found for note in notes for found in _statements(note.text, Spoken(by_id[note.visit].turns))]
    seconds = [_seconds(by_id[note.visit], note, template) for note in notes]
    planted, spared, taken = (Counter[tuple[str, bool]]() for _ in range(3))
    flags, listed = Counter[bool](), 0
    for done, visit in enumerate(visits, 1):
        reader = _Reader(visit, template)
        for plant in plants(visit, Random(visit.id)):  # noqa: S311  # reproducible, not secret
            planted[plant.kind, reader.flags(plant.topic, plant.text)] += 1
            if plant.line is not None:
                spared[plant.kind, reader.flags(plant.topic, visit.lines[plant.line].text)] += 1
        flags.update(reader.flags(line.topic, line.text) for line in visit.lines)
        listed += len(reader.complete)
        taken.update(reader.taken_out())
        progress(done, len(visits))
    return Trust(
        len(notes),
        Share(sum(not said for said in unsaid), len(unsaid)),
        _shares(planted),
        _shares(spared),
        Share(flags[True], flags.total()),
        _shares(taken),
        listed / len(visits) if visits else 0.0,
        statistics.median(seconds) if seconds else 0.0,
    )


def last_line(trust: Trust) -> str:
    """The measurement in one line."""
    dose, spared = (shares.get("dose", Share(0, 0)) for shares in (trust.planted, trust.spared))
    precision = Share(dose.found, dose.found + spared.found)
    omitted = Share(sum(share.found for share in trust.omitted.values()), sum(share.of for share in trust.omitted.values()))
    return (
        f"trust: unsaid={trust.unsaid.found}/{trust.unsaid.of} "
        f"dose_recall={dose.value:.2f} dose_precision={precision.value:.2f} "
        f"omission_recall={omitted.value:.2f} check_s={trust.check_seconds:.1f}"
    )


def table(trust: Trust) -> Table:
    """The measurement as a table."""
    shown = Table(title=f"The check of notes, and {trust.notes} written notes")
    for column in ("", "found", "of", "share", "true sentences flagged"):
        shown.add_column(column, justify="left" if not column else "right")

    def row(name: str, share: Share, more: str = "") -> None:
        shown.add_row(name, str(share.found), str(share.of), f"{share.value:.1%}", more)

    row("numbers, doses and drugs that nobody said", trust.unsaid)
    for kind, share in trust.planted.items():
        spared = trust.spared.get(kind)
        row(f"planted: {kind.replace('_', ' ')}", share, f"{spared.found} of {spared.of}" if spared else "")
    row("flags on true sentences", trust.false_flags)
    for kind, share in trust.omitted.items():
        row(f"taken out: {kind.replace('_', ' ')}", share)
    shown.caption = f"{trust.false_omissions:.2f} false omissions per complete note; {trust.check_seconds:.2f} s per check"
    return shown


class _Reader:
    """The reference note of one visit under the check."""

    def __init__(self, visit: Visit, template: Template) -> None:
        self._visit = visit
        self._template = template
        self._dialogue = read_dialogue([utterance.turn for utterance in visit.turns])
        self._homes = {topic: plan.name for plan in template.sections for topic in plan.topics}
        self.complete = frozenset(self._omitted([line.text for line in visit.lines]))
        """Kind and text of what the check misses in the complete note, which misses nothing."""

    def flags(self, topic: str, text: str) -> bool:
        """Whether the check flags a sentence."""
        judged: CheckedSentence = judge(text, self._homes[topic], self._dialogue)
        return judged.state in FLAGGED

    def taken_out(self) -> Iterator[tuple[str, bool]]:
        """For each sentence taken out: the kind of fact it alone states, and whether the check lists its loss."""
        for number, kinds in deletions(self._visit):
            rest = [line.text for place, line in enumerate(self._visit.lines) if place != number]
            listed = {kind for kind, _ in set(self._omitted(rest)) - self.complete}
            yield from ((kind, _OMISSION_OF.get(kind, kind) in listed) for kind in sorted(kinds) if kind in _OMISSIONS)

    def _omitted(self, texts: Sequence[str]) -> Iterator[tuple[str, str]]:
        return ((omission.kind, omission.text) for omission in omissions(self._template, texts, self._dialogue))


def _statements(note: str, spoken: Spoken) -> Iterator[bool]:
    """For every number, dose and drug of a note: whether it was said."""
    for _, text in sentences(note):
        yield from (number in spoken.numbers for number in numbers(text))
        yield from (spoken.said(quantity) for quantity in quantities(text) if quantity.unit)
        yield from (bool(mention.names & spoken.drugs) for mention in drugs().mentions(text))


def _seconds(visit: Visit, note: WrittenNote, template: Template) -> float:
    """Time of one whole check."""
    titles = {plan.name: plan.title for plan in template.sections}
    texts: dict[str, list[str]] = {}
    for line in note.lines:
        texts.setdefault(line.topic, []).append(line.text)
    sections = [Section(name, titles[name], " ".join(found)) for name, found in texts.items()]
    began = time.perf_counter()
    check(template, sections, [utterance.turn for utterance in visit.turns])
    return time.perf_counter() - began


def _shares(counted: Counter[tuple[str, bool]]) -> dict[str, Share]:
    kinds = sorted({kind for kind, _ in counted})
    return {kind: Share(counted[kind, True], counted[kind, True] + counted[kind, False]) for kind in kinds}
