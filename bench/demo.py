"""Takes a recorded sample visit through the running services, as a tablet would, and prints transcript, note and figures.

Run it with `make demo`, or `python bench/demo.py [VISIT] [--live]`. With `--live` the audio is sent at the speed of speech.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import httpx_sse
import msgspec
from faster_whisper import decode_audio
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from word_errors import word_errors

from appliance.audio import CHUNK_SAMPLES, SAMPLE_RATE
from appliance.clinical_note import NOT_DISCUSSED, Note
from appliance.settings import Settings
from appliance.supervisor import Supervisor
from appliance.transcript import Turn

VISITS = Path(__file__).resolve().parent.parent / "samples" / "visits"
_console = Console(highlight=False)


@dataclass
class Outcome:
    """What came out of the visit, and when."""

    turns: list[Turn]
    note: Note
    transcribed_seconds: float
    """From the first chunk to the last turn."""


def main() -> None:
    """Run the demonstration."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("visit", nargs="?", default="type-2-diabetes", choices=sorted(path.name for path in VISITS.iterdir()))
    parser.add_argument("--live", action="store_true", help="send the audio at the speed of speech")
    arguments = parser.parse_args()
    folder = VISITS / arguments.visit
    chunks = read_chunks(folder / "audio.opus")
    with tempfile.TemporaryDirectory(prefix="chartside-demo-") as data:
        settings = Settings.load({"port": 0, "data_dir": data, "log_level": "warning"})
        with Supervisor(settings, ("speech", "note", "kiosk")) as services:
            with _console.status("Loading the models"):
                services.client("speech")
                services.client("note")
            outcome = take_visit(services.url, chunks, pause=0.5 if arguments.live else 0.0)
    show(outcome)
    reference = " ".join(turn["text"] for turn in json.loads((folder / "transcript.json").read_text("utf-8"))["turns"])
    errors = word_errors(reference, " ".join(turn.text for turn in outcome.turns)).wer
    written = sum(section.text != NOT_DISCUSSED for section in outcome.note.sections)
    _console.print(f"\n{written} of {len(outcome.note.sections)} sections have content; the others say that nothing was said.")
    _console.print(summary(outcome, errors, len(chunks) * CHUNK_SAMPLES / SAMPLE_RATE), soft_wrap=True)


def read_chunks(path: Path) -> list[bytes]:
    """An audio file as numbered PCM16 chunks."""
    samples = (decode_audio(str(path), sampling_rate=SAMPLE_RATE) * 32767).astype("<i2")
    return [samples[start : start + CHUNK_SAMPLES].tobytes() for start in range(0, len(samples), CHUNK_SAMPLES)]


def take_visit(url: str, chunks: list[bytes], *, pause: float) -> Outcome:
    """Send a visit to the kiosk and wait for its note.

    Args:
        url: Address of the kiosk.
        chunks: The recording.
        pause: Seconds between chunks; 0.5 is the speed of speech, 0 as fast as the kiosk takes them.
    """
    columns = (TextColumn("{task.description:<12}"), BarColumn(), TaskProgressColumn())
    bars = Progress(*columns, TimeElapsedColumn(), console=_console)
    with httpx.Client(base_url=url, timeout=30) as kiosk, bars:
        encounter = _expect(kiosk.post("/api/encounters", json={"template": "aci"}))["id"]
        path = f"/api/encounters/{encounter}"
        sending = bars.add_task("recording", total=len(chunks))
        began = time.perf_counter()
        for number, chunk in enumerate(chunks):
            _expect(kiosk.put(f"{path}/audio/{number}", content=chunk))
            bars.update(sending, completed=number + 1)
            time.sleep(pause)
        _expect(kiosk.post(f"{path}/finish", json={"chunks": len(chunks)}))
        transcribing = bars.add_task("transcribing", total=len(chunks) / 2)
        writing = bars.add_task("writing", total=None)
        outcome = _follow(kiosk, path, began, (bars, transcribing, writing))
        _expect(kiosk.delete(path))
    return outcome


def _follow(kiosk: httpx.Client, path: str, began: float, bars: tuple[Progress, TaskID, TaskID]) -> Outcome:
    progress, transcribing, writing = bars
    turns: dict[int, Turn] = {}
    transcribed = 0.0
    for name, data in _events(kiosk, f"{path}/events"):
        if name == "snapshot":
            turns.update(enumerate(msgspec.convert(data["transcript"]["turns"], list[Turn])))
        elif name == "turn":
            turns[data["n"]] = msgspec.convert(data["turn"], Turn)
            progress.update(transcribing, completed=turns[data["n"]].end)
        elif name == "state" and data["state"] == "writing":
            transcribed = time.perf_counter() - began
            progress.update(transcribing, completed=progress.tasks[transcribing].total)
        elif name == "progress":
            progress.update(writing, completed=data["done"], total=data["total"])
        note = data.get("note") if name in {"note", "snapshot"} else None
        if note is not None:
            return Outcome([turns[n] for n in sorted(turns)], msgspec.convert(note, Note), transcribed)
        if name == "state" and data["state"] == "failed":
            break
    message = "The visit ended without a note; run `chartside doctor`."
    raise SystemExit(message)


def _events(kiosk: httpx.Client, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    with httpx_sse.connect_sse(kiosk, "GET", path, timeout=600) as source:
        for event in source.iter_sse():
            if event.data:
                yield event.event, event.json()


def show(outcome: Outcome) -> None:
    """Print transcript and note."""
    _console.rule("Transcript")
    for turn in outcome.turns:
        _console.print(f"[dim]{int(turn.start) // 60:02d}:{int(turn.start) % 60:02d}[/]  {turn.text}")
    _console.rule("Note")
    _console.print(outcome.note.text, markup=False)


def summary(outcome: Outcome, errors: float, seconds: float) -> str:
    """The last line of `make demo`."""
    timing, sections = outcome.note.timing, outcome.note.sections
    written = sum(bool(section.text) for section in sections)
    figures = {
        "wer": f"{errors:.2f}",
        "sections": f"{written}/{len(sections)}",
        "rtf": f"{outcome.transcribed_seconds / seconds:.2f}",
        "prefill": f"{timing.prefill_tokens / max(timing.prefill_seconds, 1e-9):.0f}tok/s",
        "decode": f"{timing.decode_tokens / max(timing.decode_seconds, 1e-9):.0f}tok/s",
        "finish_to_note": f"{timing.finish_to_note_seconds:.1f}s",
    }
    return "demo: " + " ".join(f"{name}={value}" for name, value in figures.items())


def _expect(response: httpx.Response) -> dict[str, str]:
    if response.is_error:
        raise SystemExit(response.text)
    document: dict[str, str] = response.json() if response.content else {}
    return document


if __name__ == "__main__":
    main()
