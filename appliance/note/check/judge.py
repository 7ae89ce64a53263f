"""The state and severity of one sentence of a note."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from appliance.clinical_note import CheckedSentence, Severity, State
from appliance.note.check.compare import Finding, compare, name_of
from appliance.note.check.dialogue import Dialogue, values_of
from appliance.note.check.evidence import choose, likings, outer_terms
from appliance.note.check.heard import heard
from appliance.note.check.terms import Term, terms
from appliance.note.facts.facts import Fact, read_facts
from appliance.note.facts.sides import sides

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
_COMPARED: Final = 0.7
"""Share of a sentence's words, by weight, that must be comparable before plain words contradict it."""
_SPEECH: Final = 60
"""Words of a turn that is about many things: only its closest sentence can deny plain words."""
_NEAR: Final = 3
"""Turns around a sentence's in which a time may be said that belongs to it."""
_ROUTINE: Final = re.compile(
    r"\bquestions (?:were|have been) (?:asked and |all )?answered\b|\bverbal(?:iz|is)e[sd] understanding\b|"
    r"\b(?:is|are) (?:in agreement|agreeable)\b|\bagree[sd]? (?:with|to) (?:the|this|our) (?:\w+ )*plan\b|"
    r"\bcontinue to monitor\b|^\w+$|^[\w /&-]+:$",
    re.IGNORECASE,
)
"""What notes say at the end of every visit, and headings: nothing to check."""
_HAS_ALLERGIES: Final = re.compile(
    r"\b(?:has|reports)(?: known)?(?: drug| food| medication)* allergies\b(?! to)", re.IGNORECASE
)
"""Says so without a name: compared where somebody was asked for allergies and denied all."""
_ONE: Final = re.compile(r"\b(?:one|1)\b", re.IGNORECASE)
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
    if _HAS_ALLERGIES.search(text) and not any(fact.kind == "allergy" for fact in facts):
        facts += [Fact("allergy", "any", text=text) for said in dialogue.facts if said.fact.concept == "any"][:1]
    written = outer_terms(terms(text))
    liking = likings(written, dialogue, hint)
    findings = [_said_of(fact, dialogue, liking) for fact in facts if fact.kind not in _NAMELESS]
    turns = choose(written, dialogue, liking, [finding.turns for finding in findings])
    findings = [_as_a_whole(finding, dialogue, turns) for finding in findings]
    findings += [_unnamed(fact, dialogue, turns) for fact in facts if fact.kind in _NAMELESS]
    findings += _other_sides(text, dialogue)
    findings = [_complete(finding, dialogue, turns) for finding in findings]
    best = max(turns, key=lambda turn: liking.get(turn, 0.0), default=None)
    core = () if best is None else dialogue.exchange(best)
    state, reasons = _state(findings, written, dialogue, turns, core)
    if state in {"unsupported", "contradicted"} and not facts and _ROUTINE.search(text):
        state, reasons = "inferred", ("Not said in these words.",)
    return CheckedSentence(text, state, _severity(state, section, facts), turns, reasons)


def _said_of(fact: Fact, dialogue: Dialogue, liking: dict[int, float]) -> Finding:
    """What was said of a fact; its side may be known from the rest of the visit."""
    finding = heard(compare(fact, dialogue.facts, liking), dialogue, liking)
    if finding.verdict != "same" and fact.side and _is_known(fact.side, fact.text, dialogue):
        other = heard(compare(replace(fact, side=None), dialogue.facts, liking), dialogue, liking)
        return replace(other, fact=fact, exact=False)
    return finding


def _is_known(side: str, text: str, dialogue: Dialogue) -> bool:
    """Whether every part of the body that a sentence gives this side was spoken of on this side alone.

    A part that the visit gives no side may have that of the only side in the visit.
    """
    parts = {mention.part for mention in sides(text) if mention.side == side}
    said = [dialogue.sided.get(part) or dialogue.sided[""] for part in parts]
    if side == "bilateral":
        return any(named >= {"left", "right"} or "bilateral" in named for named in said)
    return bool(said) and all(named == {side} for named in said)


def _other_sides(text: str, dialogue: Dialogue) -> list[Finding]:
    """Parts of the body of which the visit only names the other side; of a part without any side, those of the visit count."""
    found = []
    for mention in sides(text):
        part, said = mention.part, dialogue.sided.get(mention.part) or dialogue.sided[""]
        if part and mention.side != "bilateral" and said and not said & {mention.side, "bilateral"}:
            reason = f"Said: {' and '.join(sorted(said))} {part}, written: {mention.side} {part}."
            found.append(Finding(Fact("side", "", side=mention.side, text=text), "differs", reason=reason))
    return found


def _as_a_whole(finding: Finding, dialogue: Dialogue, turns: Sequence[int]) -> Finding:
    """Numbers given to a test may be advice about it, "treat sugars below 70 with 15 grams": then one turn says them all."""
    fact = finding.fact
    if finding.verdict == "differs" and not fact.negated and fact.kind in {"result", "order"} and len(fact.quantities) > 1:
        for turn in turns:
            if _holds(Fact("number", "", quantities=fact.quantities), dialogue.turns[turn].text):
                return Finding(fact, "same", turns=(turn,))
    return finding


def _unnamed(fact: Fact, dialogue: Dialogue, turns: Sequence[int]) -> Finding:
    """Whether a number, time or side was said in the turns of the sentence."""
    for turn in turns:
        if _holds(fact, dialogue.turns[turn].text):
            return Finding(fact, "same", exact=True, turns=(turn,))
    if (fact.side and _is_known(fact.side, fact.text, dialogue)) or (fact.when and _is_near(fact, dialogue, turns)):
        return Finding(fact, "same")
    written = fact.normal_form.partition(": ")[2]
    return Finding(fact, "silent", reason=f"Never said here: {written}.")


def _is_near(fact: Fact, dialogue: Dialogue, turns: Sequence[int]) -> bool:
    """Whether a time was said shortly before or after the turns of the sentence."""
    near = {place for turn in turns for place in range(turn - _NEAR, turn + _NEAR + 1)} & set(range(len(dialogue.turns)))
    return any(_holds(fact, dialogue.turns[place].text) for place in near)


def _holds(fact: Fact, said: str) -> bool:
    values = values_of(said)
    if fact.quantities:
        return all(
            any(own.agrees(other) for other in values.quantities)
            or (own.value == 1 and not own.unit and bool(_ONE.search(said)))
            for own in fact.quantities
        )
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
        known = (part.side and _is_known(part.side, fact.text, dialogue)) or (part.when and _is_near(part, dialogue, turns))
        if stated and not known and not any(_holds(part, text) for text in said):
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
    if denied := _denied(compared, written, dialogue, turns, core):
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


def _denied(
    compared: Sequence[Term], written: Sequence[Term], dialogue: Dialogue, turns: Sequence[int], core: Sequence[int]
) -> str:
    """What was said the other way round, if a good part of what can be compared was.

    Args:
        compared: The terms to compare.
        written: All terms of the sentence.
        dialogue: The visit.
        turns: The turns of the sentence: what a paraphrase means there counts.
        core: The exchange that fits best: what a plain word means counts only there.
    """
    same, affirmed, denied = 0.0, 0.0, 0.0
    reason = ""
    meaning = 0.0
    keys = {term.key for term in compared}
    spans = {
        turn: dialogue.closest_sentence(keys, turn) if len(dialogue.turns[turn].text.split()) > _SPEECH else None
        for turn in core
    }
    for term in compared:
        said = {
            (polarity, turn)
            for turn in (turns if term.key[0] == "~" else core)
            for polarity in dialogue.polarities(term.key, turn, None if term.key[0] == "~" else spans[turn])
        }
        if not said:
            continue
        weight = dialogue.weights.get(term.key, 0.0)
        meaning += weight if term.key[0] == "~" else 0.0
        if any(polarity == term.negated for polarity, _ in said):
            same += weight
        else:
            affirmed, denied = (affirmed + weight, denied) if term.negated else (affirmed, denied + weight)
            place = min(turn for _, turn in said)
            reason = reason or f"Said {'affirmatively' if term.negated else 'in the negative'} (turn {place + 1})."
    total = same + affirmed + denied
    whole = sum(dialogue.weights.get(term.key, _RARE) for term in written)
    if not meaning and total < _COMPARED * whole:
        return ""
    return reason if denied > _DENIED * total or affirmed > _AFFIRMED * total else ""


def _severity(state: State, section: str, facts: Sequence[Fact]) -> Severity:
    if state == "supported":
        return "none"
    return "major" if _MAJOR_SECTION.search(section) or any(fact.kind in _MAJOR for fact in facts) else "minor"
