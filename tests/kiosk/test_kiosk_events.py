from __future__ import annotations

import contextlib
import json
import socket
import threading
from typing import Any

import httpx_sse
import pytest
from kiosk_client import Kiosk, expected_texts, texts, wait_until
from kiosk_peers import SECTIONS, Peer

from appliance.kiosk.api import MOST_STREAMS


class Screen:
    """What the page makes of an event stream."""

    def __init__(self) -> None:
        self.turns: list[str] = []
        self.state = ""
        self.note: Any = None
        self.names: list[str] = []
        self.last_id = ""

    def take(self, event: httpx_sse.ServerSentEvent) -> None:
        data = json.loads(event.data)
        self.names.append(event.event)
        self.last_id = event.id
        if event.event == "snapshot":
            self.turns, self.state, self.note = texts(data), data["state"], data["note"]
        elif event.event == "turn":
            assert data["n"] == len(self.turns), "a turn was lost or came twice"
            self.turns.append(data["turn"]["text"])
        elif event.event == "state":
            self.state = data["state"]
        elif event.event == "note":
            self.note = data["note"]

    def follow(self, kiosk: Kiosk, encounter: str, *, until: str = "draft", at_most: int = 10**9) -> None:
        with kiosk.events(encounter, self.last_id) as events:
            for event in events:
                if not event.data:
                    continue
                self.take(event)
                at_most -= 1
                if at_most == 0 or self.state == until:
                    return


def visit_in_background(kiosk: Kiosk, encounter: str, chunks: int) -> threading.Thread:
    def run() -> None:
        kiosk.send(encounter, range(chunks))
        assert kiosk.finish(encounter, chunks).status_code == 202

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_stream_shows_the_whole_visit(kiosk: Kiosk) -> None:
    encounter = kiosk.start()
    visit = visit_in_background(kiosk, encounter, 12)
    screen = Screen()
    screen.follow(kiosk, encounter)
    visit.join()
    document = kiosk.get(encounter)
    assert screen.names[0] == "snapshot"
    assert screen.names.count("snapshot") == 1
    assert screen.turns == texts(document) == expected_texts(12)
    assert screen.note == document["note"]
    assert screen.names.count("section") == len(SECTIONS)
    assert "partial" in screen.names


def test_a_snapshot_of_a_draft_holds_everything(kiosk: Kiosk) -> None:
    encounter = kiosk.record(5)
    with kiosk.events(encounter) as events:
        snapshot = next(events)
    assert snapshot.event == "snapshot"
    assert json.loads(snapshot.data) == kiosk.get(encounter)


@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_a_reader_that_loses_the_connection_again_and_again_misses_nothing(kiosk: Kiosk, step: int) -> None:
    encounter = kiosk.start()
    visit = visit_in_background(kiosk, encounter, 24)
    screen = Screen()
    while screen.state != "draft":
        # Volatile events do not move the id: a reader that takes fewer events than there are partials must still get on.
        screen.follow(kiosk, encounter, at_most=step + len(SECTIONS) + 2)
    visit.join()
    assert screen.names.count("snapshot") == 1
    assert screen.turns == expected_texts(24)
    assert screen.note is not None


def test_readers_that_come_at_any_moment_see_every_turn_once(kiosk: Kiosk) -> None:
    encounter = kiosk.start()
    visit = visit_in_background(kiosk, encounter, 40)
    screens: list[Screen] = []
    readers: list[threading.Thread] = []
    while visit.is_alive():
        screens.append(Screen())
        readers.append(threading.Thread(target=screens[-1].follow, args=(kiosk, encounter)))
        readers[-1].start()
        visit.join(0.05)
        if len(readers) > 20:
            visit.join()
    for reader in readers:
        reader.join()
    assert len(screens) > 1
    assert [screen.turns for screen in screens] == [expected_texts(40)] * len(screens)


@pytest.mark.parametrize(
    "after", ["ffffffff-1", "junk", "-", "1", "{epoch}-999999", "{epoch}--1", "{epoch}-x", "{epoch}-" + "9" * 5000, "{epoch}"]
)
def test_an_id_that_this_stream_does_not_have_starts_with_a_snapshot(kiosk: Kiosk, after: str) -> None:
    encounter = kiosk.record(4)
    with kiosk.events(encounter) as events:
        epoch = next(events).id.split("-")[0]
    with kiosk.events(encounter, after.format(epoch=epoch)) as events:
        assert next(events).event == "snapshot"


def test_a_reader_learns_that_the_encounter_was_deleted(kiosk: Kiosk) -> None:
    encounter = kiosk.record(4)
    with kiosk.events(encounter) as events:
        assert next(events).event == "snapshot"
        kiosk.ok("DELETE", f"/encounters/{encounter}")
        assert [event.event for event in events if event.data] == ["deleted"]


def test_other_screens_see_an_edit(kiosk: Kiosk) -> None:
    encounter = kiosk.record(4)
    with kiosk.events(encounter) as events:
        next(events)
        edit = {"version": 1, "sections": [{"name": "plan", "text": "Rest."}]}
        answer = kiosk.ok("PUT", f"/encounters/{encounter}/note", json=edit)
        event = next(event for event in events if event.event == "note")
        assert json.loads(event.data) == answer
        kiosk.ok("PATCH", f"/encounters/{encounter}", json={"title": "new"})
        event = next(event for event in events if event.event == "state")
        assert json.loads(event.data)["title"] == "new"


def test_a_reader_who_does_not_read_holds_nobody_up(kiosk: Kiosk) -> None:
    encounter = kiosk.start()
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        reader.connect(("127.0.0.1", kiosk.port))
        reader.sendall(f"GET /api/encounters/{encounter}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        for n in range(300):
            kiosk.ok("PATCH", f"/encounters/{encounter}", json={"title": f"{n:0200}"})
        kiosk.send(encounter, range(4))
        kiosk.finish(encounter, 4)
        assert texts(kiosk.wait_for_state(encounter, "draft")) == expected_texts(4)


def test_silence_is_broken_by_a_heartbeat(kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.runtime.events.HEARTBEAT_SECONDS", 0.05)
    encounter = kiosk.record(4)
    with kiosk.http.stream("GET", f"/api/encounters/{encounter}/events") as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        assert response.headers["Cache-Control"] == "no-store"
        assert next(line for line in response.iter_lines() if line.startswith(": beat"))


def test_a_reader_learns_that_a_service_went_away_and_came_back(kiosk: Kiosk, speech: Peer) -> None:
    encounter = kiosk.start()
    speech.triggers.set("chunk-2")
    seen: list[Any] = []
    with kiosk.events(encounter) as events:
        assert next(events).event == "snapshot"
        kiosk.send(encounter, range(4))
        for event in events:
            if event.event == "service":
                seen.append(json.loads(event.data))
            if event.event == "turn":
                break
    assert seen == [{"name": "speech", "up": False}, {"name": "speech", "up": True}]


def test_a_reader_who_comes_while_a_service_is_away_is_told(lonely_kiosk: Kiosk) -> None:
    encounter = lonely_kiosk.start()
    lonely_kiosk.send(encounter, range(1))
    told: set[str] = set()

    def both_told() -> bool:
        with lonely_kiosk.events(encounter) as events:
            assert next(events).event == "snapshot"
            for event in events:
                if event.event == "service":
                    told.add(json.loads(event.data)["name"])
                if not event.data or told == {"speech", "note"}:
                    break
        return told == {"speech", "note"}

    wait_until(both_told)


def test_streams_that_nobody_closes_leave_room_for_audio(kiosk: Kiosk) -> None:
    encounter = kiosk.start()
    with contextlib.ExitStack() as stack:
        statuses = []
        for _ in range(MOST_STREAMS + 2):
            response = stack.enter_context(kiosk.http.stream("GET", f"/api/encounters/{encounter}/events"))
            statuses.append(response.status_code)
        assert statuses.count(200) <= MOST_STREAMS
        assert statuses[-1] == 503
        kiosk.send(encounter, range(3))
    # A server notices at its next write that a reader is gone.
    kiosk.ok("PATCH", f"/encounters/{encounter}", json={"title": "x"})
    kiosk.ok("PATCH", f"/encounters/{encounter}", json={"title": "y"})
    wait_until(lambda: kiosk.http.head(f"/api/encounters/{encounter}/events").status_code == 200)
