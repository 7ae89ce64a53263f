from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from speech_material import Fingerprints, in_chunks

from appliance.audio import CHUNK_SAMPLES, SAMPLE_RATE, Pcm16
from appliance.heard_events import CommittedGap, FinalTurn
from appliance.speech.agreement import Agreement
from appliance.speech.live import LiveSession
from appliance.speech.silero import SileroStream
from appliance.speech.speakers.labels import SpeakerLabels

LIMIT = 600 * SAMPLE_RATE


def opened(first: int = 0) -> LiveSession:
    return LiveSession(first, LIMIT, SileroStream, SpeakerLabels(None))


def kept(session: LiveSession) -> list[tuple[str, bytes]]:
    """Runs all passes that are due; gives the events that stay."""
    engine = Fingerprints()
    while work := session.final_pass() or session.quick_pass(1.0):
        work(engine)
    return [(event.name, event.data) for event in session.events._kept]


def whole(audio: Pcm16, first: int = 0, total: int | None = None) -> list[tuple[str, bytes]]:
    session = opened(first)
    chunks = in_chunks(audio)
    for number in range(first // CHUNK_SAMPLES, len(chunks)):
        session.put(number, chunks[number])
        kept(session)
    session.finish(len(chunks), total)
    return kept(session)


@pytest.fixture(scope="module")
def minute(visit: Pcm16) -> Pcm16:
    return visit[: 60 * SAMPLE_RATE + 777]


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_shuffled_and_repeated_chunks_give_the_same_transcript(minute: Pcm16, data: st.DataObject) -> None:
    chunks = in_chunks(minute)
    order = data.draw(st.permutations(range(len(chunks))))
    repeats = data.draw(st.lists(st.sampled_from(range(len(chunks))), max_size=20))
    session = opened()
    for number in [*order, *repeats]:
        session.put(number, chunks[number])
    session.finish(len(chunks), None)
    assert kept(session) == whole(minute)


def test_a_new_session_from_any_commit_goes_on_as_the_first_one_did(minute: Pcm16) -> None:
    events = whole(minute)
    assert len(events) > 5
    for number, (name, body) in enumerate(events):
        if name == "final":
            committed = msgspec.json.decode(body, type=FinalTurn).committed
            assert whole(minute, committed) == events[number + 1 :]


def test_turns_are_in_order_and_inside_what_is_committed(minute: Pcm16) -> None:
    before = 0
    for name, body in whole(minute):
        if name == "final":
            final = msgspec.json.decode(body, type=FinalTurn)
            assert before / SAMPLE_RATE <= final.turn.start + 1e-3
            assert final.turn.end <= final.committed / SAMPLE_RATE + 1e-3
            before = final.committed


def test_missing_chunks_become_gaps_between_the_turns_around_them(minute: Pcm16) -> None:
    chunks = in_chunks(minute)
    session = opened()
    for number, chunk in enumerate(chunks):
        if number not in {40, 41, len(chunks) - 1}:
            session.put(number, chunk)
    assert [name for name, _ in kept(session)] == ["final"] * len(kept(session))
    session.finish(len(chunks), len(minute))
    events = kept(session)
    gaps = [msgspec.json.decode(body, type=CommittedGap) for name, body in events if name == "gap"]
    assert [(gap.gap.start, gap.gap.end) for gap in gaps] == [(20.0, 21.0), (60.0, (60 * SAMPLE_RATE + 777) / SAMPLE_RATE)]
    assert gaps[0].committed == 21 * SAMPLE_RATE
    places = [
        msgspec.json.decode(body, type=FinalTurn).committed if name == "final" else gap.committed
        for name, body in events[:-1]
        for gap in [msgspec.json.decode(body, type=CommittedGap) if name == "gap" else gaps[0]]
    ]
    assert places == sorted(places)
    assert events[-1] == ("finished", msgspec.json.encode({"duration": len(minute) / SAMPLE_RATE}))


def test_a_partial_text_appears_while_somebody_speaks_and_goes_with_the_final_one(minute: Pcm16) -> None:
    session = opened()
    seen = []
    for number, chunk in enumerate(in_chunks(minute)[:20]):
        session.put(number, chunk)
        kept(session)
        seen.append("partial" in session.events._volatile)
    assert True in seen
    session.finish(20, None)
    kept(session)
    assert "partial" not in session.events._volatile


def test_silence_ends_with_nothing_said() -> None:
    session = opened()
    for number in range(20):
        session.put(number, bytes(2 * CHUNK_SAMPLES))
    session.finish(20, None)
    assert kept(session) == [("finished", b'{"duration":10.0}')]


def test_a_session_keeps_no_audio_that_is_committed(minute: Pcm16) -> None:
    session = opened()
    for number, chunk in enumerate(in_chunks(minute[: 60 * SAMPLE_RATE] * 5)):
        session.put(number, chunk)
        kept(session)
    assert len(session._endpointer._audio) < 30 * SAMPLE_RATE
    assert not session._intake._waiting
    assert not session._decided


def test_a_failure_is_told_without_what_was_said(minute: Pcm16) -> None:
    session = opened()
    session.put(0, minute[:CHUNK_SAMPLES].tobytes())
    session.fail(ValueError("secret words"))
    stream = b"".join(session.events.stream())
    assert b"event: failed" in stream
    assert b"secret" not in stream


def test_words_become_stable_when_two_passes_agree_and_stay_so() -> None:
    agreement = Agreement()
    agreement.add("I take a met")
    assert (agreement.stable, agreement.tentative) == ("", "I take a met")
    agreement.add("I take a metformin pill.")
    assert (agreement.stable, agreement.tentative) == ("I take a", "metformin pill.")
    agreement.add("I took a metformin pill every day")
    assert agreement.stable == "I take a"
    agreement.add("I took a metformin pill, every day now")
    assert (agreement.stable, agreement.tentative) == ("I take a metformin pill, every", "day now")


def test_the_first_partial_needs_less_than_two_seconds_of_speech(visit: Pcm16) -> None:
    session = opened()
    for number, chunk in enumerate(in_chunks(visit)[:20]):
        session.put(number, chunk)
        utterance = session._endpointer.open_utterance()
        if session.quick_pass(1.0):
            assert utterance is not None
            assert utterance.end - utterance.voiced[0][0] <= 2 * SAMPLE_RATE
            return
    pytest.fail("no partial text in ten seconds")
