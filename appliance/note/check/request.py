"""What `POST /check` receives."""

from __future__ import annotations

from typing import Final

import msgspec

from appliance.clinical_note import Section, Sentence
from appliance.errors import InputError
from appliance.note.templates import template_named
from appliance.transcript import Turn

_MOST_CHARACTERS: Final = 1_000_000
"""Of all turns and sections together: some ten hours of speech."""


class GivenSection(msgspec.Struct, frozen=True):
    """One section of the note as it stands now."""

    name: str
    text: str
    sentences: tuple[Sentence, ...] = ()
    """What the model wrote, with the turns it came from; hints only."""


class CheckRequest(msgspec.Struct, frozen=True):
    """A note and the visit it was written from."""

    template: str
    sections: tuple[GivenSection, ...]
    turns: tuple[Turn, ...]

    def named_sections(self) -> list[Section]:
        """The sections with their titles.

        Raises:
            UnknownTemplateError: There is no such template.
            InputError: A section is not in the template or comes twice, a sentence names a turn that is not there, or the texts
                are too long.
        """
        titles = {section.name: section.title for section in template_named(self.template).sections}
        names = [section.name for section in self.sections]
        if unknown := next((name for name in names if name not in titles), None):
            raise InputError(
                f"The template {self.template} has no section {unknown[:40]!r}.", hint=f"Its sections: {', '.join(titles)}."
            )
        if len(set(names)) < len(names):
            raise InputError("A section comes twice.", hint="Send each section once, with its whole text.")
        positions = {turn for section in self.sections for sentence in section.sentences for turn in sentence.turns}
        if positions and not 0 <= min(positions) <= max(positions) < len(self.turns):
            raise InputError("A sentence names a turn that was not sent.", hint="Send all turns of the visit, from the first.")
        texts = [*(section.text for section in self.sections), *(turn.text for turn in self.turns)]
        if sum(map(len, texts)) > _MOST_CHARACTERS:
            raise InputError("The note and the visit are too long to check.", hint="Send one visit at a time.")
        return [Section(section.name, titles[section.name], section.text, section.sentences) for section in self.sections]
