"""Clinical facts in one normal form, read from a sentence of a note or from something said.

A fact names a thing (a medicine, a test, a symptom), and holds what belongs to it: dose or value, how often, when, which side,
and whether it is denied, doubted, past, or about a relative. A number, a time or a side that belongs to nothing is a fact of
its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from appliance.lexicon.lexicon import Mention, mentions
from appliance.note.facts.attach import Attached, Item, Values, attach
from appliance.note.facts.context import Experiencer, context
from appliance.note.facts.corrections import without_corrections
from appliance.note.facts.frequency import Frequency, frequencies
from appliance.note.facts.quantities import Quantity, quantities
from appliance.note.facts.sentences import sentence_spans
from appliance.note.facts.sides import Side, sides
from appliance.note.facts.units import KINDS
from appliance.note.facts.when import When, whens
from appliance.note.facts.wording import (
    ALLERGY,
    FOLLOW_UP,
    NO_ALLERGIES,
    ORDER,
    REFERRAL,
    REFILL,
    SEASONAL,
    Action,
    action_of,
    level_of,
)

FactKind = Literal[
    "medication", "allergy", "result", "vital", "symptom", "condition", "order", "follow_up", "number", "time", "side"
]


_NEAR: Final = 12
"""Words between "follow up" and the time that belongs to it."""
_REPEAT: Final = re.compile(
    r"\b(?:repeat|re-?check|retest)(?:ing)?\s+(?:of\s+)?(?:the\s+|your\s+|a\s+)?(?:\w+ (?:and|,)\s+)?$", re.IGNORECASE
)
_TAKEN: Final = re.compile(
    r"\b(?:takes?|taking|took|(?<!see )(?<!seeing )(?<!getting )(?<!reading )(?<!check )on|uses?|using)\s+"
    r"(?:some\s+|a\s+|my\s+)?(?:[\w ]+(?:,|\band)\s+)?$",
    re.IGNORECASE,
)
"""Says that what is elsewhere measured is taken: "takes magnesium", but not "what are you seeing on your meter"."""
_IN_RANGE: Final = re.compile(
    r"\bin range\b(?=\W+(?:(?:about|around|only|at)\W+)?(?:[\w.-]+\W+){1,3}?(?:percent|%))|"
    r"\bin range\b(?= [\d.]+ ?%)",
    re.IGNORECASE,
)
"""How a sensor's time in range is said: "in range 70 percent of the time"."""
_DENIES: Final = re.compile(r"\b(?:denies|denied)\b", re.IGNORECASE)
"""Denies even a result with its value, where "not" is mostly about something else."""
_WEIGHS: Final = re.compile(r"\bweigh(?:s|ed|ing)?\b|\bon the scale\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that was said or is written, in normal form."""

    kind: FactKind
    """`order` is a test or referral to come; `number`, `time` and `side` belong to nothing that the lexicon names."""
    concept: str
    """The lexicon's name of the thing; `any` for "no known allergies"; the specialty of a referral; otherwise empty."""
    quantities: tuple[Quantity, ...] = ()
    """Dose, value, or both numbers of a blood pressure."""
    previous: tuple[Quantity, ...] = ()
    """What the dose or value was before: the 10 of "from 10 to 20 mg", the 2.3 of "down from 2.3"."""
    frequency: Frequency | None = None
    when: When | None = None
    side: Side | None = None
    negated: bool = False
    """Denied, absent, or not taken."""
    uncertain: bool = False
    hypothetical: bool = False
    """Something to watch for: "call if you get a fever"."""
    past: bool = False
    """No longer: "used to take"."""
    experiencer: Experiencer = "patient"
    action: Action = ""
    """What is done with a medicine."""
    detail: str = ""
    """`normal`, `high` or `low` for a result or vital; the reaction for an allergy."""
    start: int = 0
    """Offset of its first character."""
    end: int = 0
    """Offset after its last character."""
    text: str = ""
    """The sentence it was read from."""

    @property
    def normal_form(self) -> str:
        """In one line: `medication lisinopril: increase, 20 mg (before: 10 mg), once daily`."""
        amounts = "/".join(quantity.text for quantity in self.quantities)
        before = "/".join(quantity.text for quantity in self.previous)
        parts = [
            "no" if self.negated else "",
            "family" if self.experiencer == "family" else "",
            *(name for name in ("uncertain", "hypothetical", "past") if getattr(self, name)),
            self.action,
            f"{amounts} (before: {before})" if before else amounts,
            self.frequency.text if self.frequency else "",
            self.when.text if self.when else "",
            self.side or "",
            self.detail,
        ]
        name = f"{self.kind} {self.concept}".strip()
        values = ", ".join(part for part in parts if part)
        return f"{name}: {values}" if values else name


def read_facts(text: str) -> tuple[Fact, ...]:
    """The facts of a text, in the order of their places.

    >>> fact, = read_facts("Increase lisinopril from ten to twenty milligrams once daily.")
    >>> fact.concept, fact.action, fact.quantities[0].text, fact.previous[0].text, fact.frequency.text
    ('lisinopril', 'increase', '20 mg', '10 mg', 'once daily')

    Args:
        text: One or more sentences of a note, or one turn.
    """
    spoken = _Reading(text)
    found = [fact for start, end in sentence_spans(text) for fact in spoken.sentence(start, end)]
    return tuple(sorted(found, key=lambda fact: (fact.start, fact.end)))


class _Reading:
    """Everything found in one text, handed out sentence by sentence."""

    def __init__(self, text: str) -> None:
        named = _with_time_in_range(text, mentions(text))
        meant = without_corrections(text, quantities(text), [mention for mention in named if mention.kind == "drug"])
        self._said, self._text = text, meant
        self._mentions = named if meant == text else _with_time_in_range(meant, mentions(meant))
        self._values = Values(quantities(meant), frequencies(meant), whens(meant), sides(meant))

    def sentence(self, start: int, end: int) -> list[Fact]:
        """The facts of one sentence."""
        text, said = self._text[start:end], self._said[start:end]
        referral = REFERRAL.search(text)
        if referral and _names_a_problem(referral["whom"]):
            referral = None  # It says what for, as in "referred you for low cortisol".
        whom = range(start + referral.start("whom"), start + referral.end("whom")) if referral else range(0)
        named = [mention for mention in self._mentions if start <= mention.start < end and mention.start not in whom]
        allergies = bool(ALLERGY.search(text)) and not SEASONAL.search(text)
        values = self._values.within(start, end)
        plans = self._follow_ups(start, end, values.whens, alone=not named)
        free = [when for when in values.whens if not any(plan.when is when for plan in plans)]
        attached, left = attach(self._text, named, values._replace(whens=free))
        left = [item for item in left if not any(item.start < plan.end and plan.start < item.end for plan in plans)]
        if referral:
            plans.append(
                Fact("order", referral["whom"].lower(), start=start + referral.start(), end=start + referral.end(), text=said)
            )
        refill = REFILL.search(text)
        if refill and not any(mention.kind == "drug" for mention in named):
            plans.append(Fact("order", "refill", start=start + refill.start(), end=start + refill.end(), text=said))
        facts = [
            self._fact(mention, attached[place], named, place, (start, end), allergies=allergies)
            for place, mention in enumerate(named)
        ]
        facts = [fact for fact in _coordinated(facts) if fact.kind != "vital" or fact.quantities or fact.detail]
        if allergies:
            facts = _with_reactions(facts)
            if NO_ALLERGIES.search(text) and not any(fact.kind == "allergy" for fact in facts):
                match = ALLERGY.search(text)
                place = start + (match.start() if match else 0)
                facts.append(Fact("allergy", "any", negated=True, start=place, end=end, text=said))
        return [*facts, *plans, *_rest(said, left)]

    def _follow_ups(self, start: int, end: int, times: Sequence[When], *, alone: bool) -> list[Fact]:
        """The visits to come that a sentence speaks of.

        Args:
            start: Offset of the sentence.
            end: Offset after it.
            times: Its times.
            alone: It names nothing else; a follow-up then counts without a time.
        """
        plans: list[Fact] = []
        for cue in FOLLOW_UP.finditer(self._text, start, end):
            near = [
                when
                for when in times
                if (when.kind in {"ahead", "duration"} or when.name.startswith("next "))
                and when.unit not in {"hour", "minute"}
                and len(self._text[min(cue.end(), when.end) : max(cue.start(), when.start)].split()) <= _NEAR
                and not any(plan.when is when for plan in plans)
            ]
            if not near and not (alone and "follow" in cue[0].lower()):
                continue
            when = min(near, key=lambda time: (time.start < cue.start(), abs(time.start - cue.start())), default=None)
            first, last = min(cue.start(), when.start if when else cue.start()), max(cue.end(), when.end if when else 0)
            plans.append(Fact("follow_up", "", when=when, start=first, end=last, text=self._said[start:end]))
        return plans

    def _fact(
        self, mention: Mention, attached: Attached, named: list[Mention], place: int, span: tuple[int, int], *, allergies: bool
    ) -> Fact:
        around = context(self._text[span[0] : span[1]], mention.start - span[0], mention.end - span[0])
        before = self._text[span[0] : mention.start]
        next_start = named[place + 1].start if place + 1 < len(named) else span[1]
        behind = self._text[mention.end : next_start]
        kind, concept = _kind(mention, attached, before, behind, allergies=allergies)
        action: Action = action_of(before, behind) if kind == "medication" else ""
        detail = level_of(self._text[mention.end : next_start]) if kind in {"result", "vital"} else ""
        when, denied = attached.when, _DENIES.search(before)
        ends = [item.end for item in (*attached.quantities, attached.frequency, when) if item is not None]
        starts = [
            item.start for item in (*attached.quantities, *attached.previous, attached.frequency, when) if item is not None
        ]
        return Fact(
            kind=kind,
            concept=concept,
            quantities=attached.quantities,
            previous=attached.previous,
            frequency=attached.frequency,
            when=when,
            side=attached.side,
            negated=around.negated and not (kind == "vital" or (kind == "result" and attached.quantities and not denied)),
            uncertain=around.uncertain,
            hypothetical=around.hypothetical,
            past=around.past,
            experiencer=around.experiencer,
            action=action,
            detail=detail,
            start=min([mention.start, *starts]),
            end=max([mention.end, *ends]),
            text=self._said[span[0] : span[1]],
        )


def _names_a_problem(whom: str) -> bool:
    """Whether a text ends in the name of a test, a condition or a symptom: "low cortisol", not "diabetes educator"."""
    return any(mention.kind in {"lab", "condition", "symptom"} and mention.end == len(whom) for mention in mentions(whom))


def _with_time_in_range(text: str, named: tuple[Mention, ...]) -> tuple[Mention, ...]:
    """The names of a text, with the sensor's "in range", which is a name only before a share."""
    spoken = [Mention("lab", "time in range", match.start(), match.end()) for match in _IN_RANGE.finditer(text)]
    new = [mention for mention in spoken if not any(other.start < mention.end and mention.start < other.end for other in named)]
    return tuple(sorted((*named, *new), key=lambda mention: mention.start)) if new else named


def _rest(text: str, left: list[Item]) -> list[Fact]:
    """Numbers, times and sides that belong to nothing."""
    rest = []
    for item in left:
        fact = Fact("time", "", start=item.start, end=item.end, text=text)
        if isinstance(item, Quantity):
            weight = item.unit in {"lb", "kg"} and _WEIGHS.search(text)
            fact = replace(fact, kind="vital" if weight else "number", concept="weight" if weight else "", quantities=(item,))
        elif isinstance(item, Frequency):
            fact = replace(fact, frequency=item)
        elif isinstance(item, When):
            fact = replace(fact, when=item)
        else:
            fact = replace(fact, kind="side", side=item.side)
        rest.append(fact)
    return rest


def _kind(mention: Mention, attached: Attached, before: str, behind: str, *, allergies: bool) -> tuple[FactKind, str]:
    """The kind of fact that a mention makes, with its concept."""
    if mention.kind == "allergen" or (allergies and mention.kind == "drug"):
        return "allergy", mention.concept
    if mention.kind == "drug":
        return _kind_of_drug(mention, attached, before, behind)
    if mention.kind == "lab":
        return _kind_of_test(attached, before, behind), mention.concept
    if mention.kind == "vital":
        watched = ORDER.search(before) and not attached.quantities and not level_of(behind)
        return "order" if watched else "vital", mention.concept
    return mention.kind, mention.concept


def _kind_of_drug(mention: Mention, attached: Attached, before: str, behind: str) -> tuple[FactKind, str]:
    """A medicine, or the level of one: "vitamin D is 48", "magnesium was 2.0, normal", "repeat vitamin D"."""
    level = next((other.concept for other in mentions(f"{mention.concept} level") if other.kind == "lab"), mention.concept)
    if _REPEAT.search(before) and not attached.quantities:
        return "order", level
    if attached.quantities and not attached.frequency and not attached.previous:
        unit = attached.quantities[0].unit
        if KINDS.get(unit) == "concentration" or (not unit and (level_of(behind) or level != mention.concept)):
            return "result", level
    return "medication", mention.concept


def _kind_of_test(attached: Attached, before: str, behind: str) -> FactKind:
    """A result, a test to come, or what is taken: "magnesium 400 mg daily"."""
    dosed = any(KINDS.get(quantity.unit) in {"mass", "activity"} for quantity in attached.quantities)
    if (dosed and (attached.frequency or action_of(before, ""))) or (
        (dosed or not attached.quantities) and _TAKEN.search(before)
    ):
        return "medication"
    to_come = ORDER.search(before) or ORDER.search(behind) or (attached.when and attached.when.kind == "ahead")
    return "order" if to_come and not attached.quantities else "result"


def _coordinated(facts: list[Fact]) -> list[Fact]:
    """Tests that are ordered together are due together: "repeat TSH and free T4 in 6 weeks"."""
    orders = [fact for fact in facts if fact.kind == "order"]
    if not orders:
        return facts
    when = next((fact.when for fact in orders if fact.when), None)
    return [
        replace(fact, kind="order", when=fact.when or when)
        if fact.kind == "order" or (fact.kind == "result" and not fact.quantities and not fact.detail)
        else fact
        for fact in facts
    ]


def _with_reactions(facts: list[Fact]) -> list[Fact]:
    """Hives after "allergic to penicillin" are the reaction, no symptom of today."""
    kept: list[Fact] = []
    for fact in facts:
        if fact.kind in {"symptom", "condition"} and kept and kept[-1].kind == "allergy" and not fact.negated:
            kept[-1] = replace(kept[-1], detail=fact.concept, end=fact.end)
        else:
            kept.append(fact)
    return kept
