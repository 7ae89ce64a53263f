"""Compares a fact of the note with what was said about the same thing, aspect by aspect."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from appliance.lexicon import tables
from appliance.note.check.dialogue import MISSED, RELATIVE
from appliance.note.check.terms import terms
from appliance.note.facts.dialogue import TurnFact
from appliance.note.facts.facts import Fact
from appliance.note.facts.quantities import Quantity
from appliance.note.facts.wording import Action

Verdict = Literal["same", "silent", "differs"]
"""Said so; not said either way; said otherwise."""

_FAMILIES: Final[Mapping[str, str]] = {
    "medication": "medicine", "allergy": "allergy", "symptom": "problem", "condition": "problem", "result": "measure",
    "vital": "measure", "order": "order", "follow_up": "follow_up",
}  # fmt: skip
"""Kinds that speak of the same sort of thing."""
_LONG: Final = 5
"""Letters of a word that may be the end of a longer one: arthritis, osteoarthritis."""
_SAME_ACTION: Final[frozenset[frozenset[Action]]] = frozenset({frozenset({"start", "switch"}), frozenset({"stop", "switch"})})
_AGAIN: Final = re.compile(
    r"\b(?:recent(?:ly)?|new|current(?:ly)?|further|other|additional|since|now|today|at this time|any more)\b", re.IGNORECASE
)
"""What is denied with such a word may have been there at another time."""
_WAS_STARTED: Final = re.compile(r"\b(?:was|were|been|had) (?:re-?)?(?:started|put|placed|initiated)\b", re.IGNORECASE)
_WARNS: Final = re.compile(r"\b(?:call|if|watch|return|prevent\w*|avoid\w*|go to|risk|monitor)\b", re.IGNORECASE)
"""What is named in such a sentence is not what the patient has."""
_EARLIER: Final = re.compile(r"\b(?:last|previous|previously|prior|was|were|had|before|from|earlier)\b", re.IGNORECASE)
_TIMES_OF_DAY: Final = frozenset({"morning", "noon", "afternoon", "evening", "bedtime"})


@dataclass(frozen=True)
class Finding:
    """What was said about one fact of the note."""

    fact: Fact
    verdict: Verdict
    exact: bool = False
    """Every aspect of it was said; otherwise some are only not contradicted."""
    turns: tuple[int, ...] = ()
    reason: str = ""
    """For the clinician; empty if it was said."""


def compare(fact: Fact, said: Sequence[TurnFact], liking: Mapping[int, float]) -> Finding:
    """What was said about a fact that has a name.

    Args:
        fact: A fact of a sentence of the note.
        said: Facts of the visit.
        liking: How well each turn fits the sentence otherwise; decides between turns that say the same.
    """
    candidates = about(fact, said)
    if not candidates:
        return _never_named(fact, said)
    if fact.action:
        decided = [item for item in candidates if item.fact.action == fact.action and item.fact.quantities]
        candidates = decided or candidates
    ranked = sorted(candidates, key=lambda item: _rank(fact, item, liking))
    best = ranked[0]
    for aspect in _WHOLE:
        if aspect(fact, best.fact) == "differs":
            return Finding(fact, "differs", turns=best.turns, reason=_said_otherwise(fact, best))
    exact, turns = _level_of_detail(fact, best.fact), best.turns
    for aspect in (*_WHOLE, *_PARTS):
        verdicts = {aspect(fact, item.fact): item for item in reversed(ranked)}
        if "same" in verdicts:
            if aspect(fact, best.fact) != "same":
                turns = tuple(sorted({*turns, *verdicts["same"].turns}))
        elif "differs" in verdicts and (aspect not in _WHOLE or fact.action != "continue"):
            other = verdicts["differs"]
            return Finding(fact, "differs", turns=other.turns, reason=_said_otherwise(fact, other))
        elif aspect is _action and fact.action == "stop":
            return Finding(fact, "silent", turns=turns, reason=f"Never said: stop {name_of(fact)}.")
        else:
            exact = False
    return Finding(fact, "same", exact, turns)


def about(fact: Fact, said: Sequence[TurnFact]) -> list[TurnFact]:
    """What was said about the thing that a fact names: under the same name, else under a wider or narrower one."""
    same_family = [item for item in said if _FAMILIES.get(item.fact.kind) == _FAMILIES.get(fact.kind)]
    for pool in (same_family, [] if fact.kind in {"allergy", "follow_up"} else _other_families(said)):
        exact = [item for item in pool if item.fact.concept == fact.concept]
        if exact:
            return exact
        near = [item for item in pool if related(item.fact.concept, fact.concept)]
        if near:
            return near
    return []


def _never_named(fact: Fact, said: Sequence[TurnFact]) -> Finding:
    """What is said of a thing that nobody named; an allergy speaks against "no known allergies"."""
    known = [item for item in said if item.fact.kind == "allergy" and not item.fact.negated and not item.fact.uncertain]
    if fact.concept == "any" and fact.negated and known:
        reason = f"Said: allergic to {known[0].fact.concept} (turn {_place(known[0])}), written: no known allergies."
        return Finding(fact, "differs", turns=known[0].turns, reason=reason)
    return Finding(fact, "silent", reason=f"Never said: {name_of(fact)}.")


def _place(said: TurnFact) -> int:
    """Number, from 1, of the turn that decides: the answer rather than its question."""
    return said.turns[-1] + 1


def _other_families(said: Sequence[TurnFact]) -> list[TurnFact]:
    return [item for item in said if item.fact.kind in _FAMILIES and item.fact.kind not in {"allergy", "follow_up"}]


def related(one: str, other: str) -> bool:
    """Whether one name is a wider form of the other, or a class of the drug: "diabetes" and "type 1 diabetes"."""
    if one == other:
        return True
    first, second = one.lower().split(), other.lower().split()
    if first and second and (set(first) <= set(second) or set(second) <= set(first)):
        return True
    if (
        first
        and second
        and min(len(first[-1]), len(second[-1])) >= _LONG
        and (first[-1].endswith(second[-1]) or second[-1].endswith(first[-1]))
    ):
        return len(first) == len(second) == 1
    if any(term.key[0] == "~" and not term.inner for term in terms(one)):
        return bool({term.key for term in terms(one) if term.key[0] == "~"} & {term.key for term in terms(other)})
    drugs = tables.drugs()
    return any(
        a in drugs and b in drugs and drugs[a].drug_class in {b, drugs[b].drug_class if drugs[b].is_class else b}
        for a, b in ((one, other), (other, one))
    )


def name_of(fact: Fact) -> str:
    """A fact's name, or what it is where it has none."""
    if fact.kind == "allergy" and fact.concept == "any":
        return "allergies"
    return fact.concept or fact.kind.replace("_", " ")


def _rank(fact: Fact, said: TurnFact, liking: Mapping[int, float]) -> tuple[float, float]:
    verdicts = [aspect(fact, said.fact) for aspect in _WHOLE]
    details = [aspect(fact, said.fact) for aspect in _PARTS]
    cost = 4 * verdicts.count("differs") + 2 * details.count("differs") + verdicts.count("silent") + details.count("silent")
    return cost, -max(liking.get(turn, 0.0) for turn in said.turns)


def _level_of_detail(fact: Fact, said: Fact) -> bool:
    """Whether the thing itself was said, and as certainly."""
    return fact.concept == said.concept and (fact.uncertain or not said.uncertain)


def _polarity(written: Fact, said: Fact) -> Verdict:
    gone = said.past or said.action == "stop"
    if written.kind == "medication" and (written.past or written.action == "stop") and (said.negated or gone):
        return "same"
    if said.hypothetical and not written.hypothetical and not written.negated:
        return "silent"
    if written.negated == said.negated:
        return "same"
    if written.negated and (_AGAIN.search(written.text) or (written.side and said.side and written.side != said.side)):
        return "silent"
    advice = written.kind in {"symptom", "condition"} and _WARNS.search(written.text)
    return "silent" if advice or MISSED.search(written.text) else "differs"


def _person(written: Fact, said: Fact) -> Verdict:
    if written.kind not in {"condition", "symptom", "allergy"}:
        return "same"
    if written.experiencer == said.experiencer or (written.negated and said.negated):
        return "same"
    return "silent" if written.experiencer == "family" and RELATIVE.search(said.text) else "differs"


def _action(written: Fact, said: Fact) -> Verdict:
    if not written.action or written.negated:
        return "same"
    if written.action == "start" and said.action == "continue" and _WAS_STARTED.search(written.text):
        return "silent"
    if not said.hypothetical and (written.action == said.action or frozenset({written.action, said.action}) in _SAME_ACTION):
        return "same"
    if said.hypothetical and not written.hypothetical:
        return "silent"
    if written.action == "stop" and said.past:
        return "same"
    return "differs" if said.action else "silent"


def _amount(written: Fact, said: Fact) -> Verdict:
    if not written.quantities:
        return "same"
    both = (*said.quantities, *said.previous)
    if written.kind in {"result", "vital"} and said.quantities and not _EARLIER.search(written.text):
        both = said.quantities
    changes = written.action in {"start", "increase", "decrease", "continue", "switch"} and written.action == said.action
    allowed = said.quantities if changes or written.previous else both
    if not allowed:
        return "silent"
    return "same" if _all_among(written.quantities, allowed) else "differs"


def _previous(written: Fact, said: Fact) -> Verdict:
    if not written.previous:
        return "same"
    allowed = said.previous or said.quantities
    if not allowed:
        return "silent"
    return "same" if _all_among(written.previous, allowed) else "differs"


def _all_among(written: Sequence[Quantity], allowed: Sequence[Quantity]) -> bool:
    return all(any(quantity.agrees(other) for other in allowed) for quantity in written)


def _frequency(written: Fact, said: Fact) -> Verdict:
    if written.frequency is None:
        return "same"
    if said.frequency is None:
        return "silent"
    if written.frequency.agrees(said.frequency):
        return "same"
    rates = (written.frequency.times, said.frequency.times)
    times = [set(frequency.when) & _TIMES_OF_DAY for frequency in (written.frequency, said.frequency)]
    apart = all(times) and not times[0] & times[1]
    other_rate = None not in rates and rates[0] != rates[1]
    return "differs" if (other_rate or apart) and not MISSED.search(written.text) else "silent"


def _when(written: Fact, said: Fact) -> Verdict:
    if written.when is None:
        return "same"
    if said.when is None:
        return "silent"
    if written.when.agrees(said.when):
        return "same"
    comparable = written.when.unit and said.when.unit and written.when.value is not None and said.when.value is not None
    return "differs" if comparable and written.kind in {"order", "follow_up", "condition", "symptom"} else "silent"


def _side(written: Fact, said: Fact) -> Verdict:
    if written.side is None or written.side == said.side:
        return "same"
    return "differs" if said.side and not written.negated else "silent"


def _detail(written: Fact, said: Fact) -> Verdict:
    if not written.detail or written.detail == said.detail:
        return "same"
    opposite = written.kind in {"result", "vital"} and "normal" in {written.detail, said.detail}
    return "differs" if said.detail and (opposite or {written.detail, said.detail} == {"high", "low"}) else "silent"


_WHOLE: Final[tuple[Callable[[Fact, Fact], Verdict], ...]] = (_polarity, _person, _action, _amount)
"""Aspects that must hold together: a dose belongs to what is done with the medicine."""
_PARTS: Final[tuple[Callable[[Fact, Fact], Verdict], ...]] = (_previous, _frequency, _when, _side, _detail)
"""Aspects that may come from different turns."""


def _said_otherwise(written: Fact, said: TurnFact) -> str:
    """In plain words what was said instead, as in "Said: lisinopril 20 mg (turn 14), written: 10 mg", with a full stop."""
    where = f"(turn {_place(said)})"
    name, fact = name_of(written), said.fact
    if _polarity(written, fact) == "differs":
        return f"Said: no {name} {where}." if fact.negated else f"Said: {name} {where}, written: no {name}."
    if _person(written, fact) == "differs":
        who = "a relative" if fact.experiencer == "family" else "the patient"
        return f"Said about {who}: {name} {where}."
    parts: list[tuple[str, str]] = [
        (_change(fact), written.action) if _action(written, fact) == "differs" else ("", ""),
        (_amounts(fact.quantities), _amounts(written.quantities)) if _amount(written, fact) == "differs" else ("", ""),
        (_amounts(fact.previous), _amounts(written.previous)) if _previous(written, fact) == "differs" else ("", ""),
        (fact.frequency.text, written.frequency.text)
        if fact.frequency and written.frequency and _frequency(written, fact) == "differs"
        else ("", ""),
        (fact.when.text, written.when.text) if fact.when and written.when and _when(written, fact) == "differs" else ("", ""),
        (fact.side or "", written.side or "") if _side(written, fact) == "differs" else ("", ""),
        (fact.detail, written.detail) if _detail(written, fact) == "differs" else ("", ""),
    ]
    different = [(other, own) for other, own in parts if own]
    return (
        f"Said: {name} {', '.join(other for other, _ in different)} {where}, written: {', '.join(own for _, own in different)}."
    )


def _change(fact: Fact) -> str:
    """What is done with a medicine, as in "increase to 20 mg"."""
    return f"{fact.action} to {_amounts(fact.quantities)}" if fact.previous else fact.action


def _amounts(quantities: Sequence[Quantity]) -> str:
    return "/".join(quantity.text for quantity in quantities)
