"""Training examples from visits, with the prompts that the note service uses."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from appliance.note.prompts import END, START, plain, section_prompts, spoken, topic_prompts
from appliance.note.templates import template_named
from training.datasets.align import by_exchange
from training.visits import Line, Utterance, Visit, note_text

StrategyName = Literal["topics", "sections", "one_shot"]
TEMPLATE: Final = "aci"
"""The template whose sections the sections strategy is tuned on."""


@dataclass(frozen=True)
class Example:
    """One prompt with its answer. Control tokens are part of both texts."""

    prompt: str
    answer: str
    source: str
    """Where the visit comes from, such as `aci`."""


def examples(visits: Iterable[Visit], strategy: StrategyName, *, seed: int, unknown: float, nothing: float) -> list[Example]:
    """Examples of one strategy.

    Args:
        visits: With their lines.
        strategy: `topics` asks for the lines of each exchange, `sections` for each section of the whole visit, `one_shot` for
            the whole note (as arXiv 2507.03033 does).
        seed: Of the random choices.
        unknown: Share of the examples, 0.0 to 1.0, whose speakers are not labelled.
        nothing: Share of the exchanges without a line that are kept, 0.0 to 1.0; the rest would teach silence.
    """
    chance = random.Random(seed)  # noqa: S311  # reproducible, not secret
    make = {"topics": _topics, "sections": _sections, "one_shot": _one_shot}[strategy]
    empty = topic_prompts().nothing + END
    found: list[Example] = []
    for visit in visits:
        shown = visit if chance.random() >= unknown else _unlabelled(visit)
        found += [example for example in make(shown) if example.answer != empty or chance.random() < nothing]
    return found


def _unlabelled(visit: Visit) -> Visit:
    return msgspec.structs.replace(visit, turns=tuple(Utterance("unknown", utterance.text) for utterance in visit.turns))


def _topics(visit: Visit) -> Iterator[Example]:
    texts = topic_prompts()
    for exchange, lines in by_exchange(visit.turns, visit.lines):
        if visit.source == "mts" and not lines:
            continue  # these notes hold one section each: what they do not say may still be worth noting
        prompt = texts.prefix(tuned=True) + plain(exchange.text) + texts.suffix(tuned=True)
        yield Example(prompt, texts.answer((line.topic, line.text) for line in lines) + END, visit.source)


def _sections(visit: Visit) -> Iterator[Example]:
    texts = section_prompts()
    prompt = texts.prefix + _dialogue(visit.turns)
    for section in template_named(TEMPLATE).sections:
        text = " ".join(line.text for topic in section.topics for line in visit.lines if line.topic == topic)
        if text:
            yield Example(prompt + texts.suffix(section), text + END, visit.source)


def _one_shot(visit: Visit) -> Iterator[Example]:
    lines: Sequence[Line] = visit.lines
    note = note_text(template_named(TEMPLATE), lines) if visit.source == "synthetic" else visit.note
    if visit.source != "mts":
        yield Example(f"{START}user\n{_dialogue(visit.turns)}{END}\n{START}assistant\n", note.strip() + END, visit.source)


def _dialogue(turns: Sequence[Utterance]) -> str:
    return plain(spoken([utterance.turn for utterance in turns]))
