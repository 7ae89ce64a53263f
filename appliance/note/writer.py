"""What the two writing strategies have in common."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Protocol

from appliance.clinical_note import NOT_DISCUSSED, Section, Sentence
from appliance.lexicon.lexicon import mentions
from appliance.note.decoding import Meter
from appliance.note.templates import SectionPlan, Template
from appliance.transcript import Turn

_SENTENCE = re.compile(
    r".+?(?:(?<!\b[DMdm]r)(?<!\b[Mm]rs)(?<!\b[Mm]s)(?<!\bSt)(?<!\bvs)(?<!\be\.g)(?<!\bi\.e)(?<!\.[a-z])[.!?](?=\s|$)|"
    r"(?<=\.[a-z])\.(?<!\be\.g\.)(?<!\bi\.e\.)(?=\s+[^a-z\s]|\s*$)|$)",
    re.DOTALL,
)
"""A sentence; the full stop of a title or an abbreviation ends none, that of "b.i.d." only before a capital."""
_SAME_WORDS = 0.8
_LEAST_WORDS = 2
_VITAMIN = re.compile(r"(?<=\bvitamin)(?=[A-EK]\d{0,2}\b)", re.IGNORECASE)


class Writer(Protocol):
    """Writes one note from turns that come one after another.

    `advance` and `finish` return to the caller after every call of the model, so that one worker can serve several visits.
    """

    meter: Meter
    """The model's work on this note so far."""

    def add(self, turn: Turn) -> None:
        """Take the next turn. Cheap: no model call."""

    def restart(self) -> None:
        """Forget the turns: all of them come again, some put right. What was written from unchanged ones is used again."""

    def advance(self) -> Iterator[None]:
        """Do the work that the turns so far allow."""

    def finish(self) -> Iterator[None]:
        """Do the rest; no turn comes after this."""

    def progress(self) -> tuple[int, int]:
        """Parts done and parts in all, as far as known."""

    def sections(self) -> list[Section]:
        """The note as far as it is written, every section of the template in order."""


class Strategy(Protocol):
    """A way to write notes with one model; makes a writer for each visit."""

    def writer(self, template: Template) -> Writer:
        """A writer for one visit."""


def split_sentences(text: str) -> list[str]:
    """Sentences of a text, stripped, without empty ones."""
    return [sentence.strip() for sentence in _SENTENCE.findall(text) if sentence.strip()]


def tidy(sentence: str) -> str:
    """The sentence with a capital at its start, a full stop at its end, and "vitaminD", as models write it, in two words.

    Empty if it has fewer than two words of letters, unless the one names a condition or a symptom: "Prolactinoma." is an
    assessment, "Penicillin." could mean anything.
    """
    sentence = _VITAMIN.sub(" ", re.sub(r"\s+", " ", sentence).strip(" ,;:-"))
    says_nothing = not any(mention.kind in {"condition", "symptom"} for mention in mentions(sentence))
    if len(re.findall(r"[A-Za-z]{2,}", sentence)) < _LEAST_WORDS and says_nothing:
        return ""
    sentence = sentence[0].upper() + sentence[1:]
    return sentence if sentence[-1] in ".!?" else sentence + "."


def without_repeats(sentences: Sequence[Sentence]) -> list[Sentence]:
    """The sentences without those that say in the same words what an earlier one said (Jaccard similarity of words >= 0.8)."""
    kept: list[tuple[frozenset[str], Sentence]] = []
    for sentence in sentences:
        words = frozenset(re.findall(r"\w+", sentence.text.lower()))
        if all(len(words & other) < _SAME_WORDS * len(words | other) for other, _ in kept):
            kept.append((words, sentence))
    return [sentence for _, sentence in kept]


def assemble(template: Template, written: dict[str, list[Sentence]]) -> list[Section]:
    """Every section of the template, from sentences by section name; a section without any says so."""
    remaining = {name: without_repeats(sentences) for name, sentences in written.items()}
    for plan in template.sections:
        if plan.most_sentences and plan.spill_into:
            spilled = remaining.get(plan.name, [])[plan.most_sentences :]
            remaining[plan.name] = remaining.get(plan.name, [])[: plan.most_sentences]
            remaining[plan.spill_into] = without_repeats([*spilled, *remaining.get(plan.spill_into, [])])
    return [_section(plan, remaining.get(plan.name, [])) for plan in template.sections]


def _section(plan: SectionPlan, sentences: list[Sentence]) -> Section:
    text = " ".join(sentence.text for sentence in sentences) or NOT_DISCUSSED
    return Section(plan.name, plan.title, text, tuple(sentences))
