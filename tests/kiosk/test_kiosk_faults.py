"""Processes are killed with SIGKILL in the middle of a visit; the transcript must hold every turn once all the same."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import httpx
import pytest
from kiosk_client import Kiosk, expected_texts, texts, wait_until
from kiosk_killable import KioskProcess, running_kiosk
from kiosk_peers import Peer


def assert_complete(kiosk: Kiosk, encounter: str, chunks: int) -> None:
    document = kiosk.wait_for_state(encounter, "draft")
    assert texts(document) == expected_texts(chunks)
    assert document["transcript"]["gaps"] == []
    assert document["duration"] == chunks / 2
    assert document["note_version"] == 1
    assert {section["text"] for section in document["note"]["sections"]} == {" | ".join(expected_texts(chunks))}


@pytest.mark.parametrize("point", ["chunk-0", "chunk-6", "final-0", "final-2", "finish"])
def test_speech_dies_at_any_point(kiosk: Kiosk, speech: Peer, point: str) -> None:
    speech.triggers.set(point)
    encounter = kiosk.start()
    kiosk.send(encounter, range(14))
    kiosk.finish(encounter, 14)
    assert_complete(kiosk, encounter, 14)
    assert speech.triggers.fired(point)


@pytest.mark.parametrize("point", ["turn-0", "turn-2", "section-0", "section-1"])
def test_note_dies_at_any_point(kiosk: Kiosk, note: Peer, point: str) -> None:
    note.triggers.set(point)
    encounter = kiosk.start()
    kiosk.send(encounter, range(14))
    kiosk.finish(encounter, 14)
    assert_complete(kiosk, encounter, 14)
    assert note.triggers.fired(point)


def test_a_service_that_dies_every_time_ends_in_a_failure_that_can_be_tried_again(
    kiosk: Kiosk, note: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.kiosk.worker._MOST_ATTEMPTS", 2)
    encounter = kiosk.start()
    kiosk.send(encounter, range(4))
    with note.triggers.always("section-0"):
        kiosk.finish(encounter, 4)
        document = kiosk.wait_for_state(encounter, "failed")
    assert document["problem"]["hint"]
    assert texts(document) == expected_texts(4)
    kiosk.ok("POST", f"/encounters/{encounter}/note")
    assert_complete(kiosk, encounter, 4)


def test_speech_then_note_then_kiosk_die_in_one_visit(killable: tuple[Kiosk, KioskProcess], speech: Peer, note: Peer) -> None:
    kiosk, process = killable
    encounter = kiosk.start()
    for n in range(24):
        kiosk.put_reliably(encounter, n)
        if n in {5, 11, 17}:
            # In the middle of a turn, with turns before it already final.
            wait_until(lambda expected=n // 4: len(texts(kiosk.get(encounter))) >= expected)  # type: ignore[misc]
            {5: speech, 11: note, 17: process}[n].kill()
    wait_until(lambda: _finished(kiosk, encounter, 24))
    assert_complete(kiosk, encounter, 24)
    assert process.starts == 2


@pytest.mark.parametrize("state", ["transcribing", "writing"])
def test_the_kiosk_dies_after_finish(killable: tuple[Kiosk, KioskProcess], speech: Peer, note: Peer, state: str) -> None:
    kiosk, process = killable
    encounter = kiosk.start()
    kiosk.send(encounter, range(10))
    # The service dies as well, so that the visit stays in this state until the kiosk is killed.
    (speech if state == "transcribing" else note).triggers.set("finish" if state == "transcribing" else "section-0")
    kiosk.finish(encounter, 10)
    wait_until(lambda: bool(kiosk.get(encounter)["state"] in {state, "draft"}))
    process.kill()
    assert_complete(kiosk, encounter, 10)


@pytest.mark.parametrize("seed", range(3))
def test_everything_dies_again_and_again(killable: tuple[Kiosk, KioskProcess], speech: Peer, note: Peer, seed: int) -> None:
    kiosk, process = killable
    randomness = random.Random(seed)
    chunks = 60
    encounter = kiosk.start()
    stop = threading.Event()

    def kill_at_random() -> None:
        # A limit, because on a busy machine a process may need longer to start than the next kill takes to come.
        for _ in range(10):
            if stop.wait(randomness.uniform(0.1, 1.2)):
                return
            randomness.choice([speech, note, process]).kill()

    killer = threading.Thread(target=kill_at_random)
    killer.start()
    try:
        # The page sends the newest first when it comes back, so order is shuffled within a window.
        for start in range(0, chunks, 6):
            window = list(range(start, min(start + 6, chunks)))
            randomness.shuffle(window)
            for n in window:
                kiosk.put_reliably(encounter, n)
                time.sleep(0.03)
        wait_until(lambda: _finished(kiosk, encounter, chunks))
    finally:
        stop.set()
        killer.join()
    assert_complete(kiosk, encounter, chunks)


def test_a_kiosk_that_is_told_to_stop_does_so_and_the_next_goes_on(tmp_path: Path, speech: Peer, note: Peer) -> None:
    with running_kiosk(KioskProcess(tmp_path / "data", speech, note)) as (kiosk, process):
        encounter = kiosk.start()
        kiosk.send(encounter, range(6))
        wait_until(lambda: len(texts(kiosk.get(encounter))) == 1)
        with kiosk.events(encounter) as events:
            assert next(events).event == "snapshot"
            # Ends although a page is connected: `stop` waits for the process.
            process.stop()
    with running_kiosk(KioskProcess(tmp_path / "data", speech, note)) as (kiosk, _):
        kiosk.send(encounter, range(6, 9))
        kiosk.finish(encounter, 9)
        assert_complete(kiosk, encounter, 9)


def test_a_full_disk_refuses_audio_and_loses_none(tmp_path: Path, speech: Peer, note: Peer) -> None:
    with running_kiosk(KioskProcess(tmp_path / "data", speech, note, limit_bytes=5 * 16_100)) as (kiosk, _):
        encounter = kiosk.start()
        answers = [kiosk.put(encounter, n) for n in range(7)]
        refused = [n for n, answer in enumerate(answers) if not answer.is_success]
        assert refused
        for n in refused:
            assert answers[n].status_code == 507
            assert "disk space" in answers[n].json()["hint"]
        assert kiosk.get(encounter)["received_through"] == refused[0] - 1
    # Somebody freed space; the page sends again what was refused.
    with running_kiosk(KioskProcess(tmp_path / "data", speech, note)) as (kiosk, _):
        for n in range(10):
            kiosk.put_reliably(encounter, n)
        kiosk.finish(encounter, 10)
        assert_complete(kiosk, encounter, 10)


def test_a_damaged_chunk_becomes_a_gap_with_a_problem(tmp_path: Path, speech: Peer, note: Peer) -> None:
    data = tmp_path / "data"
    with running_kiosk(KioskProcess(data, speech, note)) as (kiosk, _):
        encounter = kiosk.start()
        kiosk.send(encounter, range(6))
        wait_until(lambda: len(texts(kiosk.get(encounter))) == 1)
    (journal,) = (data / "journal").iterdir()
    content = bytearray(journal.read_bytes())
    content[len(content) * 9 // 12] ^= 1  # in the middle of chunk 4
    journal.write_bytes(content)
    with running_kiosk(KioskProcess(data, speech, note)) as (kiosk, _):
        kiosk.finish(encounter, 6)
        document = kiosk.wait_for_state(encounter, "draft")
    assert texts(document) == [expected_texts(4)[0], "heard 6"]
    assert document["transcript"]["gaps"] == [{"start": 2.0, "end": 2.5}]
    assert document["problem"]["hint"]


def test_a_damaged_journal_fails_its_visit_and_no_other(tmp_path: Path, speech: Peer, note: Peer) -> None:
    data = tmp_path / "data"
    with running_kiosk(KioskProcess(data, speech, note)) as (kiosk, _):
        good, bad = kiosk.start(), kiosk.start()
        for encounter in (good, bad):
            kiosk.send(encounter, range(6))
            wait_until(lambda encounter=encounter: len(texts(kiosk.get(encounter))) == 1)  # type: ignore[misc]
    journal = data / "journal" / f"{bad}.journal"
    content = bytearray(journal.read_bytes())
    content[7] = 0xFF  # the length of the first record
    journal.write_bytes(content)
    with running_kiosk(KioskProcess(data, speech, note)) as (kiosk, _):
        kiosk.finish(good, 6)
        assert_complete(kiosk, good, 6)
        document = kiosk.get(bad)
        assert document["state"] == "failed"
        assert "damaged" in document["problem"]["detail"]
        assert texts(document) == expected_texts(4)
        # What was transcribed can still become a note, and the encounter can be deleted.
        kiosk.ok("POST", f"/encounters/{bad}/note")
        note_text = kiosk.wait_for_state(bad, "draft")["note"]["sections"][0]["text"]
        assert note_text == expected_texts(4)[0]
        kiosk.ok("DELETE", f"/encounters/{bad}")
        assert not journal.exists()
    assert [path.stem for path in (data / "journal").iterdir()] == [good]


def _finished(kiosk: Kiosk, encounter: str, chunks: int) -> bool:
    try:
        return kiosk.finish(encounter, chunks).status_code == 202
    except httpx.TransportError:
        return False
