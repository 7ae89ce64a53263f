"""The whole check of a note: every sentence, and what was left out."""

from __future__ import annotations

from collections.abc import Sequence

from appliance.clinical_note import NOT_DISCUSSED, Check, CheckedSection, CheckedSentence, Section
from appliance.note.check.dialogue import Dialogue, read_dialogue
from appliance.note.check.judge import judge
from appliance.note.check.omissions import omissions
from appliance.note.templates import Template
from appliance.note.writer import split_sentences
from appliance.transcript import Turn


def check(template: Template, sections: Sequence[Section], turns: Sequence[Turn]) -> Check:
    """Check a note against what was said.

    Args:
        template: The template of the note; says where an omitted sentence belongs.
        sections: The note as it stands; `Section.text` counts, its sentences only hint at their turns.
        turns: The whole dialogue.
    """
    dialogue = read_dialogue(turns)
    checked = tuple(CheckedSection(section.name, tuple(_sentences(section, dialogue))) for section in sections)
    texts = [sentence.text for section in checked for sentence in section.sentences]
    return Check(checked, omissions(template, texts, dialogue))


def warm() -> None:
    """Load the tables and compile the patterns, so that the first check is as quick as later ones."""
    turns = (Turn("Any fever? I take metformin 500 mg twice a day."), Turn("No, not since last week."))
    judge("The patient denies fever.", "", read_dialogue(turns))


def _sentences(section: Section, dialogue: Dialogue) -> list[CheckedSentence]:
    hints = {sentence.text: sentence.turns for sentence in section.sentences}
    return [
        judge(text, section.name, dialogue, hints.get(text, ()))
        for text in split_sentences(section.text)
        if text != NOT_DISCUSSED
    ]
