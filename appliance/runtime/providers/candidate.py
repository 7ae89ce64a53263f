"""What the parent asks of the child process that tries a candidate, and what the child answers: files in one directory.

The child is a module run as `python -m MODULE DIRECTORY`. It reads `job.json` and writes `logits.npy` and `report.json`. Its
output is no channel, because drivers write there too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from appliance.runtime.providers.plan import Provider

JOB_FILE: Final = "job.json"
REPORT_FILE: Final = "report.json"
LOGITS_FILE: Final = "logits.npy"
"""Float32 `[positions, vocabulary]`: after the prompt, and after each token that follows it."""


class Job(msgspec.Struct, frozen=True):
    """What to try."""

    model: str
    """Directory of the model."""
    context: int
    threads: int
    providers: list[Provider]
    most_seconds: int
    """After these the child ends itself: if its parent was killed, nobody else does."""
    tokens: list[int] = []
    """What the plain CPU provider wrote after the prompt, to be read instead of one's own; empty for that one itself."""


class Report(msgspec.Struct, frozen=True):
    """What a child measured."""

    providers: list[str]
    """Of the session, in order of preference."""
    placed: dict[str, dict[str, int]]
    """Nodes that ran, by provider and operator, from ONNX Runtime's profile."""
    tokens: list[int]
    """The likeliest token of each position."""
    load_seconds: float
    prefill_rate: float
    """Tokens per second."""
    decode_rate: float
    """Tokens per second, of one row."""
    peak_bytes: int
    """Most memory the process held at once."""


def read_job(directory: Path) -> Job:
    """The job of this child."""
    return msgspec.json.decode((directory / JOB_FILE).read_bytes(), type=Job)


def write_report(directory: Path, report: Report) -> None:
    """Write `report.json`; the last thing a child does, so that a report means that all went well."""
    (directory / REPORT_FILE).write_bytes(msgspec.json.encode(report))
