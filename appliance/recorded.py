"""Takes a recorded visit through the services: what the command line, the demonstration and the benchmark have in common."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from appliance.clinical_note import Note, Section
from appliance.errors import InputError, NotFoundError, UnavailableError, from_problem
from appliance.lexicon.sound_alike import propose, with_proposals
from appliance.runtime.client import ServerEvent, ServiceClient
from appliance.runtime.web import decode
from appliance.transcript import Transcript, Turn

Progress = Callable[[float, float], None]
"""Called with what is done and what there is to do."""
_TEXT_SUFFIXES = frozenset({".txt", ".json"})


def is_text(path: Path) -> bool:
    """Whether the file is a transcript and not audio, by its suffix."""
    return path.suffix.lower() in _TEXT_SUFFIXES


def read_bytes(path: Path) -> bytes:
    """The file's content.

    Raises:
        NotFoundError: There is no such file, or it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotFoundError(f"The file {path} cannot be read: {error.strerror}.", hint="Check the path.") from error


def read_transcript(path: Path) -> tuple[Turn, ...]:
    """Turns from a file: JSON as `chartside transcribe --json` writes it, or text with one turn per line.

    A line of text may start with `Doctor:` or `Patient:`.

    Raises:
        NotFoundError: The file cannot be read.
        InputError: The file is not UTF-8, not such JSON, or has no turns.
    """
    body = read_bytes(path)
    if path.suffix.lower() == ".json":
        turns = decode(body, Transcript).turns
    else:
        try:
            lines = body.decode("utf-8").splitlines()
        except UnicodeDecodeError as error:
            raise InputError(f"The file {path} is not UTF-8 text.", hint="Save the transcript as UTF-8.") from error
        turns = tuple(_turn(line.strip()) for line in lines if line.strip())
    if not turns:
        raise InputError(f"The transcript {path} has no turns.", hint="Write one turn per line.")
    return turns


def transcribe(speech: ServiceClient, audio: bytes, progress: Progress) -> Transcript:
    """Transcribe a whole audio file.

    Args:
        speech: The speech service.
        audio: The file's content, in any common format.
        progress: Told the seconds of audio done and in all.

    Raises:
        AudioError: The file is not audio.
        TooLargeError: The file is too long.
    """
    for event in speech.events("/transcribe", body=audio):
        if event.name == "progress":
            state = event.decode(dict[str, float])
            progress(state["done"], state["total"])
        elif event.name == "transcript":
            return event.decode(Transcript)
        elif event.name == "failed":
            raise _failure(event)
    raise UnavailableError("The speech service ended before the transcript was complete.", hint="Try again.")


def write_note(note: ServiceClient, template: str, turns: Sequence[Turn], progress: Progress) -> Note:
    """Write a note from a whole transcript, with the drugs that may have been misheard put right.

    Args:
        note: The note service.
        template: Name of the template.
        turns: The visit, in order.
        progress: Told the parts done and in all.

    Raises:
        UnknownTemplateError: There is no such template.
    """
    with note_session(note, template) as name:
        for number, heard in enumerate(turns):
            words = with_proposals(heard.words, propose(heard.words))
            turn = msgspec.structs.replace(heard, text=" ".join(word.text for word in words)) if words else heard
            note.call("PUT", f"/sessions/{name}/turns/{number}", object, json=turn)
        note.call("POST", f"/sessions/{name}/finish", object, json={"turns": len(turns)})
        for event in note_events(note, name):
            if isinstance(event, Note):
                return event
            if isinstance(event, dict):
                progress(event["done"], event["total"])
    raise UnavailableError("The note service ended before the note was complete.", hint="Try again.")


@contextlib.contextmanager
def note_session(note: ServiceClient, template: str) -> Iterator[str]:
    """The id of a new note session, which is deleted in the end."""
    name = note.call("POST", "/sessions", dict[str, str], json={"template": template})["id"]
    try:
        yield name
    finally:
        note.call("DELETE", f"/sessions/{name}", object)


def note_events(note: ServiceClient, name: str) -> Iterator[Note | Section | dict[str, Any]]:
    """Sections as they are complete, progress as `{"done", "total"}`, and the note.

    Raises:
        ChartsideError: The note could not be written.
    """
    for event in note.events(f"/sessions/{name}/events"):
        if event.name == "section":
            yield event.decode(Section)
        elif event.name == "note":
            yield event.decode(Note)
        elif event.name == "progress":
            yield event.decode(dict[str, Any])
        elif event.name == "failed":
            raise _failure(event)


def _failure(event: ServerEvent) -> Exception:
    return from_problem(event.decode(dict[str, object]))


def _turn(line: str) -> Turn:
    if line.startswith("Doctor:"):
        return Turn(line.removeprefix("Doctor:").strip(), speaker="clinician")
    if line.startswith("Patient:"):
        return Turn(line.removeprefix("Patient:").strip(), speaker="patient")
    return Turn(line)


def as_json(value: object) -> str:
    """Indented JSON, for people and pipes."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
