"""An encounter with everything an encounter can have."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from appliance.audio import CHUNK_BYTES
from appliance.clinical_note import Check, CheckedSection, CheckedSentence, Note, Omission, Section, Stamp
from appliance.proposals import Proposal
from appliance.store.encounters import EncounterStore
from appliance.store.records import Addendum, Dismissal, Label, Override, Problem, Signature
from appliance.transcript import Gap, Turn, Word

SAID = "chest pain since Tuesday"
NOTE = Note("aci", (Section("plan", "Plan", SAID),), Stamp("b", "m", "none", "sections", "0" * 12, "0"))
PROBLEM = Problem("title", SAID, "hint")
CHECK = Check(
    (CheckedSection("plan", (CheckedSentence(SAID, "supported", "none"),)),),
    (Omission("result", SAID, "plan", (0,), "major"),),
)
PROPOSAL = Proposal(0, 0, 1, SAID, "chest")
DISMISSAL = Dismissal("result", SAID, SAID, 1.0)
SIGNATURE = Signature(
    1, SAID, 2.0, (Override("unsupported", "plan", 0, SAID, SAID),), NOTE.stamp, SAID, hashlib.sha256(SAID.encode()).hexdigest()
)
ADDENDUM = Addendum(SAID, SAID, 3.0)


def turn(n: int) -> Turn:
    return Turn(f"{SAID} {n}", float(n), n + 0.9, (Word(SAID, float(n), n + 0.9, 0.5),))


def fill(store: EncounterStore, turns: int = 3, *, signed: float | None = 2.0) -> str:
    """An encounter with everything an encounter can have; with None, without a signature and what follows it."""
    encounter = store.create("aci", SAID).id
    for n in range(turns):
        store.add_turn(encounter, turn(n), 16_000 * (n + 1), voice=SAID.encode(), proposals=[PROPOSAL])
    store.set_labels(encounter, {n: Label("unknown", chosen="patient") for n in range(turns - 1)})
    store.add_gap(encounter, Gap(90.0, 91.5), 16_000 * 92)
    store.update(encounter, state="draft", chunks=200, duration=100.0, problem=PROBLEM, section=SAID)
    store.add_note(encounter, NOTE, after=0)
    store.set_check(encounter, 1, CHECK)
    store.add_dismissal(encounter, DISMISSAL)
    if signed is not None:
        store.sign(encounter, msgspec.structs.replace(SIGNATURE, created=signed))
        store.add_addendum(encounter, ADDENDUM)
    journal = store.journal(encounter)
    journal.append(0, (SAID.encode() * CHUNK_BYTES)[:CHUNK_BYTES])
    journal.close()
    return encounter


def contents(store: EncounterStore, encounter: str) -> tuple[Any, ...]:
    """All that is known of an encounter besides its audio."""
    return (
        msgspec.structs.replace(store.get(encounter), audio_deleted=None),
        store.turns(encounter),
        store.gaps(encounter),
        store.labels(encounter),
        store.voices(encounter),
        store.proposals(encounter),
        store.versions(encounter),
        [store.note(encounter, record.version) for record in store.versions(encounter)],
        [store.check(encounter, record.version) for record in store.versions(encounter)],
        store.dismissals(encounter),
        store.signature(encounter),
        store.addenda(encounter),
    )
