"""A visit as the pipeline reads and writes it: what was said, the note that belongs to it, and what the note must hold.

Every data source (synthetic, ACI-Bench, MTS-Dialog, a folder of files) becomes a list of `Visit`, kept as JSON Lines.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from appliance.errors import InputError
from appliance.note.templates import Template
from appliance.transcript import Speaker, Turn

FactKind = Literal[
    "diagnosis", "medication", "dose", "allergy", "result", "vital", "symptom", "finding", "history", "follow_up", "order"
]
Severity = Literal["major", "minor"]


class Utterance(msgspec.Struct, frozen=True):
    """One turn of the dialogue."""

    speaker: Speaker
    text: str

    @property
    def turn(self) -> Turn:
        """As the note service takes it."""
        return Turn(self.text, speaker=self.speaker)


class Line(msgspec.Struct, frozen=True):
    """One sentence of the reference note and where it was said."""

    topic: str
    """One of the topics in `appliance/note/prompts/topics.toml`."""
    text: str
    turns: tuple[int, ...]
    """Positions, from 0, of the turns that support it."""


class Fact(msgspec.Struct, frozen=True):
    """Something the note must say, known because the visit was made from it."""

    kind: FactKind
    names: tuple[str, ...]
    """Ways a note may name it, lower case, the usual one first: `("hba1c", "a1c", "hemoglobin a1c")`."""
    values: tuple[str, ...] = ()
    """Ways to write its value, lower case, the usual one first: `("500 mg", "500 milligrams")`. Empty if it has none."""
    negated: bool = False
    """The patient does not have it, or was told not to."""
    severity: Severity = "minor"
    """`major` if leaving it out or inventing it could change diagnosis or treatment (CREOLA: npj Digit Med 2025;8:274)."""
    turns: tuple[int, ...] = ()


class Visit(msgspec.Struct, frozen=True):
    """One encounter with its reference note."""

    id: str
    source: Literal["synthetic", "aci", "mts", "folder"]
    turns: tuple[Utterance, ...]
    note: str
    """The whole reference note as text."""
    lines: tuple[Line, ...] = ()
    """The note sentence by sentence, where the turns of each are known."""
    facts: tuple[Fact, ...] = ()
    """Synthetic visits only."""


class WrittenNote(msgspec.Struct, frozen=True):
    """A note that some system wrote for a visit."""

    visit: str
    """Id of the visit."""
    text: str
    lines: tuple[Line, ...] = ()
    """Sentence by sentence where the system says so; `topic` is then the section's name."""


def note_text(template: Template, lines: Iterable[Line]) -> str:
    """The note with its section titles, as it is compared with references; sections without a line are left out."""
    by_topic: dict[str, list[str]] = {}
    for line in lines:
        by_topic.setdefault(line.topic, []).append(line.text)
    blocks = []
    for section in template.sections:
        sentences = [text for topic in section.topics for text in by_topic.get(topic, ())]
        if sentences:
            blocks.append(f"{section.title.upper()}\n\n{' '.join(sentences)}")
    return "\n\n".join(blocks) + "\n"


def write_jsonl(path: Path, records: Iterable[msgspec.Struct]) -> None:
    """Write one JSON object per line; the file appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    encoder = msgspec.json.Encoder()
    partial.write_bytes(b"".join(encoder.encode(record) + b"\n" for record in records))
    partial.replace(path)


def read_visits(path: Path) -> list[Visit]:
    """Read visits from JSON Lines.

    Raises:
        InputError: The file is missing, empty or malformed, or a visit has no turn or no note; the message names the line.
    """
    return _read(path, Visit)


def read_written_notes(path: Path) -> list[WrittenNote]:
    """Read written notes from JSON Lines.

    Raises:
        InputError: As `read_visits`.
    """
    return _read(path, WrittenNote)


_T = TypeVar("_T", Visit, WrittenNote)


def _read(path: Path, kind: type[_T]) -> list[_T]:
    try:
        rows = path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", hint="Check the path.") from error
    decoder = msgspec.json.Decoder(kind)
    records = []
    for number, row in enumerate(rows, 1):
        try:
            record = decoder.decode(row)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            message = f"{path.name}, line {number}, is not a {kind.__name__}: {error}."
            raise InputError(message, hint="Make the file again with `chartside-train`.") from error
        if isinstance(record, Visit) and not (record.turns and record.note.strip()):
            raise InputError(f"{path.name}, line {number}, has no dialogue or no note.", hint="Remove or complete that visit.")
        records.append(record)
    if not records:
        raise InputError(f"{path.name} holds no records.", hint="Check that the step which made it has finished.")
    return records
