"""The page's recognizer against the box's, on recorded visits; its graphs run on the box's ONNX Runtime."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable

import numpy as np
import pytest
from faster_whisper import decode_audio
from sample_visits import SampleVisit, sample_visits
from speech_bridge import BoxSpeechBridge
from word_errors import word_errors

from appliance.audio import SAMPLE_RATE, Pcm16
from appliance.device.hearing import PageWhisper
from appliance.device.speech import PageVoice
from appliance.errors import BundleError
from appliance.runtime.bundle import Bundle
from appliance.speech.endpoint import Endpointer, Utterance
from appliance.speech.engine import Segment, SpeechEngine
from appliance.speech.silero import SileroStream
from appliance.speech.voice import VoiceDetector
from appliance.speech.whisper import WhisperEngine

WORSE = 0.01
"""So much more of what was said may the page get wrong than the box: a word in a hundred."""


def recorded(visit: SampleVisit) -> Pcm16:
    audio = decode_audio(str(visit.audio), sampling_rate=SAMPLE_RATE)
    return array("h", np.clip(np.rint(audio * 32768), -32768, 32767).astype(np.int16).tobytes())


def utterances(visit: SampleVisit) -> list[Utterance]:
    endpointer = Endpointer(SileroStream)
    return endpointer.feed(recorded(visit)) + endpointer.flush()


def text(segments: Iterable[Segment]) -> str:
    return " ".join(word.text for segment in segments for word in segment.words)


@pytest.fixture(scope="module")
def bridge(default_bundle: Bundle) -> BoxSpeechBridge:
    return BoxSpeechBridge(default_bundle)


@pytest.fixture(scope="module")
def page(bridge: BoxSpeechBridge, default_bundle: Bundle) -> PageWhisper:
    vocabulary = (default_bundle.speech_directory / "vocabulary.txt").read_text("utf-8")
    return PageWhisper(bridge, vocabulary, default_bundle.manifest.speech.model, default_bundle.label)


@pytest.fixture(scope="module")
def box(default_bundle: Bundle) -> WhisperEngine:
    return WhisperEngine(default_bundle, language="en")


@pytest.fixture(scope="module")
def some() -> list[Utterance]:
    """Half a minute of a visit, cut where the box cuts it."""
    return utterances(sample_visits()[0])[:4]


def test_it_is_the_model_of_the_bundle(page: PageWhisper, default_bundle: Bundle) -> None:
    engine: SpeechEngine = page
    assert (engine.name, engine.bundle) == ("whisper-tiny.en", default_bundle.label)


def test_words_come_at_the_same_times(page: PageWhisper, box: WhisperEngine, some: list[Utterance]) -> None:
    pairs = []
    for utterance in some:
        words, wanted = (
            [word for part in engine.transcribe(utterance.samples) for word in part.words] for engine in (page, box)
        )
        by_text = {(word.text, round(word.start)): word for word in wanted}
        pairs += [(word, by_text[key]) for word in words if (key := (word.text, round(word.start))) in by_text]
        assert len(pairs)
    apart = [max(abs(word.start - other.start), abs(word.end - other.end)) for word, other in pairs]
    doubts = [abs(word.probability - other.probability) for word, other in pairs]
    print(f"speech_words_apart={np.mean(apart):.3f}")
    assert len(pairs) >= 40
    assert np.mean(apart) < 0.05
    assert np.mean(doubts) < 0.05


def test_the_doubts_are_those_of_the_box(page: PageWhisper, box: WhisperEngine, some: list[Utterance]) -> None:
    for utterance in some:
        thorough = [engine.transcribe(utterance.samples)[0] for engine in (page, box)]
        quick = [engine.glimpse(utterance.samples) for engine in (page, box)]
        for found, wanted in (thorough, quick):
            assert abs(found.no_speech - wanted.no_speech) < 0.1
            assert abs(found.log_probability - wanted.log_probability) < 0.15
            if found.text == wanted.text:
                assert found.compression == pytest.approx(wanted.compression)


@pytest.mark.parametrize(
    "make", [lambda n: array("h", bytes(2 * n)), lambda n: array("h", ([9000] * 8 + [-9000] * 8) * (n // 16))]
)
def test_where_nobody_speaks_the_box_decides_alike(page: PageWhisper, box: WhisperEngine, make: Callable[[int], Pcm16]) -> None:
    audio = make(3 * SAMPLE_RATE)
    assert (text(page.transcribe(audio)) == "") is (text(box.transcribe(audio)) == "")


def test_memory_is_given_back(page: PageWhisper, bridge: BoxSpeechBridge, some: list[Utterance]) -> None:
    page.glimpse(some[0].samples)
    page.transcribe(some[0].samples)
    assert not bridge.heard


def test_a_quick_pass_hears_only_what_there_is(page: PageWhisper, bridge: BoxSpeechBridge, some: list[Utterance]) -> None:
    bridge.calls.clear()
    page.glimpse(some[0].samples[: 3 * SAMPLE_RATE])
    assert bridge.calls[0] == ("listen", 600)
    page.transcribe(some[0].samples)
    assert ("listen", 3000) in bridge.calls


def test_voices_are_heard_alike(bridge: BoxSpeechBridge) -> None:
    audio = recorded(sample_visits()[0])[: 10 * SAMPLE_RATE]
    page, box = VoiceDetector(lambda: PageVoice(bridge)), VoiceDetector(SileroStream)
    for at in range(0, len(audio), 5000):
        part = audio[at : at + 5000]
        np.testing.assert_allclose(page.feed(part), box.feed(part), atol=1e-5)


def test_a_list_of_something_else_is_refused(bridge: BoxSpeechBridge) -> None:
    with pytest.raises(BundleError):
        PageWhisper(bridge, "one\ntwo\n", "model", "bundle")


@pytest.mark.slow
def test_a_visit_is_heard_as_well_as_on_the_box(page: PageWhisper, box: WhisperEngine, sample_visit: SampleVisit) -> None:
    parts = utterances(sample_visit)
    wrong = {}
    engines: dict[str, SpeechEngine] = {"page": page, "box": box}
    for name, engine in engines.items():
        heard = " ".join(text(engine.transcribe(part.samples)) for part in parts)
        glimpsed = " ".join(engine.glimpse(part.samples).text for part in parts)
        wrong[name] = [word_errors(sample_visit.text, found).wer for found in (heard, glimpsed)]
    print(f"speech_wer={wrong['page'][0]:.4f} box={wrong['box'][0]:.4f} quick={wrong['page'][1]:.4f} box={wrong['box'][1]:.4f}")
    assert wrong["page"][0] <= wrong["box"][0] + WORSE
    assert wrong["page"][1] <= wrong["box"][1] + 2 * WORSE
