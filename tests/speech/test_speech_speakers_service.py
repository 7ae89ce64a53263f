"""Labels through the real service with the real speaker model; the words come from the script of the visit, at no cost."""

from __future__ import annotations

import io
import threading
import wave
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import pytest
from sample_visits import SampleVisit, sample_visits
from speaker_errors import speaker_errors
from speech_material import Serve, in_chunks, visit_audio

from appliance import recorded
from appliance.audio import CHUNK_SAMPLES, SAMPLE_RATE, Pcm16
from appliance.errors import UnavailableError
from appliance.heard_events import ChangedSpeakers, FinalTurn
from appliance.runtime.bundle import Bundle
from appliance.runtime.client import ServerEvent, ServiceClient
from appliance.settings import Settings
from appliance.speech.engine import HeardWord, Segment, SpeechEngine
from appliance.speech.speakers.clustering import Print
from appliance.speech.speakers.encoder import VoiceEncoder
from appliance.speech.speakers.onnx_encoder import OnnxVoiceEncoder
from appliance.transcript import Turn

SECONDS = 100
VISIT = next(visit for visit in sample_visits() if visit.name == "osteoporosis")


class Script:
    """An engine that knows the visit: it finds where its audio is from, and reads that part of the reference."""

    name = "script"
    bundle = "none"

    def __init__(self, visit: SampleVisit, audio: Pcm16) -> None:
        self._audio = audio.tobytes()
        self._words = [word for turn in visit.turns for word in spread(turn)]

    def transcribe(self, audio: Pcm16) -> list[Segment]:
        start = self._audio.find(audio[:400].tobytes()) / 2 / SAMPLE_RATE
        end = start + len(audio) / SAMPLE_RATE
        words = tuple(
            HeardWord(word.text, word.start - start, word.end - start, 0.9)
            for word in self._words
            if start <= (word.start + word.end) / 2 < end
        )
        return [Segment(" ".join(word.text for word in words), words, 0.0, -0.1, 1.0)]

    def glimpse(self, audio: Pcm16) -> Segment:
        return self.transcribe(audio)[0]


def spread(turn: Turn) -> list[HeardWord]:
    """The words of a turn, as long as their letters, over its time."""
    texts = turn.text.split()
    letters = sum(len(text) + 1 for text in texts)
    words, at = [], turn.start
    for text in texts:
        end = at + (turn.end - turn.start) * (len(text) + 1) / letters
        words.append(HeardWord(text, at, end, 0.9))
        at = end
    return words


@pytest.fixture(scope="module")
def audio() -> Pcm16:
    return visit_audio(VISIT.name)[: SECONDS * SAMPLE_RATE]


@pytest.fixture(scope="module")
def encoder(default_bundle: Bundle) -> VoiceEncoder:
    return OnnxVoiceEncoder(default_bundle)


@pytest.fixture
def start(serve_speech: Serve, audio: Pcm16) -> Callable[[VoiceEncoder | None], ServiceClient]:
    def served(encoder: VoiceEncoder | None) -> ServiceClient:
        def load(_settings: Settings) -> SpeechEngine:
            return Script(VISIT, audio)

        client = serve_speech(load, load_voices=lambda _settings: encoder)
        for _ in range(600):
            try:
                client.call("GET", "/health", object)
            except UnavailableError:
                threading.Event().wait(0.05)
            else:
                return client
        pytest.fail("the service never became ready")

    return served


@dataclass
class Reader:
    """What a reader of the events keeps, as the kiosk does."""

    turns: list[Turn]
    voices: list[object]
    committed: list[int]

    def take(self, event: ServerEvent) -> None:
        if event.name == "final":
            final = event.decode(FinalTurn)
            before = self.committed[-1] if self.committed else 0
            assert before / SAMPLE_RATE - 1e-3 <= final.turn.start <= final.turn.end <= final.committed / SAMPLE_RATE + 1e-3
            assert final.committed > before
            self.turns.append(final.turn)
            self.voices.append(event.decode(dict)["voice"])
            self.committed.append(final.committed)
        elif event.name == "speakers":
            for label in event.decode(ChangedSpeakers).labels:
                self.turns[label.n] = msgspec.structs.replace(self.turns[label.n], speaker=label.speaker)

    def before(self, turns: int) -> Reader:
        """As it was when it had so many turns, with the labels forgotten."""
        kept = [msgspec.structs.replace(turn, speaker="unknown") for turn in self.turns[:turns]]
        return Reader(kept, self.voices[:turns], self.committed[:turns])


def follow(client: ServiceClient, audio: Pcm16, reader: Reader | None = None) -> tuple[Reader, str]:
    """Have a recording transcribed from where the reader is; gives the path of the events too."""
    reader = reader or Reader([], [], [])
    first = reader.committed[-1] if reader.committed else 0
    earlier = [{"text": turn.text, "voice": voice} for turn, voice in zip(reader.turns, reader.voices, strict=True)]
    body = {"first_sample": first, "earlier": earlier}
    session = client.call("POST", "/sessions", dict[str, str], json=body)["id"]
    chunks = in_chunks(audio)
    for number in range(first // CHUNK_SAMPLES, len(chunks)):
        client.call("PUT", f"/sessions/{session}/chunks/{number}", object, body=chunks[number])
    client.call("POST", f"/sessions/{session}/finish", object, json={"chunks": len(chunks)})
    path = f"/sessions/{session}/events"
    for event in kept(client, path):
        reader.take(event)
    return reader, path


def kept(client: ServiceClient, path: str, after: int = 0) -> list[ServerEvent]:
    """The events that are not volatile, to the end."""
    return [event for event in client.events(path, after=after) if event.name != "partial"]


def said(reader: Reader) -> str:
    return " ".join(turn.text for turn in reader.turns)


@pytest.mark.timeout(300)
def test_a_visit_is_labelled_while_it_runs(
    start: Callable[[VoiceEncoder | None], ServiceClient], encoder: VoiceEncoder, audio: Pcm16
) -> None:
    client = start(encoder)
    reader, path = follow(client, audio)
    reference = [turn for turn in VISIT.turns if turn.end <= SECONDS]
    errors = speaker_errors(reference, [turn for turn in reader.turns if turn.end <= reference[-1].end + 0.5])
    assert errors.turns >= len(reference) - 2
    assert errors.accuracy >= 0.95
    assert errors.mixed == 0
    events = kept(client, path)
    assert any(event.name == "speakers" for event in events), "the first turns are labelled when more is known"

    # A reader who lost the connection anywhere ends with the same labels.
    for last in events[::5]:
        again = Reader([], [], [])
        for event in [*events[: last.id], *kept(client, path, last.id)]:
            again.take(event)
        assert again.turns == reader.turns

    # So does one who goes on in a new session, whatever turn the old one died after.
    for turns in (1, len(reader.turns) // 2, len(reader.turns)):
        resumed, _ = follow(client, audio, reader.before(turns))
        assert said(resumed) == said(reader)
        assert [turn.speaker for turn in resumed.turns] == [turn.speaker for turn in reader.turns]

    # And a whole file gets them too.
    transcript = recorded.transcribe(client, wav(audio), lambda _done, _total: None)
    assert list(transcript.turns) == reader.turns


def wav(audio: Pcm16) -> bytes:
    body = io.BytesIO()
    with wave.open(body, "wb") as output:
        output.setnchannels(1)
        output.setsampwidth(2)
        output.setframerate(SAMPLE_RATE)
        output.writeframes(audio.tobytes())
    return body.getvalue()


class Failing:
    """Fails from the third stretch of speech on."""

    def __init__(self, encoder: VoiceEncoder) -> None:
        self._encoder = encoder
        self._calls = 0

    def embed(self, samples: Pcm16, starts: list[int], length: int) -> list[Print]:
        self._calls += 1
        if self._calls > 2:
            raise ValueError("a voice that cannot be read")
        return self._encoder.embed(samples, starts, length)


@pytest.mark.timeout(120)
def test_without_labels_every_word_is_still_there(
    start: Callable[[VoiceEncoder | None], ServiceClient],
    encoder: VoiceEncoder,
    audio: Pcm16,
    caplog: pytest.LogCaptureFixture,
) -> None:
    short = audio[: 40 * SAMPLE_RATE]
    client = start(None)
    plain, path = follow(client, short)
    assert {turn.speaker for turn in plain.turns} == {"unknown"}
    assert set(plain.voices) == {None}
    assert not any(event.name == "speakers" for event in kept(client, path))
    broken, _ = follow(start(Failing(encoder)), short)
    assert said(broken) == said(plain)
    assert broken.turns[-1].speaker == "unknown"
    assert "a voice cannot be read: ValueError" in caplog.text


def test_a_voice_that_is_none_is_refused(start: Callable[[VoiceEncoder | None], ServiceClient], encoder: VoiceEncoder) -> None:
    client = start(encoder)
    for voice in ({"print": "AAAA", "seconds": 1.0}, {"print": "A" * 344, "seconds": 0.0}, 7):
        answer = client._http.post("/sessions", json={"first_sample": 0, "earlier": [{"text": "Hello.", "voice": voice}]})
        assert answer.status_code == 400
