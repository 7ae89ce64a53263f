"""The topics strategy: each exchange becomes one line of the note, "Topic: sentences.", as soon as it is complete."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from appliance.clinical_note import Section, Sentence
from appliance.note.decoding import Meter, Row, Rule, prefill, write_rows
from appliance.note.exchanges import Exchange, ExchangeCutter
from appliance.note.model import Float32, KeyValueCache, LanguageModel
from appliance.note.prompts import END, topic_prompts
from appliance.note.rules import After, NoRepeatedPhrase, OneOf, RepetitionPenalty, SaidSentences
from appliance.note.statements import statements
from appliance.note.templates import Template
from appliance.note.writer import assemble, split_sentences, tidy
from appliance.runtime.bundle import NoteModel
from appliance.transcript import Turn

LINE_LIMIT: Final = 64
"""Most tokens of one line in the model's own words."""
BATCH: Final = 6
"""Most exchanges written together."""
MOST_STATEMENTS: Final = 2
"""Most sentences that an untuned model may take over from one exchange."""
_PHRASE = 3


class TopicsStrategy:
    """What all visits share: the prompt's prefix in a cache, the topics, the rules.

    Args:
        model: The language model.
        config: How the bundle wants it used.
    """

    def __init__(self, model: LanguageModel, config: NoteModel) -> None:
        self.model = model
        self._config = config
        self._texts = topic_prompts()
        self._suffix = model.encode(self._texts.suffix)
        self.stops = frozenset({model.token(END), *model.encode("\n")})
        self._punctuation = frozenset(token for mark in ".,;:" for token in model.encode(mark))
        prefix = model.encode(self._texts.prefix)
        self.prefix: KeyValueCache = model.empty_cache(len(prefix))
        for _ in prefill(model, self.prefix, prefix, Meter()):
            pass
        topics = [model.encode(f"{topic}:") for topic in self._texts.topics]
        self._longest_topic = max(map(len, topics))
        self.opening = OneOf(topics, self._prior() if config.calibrated_topics else None)

    def row(self, exchange: str) -> Row:
        """The line to write about one exchange."""
        prompt = self._prompt(exchange)
        if self._config.verbatim:
            sentences = [self.model.encode(f" {statement}") for statement in statements(exchange)]
            said = SaidSentences(sentences, MOST_STATEMENTS, self.stops)
            return Row(prompt, self._longest_topic + said.longest + 1, self.stops, [self.opening, After(self.opening, said)])
        rules: list[Rule] = [
            RepetitionPenalty(self._config.repetition_penalty, self._punctuation | self.stops),
            NoRepeatedPhrase(_PHRASE),
            self.opening,
        ]
        return Row(prompt, LINE_LIMIT, self.stops, rules)

    def read(self, row: Row) -> tuple[str, list[str]]:
        """Topic and sentences of a written line. A sentence that the limit cut off is left out, unless it is the only one."""
        topic, _, text = self.model.decode(row.written).partition(":")
        sentences = split_sentences(text)
        if not row.ended and len(sentences) > 1:
            sentences.pop()
        return topic, [tidied for sentence in sentences if (tidied := tidy(sentence))]

    def writer(self, template: Template) -> TopicsWriter:
        """A writer for one visit."""
        return TopicsWriter(self, template)

    def _prompt(self, exchange: str) -> list[int]:
        return self.model.encode_plain(exchange) + self._suffix

    def _prior(self) -> Float32:
        """Mean logits of the first token over exchanges without content, `[vocabulary]`."""
        found = []
        for text in self._texts.empty_exchanges:
            prompt = self._prompt(text)
            cache = self.prefix.fork(1, int(self.prefix.lengths[0]) + len(prompt))
            *_, logits = prefill(self.model, cache, prompt, Meter())
            found.append(logits)
        mean: Float32 = np.mean(found, axis=0)
        return mean


class TopicsWriter:
    """Writes one visit's note, exchange by exchange. See `Writer`."""

    def __init__(self, strategy: TopicsStrategy, template: Template) -> None:
        self.meter = Meter()
        self._strategy = strategy
        self._template = template
        self._cutter = ExchangeCutter()
        self._waiting: list[Exchange] = []
        self._written: list[tuple[Exchange, Row]] = []

    def add(self, turn: Turn) -> None:
        """See `Writer.add`."""
        self._waiting += [exchange for exchange in self._cutter.add(turn) if _has_content(exchange)]

    def advance(self) -> Iterator[None]:
        """See `Writer.advance`."""
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            pairs = [(exchange, self._strategy.row(exchange.text)) for exchange in batch]
            self._written += pairs
            rows = [row for _, row in pairs]
            yield from write_rows(self._strategy.model, self._strategy.prefix, rows, self.meter)

    def finish(self) -> Iterator[None]:
        """See `Writer.finish`."""
        self._waiting += [exchange for exchange in self._cutter.finish() if _has_content(exchange)]
        yield from self.advance()

    def progress(self) -> tuple[int, int]:
        """See `Writer.progress`."""
        done = sum(row.ended or len(row.written) >= row.limit for _, row in self._written)
        return done, len(self._written) + len(self._waiting)

    def sections(self) -> list[Section]:
        """See `Writer.sections`."""
        homes = {topic: plan.name for plan in self._template.sections for topic in plan.topics}
        written: dict[str, list[Sentence]] = {plan.name: [] for plan in self._template.sections}
        for exchange, row in self._written:
            topic, sentences = self._strategy.read(row)
            if topic in homes:
                written[homes[topic]] += [Sentence(sentence, exchange.turns) for sentence in sentences]
        return assemble(self._template, written)


def _has_content(exchange: Exchange) -> bool:
    """Whether there is anything to write about: more than questions and "Okay."."""
    return bool(statements(exchange.text))
