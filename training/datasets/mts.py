"""MTS-Dialog (Ben Abacha et al. 2023, EACL): short dialogues, each with one section of a note. CC BY 4.0."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Final

from appliance.errors import InputError
from appliance.note.exchanges import LONGEST
from appliance.note.writer import split_sentences
from appliance.transcript import Speaker
from training.datasets.align import align
from training.visits import Line, Utterance, Visit

_COLUMNS: Final = ("ID", "section_header", "section_text", "dialogue")
_TOPICS: Final = {
    "ALLERGY": "Allergies",
    "ASSESSMENT": "Assessment",
    "CC": "Chief complaint",
    "DIAGNOSIS": "Assessment",
    "DISPOSITION": "Plan",
    "EDCOURSE": "History",
    "EXAM": "Examination",
    "FAM/SOCHX": "Social history",
    "GENHX": "History",
    "GYNHX": "Past history",
    "IMAGING": "Results",
    "IMMUNIZATIONS": "Past history",
    "LABS": "Results",
    "MEDICATIONS": "Medications",
    "OTHER_HISTORY": "Past history",
    "PASTMEDICALHX": "Past history",
    "PASTSURGICAL": "Past history",
    "PLAN": "Plan",
    "PROCEDURES": "Results",
    "ROS": "Symptoms",
}
_FAMILY = re.compile(
    r"\b(?:mother|father|brothers?|sisters?|siblings?|parents?|grand\w+|aunts?|uncles?|family|maternal|paternal)\b",
    re.IGNORECASE,
)
_SPEAKERS: Final[dict[str, Speaker]] = {"doctor": "clinician", "patient": "patient"}
_TURN = re.compile(r"^(?P<speaker>[A-Z][A-Za-z_ ]{2,20}):\s*(?P<text>.*)$")
_LEAST_SUPPORT: Final = 0.35
"""Lower than for whole visits: there is only one place where the sentence can come from."""


def read_mts(path: Path) -> list[Visit]:
    """Read one split, such as `train.csv`.

    Raises:
        InputError: The file is missing, lacks a column, or a row has no dialogue or no text.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            missing = [column for column in _COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                raise InputError(f"{path.name} lacks the column {missing[0]}.", hint="Columns: " + ", ".join(_COLUMNS) + ".")
            return [_visit(row, path) for row in reader]
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", hint="Point to a folder with MTS-Dialog.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path.name} is not a CSV file in UTF-8.", hint="Fetch it again.") from error


def _visit(row: dict[str, str], path: Path) -> Visit:
    turns = tuple(_utterances(row["dialogue"] or ""))
    text = " ".join((row["section_text"] or "").split())
    if not turns or not text:
        raise InputError(f"{path.name}: the row {row['ID']} has no dialogue or no text.", hint="Remove or complete that row.")
    topic = _TOPICS.get(row["section_header"], "History")
    sentences = [(_refined(topic, sentence), sentence) for sentence in split_sentences(text)]
    lines: list[Line] = align(turns, sentences, least=_LEAST_SUPPORT)
    if not lines and sum(len(utterance.text.split()) for utterance in turns) <= LONGEST // 2 and not re.search(r"\d", text):
        # A short answer in other words, such as "Noncontributory.".
        lines = [Line(*sentence, tuple(range(len(turns)))) for sentence in sentences]
    return Visit(f"mts-{path.stem}-{row['ID']}", "mts", turns, text, tuple(lines))


def _refined(topic: str, sentence: str) -> str:
    return "Family history" if topic == "Social history" and _FAMILY.search(sentence) else topic


def _utterances(dialogue: str) -> list[Utterance]:
    found: list[Utterance] = []
    for row in dialogue.splitlines():
        line = " ".join(row.split())
        if match := _TURN.match(line):
            found.append(Utterance(_SPEAKERS.get(match["speaker"].lower(), "unknown"), match["text"]))
        elif line and found:
            found[-1] = Utterance(found[-1].speaker, f"{found[-1].text} {line}")
        elif line:
            found.append(Utterance("unknown", line))
    return [utterance for utterance in found if utterance.text]
