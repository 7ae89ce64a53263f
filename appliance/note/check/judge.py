"""The state and severity of one sentence of a note."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Final

from appliance.clinical_note import CheckedSentence, Severity, State
from appliance.note.check.compare import Finding, compare, name_of
from appliance.note.check.dialogue import Dialogue, values_of
from appliance.note.check.evidence import choose, likings, outer_terms
from appliance.note.check.heard import heard
from appliance.note.check.terms import Term, terms
from appliance.note.facts.facts import Fact, read_facts

_NAMELESS: Final = frozenset({"number", "time", "side"})
_MAJOR: Final = frozenset({"medication", "allergy", "result", "condition", "follow_up", "order"})
_MAJOR_SECTION: Final = re.compile(r"plan|medication|allerg", re.IGNORECASE)
_ENOUGH: Final = 0.6
"""Share of a sentence's words, by weight, that were said in a supported sentence without facts."""
_SOME: Final = 0.3
"""The same in an inferred one."""
_DENIED: Final = 0.2
"""Share of the words that can be compared, by weight, that were denied while the note affirms them."""
_AFFIRMED: Final = 0.5
"""The other way round: a "no" of the note is easily read as reaching too far."""
_VAGUE: Final = frozenset({"today", "last visit", "next visit", "this visit"})
"""Times that a note may name unasked."""
_RARE: Final = 4.0
"""Weight of a word that was never said."""


@functools.lru_cache(maxsize=2048)
def judge(text: str, section: str, dialogue: Dialogue, hint: tuple[int, ...] = ()) -> CheckedSentence:
    """Check one sentence.

    Args:
        text: The sentence.
        section: Name of its section.
        dialogue: The visit.
        hint: Positions of the turns that it was written from, as far as known.
    """
    facts = [fact for fact in read_facts(text) if fact.kind != "follow_up" or fact.when]
    written = outer_terms(terms(text))
    liking = likings(written, dialogue, hint)
    findings = [heard(compare(fact, dialogue.facts, liking), dialogue, liking) for fact in facts if fact.kind not in _NAMELESS]
    turns = choose(written, dialogue, liking, [finding.turns for finding in findings])
    findings = [_as_a_whole(finding, dialogue, turns) for finding in findings]
    findings += [_unnamed(fact, dialogue, turns) for fact in facts if fact.kind in _NAMELESS]
    findings = [_complete(finding, dialogue, turns) for finding in findings]
    best = max(turns, key=lambda turn: liking.get(turn, 0.0), default=None)
    core = () if best is None else dialogue.exchange(best)
    state, reasons = _state(findings, written, dialogue, turns, core)
    return CheckedSentence(text, state, _severity(state, section, facts), turns, reasons)


def _as_a_whole(finding: Finding, dialogue: Dialogue, turns: Sequence[int]) -> Finding:
    """Numbers given to a test may be advice about it, "treat sugars below 70 with 15 grams": then one turn says them all."""
    fact = finding.fact
    if finding.verdict == "differs" and fact.kind in {"result", "order"} and len(fact.quantities) > 1:
        for turn in turns:
            if _holds(Fact("number", "", quantities=fact.quantities), dialogue.turns[turn].text):
                return Finding(fact, "same", turns=(turn,))
    return finding


def _unnamed(fact: Fact, dialogue: Dialogue, turns: Sequence[int]) -> Finding:
    """Whether a number, time or side was said in the turns of the sentence."""
    for turn in turns:
        if _holds(fact, dialogue.turns[turn].text):
            return Finding(fact, "same", exact=True, turns=(turn,))
    written = fact.normal_form.partition(": ")[2]
    return Finding(fact, "silent", reason=f"Never said here: {written}.")


def _holds(fact: Fact, said: str) -> bool:
    values = values_of(said)
    if fact.quantities:
        return all(any(own.agrees(other) for other in values.quantities) for own in fact.quantities)
    if fact.frequency:
        same = any(fact.frequency.agrees(other) for other in values.frequencies)
        return same or fact.frequency.per in {"day", "week"}
    if fact.when:
        return fact.when.name in _VAGUE or any(fact.when.agrees(other) for other in values.whens)
    return fact.side == "bilateral" or any(mention.side in {fact.side, "bilateral"} for mention in values.sides)


def _complete(finding: Finding, dialogue: Dialogue, turns: Sequence[int]) -> Finding:
    """A dose, time or side that no fact holds may still stand in the turns of the sentence."""
    fact = finding.fact
    if finding.verdict != "same" or finding.exact or fact.kind in _NAMELESS:
        return finding
    said = [dialogue.turns[turn].text for turn in turns]
    for part in (
        Fact("number", "", quantities=fact.quantities),
        Fact("number", "", quantities=fact.previous),
        Fact("side", "", side=fact.side),
        Fact("time", "", when=fact.when),
    ):
        stated = part.quantities or part.side or part.when
        if stated and not any(_holds(part, text) for text in said):
            written = part.normal_form.partition(": ")[2]
            return Finding(fact, "silent", turns=finding.turns, reason=f"Never said of {name_of(fact)}: {written}.")
    return finding


def _state(
    findings: Sequence[Finding], written: Sequence[Term], dialogue: Dialogue, turns: Sequence[int], core: Sequence[int]
) -> tuple[State, tuple[str, ...]]:
    otherwise = [finding.reason for finding in findings if finding.verdict == "differs"]
    if otherwise:
        return "contradicted", tuple(dict.fromkeys(otherwise))
    named = [finding for finding in findings if finding.fact.kind not in _NAMELESS]
    compared = [term for term in written if term.key.startswith("~") or not (named or term.key[0] in "=#")]
    if denied := _denied(compared, dialogue, turns, core):
        return "contradicted", (denied,)
    unsaid = [finding.reason for finding in findings if finding.verdict == "silent"]
    if unsaid:
        return "unsupported", tuple(dict.fromkeys(unsaid))
    share = _share(written, dialogue, turns)
    if not named and share < _SOME:
        return "unsupported", ("Little of this was said.",)
    if share < _ENOUGH or any(not finding.exact for finding in named):
        return "inferred", ("Not said in these words.",)
    return "supported", ()


def _share(written: Sequence[Term], dialogue: Dialogue, turns: Sequence[int]) -> float:
    """How much of a sentence's words, by weight, stands in its turns; 1.0 for one without words of content."""
    said = {term.key for turn in turns for term in dialogue.terms[turn]}
    weights = {term.key: dialogue.weights.get(term.key, _RARE) for term in written}
    total = sum(weights.values())
    return sum(weight for key, weight in weights.items() if key in said) / total if total else 1.0


def _denied(written: Sequence[Term], dialogue: Dialogue, turns: Sequence[int], core: Sequence[int]) -> str:
    """What was said the other way round, if a good part of what can be compared was.

    Args:
        written: The terms to compare.
        dialogue: The visit.
        turns: The turns of the sentence: what a paraphrase means there counts.
        core: The exchange that fits best: what a plain word means counts only there.
    """
    same, affirmed, denied = 0.0, 0.0, 0.0
    reason = ""
    for term in written:
        said = {
            (polarity, turn)
            for turn in (turns if term.key[0] == "~" else core)
            for polarity in dialogue.polarities(term.key, turn)
        }
        if not said:
            continue
        weight = dialogue.weights.get(term.key, 0.0)
        if any(polarity == term.negated for polarity, _ in said):
            same += weight
        else:
            affirmed, denied = (affirmed + weight, denied) if term.negated else (affirmed, denied + weight)
            place = min(turn for _, turn in said)
            reason = reason or f"Said {'affirmatively' if term.negated else 'in the negative'} (turn {place + 1})."
    total = same + affirmed + denied
    return reason if denied > _DENIED * total or affirmed > _AFFIRMED * total else ""


def _severity(state: State, section: str, facts: Sequence[Fact]) -> Severity:
    if state == "supported":
        return "none"
    return "major" if _MAJOR_SECTION.search(section) or any(fact.kind in _MAJOR for fact in facts) else "minor"
