"""The project's recorded visits with their reference transcripts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from appliance.transcript import Turn

VISITS = Path(__file__).parent.parent / "samples" / "visits"


@dataclass(frozen=True)
class SampleVisit:
    """One recorded visit of the project with its references."""

    name: str
    audio: Path
    turns: tuple[Turn, ...]

    @property
    def text(self) -> str:
        return " ".join(turn.text for turn in self.turns)


def sample_visits() -> list[SampleVisit]:
    visits = []
    for directory in sorted(VISITS.iterdir()):
        written = json.loads((directory / "transcript.json").read_text("utf-8"))["turns"]
        turns = tuple(Turn(turn["text"], turn["start"], turn["end"], speaker=turn["speaker"]) for turn in written)
        visits.append(SampleVisit(directory.name, directory / "audio.opus", turns))
    return visits
