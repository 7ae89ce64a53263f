"""Questions that box and page must answer alike; `scripts/device_vectors.py` collects them with the box's answers."""

from __future__ import annotations

import hashlib
import math
import random
from array import array
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec

from appliance.device.engine import Bridge, PageEngine
from appliance.device.manifest import read_manifest
from appliance.device.scores import ArrayScores
from appliance.device.speech_questions import SpeechQuestion, answer_speech
from appliance.note.check.check import check
from appliance.note.check.request import CheckRequest
from appliance.note.decoding import Meter, write_rows
from appliance.note.engine import Engine, Scores
from appliance.note.facts.facts import read_facts
from appliance.note.prompts import spoken, topic_prompts
from appliance.note.templates import template_named
from appliance.note.topics import TopicsStrategy
from appliance.runtime.bundle import Manifest
from appliance.transcript import Turn

_LIKED: Final = 2.0
"""Added to the logits of tokens that are to be chosen where they are allowed."""


class Tokens(msgspec.Struct, frozen=True, tag="tokens"):
    """Ids of a text, read with control tokens and as something said, and the text of the ids."""

    text: str


class Prompt(msgspec.Struct, frozen=True, tag="prompt"):
    """What the model is asked about some turns."""

    turns: tuple[Turn, ...]


class Mask(msgspec.Struct, frozen=True, tag="mask"):
    """What may follow in the lines about an exchange, and what is chosen, by a model that likes tokens at random."""

    exchange: str
    written: str
    """The text so far."""
    liked: str
    """A text whose tokens the model likes best."""
    seed: int


class Checked(msgspec.Struct, frozen=True, tag="check"):
    """States, evidence and omissions of a note."""

    request: CheckRequest


class Facts(msgspec.Struct, frozen=True, tag="facts"):
    """The clinical facts of a text."""

    text: str


class Written(msgspec.Struct, frozen=True, tag="written"):
    """The tokens that are written about some exchanges, in one batch."""

    exchanges: tuple[str, ...]


NoteQuestion = Tokens | Prompt | Mask | Checked | Facts | Written
Question = NoteQuestion | SpeechQuestion


class Answerer:
    """Answers questions.

    Args:
        engine: Its tokenizer is asked; its graph reads the prompt's prefix.
        manifest: Of the bundle that the engine is from; its strategy must be `topics`.
        vocabulary: Number of its tokens.
        scores: Makes logits from numbers, as the engine does.
    """

    def __init__(self, engine: Engine, manifest: Manifest, vocabulary: int, scores: Callable[[array[float]], Scores]) -> None:
        self._engine = engine
        self._strategy = TopicsStrategy(engine, manifest.note)
        self._scores = scores
        self._vocabulary = vocabulary

    def answer(self, question: Question) -> Any:
        """The answer, ready for JSON."""
        return answer_speech(question) if isinstance(question, SpeechQuestion) else self._answer(question)

    def _answer(self, question: NoteQuestion) -> Any:
        match question:
            case Tokens(text):
                ids = self._engine.encode(text)
                return [ids, self._engine.encode_plain(text), self._engine.decode(ids)]
            case Prompt(turns):
                texts = topic_prompts()
                return [texts.prefix(tuned=tuned) + spoken(turns) + texts.suffix(tuned=tuned) for tuned in (True, False)]
            case Mask():
                return self._mask(question)
            case Checked(request):
                return check(template_named(request.template), request.named_sections(), request.turns)
            case Facts(text):
                return msgspec.to_builtins(read_facts(text), enc_hook=_plain)
            case Written(exchanges):
                rows = [self._strategy.row(exchange) for exchange in exchanges]
                for _ in write_rows(self._engine, self._strategy.prefix, rows, Meter()):
                    pass
                return [row.written for row in rows]

    def _mask(self, asked: Mask) -> list[object]:
        """The chosen token, how many are struck out, and a hash of which."""
        numbers = random.Random(asked.seed)  # noqa: S311
        logits = array("f", [numbers.random() for _ in range(self._vocabulary)])
        for token in self._engine.encode(asked.liked):
            logits[token] += _LIKED
        scores = self._scores(logits)
        for rule in self._strategy.row(asked.exchange).rules:
            rule.apply(scores, self._engine.encode(asked.written))
        struck = [token for token in range(self._vocabulary) if scores[token] == -math.inf]
        return [int(scores.argmax()), len(struck), hashlib.sha256(repr(struck).encode()).hexdigest()]


class PageAnswers:
    """The page's answers.

    Args:
        bridge: The worker of the page, with the bundle's note model loaded.
        manifest: The bundle's `bundle.json`.
    """

    def __init__(self, bridge: Bridge, manifest: str) -> None:
        found = read_manifest(manifest)
        self._answerer = Answerer(PageEngine(bridge, found.note.context), found, bridge.vocabulary, ArrayScores)

    def answers(self, questions: str) -> str:
        """Answers to a JSON list of questions, in JSON."""
        asked = msgspec.json.decode(questions, type=list[Question])
        return msgspec.json.encode([self._answerer.answer(question) for question in asked]).decode()


def _plain(value: object) -> object:
    """What msgspec does not know."""
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value).__name__)
