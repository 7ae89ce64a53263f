"""Asks the model again where its note misses something that was said.

The rules that find omissions are only rules: they may take a remark for a diagnosis. The model alone overlooks things. A
sentence is added only where both agree: the rules say what is missing, the model is shown the turns that say it and has to
write under the topic it belongs to, and what it writes must state it and be borne out by the visit. First it is shown the
turns, then the one sentence alone. Everything else stays in the list of omissions, for the clinician to decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from appliance.clinical_note import Omission, OmissionKind, Sentence
from appliance.note.check.dialogue import Dialogue, read_dialogue
from appliance.note.check.judge import judge
from appliance.note.check.omissions import left_out, omissions
from appliance.note.exchanges import LONGEST, Exchange
from appliance.note.facts.dialogue import TurnFact
from appliance.note.facts.sentences import sentence_spans
from appliance.note.prompts import spoken
from appliance.note.templates import Template
from appliance.transcript import Turn

MOST_QUESTIONS: Final = 24
"""Most exchanges that are shown again: four batches."""
_TOPICS: Final[dict[OmissionKind, tuple[str, ...]]] = {
    "allergy": ("Allergies",),
    "medication": ("Medications", "Plan"),
    "red_flag": ("Symptoms", "History"),
    "symptom": ("Symptoms", "History"),
    "result": ("Results", "Examination"),
    "diagnosis": ("Assessment", "Past history"),
    "order": ("Plan",),
    "follow_up": ("Plan",),
}


@dataclass(frozen=True)
class Question:
    """An exchange to be shown again."""

    exchange: Exchange
    topic: str
    """What the line has to be about."""
    omission: Omission
    """What it has to state."""


class Completion:
    """What one note misses, and which answers help.

    Args:
        template: The template of the note.
        sentences: The note so far, in any order.
        turns: The whole visit.
        exchanges: The visit as it was cut for the model.
    """

    def __init__(
        self, template: Template, sentences: Sequence[Sentence], turns: Sequence[Turn], exchanges: Sequence[Exchange]
    ) -> None:
        self._template = template
        self._turns = turns
        self._exchanges = exchanges
        self._dialogue: Dialogue = read_dialogue(turns)
        self._homes = {topic: plan.name for plan in template.sections for topic in plan.topics}
        texts = [sentence.text for sentence in sentences]
        self._missing = left_out(template, texts, self._dialogue)

    def questions(self) -> list[Question]:
        """What to ask, the most severe first, at most `MOST_QUESTIONS`."""
        found = [
            Question(exchange, self._topic(omission), omission)
            for omission, said in self._missing
            for exchange in dict.fromkeys([*self._shown(omission.turns), self._sentence(said)])
        ]
        return found[:MOST_QUESTIONS]

    def choose(self, answers: Iterable[tuple[Question, Sequence[tuple[str, str]]]]) -> Iterator[tuple[str, Sentence]]:
        """The sentences that state what was missing, at most one for each omission.

        Args:
            answers: Each question with topic and text of the sentences written for it.

        Yields:
            Topic and sentence.
        """
        missing = [omission for omission, _ in self._missing]
        for question, lines in answers:
            for topic, text in lines:
                left = self._without([text])
                stated = [omission for omission in missing if omission not in left]
                if question.omission in stated and self._borne_out(topic, text, question.exchange):
                    missing = [omission for omission in missing if omission not in stated]
                    yield topic, Sentence(text, question.exchange.turns)
                    break

    def _without(self, texts: Sequence[str]) -> tuple[Omission, ...]:
        """What a note of these sentences alone would miss."""
        return omissions(self._template, texts, self._dialogue)

    def _borne_out(self, topic: str, text: str, exchange: Exchange) -> bool:
        section = self._homes.get(topic)
        return section is not None and judge(text, section, self._dialogue, exchange.turns).state in {"supported", "inferred"}

    def _topic(self, omission: Omission) -> str:
        topics = _TOPICS[omission.kind]
        return next((topic for topic in topics if self._homes.get(topic) == omission.section), topics[0])

    def _shown(self, turns: tuple[int, ...]) -> list[Exchange]:
        """The turns with the one before them; where that is long, the pieces that the visit was cut into."""
        near = range(max(0, turns[0] - 1), turns[-1] + 1)
        text = spoken([self._turns[turn] for turn in near])
        if len(text.split()) <= LONGEST:
            return [Exchange(text, tuple(near))]
        return [exchange for exchange in self._exchanges if set(exchange.turns) & set(turns)]

    def _sentence(self, said: TurnFact) -> Exchange:
        """Only the sentence that says it, with the question that it answers: where much is said, one thing is easily lost."""
        heard = []
        for position in said.turns:
            turn = self._turns[position]
            spans = sentence_spans(turn.text)
            start, end = next((span for span in spans if position == said.turn and said.fact.start < span[1]), spans[-1])
            heard.append(Turn(turn.text[start:end], speaker=turn.speaker))
        return Exchange(spoken(heard), said.turns)
