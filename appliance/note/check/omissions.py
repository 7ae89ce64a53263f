"""What was said and matters for safety, and the note does not state."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from appliance.clinical_note import Omission, OmissionKind, Severity
from appliance.lexicon import tables
from appliance.note.check.compare import related
from appliance.note.check.dialogue import Dialogue, values_of
from appliance.note.check.draft import draft, finding_of, is_change
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
    "allergy": "allergy", "medication": "medication", "symptom": "symptom", "result": "result", "vital": "result",
    "condition": "diagnosis", "order": "order", "follow_up": "follow_up",
}  # fmt: skip
_FAR: Final = 60
"""Letters before a number in which its goal is named."""
_SEVERITIES: Final = ("major", "minor", "none")
_EXPLAINS: Final = re.compile(
    r"\b(?:(?:possible )?causes? (?:are|is|include)|things like|people (?:who|with|can|get|have)|a lot of people|"
    r"in (?:some|many|most) (?:people|patients)|for example|happens when|which ones|you (?:can|could|may|might) get)\b",
    re.IGNORECASE,
)
"""Says what may befall anybody."""
_GOAL: Final = re.compile(
    r"\b(?:(?:should|supposed to|ought to) be|(?:goal|target)(?: \w+)? (?:is|of))(?:\W+\w+){0,3}\W+$|"
    r"\b(?:want|like)(?:\W+\w+){1,5}\W+(?:under|below|above|over|less than|at least|between)\W+(?:about\W+)?$",
    re.IGNORECASE,
)
"""Before a number that a value is to reach: "and it should be under about 4", "we want that LDL under 70"."""
_TOLD: Final = re.compile(r"\W*take\b", re.IGNORECASE)
"""A plan may tell the patient to take what is started."""
_TAKEN: Final = re.compile(r"\b(?:tak(?:e|es|ing)|took|on|us(?:e|es|ing)|start\w*|stop\w*|prescri\w+)\b", re.IGNORECASE)


def omissions(template: Template, note: Sequence[str], dialogue: Dialogue) -> tuple[Omission, ...]:
    """What the note leaves out, the most severe first, then in the order it was said.

    Args:
        template: Says which section a sentence belongs to.
        note: The sentences of the note.
        dialogue: The visit.
    """
    return tuple(omission for omission, _ in left_out(template, note, dialogue))


def left_out(template: Template, note: Sequence[str], dialogue: Dialogue) -> list[tuple[Omission, TurnFact]]:
    """The same, each with what was said."""
    written = [fact for text in note for fact in read_facts(text)]
    named = {term.key for text in note for term in terms(text)}
    homes = {topic: section.name for section in reversed(template.sections) for topic in section.topics}
    found = []
    for said in _latest(_relevant(dialogue)):
        if any(_states(fact, said.fact, changes=is_change(said)) for fact in written) or (
            _by_name(said.fact) and f"={said.fact.concept}" in named
        ):
            continue
        text, topic = draft(said)
        found.append((Omission(_kind(said.fact), text, homes[topic], said.turns, _severity(said)), said))
    return sorted(found, key=lambda pair: (_SEVERITIES.index(pair[0].severity), pair[0].turns))


def _relevant(dialogue: Dialogue) -> Iterator[TurnFact]:
    for heard in dialogue.facts:
        said = _without_goals(heard, dialogue.turns[heard.turn].text)
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
        if fact.kind == "symptom" and fact.past:
            continue
        if fact.kind == "medication" and fact.past and fact.action != "stop":
            continue
        if _weighty(said, " ".join(dialogue.turns[turn].text for turn in said.turns)):
            yield said


def _without_goals(said: TurnFact, text: str) -> TurnFact:
    """A result or vital sign without the numbers that it should have."""
    fact = said.fact
    if fact.kind not in {"result", "vital"}:
        return said
    kept = tuple(
        quantity for quantity in fact.quantities if not _GOAL.search(text[max(0, quantity.start - _FAR) : quantity.start])
    )
    return said if kept == fact.quantities else replace(said, fact=replace(fact, quantities=kept))


def _is_vital(concept: str) -> bool:
    known = tables.measures().get(concept)
    return known is not None and known.kind == "vital"


def _weighty(said: TurnFact, whole: str) -> bool:
    """Whether it was said of this patient, and not while explaining something.

    Args:
        said: What was said.
        whole: The text of the turns that it rests on.
    """
    fact = said.fact
    match fact.kind:
        case "medication":
            weighty = _is_taken(said)
        case "allergy":
            weighty = bool(ALLERGY.search(whole))
        case "symptom":
            weighty = said.speaker != "clinician"
        case "result" | "vital":
            told = fact.detail in {"high", "low"} or (said.speaker == "clinician" and finding_of(fact))
            weighty = bool(fact.quantities or (fact.kind == "result" and told))
        case "order" | "follow_up":
            soon = fact.when is not None and fact.when.unit in {"hour", "minute"}
            weighty = said.speaker != "patient" and not soon and not _EXPLAINS.search(fact.text)
        case _:
            weighty = not _EXPLAINS.search(fact.text)
    return weighty


def _is_taken(said: TurnFact) -> bool:
    """Whether a medicine is taken or prescribed, and not only spoken of."""
    fact = said.fact
    if any(quantity.unit == "dose" for quantity in fact.quantities):
        return False  # Doses are counted where some were missed.
    if said.speaker == "clinician":
        return bool(fact.quantities or fact.frequency or fact.action)
    told = fact.quantities or fact.frequency or len(said.turns) > 1 or _TAKEN.search(fact.text)
    return said.speaker != "patient" or bool(told)


def _latest(facts: Iterator[TurnFact]) -> list[TurnFact]:
    """One of each thing, the last that was said with the most detail; a change of a medicine beside what was taken before."""
    kept: dict[tuple[OmissionKind, str, bool], TurnFact] = {}
    allergies: list[TurnFact] = []
    for said in facts:
        fact = said.fact
        if fact.kind == "allergy" and fact.concept != "any":
            allergies.append(said)
        key = (_kind(fact), fact.concept, fact.kind == "medication" and is_change(said))
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
    if said.concept == "refill":
        return "refill" in written.text.lower()
    if not _is_about(written, said):
        return False
    told = said.action == "start" and not written.action and _TOLD.match(written.text)
    if changes and not told and written.action != said.action and said.action in {"start", "stop", "increase", "decrease"}:
        return False
    amounts = [*written.quantities, *written.previous]
    if said.kind == "result":
        amounts += values_of(written.text).quantities
    return all(any(own.agrees(other) for other in amounts) for own in said.quantities)


def _is_about(written: Fact, said: Fact) -> bool:
    """Whether a fact of the note speaks of the same thing in the same sense."""
    kinds = {written.kind, said.kind}
    if not related(written.concept, said.concept) or written.experiencer != said.experiencer:
        return False
    if "medication" in kinds and kinds & {"condition", "symptom"}:
        return False
    if "allergy" in kinds:
        return len(kinds) == 1 and written.negated == said.negated
    if "order" in kinds and said.kind != "medication":
        return len(kinds) == 1 and _covers(written.concept, said.concept)
    return True


def _covers(written: str, said: str) -> bool:
    """Whether a written test is the one that was said, or a narrower one; "calcium" is no "24-hour urine calcium"."""
    names = [set(name.lower().split()) for name in (written, said)]
    return names[1] <= names[0] or not names[0] < names[1]


def _by_name(fact: Fact) -> bool:
    """Whether naming it is stating it, however the sentence is built."""
    return fact.kind in {"condition", "symptom"}


def _kind(fact: Fact) -> OmissionKind:
    return "red_flag" if fact.concept in RED_FLAGS else _KINDS[fact.kind]


def _severity(said: TurnFact) -> Severity:
    fact = said.fact
    if _kind(fact) == "symptom":
        return "minor"
    if fact.kind in {"result", "vital"}:
        return "major" if fact.kind == "result" and fact.detail in {"high", "low"} else "minor"
    if fact.kind == "condition":
        return "major" if said.speaker == "clinician" else "minor"
    return "minor" if fact.kind == "allergy" and fact.concept == "any" else "major"
