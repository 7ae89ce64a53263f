from __future__ import annotations

import functools
import json
import re
import subprocess
import sys
from array import array
from typing import Any

import jiwer
import msgspec
import numpy as np
import pytest
from box_bridge import BoxBlock
from hypothesis import given
from hypothesis import strategies as st
from sample_visits import sample_visits
from speech_bridge import BoxSpeechBridge
from whisper_normalizer.english import EnglishTextNormalizer

from appliance.audio import CHUNK_SAMPLES, SAMPLE_RATE, Pcm16
from appliance.device.speech import PageVoice, PageVoiceEncoder, Transcriber
from appliance.device.speech_questions import Agreed, Cut, Judged, Labelled, Session, Sound, Spoken, answer_speech
from appliance.errors import AudioError, InputError, NotFoundError
from appliance.heard_events import Voice
from appliance.runtime.bundle import Bundle
from appliance.settings import Settings
from appliance.speech import silero
from appliance.speech.engine import HeardWord, Segment, SpeechEngine
from appliance.speech.files import open_audio
from appliance.speech.live import LiveSession
from appliance.speech.loudness import plain_energies
from appliance.speech.rota import Rota
from appliance.speech.silero import SileroStream
from appliance.speech.speakers.labels import SpeakerLabels
from appliance.speech.speakers.onnx_encoder import OnnxVoiceEncoder
from appliance.speech.speakers.parts import Earlier
from appliance.speech.voice import FRAME, VoiceDetector
from appliance.speech.waveform import energies
from appliance.speech.whisper import load_engine

VISIT = next(visit for visit in sample_visits() if visit.name == "type-2-diabetes")
SECONDS = 25
SOUND = Sound(7, ((20_000, 0), (9_000, 7), (30_000, 1), (20_000, 8), (25_000, 0)))
QUESTIONS = (
    Cut(SOUND, 12_345, 3_000),
    Judged(SOUND, ((0, 20_000), (30_000, 58_000)), (Segment("I am.", (HeardWord("I", 0.0, 0.4, 0.9),), 0.1, -0.2, 1.0),)),
    Agreed(("I take", "I take two", "I take two pills")),
    Session(SOUND, 0, (0, 1, -1, 3, 2, -1, 5, 6, -1, 7, 8, -1)),
    Labelled(5, tuple(Spoken(turn.text, int(turn.speaker == "patient"), 2.0) for turn in VISIT.turns[:30])),
)
WITHOUT_NUMPY = """
import sys
for name in ("numpy", "onnxruntime", "faster_whisper", "flask", "httpx"):
    sys.modules[name] = None
import msgspec
import appliance.device.speech
from appliance.device.speech_questions import SpeechQuestion, answer_speech
asked = msgspec.json.decode(sys.stdin.buffer.read(), type=list[SpeechQuestion])
sys.stdout.buffer.write(msgspec.json.encode([answer_speech(question) for question in asked]))
"""


@pytest.fixture(scope="module")
def audio() -> Pcm16:
    with VISIT.audio.open("rb") as file:
        blocks = open_audio(file, 3600.0).blocks()
        return array("h", b"".join(block.tobytes() for block in blocks)[: 2 * SECONDS * SAMPLE_RATE])


@pytest.fixture(scope="module")
def engine(default_bundle: Bundle) -> SpeechEngine:
    return load_engine(Settings(bundle=default_bundle.directory))


def chunks(audio: Pcm16) -> list[bytes]:
    return [audio[at : at + CHUNK_SAMPLES].tobytes() for at in range(0, len(audio), CHUNK_SAMPLES)]


def block(chunk: bytes) -> BoxBlock:
    return BoxBlock(np.frombuffer(chunk, np.uint8))


def transcribe(
    transcriber: Transcriber, audio: Pcm16, first: int = 0, earlier: list[dict[str, Any]] | None = None
) -> list[dict[str, Any]]:
    transcriber.open(first, json.dumps(earlier or []))
    events = []
    found = chunks(audio)
    for number in range(first // CHUNK_SAMPLES, len(found)):
        transcriber.put(number, block(found[number]))
        while transcriber.step():
            events += json.loads(transcriber.events())
    transcriber.finish(len(found))
    while transcriber.step():
        pass
    events += json.loads(transcriber.events())
    return events


def finals(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event["data"] for event in events if event["name"] == "final"]


@pytest.fixture(scope="module")
def events(engine: SpeechEngine, audio: Pcm16) -> list[dict[str, Any]]:
    return transcribe(Transcriber(engine, SileroStream, None), audio)


@given(st.lists(st.sampled_from([-32768, -32767, -1, 0, 1, 32767, 255, -7]), max_size=60), st.integers(1, 16))
def test_loudness_is_the_same_with_numpy_and_without(values: list[int], frame: int) -> None:
    samples = array("h", values * 3)
    assert energies(samples, frame) == plain_energies(samples, frame)


def test_the_policy_decides_the_same_without_numpy() -> None:
    command = [sys.executable, "-c", WITHOUT_NUMPY]
    answers = subprocess.run(command, input=msgspec.json.encode(QUESTIONS), capture_output=True, check=True).stdout
    assert json.loads(answers) == json.loads(msgspec.json.encode([answer_speech(question) for question in QUESTIONS]))
    cut, judged, _, session, labelled = json.loads(answers)
    assert len(cut) > 1
    assert labelled[-1] == [turn.speaker for turn in VISIT.turns[:30]]
    assert judged[0] == ["I"]
    assert {event["name"] for event in session} == {"partial", "final", "gap", "finished"}


class SileroBridge(BoxSpeechBridge):
    """Voice detection by the box's own network."""

    def __init__(self) -> None:
        self.graphs = {"voice": silero._network()}


def test_the_voice_detector_behind_a_bridge_is_that_of_the_box(audio: Pcm16) -> None:
    own, bridged = VoiceDetector(SileroStream), VoiceDetector(functools.partial(PageVoice, SileroBridge()))
    for size in (300, FRAME, 7001, 8000, 40_000):
        piece, audio = audio[:size], audio[size:]
        assert list(own.feed(piece)) == list(bridged.feed(piece))
    assert list(own.flush()) == list(bridged.flush())


def test_a_visit_becomes_the_turns_of_the_box(engine: SpeechEngine, audio: Pcm16, events: list[dict[str, Any]]) -> None:
    found = finals(events)
    box = LiveSession(0, len(audio), SileroStream, SpeakerLabels(None))
    rota = Rota(engine)
    rota.add(box)
    for number, chunk in enumerate(chunks(audio)):
        box.put(number, chunk)
    box.finish(len(chunks(audio)), None)
    while rota.serve_one():
        pass
    expected = [json.loads(event.data) for event in box.events.read()[0] if event.name == "final"]
    assert found == expected
    normalize = EnglishTextNormalizer()
    reference = " ".join(turn.text for turn in VISIT.turns if turn.end <= SECONDS)
    heard = " ".join(final["turn"]["text"] for final in found if final["turn"]["end"] <= SECONDS - 1)
    assert jiwer.wer(normalize(reference), normalize(heard)) < 0.25


def test_another_worker_goes_on_from_any_commit(engine: SpeechEngine, audio: Pcm16, events: list[dict[str, Any]]) -> None:
    found = finals(events)
    earlier = [{"text": final["turn"]["text"], "voice": final["voice"]} for final in found]
    assert len(found) > 2
    again = transcribe(Transcriber(engine, SileroStream, None), audio, found[-3]["committed"], earlier[:-2])
    assert finals(again) == found[-2:]


def test_a_page_tells_the_voices_apart_as_the_box_does(engine: SpeechEngine, audio: Pcm16, default_bundle: Bundle) -> None:
    encoder = PageVoiceEncoder(BoxSpeechBridge(default_bundle))
    page = transcribe(Transcriber(engine, SileroStream, encoder), audio)
    box = transcribe(Transcriber(engine, SileroStream, OnnxVoiceEncoder(default_bundle)), audio)
    assert page == box
    told = [event["data"] for event in page if event["name"] in {"final", "speakers"}]
    assert {"clinician", "patient"} <= set(re.findall(r"clinician|patient", json.dumps(told)))


def test_the_box_labels_on_after_turns_without_a_voice() -> None:
    """Turns of a page without a speaker model bring no voice: they stay unknown, and the others get their labels."""
    voices = [Voice(bytes([0] * side + [100] + [0] * (255 - side)), 3.0) for side in (0, 1)]
    said = ("Do you have any chest pain? Any allergies?", "My husband says I snore. I've been tired.")
    turns = [Earlier(text, voice) for text, voice in zip(said, voices, strict=True)]
    labels = SpeakerLabels(None, [turns[0], Earlier("Okay.", None), turns[1], Earlier(said[0], None), *turns])
    assert labels.labels == ("clinician", "unknown", "patient", "unknown", "clinician", "patient")


def test_events_come_once(events: list[dict[str, Any]]) -> None:
    kept = [event["id"] for event in events if event["name"] != "partial"]
    assert kept == list(range(1, len(kept) + 1))
    assert events[-1]["name"] == "finished"
    assert events[0]["name"] == "partial"


class Broken:
    name = bundle = "broken"

    def transcribe(self, audio: Pcm16) -> list[Segment]:
        assert audio
        raise RuntimeError("some words of the patient")

    def glimpse(self, audio: Pcm16) -> Segment:
        return self.transcribe(audio)[0]


def test_a_failure_is_an_event_without_what_was_said(audio: Pcm16) -> None:
    events = transcribe(Transcriber(Broken(), SileroStream, None), audio[: 12 * SAMPLE_RATE])
    assert [event["name"] for event in events] == ["failed"]
    assert "patient" not in json.dumps(events)
    assert events[0]["data"]["hint"]


def test_what_does_not_fit_is_refused() -> None:
    transcriber = Transcriber(Broken(), SileroStream, None)
    assert not transcriber.step()
    with pytest.raises(NotFoundError):
        transcriber.put(0, block(bytes(2 * CHUNK_SAMPLES)))
    with pytest.raises(InputError):
        transcriber.open(0, '[{"words": "?"}]')
    transcriber.open(0, "[]")
    with pytest.raises(AudioError):
        transcriber.put(0, block(b"odd"))
