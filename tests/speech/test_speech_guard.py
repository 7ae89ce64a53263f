from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from speech_material import in_chunks, pcm

from appliance.audio import SAMPLE_RATE, Pcm16, parse_chunk
from appliance.speech.endpoint import Endpointer, Utterance
from appliance.speech.engine import HeardWord, Segment, SpeechEngine
from appliance.speech.guard import glimpsed_text, said_words, without_loops
from appliance.speech.silero import SileroStream


def words(text: str, *, probability: float = 0.9, pace: float = 0.3) -> tuple[HeardWord, ...]:
    return tuple(HeardWord(w, n * pace, (n + 1) * pace, probability) for n, w in enumerate(text.split()))


def segment(text: str, *, no_speech: float = 0.01, log_probability: float = -0.2, compression: float = 1.3) -> Segment:
    return Segment(text, words(text), no_speech, log_probability, compression)


def utterance(seconds: float = 6.0, *, loudness: float = 0.1, voiced: tuple[float, float] | None = None) -> Utterance:
    rng = np.random.default_rng(3)
    syllables = np.repeat(rng.uniform(0.02, 1.0, int(seconds * 5)), SAMPLE_RATE // 5)
    samples = ((rng.normal(0, loudness, len(syllables)) * syllables).clip(-1, 1) * 32767).astype(np.int16)
    first, last = voiced or (0.0, seconds)
    return Utterance(0, pcm(samples), ((int(first * SAMPLE_RATE), int(last * SAMPLE_RATE)),))


def said(utterance_: Utterance, *segments: Segment) -> str:
    return " ".join(word.text for word in said_words(utterance_, segments))


def test_plain_speech_passes_untouched() -> None:
    text = "I take metformin, 500 milligrams, twice a day."
    assert said(utterance(), segment(text)) == text
    assert glimpsed_text(utterance(), segment(text)) == text


def test_one_doubt_alone_deletes_nothing() -> None:
    text = "It hurts here."
    assert said(utterance(), segment(text, no_speech=0.95)) == text
    assert said(utterance(), segment(text, log_probability=-1.2)) == text
    assert said(utterance(), segment(text, compression=3.0)) == text


@pytest.mark.parametrize(
    "invented",
    [
        segment("I'll see you there.", no_speech=0.8, log_probability=-1.2),
        segment("I'll see you there.", log_probability=-1.8),
        segment("la la la la la la", compression=3.0, log_probability=-1.1),
        segment("Thank you.", no_speech=0.5),
        Segment("Bye!", words("Bye!", probability=0.3), 0.1, -0.5, 1.0),
        segment("Thanks for watching!", no_speech=0.4, log_probability=-0.3),
    ],
)
def test_invented_text_is_rejected(invented: Segment) -> None:
    assert said(utterance(), invented) == ""


def test_a_thank_you_that_was_said_stays() -> None:
    assert said(utterance(), segment("Thank you.")) == "Thank you."
    assert said(utterance(), segment("Thank you for the pills.", no_speech=0.5)) == "Thank you for the pills."


def test_words_outside_of_speech_are_dropped() -> None:
    assert said(utterance(voiced=(0.0, 0.6)), segment("yes I do not know why that is so")) == "yes I do not know"


def test_more_words_than_anyone_can_say_are_invented() -> None:
    assert said(utterance(voiced=(0.2, 0.6)), Segment("", words("a b c d e f g h", pace=0.1), 0.0, -0.2, 1.0)) == ""


def test_a_steady_sound_is_not_speech() -> None:
    tone = (8000 * np.sin(np.arange(4 * SAMPLE_RATE) / 5)).astype(np.int16)
    assert said(Utterance(0, pcm(tone), ((0, len(tone)),)), segment("Beep beep I say.")) == ""
    assert said(utterance(), segment("beep beep")) == ""


def test_nothing_is_heard_in_near_silence() -> None:
    assert said(utterance(loudness=0.0001), segment("Hello there.")) == ""
    assert glimpsed_text(utterance(loudness=0.0001), segment("Hello there.")) == ""


@pytest.mark.parametrize(
    ("looped", "once"),
    [
        ("I am I am I am I am tired", "I am tired"),
        ("no no no no no no no", "no"),
        ("very, very, very tired", "very, very, very tired"),
        ("take one, take one", "take one, take one"),
        ("and the dose is and the dose is and the dose is ten", "and the dose is ten"),
    ],
)
def test_loops_are_said_once(looped: str, once: str) -> None:
    assert " ".join(w.text for w in without_loops(words(looped))) == once


@given(st.lists(st.sampled_from("abc"), max_size=30))
def test_removing_loops_keeps_order_and_is_stable(letters: list[str]) -> None:
    once = without_loops(words(" ".join(letters)))
    places = [word.start for word in once]
    assert places == sorted(places)
    assert {word.text for word in once} == set(letters)


def test_what_whisper_invents_from_noise_is_rejected(engine: SpeechEngine) -> None:
    """Noise goes to the engine as if the voice detector had taken it for speech."""
    rng = np.random.default_rng(5)
    time = np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE
    sounds = {
        "faint noise": rng.normal(0, 0.002, len(time)),
        "white noise": rng.normal(0, 0.2, len(time)),
        "tone": 0.4 * np.sin(2 * np.pi * 440 * time),
        "chord": 0.1 * np.sum([np.sin(2 * np.pi * f * time) for f in (262, 330, 392, 523)], axis=0),
        "knocks": rng.normal(0, 0.3, len(time)) * (time % 0.8 < 0.05),
    }
    for name, wave in sounds.items():
        samples = pcm((wave.clip(-1, 1) * 32767).astype(np.int16))
        doubted = Utterance(0, samples, ((0, len(samples)),))
        assert said_words(doubted, engine.transcribe(samples)) == [], name


def test_true_speech_loses_nothing(engine: SpeechEngine, visit: Pcm16) -> None:
    endpointer = Endpointer(SileroStream)
    ended = [u for chunk in in_chunks(visit[: 60 * SAMPLE_RATE]) for u in endpointer.feed(parse_chunk(chunk))]
    for heard in ended:
        segments = engine.transcribe(heard.samples)
        assert [w.text for w in said_words(heard, segments)] == [w.text for s in segments for w in s.words]
