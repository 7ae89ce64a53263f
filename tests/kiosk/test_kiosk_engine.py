"""A visit is handed from the box to a tablet and back, at any moment; every turn is there once."""

from __future__ import annotations

import random
import threading
import time
from typing import Any

import httpx
import pytest
from kiosk_client import Kiosk, assert_problem, expected_texts, texts, wait_until
from kiosk_killable import KioskProcess
from kiosk_peers import Peer, chunk_of, voice_of
from kiosk_tablet import Tablet, place

from appliance.audio import CHUNK_SAMPLES
from appliance.kiosk.lease import Lease


@pytest.fixture
def short_lease(monkeypatch: pytest.MonkeyPatch) -> float:
    seconds = 0.4
    monkeypatch.setattr("appliance.kiosk.lease.LEASE_SECONDS", seconds)
    return seconds


def heard(kiosk: Kiosk, encounter: str, events: list[dict[str, Any]], **more: int) -> httpx.Response:
    return kiosk.http.post(f"/api/encounters/{encounter}/heard", json={"events": events, **more})


def final(text: str, committed: int, **more: object) -> dict[str, Any]:
    return {"name": "final", "data": {"turn": {"text": text}, "committed": committed, **more}}


def wait_for_turns(kiosk: Kiosk, encounter: str, count: int) -> list[str]:
    return texts(kiosk.wait_for(encounter, lambda document: len(texts(document)) >= count))


def test_a_visit_goes_to_the_tablet_and_back(kiosk: Kiosk, speech: Peer) -> None:
    encounter = kiosk.start()
    assert kiosk.get(encounter)["engine"] == "box"
    kiosk.send(encounter, range(6))
    wait_for_turns(kiosk, encounter, 1)
    tablet = Tablet(kiosk, encounter, speech.triggers)
    assert kiosk.get(encounter)["engine"] == "tablet"
    assert tablet.next == 4
    kiosk.send(encounter, range(6, 14))
    for n in range(4, 12):
        tablet.hear(chunk_of(n + 1))
    assert tablet.send()
    assert texts(kiosk.get(encounter)) == expected_texts(12)
    place(kiosk, encounter, "box")
    assert kiosk.get(encounter)["engine"] == "box"
    kiosk.send(encounter, range(14, 18))
    assert kiosk.finish(encounter, 18).is_success
    document = kiosk.wait_for_state(encounter, "draft")
    assert texts(document) == expected_texts(18)
    assert {section["text"] for section in document["note"]["sections"]} == {" | ".join(expected_texts(18))}


def test_the_box_hears_nothing_while_the_tablet_has_the_visit(kiosk: Kiosk, speech: Peer) -> None:
    encounter = kiosk.start()
    place(kiosk, encounter, "tablet")
    wait_until(lambda: kiosk_sessions(speech) == 0)
    kiosk.send(encounter, range(8))
    time.sleep(0.3)
    assert texts(kiosk.get(encounter)) == []
    place(kiosk, encounter, "box")
    assert wait_for_turns(kiosk, encounter, 2) == expected_texts(8)


def test_a_tablet_that_falls_silent_loses_the_visit(kiosk: Kiosk, speech: Peer, short_lease: float) -> None:
    encounter = kiosk.start()
    kiosk.send(encounter, range(8))
    tablet = Tablet(kiosk, encounter, speech.triggers)
    at = tablet.next
    for _ in range(4):
        time.sleep(short_lease / 2)
        assert tablet.send(), "an empty list of events renews the lease"
    kiosk.wait_for(encounter, lambda document: document["engine"] == "box")
    assert wait_for_turns(kiosk, encounter, 2) == expected_texts(8)
    for n in range(at, 8):
        tablet.hear(chunk_of(n + 1))
    assert not tablet.send()
    assert texts(kiosk.get(encounter)) == expected_texts(8)


def test_the_event_stream_tells_where_the_visit_is_heard(kiosk: Kiosk) -> None:
    encounter = kiosk.start()
    with kiosk.events(encounter) as events:
        told_events = (event for event in events if event.data)
        assert next(told_events).json()["engine"] == "box"
        place(kiosk, encounter, "tablet")
        place(kiosk, encounter, "box")
        told = [(event.event, event.json().get("engine")) for event in (next(told_events), next(told_events))]
    assert told == [("state", "tablet"), ("state", "box")]


def test_the_page_knows_the_commit_of_the_turns_that_it_knows(kiosk: Kiosk) -> None:
    """A page that loses the box goes on from there."""
    encounter = kiosk.start()
    assert kiosk.put(encounter, 0).json()["committed"] == 0
    with kiosk.events(encounter) as events:
        told = (event for event in events if event.data)
        assert next(told).json()["committed"] == 0
        kiosk.send(encounter, range(1, 8))
        turns = [event.json() for _, event in zip(range(2), (event for event in told if event.event == "turn"), strict=False)]
    assert [(turn["n"], turn["committed"]) for turn in turns] == [(0, 4 * CHUNK_SAMPLES), (1, 8 * CHUNK_SAMPLES)]
    assert kiosk.put(encounter, 8).json()["committed"] == kiosk.get(encounter)["committed"] == 8 * CHUNK_SAMPLES


def test_events_of_an_earlier_lease_are_refused(kiosk: Kiosk) -> None:
    encounter = kiosk.start()
    first = place(kiosk, encounter, "tablet")["lease"]
    assert place(kiosk, encounter, "tablet")["lease"] == first
    place(kiosk, encounter, "box")
    second = place(kiosk, encounter, "tablet")["lease"]
    assert_problem(heard(kiosk, encounter, [final("old", CHUNK_SAMPLES)], lease=first), 409)
    assert heard(kiosk, encounter, [final("new", CHUNK_SAMPLES)], lease=second).is_success
    assert texts(kiosk.get(encounter)) == ["new"]


def test_nothing_is_taken_from_a_tablet_without_a_lease(kiosk: Kiosk) -> None:
    encounter = kiosk.start()
    assert_problem(heard(kiosk, encounter, [final("a", CHUNK_SAMPLES)]), 409)
    assert texts(kiosk.get(encounter)) == []


def test_a_visit_that_is_written_is_not_lent(kiosk: Kiosk) -> None:
    encounter = kiosk.record(4)
    response = kiosk.http.put(f"/api/encounters/{encounter}/engine", json={"on": "tablet"})
    assert_problem(response, 409)


@pytest.mark.parametrize(
    "body",
    [
        {"events": [{"name": "note", "data": {}}]},
        {"events": [{"name": "final", "data": {"turn": {"text": "a"}}}]},
        {"events": [final("a", -1)]},
        {"events": [final("a", 8_000, voice={"print": "AAAA", "seconds": 1.0})]},
        {"events": [final("a", 8_000, voice={**voice_of("a"), "seconds": 0.0})]},
        {"events": [{"name": "speakers", "data": {"labels": [{"n": 0, "speaker": "nurse"}]}}]},
        {"events": [{"name": "gap", "data": {"gap": {"start": -1.0, "end": 1.0}, "committed": 0}}]},
        {"events": 1},
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_of_it_is_stored(kiosk: Kiosk, body: dict[str, Any]) -> None:
    encounter = kiosk.start()
    place(kiosk, encounter, "tablet")
    events = [final("good", CHUNK_SAMPLES), *body["events"]] if isinstance(body["events"], list) else body["events"]
    assert_problem(kiosk.http.post(f"/api/encounters/{encounter}/heard", json={"events": events}), 400)
    assert texts(kiosk.get(encounter)) == []


def test_turns_gaps_labels_and_the_end_are_stored_as_the_boxs_own(kiosk: Kiosk) -> None:
    encounter = kiosk.start()
    place(kiosk, encounter, "tablet")
    kiosk.send(encounter, range(6))
    events = [
        final("heard 1", CHUNK_SAMPLES, voice=voice_of("heard 1")),
        {"name": "gap", "data": {"gap": {"start": 0.5, "end": 1.0}, "committed": 2 * CHUNK_SAMPLES}},
        final("heard 3", 3 * CHUNK_SAMPLES, voice=None),
        {"name": "speakers", "data": {"labels": [{"n": 1, "speaker": "patient"}, {"n": 7, "speaker": "patient"}]}},
    ]
    answer = heard(kiosk, encounter, events).json()
    assert (answer["committed"], answer["turns"], answer["on"]) == (3 * CHUNK_SAMPLES, 2, "tablet")
    over = [{"name": "finished", "data": {"duration": 3.0}}]
    assert_problem(heard(kiosk, encounter, over), 409)
    kiosk.finish(encounter, 6)
    assert heard(kiosk, encounter, over).is_success
    document = kiosk.get(encounter)
    assert document["state"] == "writing"
    assert [turn["speaker"] for turn in document["transcript"]["turns"]] == ["unknown", "patient"]
    assert document["transcript"]["gaps"] == [{"start": 0.5, "end": 1.0}]
    # The note is the tablet's as well, until it gives the visit back.
    time.sleep(0.2)
    assert kiosk.get(encounter)["note"] is None
    place(kiosk, encounter, "box")
    assert texts(kiosk.wait_for_state(encounter, "draft")) == ["heard 1", "heard 3"]


def test_words_that_are_known_are_left_out_of_a_later_turn(kiosk: Kiosk) -> None:
    """A tablet that was cut off begins before what the box had heard, and cuts its turns there."""
    encounter = kiosk.start()
    place(kiosk, encounter, "tablet")
    words = [{"text": text, "start": n, "end": n + 1.0, "probability": 0.9} for n, text in enumerate("abcd")]
    turn = {"text": "a b c d", "start": 0.0, "end": 4.0, "words": words}
    part = {"text": "a b", "start": 0.0, "end": 2.0, "words": words[:2]}
    for said, end in ((part, 2), (turn, 4), (turn, 4)):
        event = {"name": "final", "data": {"turn": said, "committed": end * 16_000}}
        assert heard(kiosk, encounter, [event]).is_success
    assert texts(kiosk.get(encounter)) == ["a b", "c d"]


def test_turns_are_read_as_the_note_is_written_from_them(kiosk: Kiosk) -> None:
    encounter = kiosk.start()
    place(kiosk, encounter, "tablet")
    before = heard(kiosk, encounter, [final("one", CHUNK_SAMPLES), final("two", 2 * CHUNK_SAMPLES)]).json()
    kiosk.ok("PATCH", f"/encounters/{encounter}/turns/1", json={"speaker": "patient"})
    after = heard(kiosk, encounter, []).json()
    assert after["corrections"] != before["corrections"]
    read = kiosk.ok("GET", f"/encounters/{encounter}/turns?start=1")
    assert [(turn["text"], turn["speaker"]) for turn in read] == [("two", "patient")]


def test_a_deleted_visit_is_nobodys(kiosk: Kiosk) -> None:
    encounter = kiosk.start()
    place(kiosk, encounter, "tablet")
    kiosk.ok("DELETE", f"/encounters/{encounter}")
    assert_problem(heard(kiosk, encounter, []), 404)
    assert_problem(kiosk.http.put(f"/api/encounters/{encounter}/engine", json={"on": "tablet"}), 404)


def test_after_a_kill_the_box_works_and_the_tablet_asks_again(killable: tuple[Kiosk, KioskProcess], speech: Peer) -> None:
    kiosk, process = killable
    encounter = kiosk.start()
    kiosk.send(encounter, range(10))
    tablet = Tablet(kiosk, encounter, speech.triggers)
    tablet_began = tablet.next
    for n in range(tablet_began, 6):
        tablet.hear(chunk_of(n + 1))
    tablet.send()
    process.kill()
    wait_until(lambda: process.starts == 2)
    assert wait_for_turns(kiosk, encounter, 2) == expected_texts(8)
    assert kiosk.get(encounter)["engine"] == "box"
    assert not tablet.send()
    tablet.begin()
    for n in range(tablet.next, 10):
        tablet.hear(chunk_of(n + 1))
    kiosk.finish(encounter, 10)
    tablet.finish(10, 10 * CHUNK_SAMPLES)
    assert tablet.send()
    place(kiosk, encounter, "box")
    assert texts(kiosk.wait_for_state(encounter, "draft")) == expected_texts(10)


@pytest.mark.parametrize("seed", range(6))
def test_box_and_tablets_in_any_order_give_each_turn_once(kiosk: Kiosk, speech: Peer, short_lease: float, seed: int) -> None:
    """One thread records; two tablets ask for the visit, hear some of it, give it back, or just stop; speech dies."""
    dice = random.Random(seed)
    encounter = kiosk.start()
    over = threading.Event()
    restless = [_Restless(kiosk, encounter, speech, random.Random(10 * seed + number), short_lease) for number in range(2)]
    threads = [threading.Thread(target=tablet.run, args=(over,)) for tablet in restless]
    for thread in threads:
        thread.start()
    for n in range(_CHUNKS):
        assert kiosk.put(encounter, n).is_success
        time.sleep(dice.uniform(0.0, 0.06))
    assert kiosk.finish(encounter, _CHUNKS).is_success
    speech.kill()
    time.sleep(0.5)
    over.set()
    for thread in threads:
        thread.join()
    document = kiosk.wait_for_state(encounter, "draft")
    assert [tablet.trouble for tablet in restless] == [None, None]
    assert sum(tablet.leases for tablet in restless) > 2
    assert texts(document) == expected_texts(_CHUNKS)
    assert document["transcript"]["gaps"] == []


_CHUNKS = 48


class _Restless:
    """A tablet that asks for a visit again and again, hears some of it, and gives it back, or not."""

    def __init__(self, kiosk: Kiosk, encounter: str, speech: Peer, dice: random.Random, lease: float) -> None:
        self._kiosk, self._encounter, self._speech = kiosk, encounter, speech
        self._dice = dice
        self._pauses = (0.0, 0.01, lease / 3, 1.5 * lease)
        self.leases = 0
        self.trouble: AssertionError | None = None

    def run(self, over: threading.Event) -> None:
        try:
            while not over.wait(self._dice.uniform(0.0, 0.4)):
                self._one_lease()
        except AssertionError as error:
            # Once the note is written, nothing is lent any more.
            self.trouble = None if "409" in str(error) else error

    def _one_lease(self) -> None:
        tablet = Tablet(self._kiosk, self._encounter, self._speech.triggers)
        self.leases += 1
        for _ in range(min(self._dice.randrange(14), _CHUNKS - tablet.next)):
            tablet.hear(chunk_of(tablet.next + 1))
            time.sleep(self._dice.choice(self._pauses) * self._dice.random())
            if self._dice.random() < 0.5 and not tablet.send():
                return
        if self._dice.random() < 0.7:
            tablet.send()
        if self._dice.random() < 0.5:
            place(self._kiosk, self._encounter, "box")


def test_a_lease_ends_by_itself_and_is_counted() -> None:
    now = 0.0
    lease = Lease(lambda: now)
    assert lease.left == 0.0
    lease.take()
    assert (lease.number, lease.left) == (1, 30.0)
    now = 29.0
    lease.use(1)
    now = 58.0
    lease.use(None)
    now = 89.0
    assert lease.left == 0.0
    lease.take()
    assert lease.number == 2
    lease.end()
    assert lease.left == 0.0


def kiosk_sessions(peer: Peer) -> int:
    transport = httpx.HTTPTransport(uds=str(peer.socket))
    with httpx.Client(transport=transport, base_url="http://peer") as client:
        count: int = client.get("/health").json()["sessions"]
        return count
