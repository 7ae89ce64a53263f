from __future__ import annotations

import contextlib
import io
import threading
import wave
from collections.abc import Iterator

import httpx
import jiwer
import msgspec
import pytest
from speech_material import Fingerprints, Serve, in_chunks, silence, visit_audio, visit_names, visit_text
from whisper_normalizer.english import EnglishTextNormalizer

from appliance.audio import CHUNK_BYTES, SAMPLE_RATE, Pcm16
from appliance.errors import BundleError, ConflictError, NotFoundError, UnavailableError
from appliance.heard_events import FinalTurn
from appliance.runtime.client import ServerEvent, ServiceClient
from appliance.settings import Settings
from appliance.speech.endpoint import Endpointer
from appliance.speech.engine import Segment, SpeechEngine
from appliance.speech.sessions import IDLE_SECONDS, MOST_SESSIONS, Sessions
from appliance.speech.silero import SileroStream
from appliance.transcript import Transcript, Turn


def fingerprints(_settings: Settings) -> SpeechEngine:
    return Fingerprints()


@pytest.fixture
def client(serve_speech: Serve) -> ServiceClient:
    return ready(serve_speech(fingerprints))


def ready(client: ServiceClient) -> ServiceClient:
    for _ in range(600):
        try:
            client.call("GET", "/health", object)
        except UnavailableError:
            threading.Event().wait(0.1)
        else:
            return client
    pytest.fail("the service never became ready")


def opened(client: ServiceClient, first_sample: int = 0) -> str:
    return client.call("POST", "/sessions", dict[str, str], json={"first_sample": first_sample})["id"]


def send_all(client: ServiceClient, session: str, audio: Pcm16) -> None:
    chunks = in_chunks(audio)
    for number, chunk in enumerate(chunks):
        client.call("PUT", f"/sessions/{session}/chunks/{number}", object, body=chunk)
    client.call("POST", f"/sessions/{session}/finish", object, json={"chunks": len(chunks)})


def followed(client: ServiceClient, session: str, after: int = 0) -> list[ServerEvent]:
    return [e for e in client.events(f"/sessions/{session}/events", after=after) if e.name != "partial"]


def turns(events: list[ServerEvent]) -> list[Turn]:
    return [event.decode(FinalTurn).turn for event in events if event.name == "final"]


def wav(audio: Pcm16, rate: int = SAMPLE_RATE) -> bytes:
    body = io.BytesIO()
    with wave.open(body, "wb") as output:
        output.setnchannels(1)
        output.setsampwidth(2)
        output.setframerate(rate)
        output.writeframes(audio.tobytes())
    return body.getvalue()


def transcribed(client: ServiceClient, body: bytes) -> list[tuple[str, bytes]]:
    answer = client._http.post("/transcribe", content=body, timeout=300)
    answer.raise_for_status()
    blocks = [dict(line.split(": ", 1) for line in block.split("\n")) for block in answer.text.split("\n\n") if "data" in block]
    return [(block["event"], block["data"].encode()) for block in blocks]


def test_a_session_gives_turns_and_the_file_gives_the_same(client: ServiceClient, visit: Pcm16) -> None:
    audio = visit[: 45 * SAMPLE_RATE]
    session = opened(client)
    send_all(client, session, audio)
    events = followed(client, session)
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    assert events[-1].name == "finished"
    assert events[-1].decode(dict) == {"duration": 45.0}
    *progress, (name, body) = transcribed(client, wav(audio))
    assert name == "transcript"
    transcript = msgspec.json.decode(body, type=Transcript)
    assert list(transcript.turns) == turns(events)
    assert transcript.duration == 45.0
    assert [name for name, _ in progress] == ["progress"] * len(progress)
    assert msgspec.json.decode(progress[-1][1]) == {"done": 45.0, "total": 45.0}


def test_a_reader_resumes_after_the_last_event_it_got(client: ServiceClient, visit: Pcm16) -> None:
    session = opened(client)
    send_all(client, session, visit[: 40 * SAMPLE_RATE])
    everything = followed(client, session)
    assert len(everything) > 3
    for last in everything:
        assert followed(client, session, after=last.id) == everything[last.id :]


def test_a_session_continued_from_a_commit_loses_and_doubles_nothing(client: ServiceClient, visit: Pcm16) -> None:
    audio = visit[: 60 * SAMPLE_RATE]
    first = opened(client)
    send_all(client, first, audio)
    expected = turns(followed(client, first))
    second = opened(client)
    for number, chunk in enumerate(in_chunks(audio)[:70]):
        client.call("PUT", f"/sessions/{second}/chunks/{number}", object, body=chunk)
    got: list[Turn] = []
    committed = 0
    for event in client.events(f"/sessions/{second}/events"):
        if event.name == "final":
            final = event.decode(FinalTurn)
            got.append(final.turn)
            committed = final.committed
        if len(got) == 3:
            break
    client.call("DELETE", f"/sessions/{second}", object)
    third = opened(client, committed)
    for number, chunk in enumerate(in_chunks(audio)):
        if (number + 1) * len(chunk) // 2 > committed:
            client.call("PUT", f"/sessions/{third}/chunks/{number}", object, body=chunk)
    client.call("POST", f"/sessions/{third}/finish", object, json={"chunks": 120})
    assert got + turns(followed(client, third)) == expected


def test_chunks_are_acknowledged_and_missing_ones_named(client: ServiceClient, visit: Pcm16) -> None:
    session, chunks = opened(client), in_chunks(visit)

    def put(number: int) -> object:
        return client.call("PUT", f"/sessions/{session}/chunks/{number}", object, body=chunks[number])

    assert put(1) == {"received_through": -1, "missing": [0]}
    assert put(4) == {"received_through": -1, "missing": [0, 2, 3]}
    assert put(0) == {"received_through": 1, "missing": [2, 3]}
    assert put(0) == {"received_through": 1, "missing": [2, 3]}
    client.call("POST", f"/sessions/{session}/finish", object, json={"chunks": 6})
    gaps = [event.decode(dict) for event in followed(client, session) if event.name == "gap"]
    assert gaps == [
        {"gap": {"start": 1.0, "end": 2.0}, "committed": 32_000},
        {"gap": {"start": 2.5, "end": 3.0}, "committed": 48_000},
    ]


def test_several_sessions_at_once_do_not_mix(client: ServiceClient, visit: Pcm16) -> None:
    audio = [visit[at * SAMPLE_RATE : (at + 30) * SAMPLE_RATE] for at in (0, 30, 60, 90)]
    alone = []
    for part in audio:
        session = opened(client)
        send_all(client, session, part)
        alone.append(turns(followed(client, session)))
    sessions = [opened(client) for _ in audio]
    senders = [
        threading.Thread(target=send_all, args=(client, session, part)) for session, part in zip(sessions, audio, strict=True)
    ]
    for sender in senders:
        sender.start()
    together = [turns(followed(client, session)) for session in sessions]
    for sender in senders:
        sender.join()
    assert together == alone


class Fragile(Fingerprints):
    """Breaks on the audio of one session."""

    def __init__(self, hated: Pcm16) -> None:
        self._hated = hated

    def transcribe(self, audio: Pcm16) -> list[Segment]:
        if audio[:100] == self._hated[:100]:
            raise RuntimeError("some words of the patient")
        return super().transcribe(audio)


def test_a_session_that_fails_says_so_and_the_others_go_on(serve_speech: Serve, visit: Pcm16) -> None:
    sound = ready(serve_speech(fingerprints))
    good, bad = visit[: 20 * SAMPLE_RATE], visit[60 * SAMPLE_RATE : 80 * SAMPLE_RATE]
    session = opened(sound)
    send_all(sound, session, good)
    expected = turns(followed(sound, session))
    endpointer = Endpointer(SileroStream)
    hated = (endpointer.feed(bad) + endpointer.flush())[0].samples
    client = ready(serve_speech(lambda _: Fragile(hated)))
    first, second = opened(client), opened(client)
    send_all(client, first, bad)
    send_all(client, second, good)
    failure = followed(client, first)[-1]
    assert failure.name == "failed"
    assert failure.decode(dict)["hint"]
    assert b"patient" not in failure.data
    assert turns(followed(client, second)) == expected


def raw(client: ServiceClient, method: str, path: str, content: bytes | Iterator[bytes], **headers: str) -> httpx.Response:
    return client._http.request(method, path, content=content, headers=headers)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("chunks/0", b"", 415),
        ("chunks/0", b"abc", 415),
        ("chunks/0", bytes(CHUNK_BYTES + 2), 413),
        ("chunks/0", bytes(10 * CHUNK_BYTES), 413),
        ("chunks/99999", bytes(CHUNK_BYTES), 413),
        ("chunks/-1", bytes(CHUNK_BYTES), 404),
        ("chunks/one", bytes(CHUNK_BYTES), 404),
        ("finish", b"", 400),
        ("finish", b"{", 400),
        ("finish", b'{"chunks": "\xff"}', 400),
        ("finish", b'{"chunks": -1}', 400),
        ("finish", b'{"chunks": 99999999}', 413),
        ("finish", b'{"chunks": 2, "samples": 5}', 400),
        ("finish", b'{"chunks": 1, "sample": 5}', 400),
    ],
)
def test_bad_input_is_told_apart_with_a_hint(client: ServiceClient, path: str, body: bytes, status: int) -> None:
    session = opened(client)
    method = "POST" if path == "finish" else "PUT"
    answer = raw(client, method, f"/sessions/{session}/{path}", body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["hint"]
    send_all(client, session, silence(100))
    assert followed(client, session)[-1].name == "finished"


@pytest.mark.parametrize("body", [b"\xff\xfe{}", b"[]", b"null", b'{"first_sample": -5}', b'{"first_sample": "x"}'])
def test_a_session_is_not_opened_by_bad_json(client: ServiceClient, body: bytes) -> None:
    answer = raw(client, "POST", "/sessions", body)
    assert answer.status_code == 400
    assert answer.json()["hint"]


def test_the_same_number_with_other_audio_is_a_conflict(client: ServiceClient) -> None:
    session = opened(client)
    client.call("PUT", f"/sessions/{session}/chunks/3", object, body=bytes(CHUNK_BYTES))
    with pytest.raises(ConflictError):
        client.call("PUT", f"/sessions/{session}/chunks/3", object, body=b"\1" + bytes(CHUNK_BYTES - 1))


def test_what_is_gone_is_not_found(client: ServiceClient) -> None:
    session = opened(client)
    client.call("DELETE", f"/sessions/{session}", object)
    for method, path in (("PUT", "/chunks/0"), ("POST", "/finish"), ("DELETE", "")):
        with pytest.raises(NotFoundError):
            client.call(method, f"/sessions/{session}{path}", object, body=b'{"chunks":0}')
    with pytest.raises(NotFoundError):
        followed(client, session)
    answer = raw(client, "GET", f"/sessions/{opened(client)}/events", b"", **{"Last-Event-ID": "x"})
    assert answer.status_code == 400


def test_deleting_a_session_ends_its_streams(client: ServiceClient) -> None:
    session = opened(client)
    with client._http.stream("GET", f"/sessions/{session}/events", timeout=30) as stream:
        client.call("DELETE", f"/sessions/{session}", object)
        assert [line for line in stream.iter_lines() if line.startswith("data:")] == []


@pytest.mark.parametrize("body", [b"", b"not audio" * 1000])
def test_a_file_that_is_not_audio_is_refused(client: ServiceClient, body: bytes) -> None:
    answer = raw(client, "POST", "/transcribe", body)
    assert answer.status_code == 415
    assert answer.json()["hint"]


def test_a_file_that_was_cut_off_or_is_too_long_is_refused(client: ServiceClient) -> None:
    audio = silence(20 * SAMPLE_RATE)
    assert raw(client, "POST", "/transcribe", wav(audio)[:100_000]).status_code == 415
    three_hours = wav(silence(3 * 3600 * 1000), rate=1000)
    answer = raw(client, "POST", "/transcribe", three_hours)
    assert answer.status_code == 413
    assert "10 minutes" in answer.json()["detail"]


def test_a_file_at_another_rate_is_resampled(client: ServiceClient) -> None:
    name, body = transcribed(client, wav(silence(3 * 44_100), rate=44_100))[-1]
    assert name == "transcript"
    assert msgspec.json.decode(body, type=Transcript) == Transcript((), duration=3.0)


def test_health_tells_that_the_model_loads_and_why_it_could_not(serve_speech: Serve) -> None:
    loaded = threading.Event()

    def slowly(_settings: Settings) -> SpeechEngine:
        loaded.wait(30)
        return Fingerprints()

    client = serve_speech(slowly)
    for path in ("/health", "/sessions"):
        with pytest.raises(UnavailableError, match="is loading"):
            client.call("GET" if path == "/health" else "POST", path, object, json={})
    loaded.set()
    health = ready(client).call("GET", "/health", dict)
    assert health == {"status": "ok", "model": "fingerprints", "bundle": "none", "sessions": 0}

    def broken(_settings: Settings) -> SpeechEngine:
        raise BundleError("The file is torn.", hint="Mend it.")

    client = serve_speech(broken)
    for _ in range(100):
        answer = raw(client, "GET", "/health", b"")
        if answer.status_code != 503:
            break
        threading.Event().wait(0.05)
    assert (answer.status_code, answer.json()["detail"]) == (500, "The file is torn.")
    assert answer.json()["hint"] == "Mend it."


def test_only_sessions_without_readers_and_chunks_are_idle() -> None:
    now = [0.0]
    sessions = Sessions(Settings(), fingerprints, clock=lambda: now[0])
    while True:
        with contextlib.suppress(UnavailableError):
            idle, fed, read = (sessions.open(0) for _ in range(3))
            break
    stream = sessions.events(read, 0)
    next(stream)
    now[0] = IDLE_SECONDS
    sessions.put(fed, 0, bytes(100))
    sessions.drop_idle()
    assert sessions.health().sessions == 3
    now[0] += 1
    sessions.drop_idle()
    assert sessions.health().sessions == 2
    with pytest.raises(NotFoundError):
        sessions.put(idle, 0, bytes(100))
    sessions.close()
    assert list(stream) == []


def test_there_is_a_limit_to_sessions(client: ServiceClient) -> None:
    sessions = [opened(client) for _ in range(MOST_SESSIONS)]
    with pytest.raises(UnavailableError, match="sessions are open"):
        opened(client)
    client.call("DELETE", f"/sessions/{sessions[0]}", object)
    assert opened(client)


def error_rate(reference: str, heard: str) -> float:
    normalize = EnglishTextNormalizer()
    return float(jiwer.wer(normalize(reference), normalize(heard)))


@pytest.mark.parametrize("name", visit_names())
def test_the_live_transcript_of_a_visit_is_right(serve_speech: Serve, engine: SpeechEngine, name: str) -> None:
    client = ready(serve_speech(lambda _: engine))
    session = opened(client)
    send_all(client, session, visit_audio(name))
    heard = turns(followed(client, session))
    assert error_rate(visit_text(name), " ".join(turn.text for turn in heard)) < 0.25
    assert all(turn.start <= word.start <= word.end <= turn.end for turn in heard for word in turn.words)


def test_ten_minutes_of_silence_in_a_file_give_no_words(serve_speech: Serve, engine: SpeechEngine) -> None:
    client = ready(serve_speech(lambda _: engine))
    name, body = transcribed(client, wav(silence(600 * SAMPLE_RATE)))[-1]
    assert name == "transcript"
    assert msgspec.json.decode(body, type=Transcript) == Transcript((), duration=600.0)
