"""A beat: a few turns of the visit about one thing, with the lines and the facts that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, field

from appliance.transcript import Speaker
from training.synth.case import Claim
from training.synth.speech import tidy
from training.visits import Line, Utterance


@dataclass
class Beat:
    """Turns with positions counted from its own start."""

    turns: list[Utterance] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    claims: list[tuple[Claim, tuple[int, ...]]] = field(default_factory=list)
    tail: str = ""
    """Kind of what may be added to the last turn; see `tails`."""
    optional: bool = False
    """Whether the visit is complete without it."""

    def clinician(self, text: str) -> int:
        """Add a turn; returns its position."""
        return self._add("clinician", text)

    def patient(self, text: str) -> int:
        """Add a turn; returns its position."""
        return self._add("patient", text)

    def line(self, topic: str, text: str, *turns: int) -> None:
        """Add a sentence of the note."""
        self.lines.append(Line(topic, tidy(text), turns))

    def claim(self, claim: Claim, *turns: int) -> None:
        """Add a fact."""
        self.claims.append((claim, turns))

    @property
    def words(self) -> int:
        """Words said."""
        return sum(len(turn.text.split()) for turn in self.turns)

    def listens(self) -> bool:
        """Whether the clinician is still taking the history, not telling results and plans."""
        return bool(self.lines) and not any(
            line.topic in {"Examination", "Results", "Assessment", "Plan"} for line in self.lines
        )

    def is_background(self) -> bool:
        """Whether it asks about other than the problem of the visit."""
        return any(line.topic in {"Past history", "Family history", "Social history"} for line in self.lines)

    def is_assessment(self) -> bool:
        """Whether the clinician tells what the problem is."""
        return any(line.topic == "Assessment" for line in self.lines)

    def _add(self, speaker: Speaker, text: str) -> int:
        self.turns.append(Utterance(speaker, tidy(text)))
        return len(self.turns) - 1
