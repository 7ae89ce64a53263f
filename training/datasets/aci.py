"""ACI-Bench (Yim et al. 2023, Scientific Data 10:586): whole visits with whole notes. CC BY 4.0."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import msgspec

from appliance.errors import InputError
from appliance.note.writer import split_sentences
from appliance.transcript import Speaker
from training.datasets.align import align
from training.visits import Utterance, Visit

_SPEAKERS: Final[dict[str, Speaker]] = {"doctor": "clinician", "patient": "patient"}
_TAG = re.compile(r"^\[(?P<speaker>[^\]]+)\]\s*(?P<text>.*)$")
_HEADINGS: Final = (
    ("assessment and plan", "Assessment"),
    ("chief complaint", "Chief complaint"),
    ("reason for visit", "Chief complaint"),
    ("family", "Family history"),
    ("social", "Social history"),
    ("present illness", "History"),
    ("interval", "History"),
    ("hpi", "History"),
    ("allerg", "Allergies"),
    ("medications", "Medications"),
    ("surgical", "Past history"),
    ("medical history", "Past history"),
    ("past", "Past history"),
    ("review of systems", "Symptoms"),
    ("ros", "Symptoms"),
    ("vital", "Examination"),
    ("exam", "Examination"),
    ("procedure", "Results"),
    ("results", "Results"),
    ("labs", "Results"),
    ("imaging", "Results"),
    ("impression", "Assessment"),
    ("diagnos", "Assessment"),
    ("assessment", "Assessment"),
    ("plan", "Plan"),
    ("instructions", "Plan"),
    ("orders", "Plan"),
)
"""Part of a heading, lower case, and the topic of what follows; the first that fits counts."""
_PLAN_LABELS: Final = (
    "medical treatment",
    "additional testing",
    "patient education",
    "specialist referral",
    "patient agreement",
)
_PLAN_WORDS = re.compile(
    r"\b(?:will|recommend\w*|order\w*|prescri\w+|continue|follow|refer\w*|start\w*|increase|decrease|advised?|discuss\w*|"
    r"encourag\w*|schedul\w*|return|instruct\w*|counsel\w*|plan|should)\b",
    re.IGNORECASE,
)
_HEADING_WORDS: Final = 6
"""Most words of a lower-case heading inside a section, such as "Head and Face"."""
_BULLET = re.compile(r"^(?:[•\-*·]|\d+[.)])\s*")
_LABEL = re.compile(r"^(?P<label>[A-Z][A-Za-z /,&-]{2,45}):\s*(?P<text>.+)$")


class _Row(msgspec.Struct):
    src: str
    tgt: str
    file: str


class _File(msgspec.Struct):
    data: list[_Row]


def read_aci(path: Path) -> list[Visit]:
    """Read one split, such as `train.json`, aligned sentence by sentence.

    Raises:
        InputError: The file is missing or malformed, or a row has no dialogue or no note.
    """
    try:
        rows = msgspec.json.decode(path.read_bytes(), type=_File).data
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", hint="Point to a folder with ACI-Bench.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        hint = 'Expected {"data": [{"src", "tgt", "file"}]}.'
        raise InputError(f"{path.name} is not a split of ACI-Bench: {error}.", hint=hint) from error
    return [_visit(row, path.name) for row in rows]


def _visit(row: _Row, name: str) -> Visit:
    turns = tuple(_utterances(row.src))
    if not turns or not row.tgt.strip():
        raise InputError(f"{name}: the case {row.file} has no dialogue or no note.", hint="Remove or complete that case.")
    return Visit(f"aci-{row.file}", "aci", turns, row.tgt, tuple(align(turns, note_sentences(row.tgt))))


def _utterances(dialogue: str) -> list[Utterance]:
    found = []
    for row in dialogue.splitlines():
        if match := _TAG.match(row.strip()):
            text = as_transcribed(match["text"])
            if text:
                found.append(Utterance(_SPEAKERS.get(match["speaker"], "unknown"), text))
    return found


def as_transcribed(text: str) -> str:
    """Tokenized lower-case text as a recognizer writes it: no blank before punctuation, capitals where sentences begin."""
    text = re.sub(r"\s+([,.?!;:])", r"\1", " ".join(text.split()))
    text = re.sub(r"\s+('(?:s|m|re|ve|ll|d|t)\b|n't\b)", r"\1", text)
    text = re.sub(r"\b(gon|wan|got) (?:na|ta)\b", lambda match: match[1] + ("ta" if match[1] == "got" else "na"), text)
    text = re.sub(r"\bi\b", "I", text)
    return re.sub(r"(^|[.?!]\s+)([a-z])", lambda match: match[1] + match[2].upper(), text)


def note_sentences(note: str) -> list[tuple[str, str]]:
    """Topic and text of every sentence of a note, in order; headings are used and not returned."""
    topic, plan, joint = "History", False, False
    found = []
    for row in note.replace("’", "'").splitlines():  # noqa: RUF001  # the apostrophe of some notes
        line = _BULLET.sub("", row.strip())
        if not line:
            continue
        if heading := _heading(line):
            topic, joint, plan = heading, "and plan" in line.lower(), False
            continue
        if match := _LABEL.match(line):
            label = match["label"].lower()
            if joint and (label.startswith(("medical reasoning", *_PLAN_LABELS))):
                plan, line = label.startswith(_PLAN_LABELS), match["text"]
        if topic in {"Examination", "Symptoms"} and line[-1] not in ".:;" and len(line.split()) <= _HEADING_WORDS:
            continue
        for sentence in split_sentences(line):
            is_plan = joint and (plan or bool(_PLAN_WORDS.search(sentence)))
            found.append(("Plan" if is_plan else topic, sentence))
    return found


def _heading(line: str) -> str | None:
    bare = line.rstrip(":.")
    if bare != bare.upper() or not re.search("[A-Z]{3}", bare):
        return None
    return next((topic for part, topic in _HEADINGS if part in bare.lower()), None)
