"""Measures Chartside against named peers on the same work in the same run: `make bench`.

The note: one visit, one prompt, the whole note in one shot, through our loop and through llama.cpp on the same weights;
and the way the product works, where most of the note is written while the visit runs. Speech: one visit through our
service and through plain faster-whisper. Runs alternate, every figure is the median of five. Writes
`bench/results.json` and `bench/results.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from faster_whisper import WhisperModel
from rich.progress import Progress
from word_errors import word_errors

from appliance import recorded
from appliance.clinical_note import Note
from appliance.models.build import fetch_default_base
from appliance.models.graph import write_graph
from appliance.models.tokenizer import write_tokenizer
from appliance.models.weights import GgufLlama
from appliance.note.model import LanguageModel
from appliance.note.prompts import END, START, spoken
from appliance.runtime.bundle import Bundle
from appliance.runtime.client import ServiceClient
from appliance.settings import Settings
from appliance.supervisor import Supervisor
from appliance.transcript import Turn

HERE = Path(__file__).resolve().parent
VISIT = HERE.parent / "samples" / "visits" / "type-2-diabetes"
NOTE_TOKENS = 256
ONE_SHOT = "Write the clinical note of this visit, section by section."


@dataclass
class Measured:
    """Medians of one contender."""

    name: str
    samples: dict[str, list[float]] = field(default_factory=dict)

    def add(self, **figures: float) -> None:
        """Take the figures of one run."""
        for key, value in figures.items():
            self.samples.setdefault(key, []).append(value)

    def medians(self) -> dict[str, float]:
        """The median of every figure."""
        return {key: statistics.median(values) for key, values in self.samples.items()}


class Peer:
    """A contender in a process of its own, so that its memory can be told apart."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE)
        self.pid = int(self._read()["pid"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(30)

    def ask(self, request: dict[str, Any]) -> dict[str, float]:
        """Send a request and wait for the answer."""
        if self._process.stdin is None:
            raise BrokenPipeError
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._read()

    def peak_mib(self) -> float:
        """Peak resident memory so far in MiB."""
        status = Path(f"/proc/{self.pid}/status").read_text("utf-8")
        kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
        return int(kib) / 1024

    def _read(self) -> dict[str, float]:
        if self._process.stdout is None or not (line := self._process.stdout.readline()):
            message = "A peer ended early; its message is above."
            raise SystemExit(message)
        answer: dict[str, float] = json.loads(line)
        return answer


def main() -> None:
    """Run every comparison and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    settings = Settings.load({"log_level": "warning"})
    turns = read_turns(VISIT)
    with tempfile.TemporaryDirectory(prefix="chartside-bench-") as scratch, Progress() as progress:
        task = progress.add_task("Measuring", total=3 * arguments.repeats)

        def step() -> None:
            progress.advance(task)

        note = bench_note(settings, turns, Path(scratch), arguments.repeats, step)
        with Supervisor(settings, ("speech", "note")) as services:
            product = bench_product(services.client("note"), turns, arguments.repeats, step)
            speech = bench_speech(settings, services.client("speech"), turns, arguments.repeats, step)
    results = {
        "machine": {"processor": processor(), "cores": os.cpu_count(), "python": platform.python_version()},
        "repeats": arguments.repeats,
        "note": [{"name": m.name, **m.medians()} for m in (*note, product)],
        "speech": [{"name": m.name, **m.medians()} for m in speech],
    }
    (HERE / "results.json").write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    table = report(results)
    (HERE / "results.md").write_text(table, "utf-8")
    print(table)


def bench_note(settings: Settings, turns: list[Turn], scratch: Path, repeats: int, step: Callable[[], None]) -> list[Measured]:
    """The whole note in one shot, through our loop and through llama.cpp, on the same token ids."""
    gguf = scratch / "base.gguf"
    fetch_default_base(gguf)
    base = export_base(gguf, scratch / "base")
    model = LanguageModel(base, threads=0, context=4096)
    prompt = model.encode(f"{START}user\n{spoken(turns)}\n\n{ONE_SHOT}{END}\n{START}assistant\n")
    del model
    threads = str(settings.threads or os.cpu_count() or 1)
    ours, theirs = Measured("chartside, one shot"), Measured("llama.cpp, one shot")
    request = {"prompt": prompt, "tokens": NOTE_TOKENS}
    with ExitStack() as stack:
        command = [sys.executable, str(HERE / "peer_chartside.py"), str(base), threads]
        our_peer = stack.enter_context(Peer(command))
        their_peer = stack.enter_context(Peer(["node", "peer_llama_cpp.mjs", str(gguf), threads]))
        for _ in range(repeats):
            for peer, measured in ((our_peer, ours), (their_peer, theirs)):
                answer = peer.ask(request)
                measured.add(
                    end_to_note_seconds=answer["prefill_seconds"] + answer["decode_seconds"],
                    prefill_tokens_per_second=len(prompt) / answer["prefill_seconds"],
                    decode_tokens_per_second=answer["tokens"] / answer["decode_seconds"],
                    peak_mib=peer.peak_mib(),
                )
            step()
    return [ours, theirs]


def bench_product(note: ServiceClient, turns: list[Turn], repeats: int, step: Callable[[], None]) -> Measured:
    """From the end of the visit to the complete note, when the turns came while the visit ran."""
    measured = Measured("chartside, as the product works (topics)")
    for _ in range(repeats):
        with recorded.note_session(note, "aci") as name:
            for number, turn in enumerate(turns):
                note.call("PUT", f"/sessions/{name}/turns/{number}", object, json=turn)
                # A visit takes minutes: the exchanges before the last are written long before it ends.
                time.sleep(0.8)
            note.call("POST", f"/sessions/{name}/finish", object, json={"turns": len(turns)})
            written = next(event for event in recorded.note_events(note, name) if isinstance(event, Note))
        timing = written.timing
        measured.add(
            end_to_note_seconds=timing.finish_to_note_seconds,
            prefill_tokens_per_second=timing.prefill_tokens / timing.prefill_seconds,
            decode_tokens_per_second=timing.decode_tokens / timing.decode_seconds,
        )
        step()
    return measured


def bench_speech(
    settings: Settings, speech: ServiceClient, turns: list[Turn], repeats: int, step: Callable[[], None]
) -> list[Measured]:
    """One visit as a file, through our service and through plain faster-whisper with its own VAD."""
    reference = " ".join(turn.text for turn in turns)
    path, audio = VISIT / "audio.opus", (VISIT / "audio.opus").read_bytes()
    plain = WhisperModel(str(Bundle(settings.bundle).speech_directory), device="cpu", compute_type="int8")
    ours, theirs = Measured("chartside"), Measured("faster-whisper")
    for _ in range(repeats):
        began = time.perf_counter()
        transcript = recorded.transcribe(speech, audio, lambda _done, _total: None)
        seconds = time.perf_counter() - began
        ours.add(real_time_factor=seconds / transcript.duration, word_error_rate=word_errors(reference, transcript.text).wer)
        began = time.perf_counter()
        segments, info = plain.transcribe(
            str(path), language="en", vad_filter=True, condition_on_previous_text=False, word_timestamps=True
        )
        text = " ".join(segment.text for segment in segments)
        seconds = time.perf_counter() - began
        theirs.add(real_time_factor=seconds / info.duration, word_error_rate=word_errors(reference, text).wer)
        step()
    return [ours, theirs]


def read_turns(visit: Path) -> list[Turn]:
    """The reference transcript of a sample visit."""
    written = json.loads((visit / "transcript.json").read_text("utf-8"))["turns"]
    return [Turn(turn["text"], turn["start"], turn["end"], speaker=turn["speaker"]) for turn in written]


def export_base(gguf: Path, directory: Path) -> Path:
    """The base without its adapter, as our exporter writes it: the weights that llama.cpp runs."""
    directory.mkdir()
    weights = GgufLlama(gguf)
    write_tokenizer(weights, directory)
    write_graph(weights, directory)
    return directory


def processor() -> str:
    """The processor's name."""
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def report(results: dict[str, Any]) -> str:
    """The results as Markdown, with each contender's ratio to the peer."""
    machine = results["machine"]
    lines = [
        f"Measured on {machine['processor']}, {machine['cores']} cores; medians of {results['repeats']} alternating runs.",
        "",
        f"**Note** of one visit ({VISIT.name}); in one shot: the base alone, the same prompt, {NOTE_TOKENS} tokens.",
        "",
        "| | end of visit to note | prefill | decode | peak memory |",
        "|---|---|---|---|---|",
    ]
    for row in results["note"]:
        memory = f"{row['peak_mib']:.0f} MiB" if "peak_mib" in row else ""
        rates = f"{row['prefill_tokens_per_second']:.0f} tok/s | {row['decode_tokens_per_second']:.0f} tok/s"
        lines.append(f"| {row['name']} | {row['end_to_note_seconds']:.1f} s | {rates} | {memory} |")
    ours, theirs = results["note"][:2]
    ratios = [f"{ours[k] / theirs[k]:.2f}" for k in ("prefill_tokens_per_second", "decode_tokens_per_second", "peak_mib")]
    shot = theirs["end_to_note_seconds"] / ours["end_to_note_seconds"]
    lines += [
        "",
        f"Against llama.cpp in one shot: note {shot:.2f}x as fast, prefill {ratios[0]}x, decode {ratios[1]}x,",
        f"memory {ratios[2]}x.",
        "The product does other work: it writes line by line while the visit runs, so little is left to do at its end.",
        "",
        "**Speech**, the same visit as a file.",
        "",
        "| | real-time factor | word error rate |",
        "|---|---|---|",
    ]
    lines += [f"| {r['name']} | {r['real_time_factor']:.3f} | {r['word_error_rate']:.3f} |" for r in results["speech"]]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
