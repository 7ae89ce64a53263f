"""What the check of notes finds of errors that a model made by itself, where planted ones are only like them.

Which sentences are wrong is judged by the annotations of synthetic visits, through readers that share no code with the check.
They name the sentence of what was invented: a number, a drug, a diagnosis, an allergy, or a sentence that nothing supports. A
known fact that a note denies or gives a wrong value has no sentence there, and is only counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from appliance.clinical_note import CheckedSentence
from appliance.note.check.dialogue import read_dialogue
from appliance.note.check.judge import judge
from appliance.note.writer import split_sentences
from training.evaluation.annotations import find
from training.evaluation.share import Share, shares
from training.evaluation.spoken import Spoken
from training.visits import Visit, WrittenNote

FLAGGED: Final = frozenset({"unsupported", "contradicted"})
"""States that stop the clinician."""


class NaturalErrors(msgspec.Struct, frozen=True):
    """Flags on notes that a model wrote."""

    notes: int
    found: dict[str, Share]
    """By kind of error: sentences with one that the check flags."""
    precision: Share
    """Of the flagged sentences, those that have an error. The annotations do not know every error, so this is a lower bound."""
    unplaced: int
    """Errors without a sentence: facts that a note denies or gives a wrong value."""


def natural_errors(visits: Mapping[str, Visit], notes: Iterable[WrittenNote]) -> NaturalErrors:
    """Compare the flags of the check with what the annotations find wrong.

    Args:
        visits: Synthetic visits by their ids.
        notes: Notes written for some of them; others are left out.
    """
    found, flags = Counter[tuple[str, bool]](), Counter[bool]()
    read = unplaced = 0
    for note in notes:
        visit = visits.get(note.visit)
        if visit is None:
            continue
        read += 1
        dialogue = read_dialogue([utterance.turn for utterance in visit.turns])
        states = {text: judge(text, section, dialogue) for section, text in _sentences(note)}
        wrong: dict[str, str] = {}
        for error in find(visit, note.text, Spoken(visit.turns)).hallucinations:
            place = next((text for text in states if error.sentence and error.sentence.strip() in text), None)
            unplaced += place is None
            if place is not None:
                wrong.setdefault(place, error.kind)
        found.update((kind, _is_flagged(states[text])) for text, kind in wrong.items())
        flags.update(text in wrong for text, judged in states.items() if _is_flagged(judged))
    return NaturalErrors(read, shares(found), Share(flags[True], flags.total()), unplaced)


def _sentences(note: WrittenNote) -> list[tuple[str, str]]:
    return [(line.topic, text) for line in note.lines for text in split_sentences(line.text)]


def _is_flagged(judged: CheckedSentence) -> bool:
    return judged.state in FLAGGED
