"""Note templates: data files in `templates/`, one per template."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final

import msgspec

from appliance.errors import InputError, UnknownTemplateError

_DIRECTORY: Final = Path(__file__).parent / "templates"


class SectionPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One section of a template."""

    name: str
    """Identifier, unique in the template."""
    title: str
    instruction: str
    """What belongs here, as the sections strategy asks for it."""
    topics: tuple[str, ...]
    """Topics of the topics strategy whose sentences belong here."""
    most_sentences: int = 0
    """Most sentences of the section; 0 means any number."""
    spill_into: str = ""
    """Section that takes the sentences beyond `most_sentences`."""


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sections of a note, in order."""

    title: str
    sections: tuple[SectionPlan, ...]
    name: str = ""
    """The file's name without its suffix."""


@functools.cache
def all_templates() -> dict[str, Template]:
    """Every template by name.

    Raises:
        InputError: A template file is malformed; the message names it.
    """
    return {path.stem: read_template(path) for path in sorted(_DIRECTORY.glob("*.toml"))}


def read_template(path: Path) -> Template:
    """Read one template file.

    Raises:
        InputError: The file is malformed, or spills into a section it does not have.
    """
    try:
        template = msgspec.toml.decode(path.read_bytes(), type=Template)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"The template {path.name} is malformed: {error}.", hint="Compare it with aci.toml.") from error
    names = [section.name for section in template.sections]
    spills = [section.spill_into for section in template.sections if section.spill_into]
    if len(set(names)) < len(names) or not set(spills) <= set(names):
        raise InputError(
            f"The template {path.name} names a section twice or spills into none.", hint="Compare it with aci.toml."
        )
    return msgspec.structs.replace(template, name=path.stem)


def template_named(name: str) -> Template:
    """The template of that name.

    Raises:
        UnknownTemplateError: There is none.
    """
    templates = all_templates()
    if name not in templates:
        raise UnknownTemplateError(
            f"There is no template {name[:40]!r}.", hint="Known templates: " + ", ".join(templates) + "."
        )
    return templates[name]
