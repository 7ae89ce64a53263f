"""A sentence for the note from something that was said."""

from __future__ import annotations

import re
from typing import Final

from appliance.lexicon.lexicon import mentions
from appliance.note.facts.dialogue import TurnFact
from appliance.note.facts.facts import Fact
from appliance.note.facts.wording import REFERRAL

_CHANGES: Final = frozenset({"start", "stop", "increase", "decrease", "continue", "switch"})

_FOUND: Final = re.compile(
    r"\b(?:shows?|showed|found|reveal(?:s|ed)|c[ao]mes? back|benign|malignant|positive|negative|unremarkable|stable)\b",
    re.IGNORECASE,
)
"""Says what an examination without a number found."""
_CLAUSE_END: Final = re.compile(r"[.,;?!]|\s(?:and|but|so|which)\s")


def finding_of(fact: Fact) -> str:
    """What an examination without a number found, in the words that were said: "biopsy came back benign"; empty if nothing."""
    start = next((mention.start for mention in mentions(fact.text) if mention.concept == fact.concept), None)
    clause = "" if start is None else _CLAUSE_END.split(fact.text[start:], maxsplit=1)[0]
    return clause if _FOUND.search(clause) else ""


def is_change(said: TurnFact) -> bool:
    """Whether something is decided about a medicine, rather than reported."""
    return said.speaker != "patient" and said.fact.action in _CHANGES


def draft(said: TurnFact) -> tuple[str, str]:
    """The sentence, and the topic of the note it belongs to.

    Args:
        said: A fact of the kinds that can be omitted.
    """
    fact = said.fact
    when = f" {fact.when.text}" if fact.when else ""
    side = f"{fact.side} " if fact.side else ""
    match fact.kind:
        case "medication":
            found = (_medicine(fact, change=is_change(said)), "Plan" if is_change(said) else "Medications")
        case "allergy":
            found = (_allergy(fact), "Allergies")
        case "result" | "vital":
            found = (_result(fact), "Results" if fact.kind == "result" else "Examination")
        case "follow_up":
            found = (f"Follow up{when}.", "Plan")
        case "order" if fact.concept == "refill":
            found = ("Refill of the medications.", "Plan")
        case "order":
            referral = REFERRAL.search(fact.text)
            verb = "Refer to" if referral and referral["whom"].lower() == fact.concept else "Order"
            found = (f"{verb} {fact.concept}{when}.", "Plan")
        case "symptom":
            found = (f"The patient reports {side}{fact.concept}{when}.", "Symptoms")
        case _ if said.speaker == "clinician":
            found = (_sentence(f"{side}{fact.concept}"), "Assessment")
        case _:
            found = (f"The patient has a history of {side}{fact.concept}.", "Past history")
    return found


def _allergy(fact: Fact) -> str:
    if fact.concept == "any":
        return "No known allergies."
    return f"Allergic to {fact.concept}{f' ({fact.detail})' if fact.detail else ''}."


def _result(fact: Fact) -> str:
    if not (fact.quantities or fact.detail):
        return _sentence(finding_of(fact))
    return _sentence(f"{fact.concept} is {', '.join(filter(None, (_value(fact), fact.detail)))}")


def _medicine(fact: Fact, *, change: bool) -> str:
    amount = " ".join(quantity.text for quantity in fact.quantities)
    often = fact.frequency.text if fact.frequency else ""
    name = fact.concept
    if fact.action == "stop":
        return f"Stop {name}." if change else f"The patient stopped {name}."
    if change and fact.action in {"increase", "decrease"}:
        verb = fact.action.capitalize()
        before = " from " + " ".join(quantity.text for quantity in fact.previous) if fact.previous and amount else ""
        return " ".join(filter(None, (verb, name + before, f"to {amount}" if amount else "", often))) + "."
    verb = {"start": "Start", "switch": "Switch to", "continue": "Continue"}.get(
        fact.action if change else "", "The patient takes"
    )
    return " ".join(filter(None, (verb, name, amount, often))) + "."


def _value(fact: Fact) -> str:
    if fact.concept == "blood pressure" and len(fact.quantities) > 1:
        return "/".join(quantity.text.split()[0] for quantity in fact.quantities[:2]) + " mmHg"
    return " and ".join(quantity.text for quantity in fact.quantities)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."
