from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from faster_whisper.vad import get_vad_model
from hypothesis import given, settings
from hypothesis import strategies as st
from speech_material import joined, pcm

from appliance.audio import SAMPLE_RATE, Pcm16
from appliance.speech.endpoint import Endpointer, Utterance
from appliance.speech.engine import SpeechEngine
from appliance.speech.guard import said_words
from appliance.speech.silero import SileroStream
from appliance.speech.voice import FRAME, VoiceDetector
from appliance.speech.waveform import to_waveform

SECONDS = 600


def fed(endpointer: Endpointer, audio: Pcm16, step: int = 8000) -> list[Utterance]:
    ended = [utterance for at in range(0, len(audio), step) for utterance in endpointer.feed(audio[at : at + step])]
    return ended + endpointer.flush()


def test_pieces_give_the_probabilities_of_the_whole(visit: Pcm16) -> None:
    whole = np.pad(to_waveform(visit), (0, FRAME - len(visit) % FRAME))
    expected = get_vad_model()(whole.copy()).reshape(-1)
    detector = VoiceDetector(SileroStream)
    pieces = [detector.feed(visit[at : at + 7001]) for at in range(0, len(visit), 7001)]
    np.testing.assert_allclose(np.concatenate([*pieces, detector.flush()]), expected, atol=1e-4)


def test_utterances_do_not_overlap_and_hold_the_audio_of_their_place(visit: Pcm16) -> None:
    utterances = fed(Endpointer(SileroStream), visit)
    assert len(utterances) > 10
    for utterance in utterances:
        assert utterance.samples == visit[utterance.start : utterance.end]
        assert len(utterance.samples) <= 30 * SAMPLE_RATE
        assert utterance.start <= utterance.voiced[0][0] < utterance.voiced[-1][1] <= utterance.end
    assert all(a.end <= b.start for a, b in itertools.pairwise(utterances))


@settings(max_examples=10, deadline=None)
@given(steps=st.lists(st.integers(1, 40_000), min_size=1, max_size=8))
def test_the_size_of_pieces_does_not_matter(visit: Pcm16, steps: list[int]) -> None:
    audio = visit[: 40 * SAMPLE_RATE]
    expected = [(u.start, u.end, u.voiced) for u in fed(Endpointer(SileroStream), audio)]
    endpointer, at, ended = Endpointer(SileroStream), 0, []
    while at < len(audio):
        step = steps[at % len(steps)]
        ended += endpointer.feed(audio[at : at + step])
        at += step
    ended += endpointer.flush()
    assert [(u.start, u.end, u.voiced) for u in ended] == expected


def test_an_endpointer_that_begins_at_a_commit_goes_on_as_the_first_one_did(visit: Pcm16) -> None:
    utterances = fed(Endpointer(SileroStream), visit)
    for number in range(0, len(utterances) - 1, 3):
        commit = utterances[number].end
        replayed = fed(Endpointer(SileroStream, commit), visit[commit:], 5000)
        assert [(u.start, u.end) for u in replayed] == [(u.start, u.end) for u in utterances[number + 1 :]]


def test_speech_without_a_pause_is_cut_before_the_window_is_full(visit: Pcm16) -> None:
    talk = joined(visit[first:last] for u in fed(Endpointer(SileroStream), visit) for first, last in u.voiced)
    utterances = fed(Endpointer(SileroStream), talk)
    assert all(len(u.samples) <= 29 * SAMPLE_RATE for u in utterances)
    assert sum(len(u.samples) for u in utterances) > 0.98 * len(talk)


def test_an_hour_at_once_is_not_looked_at_again_and_again(visit: Pcm16) -> None:
    looked_at = 0

    class Counting(SileroStream):
        def hear(self, frames: Pcm16) -> list[float]:
            nonlocal looked_at
            looked_at += len(frames)
            return super().hear(frames)

    endpointer = Endpointer(Counting)
    assert len(endpointer.feed(visit)) > 10
    assert looked_at < 1.3 * len(visit)


def test_quiet_speech_is_found_as_well(visit: Pcm16) -> None:
    spoken = sum(len(utterance.samples) for utterance in fed(Endpointer(SileroStream), visit))
    quiet = fed(Endpointer(SileroStream), pcm((np.asarray(visit) * 0.1).astype(np.int16)))
    assert sum(len(utterance.samples) for utterance in quiet) > 0.95 * spoken


def test_audio_that_is_decided_is_forgotten() -> None:
    endpointer = Endpointer(SileroStream)
    for _ in range(SECONDS):
        endpointer.feed(pcm(np.zeros(SAMPLE_RATE, np.int16)))
    assert endpointer.head == SECONDS * SAMPLE_RATE
    assert len(endpointer._audio) < SAMPLE_RATE


Sound = Callable[[np.random.Generator, np.ndarray], np.ndarray]


def silence(_rng: np.random.Generator, time: np.ndarray) -> np.ndarray:
    return np.zeros_like(time)


def white_noise(rng: np.random.Generator, time: np.ndarray) -> np.ndarray:
    return rng.normal(0.0, 0.2, len(time))


def music(rng: np.random.Generator, time: np.ndarray) -> np.ndarray:
    """Chords of plucked notes with harmonics and vibrato, two a second."""
    beat = time[: SAMPLE_RATE // 2]
    chords = []
    for root in range(12):
        notes = [220.0 * 2 ** ((root + interval) / 12) for interval in (0, 4, 7)]
        tones = [np.sin(2 * np.pi * k * f * beat + np.sin(11 * np.pi * beat)) / k for f in notes for k in (1, 2, 3, 4)]
        chords.append(0.1 * np.exp(-3 * beat) * np.sum(tones, axis=0))
    return np.concatenate([chords[root] for root in rng.integers(0, 12, 2 * SECONDS)])


def mains_hum(_rng: np.random.Generator, time: np.ndarray) -> np.ndarray:
    hum: np.ndarray = 0.1 * np.sum([np.sin(2 * np.pi * 60 * k * time) / k for k in range(1, 8)], axis=0)
    return hum


def beeps(_rng: np.random.Generator, time: np.ndarray) -> np.ndarray:
    """A monitor in the next room."""
    return 0.5 * np.sin(2 * np.pi * 1000 * time) * (time % 2 < 0.2)


def samples_of(sound: Sound) -> Pcm16:
    time = np.arange(SECONDS * SAMPLE_RATE) / SAMPLE_RATE
    return pcm((np.clip(sound(np.random.default_rng(8470), time), -1, 1) * 32767).astype(np.int16))


@pytest.mark.parametrize("sound", [silence, white_noise, music, mains_hum, beeps])
def test_ten_minutes_of_anything_but_speech_are_hardly_ever_taken_for_it(sound: Sound) -> None:
    utterances = fed(Endpointer(SileroStream), samples_of(sound))
    assert sum(len(utterance.samples) for utterance in utterances) <= SAMPLE_RATE


@pytest.mark.parametrize("sound", [silence, white_noise, music, mains_hum, beeps])
def test_ten_minutes_of_anything_but_speech_give_zero_words(sound: Sound, engine: SpeechEngine) -> None:
    for utterance in fed(Endpointer(SileroStream), samples_of(sound)):
        assert said_words(utterance, engine.transcribe(utterance.samples)) == []
