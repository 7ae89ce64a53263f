"""Measure the samples: length, size, peak, and the word error rate of a faster-whisper model.

The words are compared after Whisper's English normalizer. One line per visit, as in samples/README.md.
Run ``python bench/samples.py MODEL_FOLDER [--show]``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import jiwer
import numpy as np
from faster_whisper import WhisperModel, decode_audio
from word_errors import word_errors

VISITS = Path(__file__).resolve().parent.parent / "samples" / "visits"
RATE = 16_000


def main() -> None:
    """Transcribe every visit and print a Markdown table row for it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("model", help="folder of a CTranslate2 Whisper model")
    parser.add_argument("--show", action="store_true", help="print each difference too")
    arguments = parser.parse_args()

    model = WhisperModel(arguments.model, device="cpu", compute_type="int8")
    print("| visit | length | turns | words | size | peak | WER |\n|---|---|---|---|---|---|---|")
    for folder in sorted(VISITS.iterdir()):
        turns = json.loads((folder / "transcript.json").read_text("utf-8"))["turns"]
        audio = decode_audio(str(folder / "audio.opus"), sampling_rate=RATE)
        segments, _ = model.transcribe(
            audio,
            language="en",
            beam_size=5,
            vad_filter=True,
            condition_on_previous_text=False,
        )
        result = word_errors(" ".join(turn["text"] for turn in turns), " ".join(s.text for s in segments))
        length = len(audio) / RATE
        print(
            f"| `{folder.name}` | {int(length // 60)}:{length % 60:04.1f} | {len(turns)} "
            f"| {len(result.references[0])} | {(folder / 'audio.opus').stat().st_size // 1000} kB "
            f"| {20 * np.log10(np.abs(audio).max()):.1f} dBFS | {100 * result.wer:.1f} % |",
            flush=True,
        )
        if arguments.show:
            print(jiwer.visualize_alignment(result, show_measures=False, skip_correct=True))


if __name__ == "__main__":
    main()
