"""The tables of the lexicon: tab-separated files in `data/`, read once.

A line is one concept: its name, what else is known about it, and its other forms, written or spoken. A form that begins with
"=" counts only as it is written: no plural is made of it, and a capital letter must be one ("=MI" is not "mi"). The name itself
counts so if it is also a form: "=falls" is not "fall".
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Final, Literal

Kind = Literal["drug", "lab", "vital", "condition", "symptom", "allergen"]
"""What a form names."""

_DATA: Final = resources.files(__package__) / "data"
_MEASURES: Final[dict[Kind, str]] = {"lab": "labs.tsv", "vital": "vitals.tsv"}
_TERMS: Final[dict[Kind, str]] = {"condition": "conditions.tsv", "symptom": "symptoms.tsv", "allergen": "allergens.tsv"}


@dataclass(frozen=True, slots=True)
class Drug:
    """A medicine, a vaccine, a supplement or a class of them; its brands are the same concept."""

    concept: str
    """The generic name, as a note writes it."""
    drug_class: str
    """The class, such as "statin"; empty where the table does not know it."""
    forms: tuple[str, ...]
    """Brand names (with a capital) and other names."""

    @property
    def brands(self) -> tuple[str, ...]:
        """The forms written with a capital: brand names and abbreviations."""
        return tuple(form for form in self.forms if form[0].isupper())

    @property
    def is_class(self) -> bool:
        """Whether this is a class of drugs, or a word for one ("water pill"), and no single drug."""
        return self.concept == self.drug_class or self.concept in _CLASS_WORDS


_CLASS_WORDS: Final = frozenset({"ARB", "calcium supplement", "oral contraceptive", "steroid", "sulfa", "thyroid medication"})


@dataclass(frozen=True, slots=True)
class Measure:
    """A laboratory test, an examination with a result, or a vital sign."""

    concept: str
    kind: Kind
    """`lab` or `vital`."""
    forms: tuple[str, ...]
    units: tuple[str, ...]
    """Units that a note may write though nobody said them, the default first; none for a test without a number."""
    low: float | None
    """Lowest plausible value in the default unit; None if any."""
    high: float | None
    """Highest plausible value in the default unit; None if any."""


@dataclass(frozen=True, slots=True)
class Term:
    """A condition, a symptom or an allergen."""

    concept: str
    kind: Kind
    forms: tuple[str, ...]


@functools.cache
def drugs() -> dict[str, Drug]:
    """Every drug by its concept."""
    return {**_drugs("drugs.tsv"), **hand_written_drugs()}


@functools.cache
def hand_written_drugs() -> dict[str, Drug]:
    """The drugs of our own table, with brands and classes, by concept."""
    return _drugs("clinic_drugs.tsv")


@functools.cache
def measures() -> dict[str, Measure]:
    """Every laboratory test and vital sign by its concept."""
    return {
        concept: Measure(concept, kind, _forms(forms), _forms(units), _number(low), _number(high))
        for kind, name in _MEASURES.items()
        for concept, forms, units, low, high in _rows(name, 5)
    }


@functools.cache
def terms() -> dict[tuple[Kind, str], Term]:
    """Every condition, symptom and allergen by its kind and concept."""
    return {
        (kind, concept): Term(concept, kind, _forms(forms))
        for kind, name in _TERMS.items()
        for concept, forms in _rows(name, 2)
    }


def forms() -> Iterator[tuple[Kind, str, str]]:
    """Every form with its kind and concept, the concept's own name first; where a form has two concepts, the first holds."""
    for drug in drugs().values():
        yield from (("drug", drug.concept, form) for form in (drug.concept, *drug.forms))
    for measure in measures().values():
        yield from ((measure.kind, measure.concept, form) for form in (measure.concept, *measure.forms))
    for term in terms().values():
        own = () if f"={term.concept}" in term.forms else (term.concept,)
        yield from ((term.kind, term.concept, form) for form in (*own, *term.forms))


@functools.cache
def everyday() -> frozenset[str]:
    """Everyday and clinical English words, lower case, that are no drug's name."""
    return frozenset(line for line in (_DATA / "words.txt").read_text("utf-8").splitlines() if not line.startswith("#"))


def _drugs(name: str) -> dict[str, Drug]:
    return {concept: Drug(concept, drug_class, _forms(forms)) for concept, drug_class, forms in _rows(name, 3)}


def _rows(name: str, columns: int) -> Iterator[list[str]]:
    for line in (_DATA / name).read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            cells = line.split("\t")
            yield cells + [""] * (columns - len(cells))


def _forms(cell: str) -> tuple[str, ...]:
    return tuple(cell.split(", ")) if cell else ()


def _number(cell: str) -> float | None:
    return float(cell) if cell else None
