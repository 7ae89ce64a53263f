"""The sections strategy: the visit is read once, then every section is written as one row of a batch.

A visit longer than `window_tokens` is read in windows. A full window is written at once, while the visit goes on; at the
end the sections of all windows are joined in order. Nothing is cut off, whatever the length of the visit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from appliance.clinical_note import NOT_DISCUSSED, Section, Sentence
from appliance.note.decoding import Meter, Row, Rule, prefill, write_rows
from appliance.note.engine import Cache, Engine, Tokens
from appliance.note.grounding import Grounding
from appliance.note.prompts import END, section_prompts, spoken
from appliance.note.rules import NoRepeatedPhrase, RepetitionPenalty, SaidSentences
from appliance.note.said import Said, said_in
from appliance.note.statements import statements
from appliance.note.templates import SectionPlan, Template
from appliance.note.writer import assemble, split_sentences, tidy
from appliance.runtime.bundle import NoteModel
from appliance.transcript import Turn

SECTION_LIMIT: Final = 256
"""Most tokens of one section of one window in the model's own words."""
MOST_STATEMENTS: Final = 8
"""Most sentences that an untuned model may take over into one section of one window."""
_PHRASE: Final = 4
_TUNED_PHRASE: Final = 6
"""Tokens of a run that a model may not write twice in a section; a tuned one may well write "The patient reports" twice."""


class SectionsStrategy:
    """What all visits share: the prompt's prefix in a cache and the rules.

    Args:
        model: The language model.
        config: How the bundle wants it used.
        grounded: Whether numbers, units, drugs, sides and dates must have been said.
    """

    def __init__(self, model: Engine, config: NoteModel, *, grounded: bool = True) -> None:
        self.model = model
        self._grounded = grounded
        self.window_tokens = config.window_tokens
        self._config = config
        self._texts = section_prompts()
        self.stops = frozenset({model.token(END)})
        self._punctuation = frozenset(token for mark in ".,;:" for token in model.encode(mark))
        prefix = model.encode(self._texts.prefix)
        self.prefix: Cache = model.empty_cache(len(prefix))
        for _ in prefill(model, self.prefix, prefix, Meter()):
            pass

    def row(self, section: SectionPlan, visit: str, said: Said | None) -> Row:
        """The text to write for one section of a window.

        Args:
            section: What to write.
            visit: What was said in the window.
            said: What may be stated; None without grounding.
        """
        prompt = self.model.encode(self._texts.suffix(section))
        if self._config.writing == "verbatim" and (found := statements(visit)):
            verbatim = SaidSentences((self.model.encode(f" {statement}") for statement in found), MOST_STATEMENTS, self.stops)
            return Row(prompt, verbatim.longest + 1, self.stops, [verbatim])
        rules: list[Rule] = [NoRepeatedPhrase(_TUNED_PHRASE)]
        if self._config.writing != "tuned":
            penalty = RepetitionPenalty(self._config.repetition_penalty, self._punctuation | self.stops)
            rules = [penalty, NoRepeatedPhrase(_PHRASE)]
        if said:
            (end,) = self.stops
            rules.append(Grounding(said, self.model.decode, self.stops, end))
        return Row(prompt, SECTION_LIMIT, self.stops, rules)

    def said(self, visit: str) -> Said | None:
        """What a note of a window may state; None without grounding."""
        return said_in(visit) if self._grounded and self._config.writing != "verbatim" else None

    def read(self, row: Row, said: Said | None) -> list[str]:
        """Sentences of a written section. A sentence that the limit cut off is left out, unless it is the only one."""
        text = self.model.decode(row.written).strip()
        if text.startswith(NOT_DISCUSSED.rstrip(".")):
            return []
        sentences = split_sentences(text)
        if not row.ended and len(sentences) > 1:
            sentences.pop()
        tidied = [text for sentence in sentences if (text := tidy(sentence))]
        return [text for text in tidied if said is None or said.allows_finished(text)]

    def writer(self, template: Template) -> SectionsWriter:
        """A writer for one visit."""
        return SectionsWriter(self, template)


class _Window:
    """A stretch of the visit that the model reads at once."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache
        self.lines: list[str] = []
        self.turns: list[int] = []
        self.unread: Tokens = []
        self.tokens = 0
        self.rows: list[tuple[SectionPlan, Row]] = []
        self.said: Said | None = None


class SectionsWriter:
    """Writes one visit's note, all sections together. See `Writer`."""

    def __init__(self, strategy: SectionsStrategy, template: Template) -> None:
        self.meter = Meter()
        self._strategy = strategy
        self._template = template
        self._windows = [_Window(strategy.prefix)]
        self._turns = 0

    def add(self, turn: Turn) -> None:
        """See `Writer.add`."""
        line = spoken([turn]) + "\n"
        tokens = self._strategy.model.encode_plain(line)
        limit = self._strategy.window_tokens
        for start in range(0, len(tokens), limit):
            piece = tokens[start : start + limit]
            window = self._windows[-1]
            if window.tokens and window.tokens + len(piece) > limit:
                window = _Window(self._strategy.prefix)
                self._windows.append(window)
            window.lines.append(self._strategy.model.decode(piece))
            window.turns.append(self._turns)
            window.unread += piece
            window.tokens += len(piece)
        self._turns += 1

    def restart(self) -> None:
        """See `Writer.restart`. One prompt holds all turns, so nothing can be used again."""
        self._windows, self._turns = [_Window(self._strategy.prefix)], 0

    def advance(self) -> Iterator[None]:
        """See `Writer.advance`."""
        for window in self._windows[:-1]:
            yield from self._write(window)
        yield from self._read(self._windows[-1])

    def finish(self) -> Iterator[None]:
        """See `Writer.finish`."""
        for window in self._windows:
            yield from self._write(window)

    def progress(self) -> tuple[int, int]:
        """See `Writer.progress`."""
        rows = [row for window in self._windows for _, row in window.rows]
        done = sum(row.ended or len(row.written) >= row.limit for row in rows)
        return done, len(self._windows) * len(self._template.sections)

    def sections(self) -> list[Section]:
        """See `Writer.sections`."""
        written: dict[str, list[Sentence]] = {plan.name: [] for plan in self._template.sections}
        for window in self._windows:
            for plan, row in window.rows:
                written[plan.name] += [Sentence(text, tuple(window.turns)) for text in self._strategy.read(row, window.said)]
        return assemble(self._template, written)

    def _read(self, window: _Window) -> Iterator[None]:
        tokens, window.unread = window.unread, []
        if not tokens:
            return
        length = int(window.cache.lengths[0])
        # The prefix is shared by all visits, so the first append copies it; later ones double the room.
        if window.cache is self._strategy.prefix or length + len(tokens) > window.cache.capacity:
            window.cache = window.cache.fork(1, 2 * (length + len(tokens)))
        for _ in prefill(self._strategy.model, window.cache, tokens, self.meter):
            yield

    def _write(self, window: _Window) -> Iterator[None]:
        if window.rows or not window.tokens:
            return
        yield from self._read(window)
        visit = "".join(window.lines)
        window.said = self._strategy.said(visit)
        window.rows = [(plan, self._strategy.row(plan, visit, window.said)) for plan in self._template.sections]
        rows = [row for _, row in window.rows]
        yield from write_rows(self._strategy.model, window.cache, rows, self.meter)
        window.cache = self._strategy.prefix  # the keys and values are no longer needed
