"""Errors planted into a reference note, and sentences taken out of it: what a check of notes must find.

Each plant changes one thing of one sentence, so that it is known what is wrong; the rest of the note stays true. What is put in
was never said in the visit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random
from typing import Final, Literal

import msgspec

from training.visits import Line, Utterance, Visit

PlantKind = Literal[
    "dose", "result", "drug", "negation", "side", "action", "invented_symptom", "invented_medication", "wrong_person"
]

_DOSE: Final = re.compile(r"\b(?P<number>\d+(?:\.\d+)?) (?P<unit>mg|mcg|micrograms|milligrams|units|IU|g|mL)\b")
_NUMBER: Final = re.compile(
    r"(?<![\w./-])(?P<number>\d+(?:\.\d+)?)(?![\w./]*\d)(?!-[a-z])(?! (?:years?|months?|weeks?|days?)\b)"
)
"""A number that is no part of a name (17-hydroxyprogesterone), a ratio or a time."""
_SIDE: Final = re.compile(r"\b(?P<side>left|right)\b(?! (?:away|now|after))", re.IGNORECASE)
_NEGATIONS: Final = (
    (re.compile(r"^(?P<who>The patient )denies\b"), r"\g<who>reports"),
    (re.compile(r"^Denies\b"), "Reports"),
    (re.compile(r"\b(?:endorses|reports)\b"), "denies"),
    (re.compile(r"\bhas no known (?P<rest>drug |medication )?allergies"), r"has \g<rest>allergies"),
    (re.compile(r"\bhas had no\b"), "has had"),
    (re.compile(r"\bhas no history of\b"), "has a history of"),
    (re.compile(r"\btakes no\b"), "takes"),
    (re.compile(r"\bdoes not smoke\b"), "smokes"),
    (re.compile(r"\bdoes not take\b"), "takes"),
    (re.compile(r"\bdoes not exercise\b"), "exercises"),
    (re.compile(r"\bwith no\b"), "with"),
    (re.compile(r"\bshow no\b"), "show"),
    (re.compile(r"\bwithout\b"), "with"),
    (re.compile(r"\bhas (?P<what>an allergy to)\b"), r"has no \g<what>"),
    (re.compile(r"\bhas a history of\b"), "has no history of"),
    (re.compile(r"\bin no acute distress\b"), "in acute distress"),
    (re.compile(r"\bnot at goal\b"), "at goal"),
    (re.compile(r", at goal\b"), ", not at goal"),
)
"""What is written, and the same with the negation flipped."""
_ACTIONS: Final = (
    (re.compile(r"^Start\b"), "Stop"),
    (re.compile(r"^Stop\b"), "Start"),
    (re.compile(r"^Continue\b"), "Stop"),
    (re.compile(r"^Increase\b"), "Decrease"),
    (re.compile(r"^Decrease\b"), "Increase"),
)
_RELATIVE: Final = "(?:mother|father|sister|brother|aunt|uncle|grandmother|grandfather)"
_PERSONS: Final = (
    (
        re.compile(r"^Family history is significant for (?P<what>.+?) in the patient's .+$"),
        r"The patient has a history of \g<what>.",
    ),
    (re.compile(rf"^The patient's {_RELATIVE} (?P<what>has a history of .+)$"), r"The patient \g<what>"),
    (re.compile(r"^The patient (?P<what>has a history of .+)$"), r"The patient's mother \g<what>"),
    (
        re.compile(r"^Past medical history is significant for (?P<what>.+)\.$"),
        r"Family history is significant for \g<what> in the patient's mother.",
    ),
)
"""The patient's illness given to a relative, or the reverse."""
_OTHER_DRUGS: Final = (
    "amlodipine", "warfarin", "clopidogrel", "furosemide", "gabapentin", "prednisone", "amoxicillin", "tamoxifen", "topiramate",
    "sitagliptin", "montelukast", "tramadol",
)  # fmt: skip
_SYMPTOMS: Final = (
    "chest pain", "hearing loss", "double vision", "back pain", "nosebleeds", "wheezing", "fainting", "blood in the urine",
    "a sore throat", "hallucinations", "jaundice", "night sweats",
)  # fmt: skip
_RED_FLAGS: Final = ("chest pain", "double vision", "fainting", "hallucinations", "blood in the urine", "trouble swallowing")
"""Of an emergency, perhaps: the patient reports one in `with_red_flag`."""
_MEDICINES: Final = frozenset({"Plan", "Medications"})
_ANOTHER_DOSE: Final = 0.5
"""How often a changed dose is that of another medicine of the visit, rather than one that was not said."""
_FACTORS: Final = (0.5, 2.0, 1.5, 0.8, 1.25, 3.0)


class Plant(msgspec.Struct, frozen=True):
    """One sentence of a note that was made wrong."""

    kind: PlantKind
    topic: str
    text: str
    """The wrong sentence."""
    line: int | None = None
    """Position, from 0, of the line it replaces; None if it was added."""


def plants(visit: Visit, random: Random) -> list[Plant]:
    """Every kind of error that the note of a visit offers a place for, at most one of a kind per sentence.

    Args:
        visit: A visit with its note line by line.
        random: Chooses among drugs, numbers and symptoms.
    """
    said = " ".join(turn.text for turn in visit.turns).lower()
    made = [plant for number, line in enumerate(visit.lines) for plant in _changed(visit, number, line, said, random)]
    symptom = [name for name in _SYMPTOMS if not _any_word(name, said)]
    medicine = [name for name in _OTHER_DRUGS if name not in said]
    if symptom:
        made.append(Plant("invented_symptom", "Symptoms", f"The patient reports {random.choice(symptom)}."))
    if medicine:
        made.append(Plant("invented_medication", "Plan", f"Start {random.choice(medicine)} 20 mg once daily."))
    return made


def deletions(visit: Visit) -> Iterator[tuple[int, frozenset[str]]]:
    """Lines whose removal leaves out a fact that no other line states, with the kinds of these facts.

    Args:
        visit: A synthetic visit: its facts are known.
    """
    for number, line in enumerate(visit.lines):
        others = " ".join(other.text for place, other in enumerate(visit.lines) if place != number).lower()
        lost = {
            fact.kind
            for fact in visit.facts
            if set(fact.turns) & set(line.turns)
            and any(name in line.text.lower() for name in fact.names)
            and (not fact.values or any(value.lower() in line.text.lower() for value in fact.values))
            and not any(name in others for name in fact.names)
            and not fact.negated
        }
        if lost:
            yield number, frozenset(lost)


def with_red_flag(visit: Visit, random: Random) -> Visit | None:
    """The visit with a warning sign that the patient reports and the note leaves out; None if all were spoken of.

    Args:
        visit: Any visit.
        random: Chooses among the signs.
    """
    said = " ".join(turn.text for turn in visit.turns).lower()
    unsaid = [name for name in _RED_FLAGS if not _any_word(name, said)]
    if not unsaid:
        return None
    asked = Utterance("clinician", "Is there anything else you want to tell me?")
    told = Utterance("patient", f"Well, I've had some {random.choice(unsaid)} since last week.")
    return msgspec.structs.replace(visit, turns=(*visit.turns, asked, told))


def _changed(visit: Visit, number: int, line: Line, said: str, random: Random) -> Iterator[Plant]:
    changes = (*_numbers(visit, line, said, random), *_drugs(visit, line, said, random), *_phrases(visit, line), *_sides(line))
    for kind, text in changes:
        yield Plant(kind, line.topic, text[0].upper() + text[1:], number)


def _numbers(visit: Visit, line: Line, said: str, random: Random) -> Iterator[tuple[PlantKind, str]]:
    if line.topic in _MEDICINES and (dose := _DOSE.search(line.text)):
        others = [match["number"] for other in visit.lines if other is not line for match in _DOSE.finditer(other.text)]
        own = {match["number"] for match in _DOSE.finditer(line.text)}
        strange = [other for other in others if other not in own and not _same_drug(visit, line, other)]
        if strange and random.random() < _ANOTHER_DOSE:
            yield "dose", _replaced(line.text, dose, random.choice(strange))
        else:
            yield "dose", _replaced(line.text, dose, _unsaid(dose["number"], said, random))
    if line.topic in {"Results", "Examination"} and (value := _NUMBER.search(line.text)):
        yield "result", _replaced(line.text, value, _unsaid(value["number"], said, random))


def _drugs(visit: Visit, line: Line, said: str, random: Random) -> Iterator[tuple[PlantKind, str]]:
    names = sorted({name for fact in visit.facts if fact.kind == "medication" for name in fact.names}, key=len, reverse=True)
    drug = next((name for name in names if re.search(rf"\b{re.escape(name)}\b", line.text, re.IGNORECASE)), None)
    others = [name for name in _OTHER_DRUGS if name not in said]
    if line.topic in _MEDICINES and drug and others:
        yield "drug", re.sub(rf"\b{re.escape(drug)}\b", random.choice(others), line.text, count=1, flags=re.IGNORECASE)


def _phrases(visit: Visit, line: Line) -> Iterator[tuple[PlantKind, str]]:
    tables: list[tuple[PlantKind, tuple[tuple[re.Pattern[str], str], ...]]] = [("negation", _NEGATIONS)]
    if line.topic == "Plan":
        tables.append(("action", _ACTIONS))
    if not _said_elsewhere(visit, line):
        tables.append(("wrong_person", _PERSONS))
    for kind, table in tables:
        changed = next((pattern.sub(other, line.text, count=1) for pattern, other in table if pattern.search(line.text)), None)
        if changed:
            yield kind, changed


def _sides(line: Line) -> Iterator[tuple[PlantKind, str]]:
    if side := _SIDE.search(line.text):
        other = "right" if side["side"].lower() == "left" else "left"
        yield "side", line.text[: side.start()] + other + line.text[side.end() :]


def _same_drug(visit: Visit, line: Line, number: str) -> bool:
    """Whether a number is a dose of a drug of the line, before or after a change."""
    own = [fact for fact in visit.facts if fact.kind == "dose" and any(name in line.text.lower() for name in fact.names)]
    lines = [other.text for other in visit.lines if any(name in other.text.lower() for fact in own for name in fact.names)]
    return any(re.search(rf"(?<![\d.]){re.escape(number)}(?![\d.])", text) for text in lines)


def _replaced(text: str, match: re.Match[str], number: str) -> str:
    return text[: match.start("number")] + number + text[match.end("number") :]


def _unsaid(number: str, said: str, random: Random) -> str:
    """A number near another one that was not said, with as many decimal places."""
    places = len(number.partition(".")[2])
    for factor in [*random.sample(_FACTORS, len(_FACTORS)), 7.0]:
        other = f"{float(number) * factor:.{places}f}"
        if other != number and float(other) and not re.search(rf"(?<![\d.]){re.escape(other)}(?![\d.])", said):
            return other
    return f"{float(number) + 1:.{places}f}"


def _said_elsewhere(visit: Visit, line: Line) -> bool:
    """Whether the illness of a line comes up in other turns: the patient may then have it too."""
    names = [name for fact in visit.facts if set(fact.turns) & set(line.turns) for name in (*fact.names, *fact.values)]
    elsewhere = " ".join(turn.text for place, turn in enumerate(visit.turns) if place not in line.turns).lower()
    words = {word for name in names for word in re.findall(r"[a-z]{5,}", name.lower()) if word in line.text.lower()}
    return any(word in elsewhere for word in words)


def _any_word(name: str, said: str) -> bool:
    return any(word in said for word in name.split() if len(word) > 2)  # noqa: PLR2004  # not the article
