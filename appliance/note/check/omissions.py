"""What was said and matters for safety, and the note does not state."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from appliance.clinical_note import Omission, OmissionKind, Severity
from appliance.lexicon import tables
from appliance.note.check.compare import related
from appliance.note.check.dialogue import Dialogue
from appliance.note.check.draft import draft, is_change
from appliance.note.check.terms import terms
from appliance.note.facts.dialogue import TurnFact
from appliance.note.facts.facts import Fact, read_facts
from appliance.note.facts.wording import ALLERGY
from appliance.note.templates import Template

RED_FLAGS: Final = frozenset(
    {
        "black stools", "bleeding", "blood in stool", "blood in urine", "breast lump", "chest pain",
        "chest tightness", "confusion", "coughing up blood", "difficulty swallowing", "double vision",
        "facial droop", "facial swelling", "fainting", "falls", "hallucinations", "homicidal thoughts",
        "lip swelling", "paroxysmal nocturnal dyspnea", "seizure", "shortness of breath",
        "shortness of breath lying flat", "slurred speech", "suicidal thoughts", "urinary retention",
        "vaginal bleeding", "vision changes", "vision loss",
    }
)  # fmt: skip
"""Symptoms that may tell of an emergency; names of the lexicon."""
_KINDS: Final[dict[str, OmissionKind]] = {
    "allergy": "allergy", "medication": "medication", "symptom": "red_flag", "result": "result", "vital": "result",
    "condition": "diagnosis", "order": "order", "follow_up": "follow_up",
}  # fmt: skip
_SEVERITIES: Final = ("major", "minor", "none")
_TAKEN: Final = re.compile(r"\b(?:tak(?:e|es|ing)|took|on|us(?:e|es|ing)|start\w*|stop\w*|prescri\w+)\b", re.IGNORECASE)


def omissions(template: Template, note: Sequence[str], dialogue: Dialogue) -> tuple[Omission, ...]:
    """What the note leaves out, the most severe first, then in the order it was said.

    Args:
        template: Says which section a sentence belongs to.
        note: The sentences of the note.
        dialogue: The visit.
    """
    written = [fact for text in note for fact in read_facts(text)]
    named = {term.key for text in note for term in terms(text)}
    homes = {topic: section.name for section in reversed(template.sections) for topic in section.topics}
    found = []
    for said in _latest(_relevant(dialogue.facts)):
        if any(_states(fact, said.fact, changes=is_change(said)) for fact in written) or (
            _by_name(said.fact) and f"={said.fact.concept}" in named
        ):
            continue
        text, topic = draft(said)
        found.append(Omission(_KINDS[said.fact.kind], text, homes[topic], said.turns, _severity(said)))
    return tuple(sorted(found, key=lambda omission: (_SEVERITIES.index(omission.severity), omission.turns)))


def _relevant(facts: Sequence[TurnFact]) -> Iterator[TurnFact]:
    for said in facts:
        fact = said.fact
        if (
            fact.hypothetical
            or (fact.uncertain and said.speaker == "patient")
            or fact.kind not in _KINDS
            or (fact.kind == "order" and _is_vital(fact.concept))
            or fact.experiencer == "family"
        ):
            continue
        no_allergies = fact.kind == "allergy" and fact.concept == "any"
        if fact.negated and not no_allergies:
            continue
        if fact.kind == "symptom" and (fact.concept not in RED_FLAGS or fact.past):
            continue
        if fact.kind == "medication" and fact.past and fact.action != "stop":
            continue
        if not _weighty(said):
            continue
        yield said


def _is_vital(concept: str) -> bool:
    known = tables.measures().get(concept)
    return known is not None and known.kind == "vital"


def _weighty(said: TurnFact) -> bool:
    """Whether it was said of this patient, and not while explaining something."""
    fact = said.fact
    if fact.kind == "medication":
        explained = said.speaker == "clinician" and not (fact.quantities or fact.frequency or fact.action)
        return not explained and not (said.speaker == "patient" and len(said.turns) == 1 and not _TAKEN.search(fact.text))
    if fact.kind == "allergy":
        return bool(ALLERGY.search(fact.text)) or len(said.turns) > 1
    if fact.kind == "symptom":
        return said.speaker != "clinician" or len(said.turns) > 1
    if fact.kind in {"result", "vital"}:
        return bool(fact.quantities) or (fact.kind == "result" and fact.detail in {"high", "low"})
    if fact.kind in {"order", "follow_up"}:
        return said.speaker != "patient" and (fact.when is None or fact.when.unit not in {"hour", "minute"})
    return True


def _latest(facts: Iterator[TurnFact]) -> list[TurnFact]:
    """One of each thing, the last that was said with the most detail; a change of a medicine beside what was taken before."""
    kept: dict[tuple[str, str, bool], TurnFact] = {}
    allergies: list[TurnFact] = []
    for said in facts:
        fact = said.fact
        if fact.kind == "allergy" and fact.concept != "any":
            allergies.append(said)
        key = (_KINDS[fact.kind], fact.concept, fact.kind == "medication" and is_change(said))
        earlier = kept.get(key)
        if earlier is None or _detail(fact) >= _detail(earlier.fact):
            kept[key] = said
    return [said for said in kept.values() if not (said.fact.kind == "allergy" and said.fact.concept == "any" and allergies)]


def _detail(fact: Fact) -> int:
    return sum(map(bool, (fact.quantities, fact.frequency, fact.when, fact.action, fact.detail)))


def _states(written: Fact, said: Fact, *, changes: bool) -> bool:
    """Whether a fact of the note states what was said, as far as leaving it out would matter."""
    if said.kind == "follow_up" or written.kind == "follow_up":
        times = written.when is None or said.when is None or written.when.agrees(said.when)
        return written.kind == said.kind and times
    if not related(written.concept, said.concept) or written.experiencer != said.experiencer:
        return False
    if said.kind == "allergy" or written.kind == "allergy":
        return written.kind == said.kind and written.negated == said.negated
    if (said.kind == "order") != (written.kind == "order") and said.kind != "medication":
        return False
    if changes and written.action != said.action and said.action in {"start", "stop", "increase", "decrease"}:
        return False
    amounts = (*written.quantities, *written.previous)
    return all(any(own.agrees(other) for other in amounts) for own in said.quantities)


def _by_name(fact: Fact) -> bool:
    """Whether naming it is stating it, however the sentence is built."""
    return fact.kind in {"condition", "symptom"}


def _severity(said: TurnFact) -> Severity:
    fact = said.fact
    if fact.kind in {"result", "vital"}:
        return "major" if fact.kind == "result" and fact.detail in {"high", "low"} else "minor"
    if fact.kind == "condition":
        return "major" if said.speaker == "clinician" else "minor"
    return "minor" if fact.kind == "allergy" and fact.concept == "any" else "major"
