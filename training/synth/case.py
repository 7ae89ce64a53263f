"""What a synthetic visit is made from: the facts of one patient on one day, each with ways to say it and to write it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from training.synth.drugs import Amount, Drug, Frequency
from training.visits import FactKind, Severity

Sex = Literal["female", "male"]
Phrasings = tuple[str, ...]


@dataclass(frozen=True)
class Claim:
    """A fact as in `training.visits.Fact`, with other forms in which it may have been said."""

    kind: FactKind
    names: tuple[str, ...]
    values: tuple[str, ...] = ()
    negated: bool = False
    severity: Severity = "minor"
    said: tuple[str, ...] = ()
    """Lower-case pieces of speech of which one at least is in the supporting turns, if none of the names is."""


def claim(kind: FactKind, names: str, values: str = "", *, negated: bool = False, major: bool = False, said: str = "") -> Claim:
    """A claim from lists "a; b"."""

    def split(text: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in text.split(";") if part.strip())

    return Claim(kind, split(names), split(values), negated, "major" if major else "minor", split(said))


@dataclass(frozen=True)
class Statement:
    """Something asked and answered, or said unasked, that becomes one line."""

    topic: str
    said: Phrasings
    """Templates of the answer, or of what the clinician says."""
    written: Phrasings
    claims: tuple[Claim, ...] = ()
    asked: Phrasings = ()
    """Templates of the question; empty if it is said unasked."""


@dataclass(frozen=True)
class Symptom:
    """A symptom that a patient may have or deny."""

    written: str
    asked: Phrasings
    """Noun phrases that fit "Any ...?"."""
    said: Phrasings
    """Sentences of a patient who has it, without the final period."""
    major: bool = False
    """A red flag: missing it could change treatment."""
    names: tuple[str, ...] = ()
    """Further ways to write it, lower case."""

    @property
    def all_names(self) -> tuple[str, ...]:
        """Ways to write it, lower case, the usual one first."""
        return tuple(dict.fromkeys([self.written.lower(), *self.names, *(form.lower() for form in self.asked)]))


@dataclass(frozen=True)
class Medication:
    """A drug as the patient takes it."""

    drug: Drug
    dose: Amount
    frequency: Frequency


ChangeKind = Literal["start", "stop", "increase", "decrease", "continue"]


@dataclass(frozen=True)
class Change:
    """What the clinician decides about a medication."""

    kind: ChangeKind
    medication: Medication
    """As it is to be taken from now on; as it was, if stopped."""
    before: Amount | None = None
    """The dose so far."""


@dataclass(frozen=True)
class Allergy:
    """A drug or food the patient cannot have."""

    name: str
    said: Phrasings
    reaction: str
    reaction_said: Phrasings


@dataclass(frozen=True)
class Vitals:
    """As measured today. Imperial where American clinics are."""

    systolic: int
    diastolic: int
    pulse: int
    weight: int
    """Pounds."""
    bmi: str
    previous_weight: int | None = None
    temperature: str = ""
    """Degrees Fahrenheit; empty if it was not said."""


@dataclass(frozen=True)
class Finding:
    """What the examination showed."""

    region: str
    said: Phrasings
    """Sentences of the clinician, without the final period."""
    written: Phrasings
    names: tuple[str, ...]
    negated: bool = False
    major: bool = False


Flag = Literal["high", "low", "normal", "at goal", "above goal", ""]


@dataclass(frozen=True)
class Result:
    """A laboratory value."""

    written: str
    said: Phrasings
    names: tuple[str, ...]
    value: str
    unit: str
    unit_said: Phrasings
    flag: Flag
    previous: str = ""
    major: bool = False


@dataclass(frozen=True)
class Assessment:
    """A problem and how it is doing."""

    said: Phrasings
    """Sentences of the clinician, without the final period."""
    written: Phrasings
    names: tuple[str, ...]
    status: tuple[str, ...] = ()
    """Ways to write how it is doing, lower case; used as the values of the fact."""


@dataclass(frozen=True)
class Order:
    """A test, a referral or a prescription of supplies."""

    said: Phrasings
    written: Phrasings
    names: tuple[str, ...]
    values: tuple[str, ...] = ()
    major: bool = False


@dataclass
class Case:
    """One encounter."""

    diagnosis: str
    """Label of the kind of case."""
    sex: Sex
    age: int
    reason_asked: Phrasings
    """What the clinician says the visit is for; may be empty."""
    reason_said: Phrasings
    """What the patient says it is for."""
    reason_written: Phrasings
    vitals: Vitals
    follow_up: tuple[int, str]
    """Number and unit: (3, "month")."""
    story: list[Statement] = field(default_factory=list)
    present: list[Symptom] = field(default_factory=list)
    denied: list[Symptom] = field(default_factory=list)
    background: list[Statement] = field(default_factory=list)
    """Past, family and social history."""
    medications: list[Medication] = field(default_factory=list)
    allergies: list[Allergy] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    results: list[Result | Statement] = field(default_factory=list)
    assessments: list[Assessment] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    advice: list[Statement] = field(default_factory=list)
    """What the clinician explains or asks the patient to do; with `asked`, in answer to the patient's question."""

    @property
    def key(self) -> str:
        """What makes two cases the same: diagnosis, medications with doses, changes, results."""
        taken = [f"{m.drug.name} {m.dose.written} {m.frequency.written}" for m in self.medications]
        changed = [f"{c.kind} {c.medication.drug.name} {c.medication.dose.written}" for c in self.changes]
        measured = [f"{r.written} {r.value}" if isinstance(r, Result) else r.written[0] for r in self.results]
        return "; ".join([self.diagnosis, self.sex, *sorted(taken), *sorted(changed), *sorted(measured)])
