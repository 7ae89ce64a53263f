"""Scores of a note against what was said, without a reference, an annotation or a judge.

Each is a share, 0.0 to 1.0, or None if the note has nothing of that kind. They show whether what the note says was said; what
it leaves out is the business of `annotations`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from training.evaluation.lexicon import drugs, symptoms
from training.evaluation.normal import quantities, sentences, words
from training.evaluation.polarity import is_hypothetical
from training.evaluation.spoken import Spoken, is_negated, sided_parts
from training.numbers import numbers

LEAST_SUPPORT: Final = 0.34
"""Share of its content words, 0.0 to 1.0, below which a sentence is unsupported.

Set once, by hand, not searched for. On ACI-Bench `valid` 11 % of the sentences of a reference note fall below it, and 77 % of
those of another patient's note; the synonyms of the lexicons were extended while looking at these notes and at synthetic ones.
"""
METRICS: Final = (
    "number_exactness",
    "dose_exactness",
    "drug_exactness",
    "laterality_exactness",
    "negation_exactness",
    "unsupported_rate",
)
_DOSE_UNITS: Final = frozenset("mg ml unit meq puff tablet capsule mmol %".split())


def clinical_scores(note: str, spoken: Spoken) -> dict[str, float | None]:
    """Every one of `METRICS`.

    - `number_exactness`: share of the numbers of the note that were said, by the note service's own reading of numbers.
    - `dose_exactness`: share of its numbers with a unit of dose that were said, with that unit or with none.
    - `drug_exactness`: share of its drugs that were named, by generic or brand name.
    - `laterality_exactness`: share of its sided parts of the body ("left knee") that were said of that side.
    - `negation_exactness`: share of the symptoms of the note with a clear answer in the dialogue that the note states or denies
      as the answer did.
    - `unsupported_rate`: share of its sentences that are `unsupported`; the lower the better.
    """
    written = [text for _, text in sentences(note)]
    found = numbers(" \n".join(written))
    doses = {quantity for text in written for quantity in quantities(text) if quantity.unit in _DOSE_UNITS}
    named = {name for text in written for mention in drugs().mentions(text) for name in [mention.names]}
    sides = {pair for text in written for pair in sided_parts(text)}
    return {
        "number_exactness": _share(number in spoken.numbers for number in sorted(found)),
        "dose_exactness": _share(spoken.said(quantity) for quantity in doses),
        "drug_exactness": _share(bool(names & spoken.drugs) for names in named),
        "laterality_exactness": _share(pair in spoken.sides for pair in sides),
        "negation_exactness": _negation(written, spoken),
        "unsupported_rate": _share(unsupported(text, spoken) for text in written),
    }


def unsupported(sentence: str, spoken: Spoken) -> bool:
    """Whether no stretch of six turns holds `LEAST_SUPPORT` of the content words of a sentence.

    Stems and the synonyms of the lexicons are compared, so a paraphrase in other words counts as unsupported: the measure is
    for comparing systems, and 0 is not to be expected of a good note.
    """
    return spoken.support(sentence) < LEAST_SUPPORT


def _negation(written: Iterable[str], spoken: Spoken) -> float | None:
    stated: dict[str, bool] = {}
    for text in written:
        for mention in symptoms().mentions(text):
            if len(mention.names) == 1 and not is_hypothetical(words(text)):
                stated.setdefault(min(mention.names), not is_negated(text, mention))
    return _share(has == spoken.symptoms[name] for name, has in stated.items() if name in spoken.symptoms)


def _share(checks: Iterable[bool]) -> float | None:
    results = list(checks)
    return sum(results) / len(results) if results else None
