from __future__ import annotations

import io
import wave
from array import array
from pathlib import Path

import pytest
from kiosk_client import Kiosk, assert_problem
from kiosk_killable import KioskProcess, running_kiosk
from kiosk_peers import Peer, chunk_of

from appliance.audio import SAMPLE_RATE, Pcm16


def hear(kiosk: Kiosk, encounter: str, start: float, end: float) -> Pcm16:
    response = kiosk.http.get(f"/api/encounters/{encounter}/audio", params={"start": start, "end": end})
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "audio/wav"
    with wave.open(io.BytesIO(response.content)) as reader:
        assert (reader.getframerate(), reader.getnchannels(), reader.getsampwidth()) == (SAMPLE_RATE, 1, 2)
        return array("h", reader.readframes(reader.getnframes()))


def expected(start: float, end: float, *, missing: frozenset[int] = frozenset()) -> list[int]:
    """Chunk `n` was sent with the value `n + 1`."""
    chunks = [n // (SAMPLE_RATE // 2) for n in range(round(start * SAMPLE_RATE), round(end * SAMPLE_RATE))]
    return [0 if chunk in missing else chunk + 1 for chunk in chunks]


@pytest.mark.parametrize(("start", "end"), [(0.0, 0.5), (0.25, 2.75), (1.0, 1.0001), (0.0, 3.0), (2.4999, 3.0)])
def test_a_stretch_is_what_was_recorded(kiosk: Kiosk, start: float, end: float) -> None:
    encounter = kiosk.start()
    kiosk.send(encounter, range(6))
    assert hear(kiosk, encounter, start, end).tolist() == expected(start, end)
    kiosk.finish(encounter, 6)
    kiosk.wait_for_state(encounter, "draft")
    assert hear(kiosk, encounter, start, end).tolist() == expected(start, end)


def test_what_never_came_is_silence(kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.kiosk.transcriber.GRACE_SECONDS", 0.2)
    encounter = kiosk.start()
    for n in (0, 1, 3):
        kiosk.put(encounter, n)
    kiosk.finish(encounter, 6)
    kiosk.wait_for_state(encounter, "draft")
    assert hear(kiosk, encounter, 0.0, 3.0).tolist() == expected(0.0, 3.0, missing=frozenset({2, 4, 5}))


def test_the_end_of_the_recording_ends_the_stretch(kiosk: Kiosk) -> None:
    encounter = kiosk.start()
    kiosk.send(encounter, range(2))
    kiosk.put(encounter, 2, chunk_of(3, 1600))
    assert hear(kiosk, encounter, 0.9, 5.0).tolist() == expected(0.9, 1.1)
    for start in (1.1, 5.0):
        params = {"start": start, "end": start + 1}
        assert_problem(kiosk.http.get(f"/api/encounters/{encounter}/audio", params=params), 404)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?start=0",
        "?end=1",
        "?start=x&end=1",
        "?start=-1&end=1",
        "?start=1&end=1",
        "?start=2&end=1",
        "?start=0&end=60.1",
        "?start=0&end=inf",
        "?start=nan&end=1",
        "?start=0&end=1e999",
    ],
)
def test_a_stretch_that_makes_no_sense_is_refused(kiosk: Kiosk, query: str) -> None:
    encounter = kiosk.start()
    kiosk.send(encounter, range(4))
    assert_problem(kiosk.http.get(f"/api/encounters/{encounter}/audio{query}"), 422)


def test_a_minute_can_be_heard(kiosk: Kiosk) -> None:
    encounter = kiosk.start()
    kiosk.send(encounter, range(121))
    assert len(hear(kiosk, encounter, 0.25, 60.25)) == 60 * SAMPLE_RATE


def test_where_there_is_no_audio_there_is_nothing_to_hear(kiosk: Kiosk) -> None:
    empty, deleted = kiosk.record(0), kiosk.record(1)
    kiosk.ok("DELETE", f"/encounters/{deleted}")
    for encounter in (empty, deleted, "0" * 32, "x"):
        assert_problem(kiosk.http.get(f"/api/encounters/{encounter}/audio?start=0&end=1"), 404)


def test_deleted_audio_is_not_silence(tmp_path: Path, speech: Peer, note: Peer) -> None:
    data = tmp_path / "data"
    with running_kiosk(KioskProcess(data, speech, note)) as (kiosk, _):
        encounter = kiosk.record(4)
    (data / "journal" / f"{encounter}.journal").unlink()
    with running_kiosk(KioskProcess(data, speech, note)) as (kiosk, _):
        assert_problem(kiosk.http.get(f"/api/encounters/{encounter}/audio?start=0&end=1"), 404)
        assert kiosk.get(encounter)["note_version"] == 1
