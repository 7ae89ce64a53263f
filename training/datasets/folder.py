"""A folder of one's own visits: `NAME.transcript.txt` with one turn per line, and `NAME.note.txt` beside it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from appliance.errors import InputError
from appliance.transcript import Speaker
from training.datasets.aci import note_sentences
from training.datasets.align import align
from training.visits import Utterance, Visit

_TRANSCRIPT: Final = ".transcript.txt"
_NOTE: Final = ".note.txt"
_TURN = re.compile(r"^(?P<speaker>doctor|patient)\s*:\s*(?P<text>.*)$", re.IGNORECASE)
_SPEAKERS: Final[dict[str, Speaker]] = {"doctor": "clinician", "patient": "patient"}


def read_folder(path: Path) -> list[Visit]:
    """Read every pair of a folder, by name, aligned sentence by sentence.

    A line of a transcript may start with `Doctor:` or `Patient:`; without, the speaker is unknown.

    Raises:
        InputError: There is no such folder or no pair in it, a file lacks its partner, is empty or is not UTF-8; the message
            names the file.
    """
    if not path.is_dir():
        raise InputError(f"There is no folder {path}.", hint=f"Give a folder of NAME{_TRANSCRIPT} and NAME{_NOTE} files.")
    transcripts = _names(path, _TRANSCRIPT)
    notes = _names(path, _NOTE)
    if not transcripts | notes:
        raise InputError(f"The folder {path.name} holds no visits.", hint=f"Name the files NAME{_TRANSCRIPT} and NAME{_NOTE}.")
    for name in sorted(transcripts ^ notes):
        has, lacks = (_TRANSCRIPT, _NOTE) if name in transcripts else (_NOTE, _TRANSCRIPT)
        raise InputError(f"{name}{has} has no {name}{lacks} beside it.", hint="Add the missing file or remove the other.")
    return [_visit(path, name) for name in sorted(transcripts)]


def _names(path: Path, suffix: str) -> set[str]:
    return {file.name.removesuffix(suffix) for file in path.glob(f"*{suffix}") if file.is_file()}


def _visit(path: Path, name: str) -> Visit:
    turns = tuple(_utterance(line) for row in _text(path / (name + _TRANSCRIPT)).splitlines() if (line := row.strip()))
    turns = tuple(utterance for utterance in turns if utterance.text)
    if not turns:
        raise InputError(f"{name}{_TRANSCRIPT} holds no turn.", hint="Write one turn per line, or remove the pair.")
    note = _text(path / (name + _NOTE))
    if not note.strip():
        raise InputError(f"{name}{_NOTE} is empty.", hint="Complete the note, or remove the pair.")
    return Visit(f"folder-{name}", "folder", turns, note, tuple(align(turns, note_sentences(note))))


def _utterance(line: str) -> Utterance:
    match = _TURN.match(line)
    return Utterance(_SPEAKERS[match["speaker"].lower()], match["text"]) if match else Utterance("unknown", line)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{file.name} is not UTF-8 text.", hint="Save it again as UTF-8.") from error
    except OSError as error:
        raise InputError(f"{file.name} cannot be read: {error.strerror}.", hint="Check its permissions.") from error
