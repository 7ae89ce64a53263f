# ruff: noqa: E501  # a template stays on one line
"""What the synthetic visits are like, in figures."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from training.synth.duplicates import grams, spoken
from training.synth.generate import Tally
from training.synth.speech import HELD_OUT_OF
from training.visits import Visit

_WORD = re.compile(r"[a-z0-9.]+")
_OVERLAPS: Final = (4, 8)


class Spread(msgspec.Struct, frozen=True):
    """Distribution of a count."""

    least: int
    mean: float
    median: float
    most: int


class SplitCard(msgspec.Struct, frozen=True):
    """Figures of one split."""

    visits: int
    diagnoses: dict[str, int]
    """Visits by their first diagnosis."""
    words: Spread
    """Of the dialogue."""
    turns: Spread
    note_words: Spread
    lines: Spread
    facts: dict[str, int]
    """Facts by kind."""
    major_facts: int
    negated_facts: int
    vocabulary: int
    """Different words in the dialogues."""
    vocabulary_note: int


class DataCard(msgspec.Struct, frozen=True):
    """Figures of both splits and of what they share."""

    train: SplitCard
    test: SplitCard
    overlap: dict[int, float]
    """By length n: share of the different word n-grams of the test dialogues that are in a training dialogue, 0.0 to 1.0."""
    same_dialogues: int
    """Test visits whose dialogue or note is also one of train."""
    rejected: int
    duplicates: int


def describe(train: Sequence[Visit], test: Sequence[Visit], tally: Tally | None = None) -> DataCard:
    """Figures of generated visits.

    Args:
        train: Not empty.
        test: Not empty.
        tally: What became of the cases that were drawn for both splits.
    """
    counts = tally if tally is not None else Tally()
    overlap = {}
    for size in _OVERLAPS:
        known = {gram for visit in train for gram in grams(spoken(visit), size)}
        asked = {gram for visit in test for gram in grams(spoken(visit), size)}
        overlap[size] = len(asked & known) / max(1, len(asked))
    known_texts = {text for visit in train for text in (spoken(visit), visit.note)}
    same = sum(spoken(visit) in known_texts or visit.note in known_texts for visit in test)
    return DataCard(_split(train), _split(test), overlap, same, counts.rejected, counts.duplicates)


def markdown(card: DataCard) -> str:
    """The card as a Markdown document."""
    rows: list[tuple[str, object, object]] = [("Visits", card.train.visits, card.test.visits)]
    spreads = (
        ("Words of the dialogue", "words"),
        ("Turns", "turns"),
        ("Words of the note", "note_words"),
        ("Lines of the note", "lines"),
    )
    rows += [(title, _spread(getattr(card.train, name)), _spread(getattr(card.test, name))) for title, name in spreads]
    rows += [
        ("Different words, dialogue", card.train.vocabulary, card.test.vocabulary),
        ("Different words, note", card.train.vocabulary_note, card.test.vocabulary_note),
        ("Facts, major", card.train.major_facts, card.test.major_facts),
        ("Facts, negated", card.train.negated_facts, card.test.negated_facts),
    ]
    for kind in sorted(card.train.facts.keys() | card.test.facts.keys()):
        rows.append((f"Facts: {kind.replace('_', ' ')}", card.train.facts.get(kind, 0), card.test.facts.get(kind, 0)))
    named = sorted(
        card.train.diagnoses.keys() | card.test.diagnoses.keys(), key=lambda name: (-card.train.diagnoses.get(name, 0), name)
    )
    diagnoses = [(name, card.train.diagnoses.get(name, 0), card.test.diagnoses.get(name, 0)) for name in named]
    overlaps = [
        f"- {share:.1%} of the different word {size}-grams of the test dialogues are in a training dialogue."
        for size, share in card.overlap.items()
    ]
    return "\n".join(
        [
            "# Synthetic endocrinology visits",
            "",
            "Made by `chartside-train synth` from structured cases; no patient is behind them. Every fact of a note is said in its dialogue.",
            "",
            *_table("", rows),
            "",
            "Spreads are least / median / mean / most.",
            "",
            *_table("First diagnosis", diagnoses),
            "",
            "## Train against test",
            "",
            "- No case (diagnosis, medications with doses, changes, results), no family name is in both splits.",
            f"- One in {HELD_OUT_OF} phrasings is never said in train and is preferred in test.",
            *overlaps,
            f"- Test visits with the dialogue or the note of a training visit: {card.same_dialogues}.",
            f"- Removed while drawing: {card.duplicates} repeated cases or near-duplicates, {card.rejected} visits that failed the check.",
            "",
        ]
    )


def _split(visits: Sequence[Visit]) -> SplitCard:
    facts = [fact for visit in visits for fact in visit.facts]
    first = [next((fact.names[0] for fact in visit.facts if fact.kind == "diagnosis"), "none") for visit in visits]
    return SplitCard(
        visits=len(visits),
        diagnoses=dict(Counter(first).most_common()),
        words=_spread_of([len(spoken(visit).split()) for visit in visits]),
        turns=_spread_of([len(visit.turns) for visit in visits]),
        note_words=_spread_of([len(visit.note.split()) for visit in visits]),
        lines=_spread_of([len(visit.lines) for visit in visits]),
        facts=dict(Counter(str(fact.kind) for fact in facts).most_common()),
        major_facts=sum(fact.severity == "major" for fact in facts),
        negated_facts=sum(fact.negated for fact in facts),
        vocabulary=len({word for visit in visits for word in _WORD.findall(spoken(visit).lower())}),
        vocabulary_note=len({word for visit in visits for word in _WORD.findall(visit.note.lower())}),
    )


def _spread_of(counts: Sequence[int]) -> Spread:
    return Spread(min(counts), round(float(np.mean(counts)), 1), float(np.median(counts)), max(counts))


def _spread(found: Spread) -> str:
    return f"{found.least} / {found.median:.0f} / {found.mean:.0f} / {found.most}"


def _table(title: str, rows: Sequence[tuple[str, object, object]]) -> list[str]:
    return [f"| {title} | train | test |", "|---|---|---|", *(f"| {name} | {train} | {test} |" for name, train, test in rows)]
