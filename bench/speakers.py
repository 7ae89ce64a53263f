"""Measure the speaker labels on the sample visits, through the real speech service.

Prints one line per visit and condition: turns, the share of them with the right label, turns that hold both voices, and the
diarization error rate; what these are stands in `speaker_errors.py`.
Run ``python bench/speakers.py [BUNDLE] [--condition NAME]``.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import json
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from faster_whisper import decode_audio
from speaker_errors import SpeakerErrors, speaker_errors

from appliance import recorded
from appliance.audio import SAMPLE_RATE
from appliance.settings import Settings
from appliance.supervisor import Supervisor
from appliance.transcript import Turn

VISITS = Path(__file__).resolve().parent.parent / "samples" / "visits"
SEED = 1
Audio = npt.NDArray[np.float32]


def noisy(audio: Audio, ratio: float) -> Audio:
    """With white noise that much below the mean power of the recording, in dB."""
    noise = np.random.default_rng(SEED).normal(size=len(audio)) * np.sqrt(np.mean(audio**2)) * 10 ** (-ratio / 20)
    return np.asarray(audio + noise, np.float32)


CONDITIONS: dict[str, Callable[[Audio], Audio]] = {
    "as recorded": lambda audio: audio,
    "noise at 20 dB": lambda audio: noisy(audio, 20),
    "12 dB softer, noise at 20 dB": lambda audio: noisy(audio, 20) * np.float32(0.25),
}


def main() -> None:
    """Transcribe every visit in every condition and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("bundle", nargs="?", help="model bundle; the one in the settings by default")
    parser.add_argument("--condition", choices=list(CONDITIONS), action="append", help="only this one; may be repeated")
    arguments = parser.parse_args()

    settings = Settings.load()
    if arguments.bundle:
        settings = dataclasses.replace(settings, bundle=Path(arguments.bundle))
    print("| condition | visit | turns | right | unknown | mixed | DER |\n|---|---|---|---|---|---|---|")
    with Supervisor(settings, ("speech",)) as supervisor:
        speech = supervisor.client("speech")
        for condition in arguments.condition or CONDITIONS:
            total: SpeakerErrors | None = None
            for folder in sorted(VISITS.iterdir()):
                audio = decode_audio(str(folder / "audio.opus"), sampling_rate=SAMPLE_RATE)
                body = wav(CONDITIONS[condition](audio))
                transcript = recorded.transcribe(speech, body, lambda _done, _total: None)
                errors = speaker_errors(reference(folder), transcript.turns)
                total = errors if total is None else total + errors
                print(row(condition, f"`{folder.name}`", errors), flush=True)
            if total:
                print(row(condition, "all", total), flush=True)


def reference(folder: Path) -> tuple[Turn, ...]:
    """Who spoke when in a sample visit."""
    turns = json.loads((folder / "transcript.json").read_text("utf-8"))["turns"]
    return tuple(Turn(turn["text"], turn["start"], turn["end"], speaker=turn["speaker"]) for turn in turns)


def wav(audio: Audio) -> bytes:
    """The audio as a WAV file."""
    body = io.BytesIO()
    with wave.open(body, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip(audio, -1, 1) * 32767).astype("<i2").tobytes())
    return body.getvalue()


def row(condition: str, visit: str, errors: SpeakerErrors) -> str:
    """One line of the table."""
    cells = [condition, visit, errors.turns, f"{100 * errors.accuracy:.1f} %", errors.unknown, errors.mixed]
    return "| " + " | ".join(str(cell) for cell in [*cells, f"{100 * errors.der:.1f} %"]) + " |"


if __name__ == "__main__":
    main()
