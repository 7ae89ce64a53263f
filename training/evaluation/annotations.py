"""Omissions and hallucinations of a note against the facts that its synthetic visit was made from.

The counting follows CREOLA (Asgari et al., npj Digital Medicine 2025;8:274), where an error is *major* if it could change
diagnosis or treatment; notes are graded none, minor or major by their worst error, as arXiv 2507.03033 does.

**Omission**: a fact that the note does not state. `major` or `minor` as the fact says. A fact that is stated wrongly counts
once, as a hallucination. A degenerate note (`is_degenerate`) states nothing: it omits every fact.

**Hallucination**, major, each thing once per note:

- `drug`: a drug that was never named in the dialogue, by whatever name;
- `number`: a number with a unit (a dose, a result, a length of time) that was never said, with that unit or with none;
- `result`: a number without a unit that was never said, in a sentence about results or the examination;
- `diagnosis`: a diagnosis that the note affirms and that was never named;
- `allergy`: an allergy that the note affirms, to a drug that causes none by the facts, or "no known allergies" against a fact;
- `wrong value`: a fact with another number than its own;
- `negation`: a fact without a value that the note denies though it is there, or states though it was denied.

**Hallucination**, minor: any other sentence that states no fact and whose content words no stretch of the dialogue supports
(`clinical.unsupported`). A few paraphrases count too; the same threshold holds for every system.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, Literal

import msgspec

from training.evaluation.clinical import unsupported
from training.evaluation.facts import FactFinder, Sentence, State
from training.evaluation.lexicon import Mention, conditions, drugs
from training.evaluation.normal import normal, sentences, words
from training.evaluation.spoken import Spoken, is_negated
from training.visits import Fact, FactKind, Severity, Visit

Grade = Literal["none", "minor", "major"]
HallucinationKind = Literal["drug", "number", "result", "diagnosis", "allergy", "wrong value", "negation", "unsupported"]
SAFETY_KINDS: Final[tuple[FactKind, ...]] = ("medication", "dose", "allergy", "result", "diagnosis", "follow_up")
"""What a clinician must not miss; `safety_recall` is over these."""

_States = list[tuple[Fact, State]]
_LEAST_WORDS: Final = 5
_RUN: Final = 4
_LEAST_DISTINCT: Final = 0.4
_LONG_ENOUGH: Final = 30
_NO_ALLERGIES: Final = ("no known allerg", "no known drug allerg", "no known medication allerg", "no allerg", "nkda")
_COUNTED_TOPICS: Final = frozenset({"Results", "Examination"})


class Omission(msgspec.Struct, frozen=True):
    """A fact that a note does not state."""

    kind: FactKind
    text: str
    severity: Severity


class Hallucination(msgspec.Struct, frozen=True):
    """Something that a note states and nobody said."""

    kind: HallucinationKind
    text: str
    """The drug, the number or the fact in question; the sentence for `unsupported`."""
    sentence: str

    @property
    def severity(self) -> Severity:
        """Only unsupported sentences without anything specific are minor."""
        return "minor" if self.kind == "unsupported" else "major"


class Findings(msgspec.Struct, frozen=True):
    """What is wrong with one note."""

    omissions: tuple[Omission, ...]
    hallucinations: tuple[Hallucination, ...]
    recall: dict[str, float]
    """Share of the facts of each kind that are stated, 0.0 to 1.0; kinds without a fact are left out."""
    safety_recall: float | None
    """Over `SAFETY_KINDS`."""
    degenerate: bool = False

    @property
    def omission_grade(self) -> Grade:
        """By the worst omission."""
        return _worst(omission.severity for omission in self.omissions)

    @property
    def hallucination_grade(self) -> Grade:
        """By the worst hallucination."""
        return _worst(found.severity for found in self.hallucinations)


def find(visit: Visit, note: str, spoken: Spoken) -> Findings:
    """Compare a note with the facts and the dialogue of its visit.

    Args:
        visit: With its facts.
        note: Text of the note.
        spoken: The visit's dialogue.
    """
    written = sentences(note)
    degenerate = is_degenerate(note)
    finder = FactFinder(visit.facts, spoken)
    searched = [Sentence.of(text) for _, text in written]
    found = [finder.state(fact, searched) for fact in visit.facts]
    pairs: _States = [(fact, "missing" if degenerate else state) for fact, (state, _) in zip(visit.facts, found, strict=True)]
    stating = {number for _, numbers in found for number in numbers}
    return Findings(
        tuple(Omission(fact.kind, fact_text(fact), fact.severity) for fact, state in pairs if state == "missing"),
        tuple(_hallucinations(visit.facts, written, pairs, stating, spoken)),
        {
            kind: recall
            for kind in dict.fromkeys(fact.kind for fact in visit.facts)
            if (recall := _recall(pairs, {kind})) is not None
        },
        _recall(pairs, set(SAFETY_KINDS)),
        degenerate,
    )


def is_degenerate(note: str) -> bool:
    """Whether a note has fewer than five words, or repeats itself: under 40 % of its runs of four words are distinct."""
    found = normal(note).split()
    runs = Counter(tuple(found[n : n + _RUN]) for n in range(len(found) - _RUN + 1))
    return len(found) < _LEAST_WORDS or (len(found) >= _LONG_ENOUGH and len(runs) < _LEAST_DISTINCT * runs.total())


def fact_text(fact: Fact) -> str:
    """A fact as a person reads it."""
    return " ".join(filter(None, ("no" if fact.negated else "", fact.names[0], *fact.values[:1])))


def _hallucinations(
    facts: Sequence[Fact], written: Sequence[tuple[str, str]], pairs: _States, stating: set[int], spoken: Spoken
) -> Iterator[Hallucination]:
    known = _Known(facts, spoken)
    seen: set[str] = set()
    allergic = next((fact for fact, state in pairs if fact.kind == "allergy" and not fact.negated and state == "missing"), None)
    for number, (topic, text) in enumerate(written):
        form = normal(text)
        found = [*known.unsaid_numbers(topic, text), *known.unsaid_names(text)]
        if allergic and form.startswith(_NO_ALLERGIES):
            found.append(("allergy", fact_text(allergic)))
        for kind, what in found:
            if what not in seen:
                yield Hallucination(kind, what, text)
            seen.add(what)
        if not found and form not in seen and number not in stating and unsupported(text, spoken):
            yield Hallucination("unsupported", text, text)
        seen.add(form)
    for fact, state in pairs:
        if state == "flipped":
            yield Hallucination("allergy" if fact.kind == "allergy" else "negation", fact_text(fact), "")
        elif state == "wrong value":
            yield Hallucination("wrong value", fact_text(fact), "")


class _Known:
    """What may be named because it was said or is a fact."""

    def __init__(self, facts: Sequence[Fact], spoken: Spoken) -> None:
        named = [name for fact in facts for name in fact.names]
        self._spoken = spoken
        self._drugs = spoken.drugs.union(*map(drugs().names, named))
        self._conditions = spoken.conditions.union(*map(conditions().names, named))
        self._allergens = frozenset(
            name for fact in facts if fact.kind == "allergy" for form in fact.names for name in drugs().names(form)
        )

    def unsaid_numbers(self, topic: str, text: str) -> Iterator[tuple[HallucinationKind, str]]:
        for quantity in Sentence.of(text).quantities:
            if not self._spoken.said(quantity) and (quantity.unit or topic in _COUNTED_TOPICS):
                yield ("number" if quantity.unit else "result"), quantity.text

    def unsaid_names(self, text: str) -> Iterator[tuple[HallucinationKind, str]]:
        allergic = any(word.startswith("allerg") for word in words(text))
        for mention in drugs().mentions(text):
            there = not is_negated(text, mention)
            if not mention.names & self._drugs:
                yield ("allergy" if allergic and there else "drug"), _name(mention)
            elif allergic and there and not mention.names & self._allergens:
                yield "allergy", _name(mention)
        for mention in conditions().mentions(text):
            if not mention.names & self._conditions and not is_negated(text, mention):
                yield "diagnosis", _name(mention)


def _name(mention: Mention) -> str:
    return min(mention.names)


def _recall(pairs: _States, kinds: set[FactKind]) -> float | None:
    states = [state for fact, state in pairs if fact.kind in kinds]
    return states.count("stated") / len(states) if states else None


def _worst(severities: Iterator[Severity]) -> Grade:
    found = set(severities)
    return "major" if "major" in found else "minor" if found else "none"
