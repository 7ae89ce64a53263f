"""What was spoken of without being understood as a fact: in a question, or in other words than the lexicon's."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from appliance.note.check.compare import Finding, compare
from appliance.note.check.dialogue import Dialogue
from appliance.note.check.terms import Term, terms
from appliance.note.facts.dialogue import TurnFact
from appliance.note.facts.facts import Fact, read_facts
from appliance.note.facts.wording import FOLLOW_UP

_NEAR: Final = 40
"""Letters within which the words of a name may be spread."""
_SHORT: Final = 60
"""Letters of a question that its answer may complete."""


def heard(finding: Finding, dialogue: Dialogue, liking: dict[int, float]) -> Finding:
    """A name that was spoken but of which nothing was understood counts as said, if not in these words."""
    fact = finding.fact
    if finding.verdict == "same" or fact.kind == "allergy" or (finding.verdict == "differs" and fact.kind == "vital"):
        return finding
    if fact.quantities or fact.action or fact.kind == "follow_up":
        return _told_with_a_question(finding, dialogue, liking)
    return _spoken(finding, dialogue, liking)


def _spoken(finding: Finding, dialogue: Dialogue, liking: dict[int, float]) -> Finding:
    """What the turns that name a thing say of it, in order of how well they fit the sentence."""
    fact = finding.fact
    key = f"={fact.concept}"
    spoken = [position for position, found in enumerate(dialogue.terms) if any(term.key == key for term in found)]
    spoken.sort(key=lambda position: -liking.get(position, 0.0))
    if fact.kind == "vital" and spoken:
        return Finding(fact, "same", turns=(spoken[0],))
    polarity = {position: dialogue.polarities(key, position) for position in spoken}
    if finding.verdict == "differs":
        asked = [place for place in spoken if place not in finding.turns and dialogue.partners.get(place, -1) > place]
        other = next((place for place in asked if polarity[place] == {fact.negated}), None)
        return finding if other is None else Finding(fact, "same", turns=dialogue.exchange(other))
    return _by_polarity(fact, polarity, dialogue) or _in_words(finding, dialogue)


def _by_polarity(fact: Fact, polarity: dict[int, set[bool]], dialogue: Dialogue) -> Finding | None:
    """Whether a thing was affirmed or denied; None if nothing tells."""
    for position, polarities in polarity.items():
        if fact.negated in polarities or (not polarities and dialogue.partners.get(position, -1) > position):
            return Finding(fact, "same", turns=dialogue.exchange(position))
    for position, polarities in polarity.items():
        if polarities:
            way = "affirmatively" if fact.negated else "in the negative"
            reason = f"Said {way} (turn {position + 1}): {fact.concept}."
            return Finding(fact, "differs", turns=dialogue.exchange(position), reason=reason)
    return None


def _told_with_a_question(finding: Finding, dialogue: Dialogue, liking: dict[int, float]) -> Finding:
    """What the clinician decides is often put as a question, as in "I'll prescribe meloxicam 15 mg, okay?", and counts."""
    key = f"={finding.fact.concept}"
    told = [
        TurnFact(fact, position, turn.speaker, (position,))
        for position, turn in enumerate(dialogue.turns)
        if turn.speaker != "patient"
        and (key in dialogue.asked[position] or (finding.fact.kind == "follow_up" and FOLLOW_UP.search(turn.text)))
        for fact in read_facts(turn.text)
    ]
    found = compare(finding.fact, told, liking) if finding.verdict == "silent" else finding
    return replace(found, exact=False) if found.verdict == "same" else finding


def _in_words(finding: Finding, dialogue: Dialogue) -> Finding:
    """The words of a name say it too: "lost a little height", or "Where does it hurt?" and "My left knee" for its answer."""
    keys = _smallest(finding.fact.concept)
    for position, found in enumerate(dialogue.terms):
        named = [term for term in found if term.key in keys]
        own = max((_within_reach(named, term) for term in named), key=lambda near: len({term.key for term in near}), default=[])
        asked = dialogue.partners.get(position, position)
        if asked < position and own and len(dialogue.turns[asked].text) <= _SHORT:
            own += [term for term in dialogue.terms[asked] if term.key in keys]
        elif not own:
            continue
        if (len(keys) > 1 or finding.fact.kind == "order") and {term.key for term in own} == keys:
            negated = {polarity for key in keys for polarity in dialogue.polarities(key, position)}
            if not negated or finding.fact.negated in negated:
                return Finding(finding.fact, "same", turns=dialogue.exchange(position))
    return finding


def _within_reach(named: list[Term], first: Term) -> list[Term]:
    return [term for term in named if first.start <= term.start and term.end <= first.start + _NEAR]


def _smallest(name: str) -> set[str]:
    """Keys of the words of a name, or of what they are a paraphrase of."""
    found = [term for term in terms(name) if not term.key.startswith("=")]
    longer = [term for term in found if term.key.startswith("~")]
    covered = {term for term in found for other in longer if term is not other and other.start <= term.start < other.end}
    return {term.key for term in found if term not in covered}
