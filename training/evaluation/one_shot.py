"""The whole note at once from the whole dialogue, as arXiv 2507.03033 does. For comparison only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from appliance.errors import TooLargeError
from appliance.note.decoding import Meter, Row, Rule, prefill, write_rows
from appliance.note.engine import Tokens
from appliance.note.model import LanguageModel
from appliance.note.prompts import END, START, plain, section_prompts, spoken
from appliance.note.rules import NoRepeatedPhrase, RepetitionPenalty
from appliance.note.templates import Template
from appliance.note.writer import split_sentences
from appliance.runtime.bundle import NoteModel
from training.visits import Visit, WrittenNote

NOTE_LIMIT: Final = 1400
"""Most tokens of a note; the longest reference of ACI-Bench has about 1,300."""
_PHRASE: Final = 6
"""Longer than for a section: a whole note says "twice a day" more than once."""
_REQUEST: Final = "\n\n\nWrite the clinical note from this visit, with the sections {titles}."


class OneShot:
    """Writes whole notes.

    Args:
        model: The language model.
        config: `tuned` gets the dialogue alone, as the `one_shot` examples do; any other is told what to do.
        template: Its section titles are asked for.
    """

    def __init__(self, model: LanguageModel, config: NoteModel, template: Template) -> None:
        self._model = model
        self._config = config
        self._stops = frozenset({model.token(END)})
        self._punctuation = frozenset(token for mark in ".,;:\n" for token in model.encode(mark)) | self._stops
        tuned = config.writing == "tuned"
        titles = ", ".join(section.title.upper() for section in template.sections)
        self._prefix = f"{START}user\n" if tuned else section_prompts().prefix
        self._suffix = ("" if tuned else _REQUEST.format(titles=titles)) + f"{END}\n{START}assistant\n"

    def check(self, visits: Iterable[Visit]) -> None:
        """Refuse visits that the model cannot read whole.

        Raises:
            TooLargeError: A dialogue does not fit; the message names the visit.
        """
        for visit in visits:
            if (length := len(self._prompt(visit))) >= self._model.context:
                message = (
                    f"The dialogue of {visit.id} has {length} tokens with its prompt; the model reads {self._model.context}."
                )
                raise TooLargeError(message, hint="Leave that visit out of the one-shot comparison, or use another strategy.")

    def write(self, visit: Visit) -> WrittenNote:
        """Write the note of one visit. A sentence that the limit cut off is left out.

        Raises:
            TooLargeError: As `check`.
        """
        self.check([visit])
        *before, last = self._prompt(visit)
        cache = self._model.empty_cache(len(before))
        for _ in prefill(self._model, cache, before, Meter()):
            pass
        rules: list[Rule] = [RepetitionPenalty(self._config.repetition_penalty, self._punctuation), NoRepeatedPhrase(_PHRASE)]
        row = Row([last], NOTE_LIMIT, self._stops, rules)
        for _ in write_rows(self._model, cache, [row], Meter()):
            pass
        text = self._model.decode(row.written).strip()
        if not row.ended and len(sentences := split_sentences(text)) > 1:
            text = text.removesuffix(sentences[-1]).rstrip()
        return WrittenNote(visit.id, text + "\n")

    def _prompt(self, visit: Visit) -> Tokens:
        dialogue = plain(spoken([utterance.turn for utterance in visit.turns]))
        return self._model.encode(self._prefix + dialogue + self._suffix)
