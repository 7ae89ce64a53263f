"""The topics strategy: each exchange becomes lines of the note, "Topic: sentences.", as soon as it is complete.

When the visit has ended, a tuned model is asked again about what its note misses (`completion`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from appliance.clinical_note import Section, Sentence
from appliance.note.completion import Completion, Question
from appliance.note.decoding import Meter, Row, Rule, prefill, write_rows
from appliance.note.engine import Cache, Engine, Scores
from appliance.note.exchanges import Exchange, ExchangeCutter
from appliance.note.grounding import Grounding
from appliance.note.prompts import END, topic_prompts
from appliance.note.pronouns import patient_sex, with_pronouns
from appliance.note.rules import After, NoRepeatedPhrase, OneOf, RepetitionPenalty, SaidSentences, TopicLines
from appliance.note.said import said_in
from appliance.note.statements import statements
from appliance.note.templates import Template
from appliance.note.writer import assemble, split_sentences, tidy
from appliance.runtime.bundle import NoteModel
from appliance.transcript import Turn

LINE_LIMIT: Final = 64
"""Most tokens of the line of a model that was not tuned."""
ANSWER_LIMIT: Final = 160
"""Most tokens of a tuned model's lines about one exchange."""
BATCH: Final = 6
"""Most exchanges written together."""
MOST_STATEMENTS: Final = 2
"""Most sentences that an untuned model may take over from one exchange."""
_PHRASE: Final = 3
"""Tokens of a run that an untuned model may not write twice in a line."""
_RELUCTANCE: Final = 1.0
"""Logits taken off a tuned model's wish to write nothing; on ACI-Bench `valid` it gave 1 point of ROUGE-1."""
_TUNED_PHRASE: Final = 6
"""The same for a tuned model, which may well write "The patient reports" twice.

It needs no penalty on repeated words: on ACI-Bench `valid` a penalty of 1.1 cost 3 points of ROUGE-1."""


class TopicsStrategy:
    """What all visits share: the prompt's prefix in a cache, the topics, the rules.

    Args:
        model: The language model.
        config: How the bundle wants it used.
        grounded: Whether numbers, units, drugs, sides and dates must have been said.
        completed: Whether a tuned model is asked again about what its note misses; off to measure what that gives.
    """

    def __init__(self, model: Engine, config: NoteModel, *, grounded: bool = True, completed: bool = True) -> None:
        self.model = model
        self.completes: Final = completed and config.writing == "tuned"
        self._grounded = grounded
        self.repeats: Final = config.writing == "verbatim"
        """Sentences are those that were said, word for word."""
        self._config = config
        self._texts = topic_prompts()
        tuned = config.writing == "tuned"
        self._suffix = model.encode(self._texts.suffix(tuned=tuned))
        (self._newline,) = model.encode("\n")
        self._end = model.token(END)
        self._punctuation = frozenset(token for mark in ".,;:" for token in model.encode(mark)) | {self._end, self._newline}
        prefix = model.encode(self._texts.prefix(tuned=tuned))
        self.prefix: Cache = model.empty_cache(len(prefix))
        for _ in prefill(model, self.prefix, prefix, Meter()):
            pass
        self._topics = [model.encode(f"{topic}:") for topic in self._texts.topics]
        self._opening = OneOf(self._topics, None if tuned else self._prior())

    def worth_writing(self, exchange: Exchange) -> bool:
        """Whether to ask the model. One that was not tuned cannot make anything of questions and "Okay."."""
        return self._config.writing == "tuned" or bool(statements(exchange.text))

    def row(self, exchange: str, topic: str | None = None) -> Row:
        """What to write about one exchange.

        Args:
            exchange: Its text.
            topic: The only topic that a tuned model may write about, and has to.
        """
        prompt = self._prompt(exchange)
        if self._config.writing == "tuned":
            stops = frozenset({self._end})
            nothing = self.model.encode(self._texts.nothing)
            topics = [self.model.encode(f"{topic}:")] if topic else self._topics
            reluctance = math.inf if topic else _RELUCTANCE
            lines = TopicLines(topics, nothing, self._newline, stops, reluctance=reluctance)
            return Row(prompt, ANSWER_LIMIT, stops, [NoRepeatedPhrase(_TUNED_PHRASE), lines, *self._grounding(exchange)])
        stops = frozenset({self._end, self._newline})
        if self._config.writing == "zero_shot":
            no_loops: list[Rule] = [
                RepetitionPenalty(self._config.repetition_penalty, self._punctuation),
                NoRepeatedPhrase(_PHRASE),
            ]
            return Row(prompt, LINE_LIMIT, stops, [*no_loops, self._opening, *self._grounding(exchange)])
        sentences = [self.model.encode(f" {statement}") for statement in statements(exchange)]
        said = SaidSentences(sentences, MOST_STATEMENTS, stops)
        longest = max(map(len, self._topics)) + said.longest + 1
        return Row(prompt, longest, stops, [self._opening, After(self._opening, said)])

    def read(self, exchange: Exchange, row: Row) -> list[tuple[str, str]]:
        """Topic and text of every written sentence.

        A sentence that the limit cut off, or that could not be finished with what was said, is left out, unless it is the only
        one and states nothing that was not said.
        """
        lines = self._texts.read(self.model.decode(row.written))
        found = [(topic, sentence) for topic, text in lines for sentence in split_sentences(text)]
        if not row.ended and len(found) > 1:
            found.pop()
        tidied = [(topic, tidy(sentence)) for topic, sentence in found]
        said = said_in(exchange.text) if self._grounded and not self.repeats else None
        return [(topic, text) for topic, text in tidied if text and (said is None or said.allows_finished(text))]

    def writer(self, template: Template) -> TopicsWriter:
        """A writer for one visit."""
        return TopicsWriter(self, template)

    def _grounding(self, exchange: str) -> list[Rule]:
        if not self._grounded:
            return []
        stops = {self._end, self._newline}
        return [Grounding(said_in(exchange), self.model.decode, stops, self._end)]

    def _prompt(self, exchange: str) -> list[int]:
        return self.model.encode_plain(exchange) + self._suffix

    def _prior(self) -> Scores:
        """Mean logits of the first token over exchanges without content, `[vocabulary]`."""
        found: list[Scores] = []
        for text in self._texts.untuned.empty_exchanges:
            prompt = self._prompt(text)
            cache = self.prefix.fork(1, int(self.prefix.lengths[0]) + len(prompt))
            *_, logits = prefill(self.model, cache, prompt, Meter())
            found.append(logits)
        mean: Scores = found[0].copy()
        for logits in found[1:]:
            mean += logits
        mean /= len(found)
        return mean


class TopicsWriter:
    """Writes one visit's note, exchange by exchange. See `Writer`."""

    def __init__(self, strategy: TopicsStrategy, template: Template) -> None:
        self.meter = Meter()
        self._strategy = strategy
        self._template = template
        self._cutter = ExchangeCutter()
        self._turns: list[Turn] = []
        self._waiting: list[Exchange] = []
        self._written: list[tuple[Exchange, Row]] = []
        self._known: dict[str, Row] = {}
        self._asked: list[tuple[Question, Row]] = []
        self._completing: list[tuple[str, Sentence]] = []

    def add(self, turn: Turn) -> None:
        """See `Writer.add`."""
        self._turns.append(turn)
        self._take(self._cutter.add(turn))

    def restart(self) -> None:
        """See `Writer.restart`."""
        self._known = {exchange.text: row for exchange, row in self._written}
        self._cutter, self._turns, self._waiting, self._written = ExchangeCutter(), [], [], []
        self._asked, self._completing = [], []

    def advance(self) -> Iterator[None]:
        """See `Writer.advance`."""
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            pairs = [(exchange, self._strategy.row(exchange.text)) for exchange in batch]
            self._written += pairs
            yield from self._write([row for _, row in pairs])

    def finish(self) -> Iterator[None]:
        """See `Writer.finish`."""
        self._take(self._cutter.finish())
        yield from self.advance()
        if self._strategy.completes:
            yield from self._complete()

    def progress(self) -> tuple[int, int]:
        """See `Writer.progress`."""
        rows = [row for _, row in self._written] + [row for _, row in self._asked]
        done = sum(row.ended or len(row.written) >= row.limit for row in rows)
        return done, len(rows) + len(self._waiting)

    def sections(self) -> list[Section]:
        """See `Writer.sections`."""
        homes = {topic: plan.name for plan in self._template.sections for topic in plan.topics}
        written: dict[str, list[Sentence]] = {plan.name: [] for plan in self._template.sections}
        read = zip(self._written, self._read(self._written), strict=True)
        lines = [(topic, Sentence(text, exchange.turns)) for (exchange, _), found in read for topic, text in found]
        # Among the others in the order of the visit; the sort is stable.
        for topic, sentence in sorted([*lines, *self._completing], key=lambda line: line[1].turns[0]):
            if topic in homes:
                written[homes[topic]].append(sentence)
        return assemble(self._template, written)

    def _take(self, exchanges: list[Exchange]) -> None:
        for exchange in filter(self._strategy.worth_writing, exchanges):
            if known := self._known.get(exchange.text):
                self._written.append((exchange, known))
            else:
                self._waiting.append(exchange)

    def _complete(self) -> Iterator[None]:
        sentences = [sentence for section in self.sections() for sentence in section.sentences]
        exchanges = [exchange for exchange, _ in self._written]
        completion = Completion(self._template, sentences, self._turns, exchanges)
        asked = [(question, self._strategy.row(question.exchange.text, question.topic)) for question in completion.questions()]
        self._asked = asked
        for start in range(0, len(asked), BATCH):
            yield from self._write([row for _, row in asked[start : start + BATCH]])
        answers = self._read([(question.exchange, row) for question, row in asked])
        self._completing = list(completion.choose(zip([question for question, _ in asked], answers, strict=True)))

    def _write(self, rows: list[Row]) -> Iterator[None]:
        yield from write_rows(self._strategy.model, self._strategy.prefix, rows, self.meter)

    def _read(self, written: Sequence[tuple[Exchange, Row]]) -> list[list[tuple[str, str]]]:
        """For each row the topic and text of its sentences."""
        read = [self._strategy.read(exchange, row) for exchange, row in written]
        if self._strategy.repeats:
            return read
        sex = patient_sex([turn.text for turn in self._turns])
        return [[(topic, with_pronouns(text, sex)) for topic, text in lines] for lines in read]
