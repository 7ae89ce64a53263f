"""How far a note can be trusted: what it states that nobody said, and what its check finds of errors that are known.

What the check finds is measured on reference notes, which are true: with planted errors, and with sentences taken out; and on
notes that a model wrote, with the errors it made by itself.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from appliance.clinical_note import CheckedSentence
from appliance.note.check.dialogue import read_dialogue
from appliance.note.check.judge import judge
from appliance.note.check.omissions import omissions
from appliance.note.templates import Template
from training.evaluation.latency import GroundingTime, check_seconds
from training.evaluation.natural import FLAGGED, NaturalErrors
from training.evaluation.planted import deletions, plants, with_red_flag
from training.evaluation.share import Share, shares, together
from training.evaluation.unsaid import Unsaid
from training.visits import Visit

_OMISSION_OF: Final = {"dose": "medication"}
"""The kind of omission that a missing fact shows up as, where the names differ."""
_OMISSIONS: Final = ("medication", "dose", "allergy", "result", "diagnosis", "order", "follow_up")


class Checked(msgspec.Struct, frozen=True):
    """What the check does with reference notes."""

    visits: int
    planted: dict[str, Share]
    """By kind: planted errors that the check flags."""
    spared: dict[str, Share]
    """By kind: of the true sentences that errors were planted in, those that the check flags all the same."""
    false_flags: Share
    """Of the true sentences, those that the check flags."""
    evidence_precision: Share
    """Of the turns that the check gives as evidence of true sentences, those that the sentence was made from."""
    evidence_recall: Share
    """Of the turns that the sentences were made from, those that the check gives."""
    omitted: dict[str, Share]
    """By kind of fact: sentences taken out whose loss the check lists; red flags are said by a patient instead."""
    listed: float
    """Omissions listed per complete reference note."""
    seconds: float
    """Median time of the whole check of a visit of 15 minutes, read for the first time."""


class Trust(msgspec.Struct, frozen=True):
    """What was measured."""

    grounded: dict[str, Unsaid]
    """By set of visits: what notes state unsaid with grounding."""
    free: dict[str, Unsaid]
    """The same without grounding."""
    checked: Checked
    natural: NaturalErrors | None = None
    """Flags on errors that a model made by itself; None if no such notes were read."""
    grounding: GroundingTime | None = None
    """None if no note was written."""
    not_run: tuple[str, ...] = ()
    """What was left out, and why."""


def check_references(
    visits: Sequence[Visit], template: Template, *, progress: Callable[[int, int], None] = lambda _done, _all: None
) -> Checked:
    """Check reference notes, with errors planted into them and with sentences taken out.

    Args:
        visits: Synthetic visits, with lines and facts.
        template: Of the notes.
        progress: Called after every visit.
    """
    planted, spared, taken = (Counter[tuple[str, bool]]() for _ in range(3))
    flags, listed = Counter[bool](), 0
    given, right, made_from = 0, 0, 0
    for done, visit in enumerate(visits, 1):
        reader = _Reader(visit, template)
        for plant in plants(visit, Random(visit.id)):  # noqa: S311  # reproducible, not secret
            planted[plant.kind, reader.flags(plant.topic, plant.text)] += 1
            if plant.line is not None:
                spared[plant.kind, reader.flags(plant.topic, visit.lines[plant.line].text)] += 1
        for line in visit.lines:
            judged = reader.judged(line.topic, line.text)
            flags[judged.state in FLAGGED] += 1
            given += len(judged.turns)
            right += len({*judged.turns} & {*line.turns})
            made_from += len(line.turns)
        listed += len(reader.complete)
        taken.update(reader.taken_out())
        if told := with_red_flag(visit, Random(visit.id)):  # noqa: S311
            taken["red_flag", "red_flag" in {kind for kind, _ in _Reader(told, template).complete - reader.complete}] += 1
        progress(done, len(visits))
    seconds = check_seconds(visits, template)
    return Checked(
        len(visits),
        shares(planted),
        shares(spared),
        Share(flags[True], flags.total()),
        Share(right, given),
        Share(right, made_from),
        shares(taken),
        listed / len(visits) if visits else 0.0,
        statistics.median(seconds) if seconds else 0.0,
    )


def last_line(trust: Trust) -> str:
    """The measurement in one line."""
    checked = trust.checked
    unsaid = together(found.all for found in trust.grounded.values())
    dose, spared = (found.get("dose", Share(0, 0)) for found in (checked.planted, checked.spared))
    precision = Share(dose.found, dose.found + spared.found)
    omitted = together(checked.omitted.values())
    return (
        f"trust: unsaid={unsaid.found}/{unsaid.of} "
        f"dose_recall={dose.value:.2f} dose_precision={precision.value:.2f} "
        f"omission_recall={omitted.value:.2f} check_s={checked.seconds:.1f}"
    )


def write_trust(trust: Trust, path: Path) -> None:
    """Write the measurement as JSON; the file appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(trust)) + b"\n")
    partial.replace(path)


class _Reader:
    """The reference note of one visit under the check."""

    def __init__(self, visit: Visit, template: Template) -> None:
        self._visit = visit
        self._template = template
        self._dialogue = read_dialogue([utterance.turn for utterance in visit.turns])
        self._homes = {topic: plan.name for plan in template.sections for topic in plan.topics}
        self.complete = frozenset(self._omitted([line.text for line in visit.lines]))
        """Kind and text of what the check misses in the complete note, which misses nothing."""

    def judged(self, topic: str, text: str) -> CheckedSentence:
        """What the check says of a sentence."""
        return judge(text, self._homes[topic], self._dialogue)

    def flags(self, topic: str, text: str) -> bool:
        """Whether the check flags a sentence."""
        return self.judged(topic, text).state in FLAGGED

    def taken_out(self) -> Iterator[tuple[str, bool]]:
        """For each sentence taken out: the kind of fact it alone states, and whether the check lists its loss."""
        for number, kinds in deletions(self._visit):
            rest = [line.text for place, line in enumerate(self._visit.lines) if place != number]
            listed = {kind for kind, _ in set(self._omitted(rest)) - self.complete}
            yield from ((kind, _OMISSION_OF.get(kind, kind) in listed) for kind in sorted(kinds) if kind in _OMISSIONS)

    def _omitted(self, texts: Sequence[str]) -> Iterator[tuple[str, str]]:
        return ((omission.kind, omission.text) for omission in omissions(self._template, texts, self._dialogue))
