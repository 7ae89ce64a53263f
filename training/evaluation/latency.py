"""What grounding and the check of a note cost in time."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from appliance.clinical_note import Section
from appliance.note.check.check import check, warm
from appliance.note.decoding import Row, Rule
from appliance.note.engine import Scores, Tokens
from appliance.note.grounding import Grounding
from appliance.note.model import LanguageModel
from appliance.note.templates import Template
from appliance.note.topics import TopicsStrategy
from appliance.runtime.bundle import NoteModel
from training.visits import Line, Utterance, Visit

QUARTER_HOUR = 2250
"""Words of a visit of 15 minutes, at 150 a minute."""


class GroundingTime(msgspec.Struct, frozen=True):
    """Seconds of the decode loop."""

    rule: float
    """Spent in the rule that nothing unsaid may be written."""
    decode: float
    """Spent in all, with the rule."""

    @property
    def share(self) -> float:
        """The rule's share, 0.0 to 1.0."""
        return self.rule / self.decode if self.decode else 0.0


class _Timed:
    """A rule whose seconds are counted."""

    def __init__(self, rule: Rule, seconds: list[float]) -> None:
        self._rule = rule
        self._seconds = seconds

    def apply(self, logits: Scores, written: Tokens) -> None:
        """See `Rule.apply`."""
        began = time.perf_counter()
        self._rule.apply(logits, written)
        self._seconds.append(time.perf_counter() - began)


class _TimedTopics(TopicsStrategy):
    """Writes grounded notes and counts what the grounding costs."""

    def __init__(self, model: LanguageModel, config: NoteModel) -> None:
        super().__init__(model, config, grounded=True)
        self.seconds: list[float] = []

    def row(self, exchange: str, topic: str | None = None) -> Row:
        """See `TopicsStrategy.row`."""
        row = super().row(exchange, topic)
        row.rules = [_Timed(rule, self.seconds) if isinstance(rule, Grounding) else rule for rule in row.rules]
        return row


def grounding_time(model: LanguageModel, config: NoteModel, visits: Iterable[Visit], template: Template) -> GroundingTime:
    """Write grounded notes and time the rule inside the loop.

    Args:
        model: Writes in the topics strategy.
        config: How the model is to be used.
        visits: What was said.
        template: The sections of the notes.
    """
    strategy, decode = _TimedTopics(model, config), 0.0
    for visit in visits:
        writer = strategy.writer(template)
        for utterance in visit.turns:
            writer.add(utterance.turn)
        for _ in writer.finish():
            pass
        decode += writer.meter.decode_seconds
    return GroundingTime(sum(strategy.seconds), decode)


def check_seconds(visits: Sequence[Visit], template: Template) -> list[float]:
    """Time of the whole check of visits of 15 minutes, each read for the first time, with the tables loaded.

    Args:
        visits: With lines; several are joined until there are enough words.
        template: The sections of their notes.
    """
    warm()
    return [_time(turns, lines, template) for turns, lines in _quarter_hours(visits)]


def _quarter_hours(visits: Sequence[Visit]) -> Iterator[tuple[Visit, Sequence[Line]]]:
    turns: list[Utterance] = []
    lines: list[Line] = []
    words = 0
    for visit in visits:
        turns += visit.turns
        lines += visit.lines
        words += sum(len(turn.text.split()) for turn in visit.turns)
        if words >= QUARTER_HOUR:
            yield msgspec.structs.replace(visit, turns=tuple(turns)), tuple(lines)
            turns, lines, words = [], [], 0


def _time(visit: Visit, lines: Sequence[Line], template: Template) -> float:
    homes = {topic: plan for plan in template.sections for topic in plan.topics}
    texts: dict[str, list[str]] = {}
    for line in lines:
        texts.setdefault(homes[line.topic].name, []).append(line.text)
    sections = [Section(plan.name, plan.title, " ".join(texts.get(plan.name, []))) for plan in template.sections]
    turns = [utterance.turn for utterance in visit.turns]
    began = time.perf_counter()
    check(template, sections, turns)
    return time.perf_counter() - began
