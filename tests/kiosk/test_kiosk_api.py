from __future__ import annotations

import base64
import hashlib
import random
from typing import Any

import pytest
from kiosk_client import MAX_CHUNKS, Kiosk, assert_problem, expected_texts, texts, wait_until
from kiosk_peers import SECTIONS, Peer, chunk_of

from appliance import __version__
from appliance.audio import CHUNK_BYTES
from appliance.clinical_note import DRAFT_NOTICE, NOT_DISCUSSED
from appliance.errors import BundleError


def test_a_visit_becomes_a_draft_note(kiosk: Kiosk) -> None:
    document = kiosk.get(kiosk.record(10))
    assert texts(document) == expected_texts(10)
    assert document["duration"] == 5.0
    assert document["received_through"] == 9
    assert document["missing"] == []
    assert document["problem"] is None
    assert document["note_version"] == 1
    assert document["note"]["notice"] == DRAFT_NOTICE
    assert document["note"]["sections"][0]["text"] == " | ".join(expected_texts(10))


def test_an_empty_recording_becomes_a_note_that_says_so(kiosk: Kiosk) -> None:
    document = kiosk.get(kiosk.record(0))
    assert texts(document) == []
    assert {section["text"] for section in document["note"]["sections"]} == {NOT_DISCUSSED}


def test_chunks_may_come_in_any_order_and_more_than_once(kiosk: Kiosk) -> None:
    encounter = kiosk.start()
    order = [*range(16), *range(0, 16, 3)]
    random.Random(3).shuffle(order)
    sent: set[int] = set()
    for n in order:
        receipt = kiosk.put(encounter, n).json()
        sent.add(n)
        assert receipt["missing"] == [i for i in range(max(sent)) if i not in sent]
        assert receipt["received_through"] == next(i for i in range(17) if i not in sent) - 1
    kiosk.finish(encounter, 16)
    assert texts(kiosk.wait_for_state(encounter, "draft")) == expected_texts(16)


def test_the_last_chunk_may_be_short(kiosk: Kiosk) -> None:
    encounter = kiosk.start()
    kiosk.send(encounter, range(3))
    assert kiosk.put(encounter, 3, chunk_of(4, 1600)).is_success
    assert_problem(kiosk.put(encounter, 4), 409)
    kiosk.finish(encounter, 4)
    document = kiosk.wait_for_state(encounter, "draft")
    assert document["duration"] == 1.6
    assert texts(document) == expected_texts(4)


def test_chunks_that_come_after_finish_are_still_taken(kiosk: Kiosk) -> None:
    encounter = kiosk.start()
    kiosk.send(encounter, range(5))
    wait_until(lambda: len(texts(kiosk.get(encounter))) == 1)
    answer = kiosk.finish(encounter, 9)
    assert answer.status_code == 202
    assert answer.json()["state"] == "transcribing"
    assert answer.json()["missing"] == [5, 6, 7, 8]
    for n in (8, 6, 7, 5):
        assert kiosk.put(encounter, n).is_success
    document = kiosk.wait_for_state(encounter, "draft")
    assert texts(document) == expected_texts(9)
    assert document["transcript"]["gaps"] == []


def test_chunks_that_never_come_are_shown_as_gaps(kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.kiosk.transcriber.GRACE_SECONDS", 0.2)
    encounter = kiosk.start()
    for n in (0, 1, 2, 3, 5, 6):
        kiosk.put(encounter, n)
    wait_until(lambda: len(texts(kiosk.get(encounter))) == 1)
    kiosk.finish(encounter, 9)
    document = kiosk.wait_for_state(encounter, "draft")
    assert texts(document) == [expected_texts(4)[0], "heard 6 7"]
    assert document["transcript"]["gaps"] == [{"start": n / 2, "end": (n + 1) / 2} for n in (4, 7, 8)]
    assert document["missing"] == [4, 7, 8]


def test_finish_is_idempotent(kiosk: Kiosk) -> None:
    encounter = kiosk.start()
    kiosk.send(encounter, range(4))
    assert_problem(kiosk.finish(encounter, 3), 409)
    assert kiosk.finish(encounter, 4).status_code == 202
    assert kiosk.finish(encounter, 4).status_code == 202
    assert_problem(kiosk.finish(encounter, 5), 409)
    document = kiosk.wait_for_state(encounter, "draft")
    assert kiosk.finish(encounter, 4).json() == document


def test_audio_after_the_draft_is_a_conflict(kiosk: Kiosk) -> None:
    encounter = kiosk.record(4)
    assert_problem(kiosk.put(encounter, 4), 409)
    assert_problem(kiosk.put(encounter, 3), 409)


def test_the_list_is_newest_first_and_shows_titles(kiosk: Kiosk) -> None:
    encounters = [kiosk.start(title=title) for title in ("one", "two", "drei ü")]
    listed = kiosk.ok("GET", "/encounters")
    assert [(e["id"], e["title"]) for e in listed] == list(zip(encounters, ("one", "two", "drei ü"), strict=True))[::-1]
    assert {e["state"] for e in listed} == {"recording"}
    assert listed[0].keys() == {"id", "title", "template", "state", "paused", "created", "updated", "duration", "engine"}
    assert listed[0]["created"].endswith("Z")


def test_title_and_pause_can_be_changed(kiosk: Kiosk) -> None:
    encounter = kiosk.start(title="one")
    assert kiosk.ok("PATCH", f"/encounters/{encounter}", json={"paused": True})["paused"] is True
    document = kiosk.ok("PATCH", f"/encounters/{encounter}", json={"title": "two"})
    assert (document["title"], document["paused"]) == ("two", True)


def test_the_note_can_be_edited(kiosk: Kiosk) -> None:
    encounter = kiosk.record(4)
    original = kiosk.get(encounter)["note"]
    path = f"/encounters/{encounter}/note"
    answer = kiosk.ok("PUT", path, json={"version": 1, "sections": [{"name": "plan", "text": "Rest."}]})
    assert answer["version"] == 2
    subjective, plan = answer["note"]["sections"]
    assert subjective == original["sections"][0]
    assert (plan["text"], plan["edited"]) == ("Rest.", True)
    assert answer["note"]["notice"] == DRAFT_NOTICE
    document = kiosk.get(encounter)
    assert (document["note"], document["note_version"]) == (answer["note"], 2)
    # A text that is sent back as it was does not count as edited, and takes no mark away.
    same = [{"name": name, "text": text} for name, text in (("plan", "Rest."), ("subjective", subjective["text"]))]
    answer = kiosk.ok("PUT", path, json={"version": 2, "sections": same})
    assert [section["edited"] for section in answer["note"]["sections"]] == [False, True]


def test_an_edit_of_an_old_version_is_a_conflict(kiosk: Kiosk) -> None:
    encounter = kiosk.record(4)
    path = f"/api/encounters/{encounter}/note"
    for expected in (200, 409):
        body = {"version": 1, "sections": [{"name": "plan", "text": "Rest."}]}
        assert kiosk.http.put(path, json=body).status_code == expected
    assert kiosk.get(encounter)["note_version"] == 2


@pytest.mark.parametrize(
    ("sections", "status"),
    [
        ([{"name": "unknown", "text": "x"}], 400),
        ([{"name": "plan", "text": "x"}, {"name": "plan", "text": "y"}], 400),
        ([{"name": "plan"}], 400),
        ([{"name": "plan", "text": None}], 400),
        ("plan", 400),
    ],
)
def test_an_edit_that_does_not_fit_changes_nothing(kiosk: Kiosk, sections: object, status: int) -> None:
    encounter = kiosk.record(4)
    response = kiosk.http.put(f"/api/encounters/{encounter}/note", json={"version": 1, "sections": sections})
    assert_problem(response, status)
    assert kiosk.get(encounter)["note_version"] == 1


def test_a_note_that_is_not_there_can_neither_be_edited_nor_copied(kiosk: Kiosk) -> None:
    encounter = kiosk.start()
    assert_problem(kiosk.http.put(f"/api/encounters/{encounter}/note", json={"version": 0, "sections": []}), 409)
    assert_problem(kiosk.http.get(f"/api/encounters/{encounter}/note.txt"), 404)
    assert_problem(kiosk.http.post(f"/api/encounters/{encounter}/note"), 409)


def test_the_text_of_the_note_carries_the_notice(kiosk: Kiosk) -> None:
    response = kiosk.http.get(f"/api/encounters/{kiosk.record(4)}/note.txt")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.text.startswith("SUBJECTIVE\nheard 1 2 3 4\n")
    assert response.text.endswith(DRAFT_NOTICE + "\n")


def test_the_note_can_be_written_again(kiosk: Kiosk) -> None:
    encounter = kiosk.record(4)
    kiosk.ok("PUT", f"/encounters/{encounter}/note", json={"version": 1, "sections": [{"name": "plan", "text": "Rest."}]})
    answer = kiosk.http.post(f"/api/encounters/{encounter}/note")
    assert answer.status_code == 202
    document = kiosk.wait_for(encounter, lambda d: bool(d["state"] == "draft" and d["note_version"] == 3))
    assert document["note"]["sections"][1]["text"] == expected_texts(4)[0]


def test_a_note_that_cannot_be_written_is_a_failure_that_can_be_tried_again(kiosk: Kiosk, note: Peer) -> None:
    encounter = kiosk.start()
    kiosk.send(encounter, range(4))
    note.triggers.set("refuse")
    try:
        kiosk.finish(encounter, 4)
        document = kiosk.wait_for_state(encounter, "failed")
        assert document["problem"] == {"title": BundleError.title, "detail": "The model is broken.", "hint": "Mend it."}
        assert texts(document) == expected_texts(4)
    finally:
        (note.triggers.directory / "refuse").unlink()
    assert kiosk.ok("POST", f"/encounters/{encounter}/note")["problem"] is None
    assert kiosk.wait_for_state(encounter, "draft")["note_version"] == 1


def test_a_deleted_encounter_is_gone(kiosk: Kiosk) -> None:
    draft, live = kiosk.record(4), kiosk.start()
    kiosk.send(live, range(2))
    for encounter in (draft, live):
        assert kiosk.http.delete(f"/api/encounters/{encounter}").status_code == 204
        assert_problem(kiosk.http.get(f"/api/encounters/{encounter}"), 404)
        assert_problem(kiosk.http.get(f"/api/encounters/{encounter}/events"), 404)
        assert_problem(kiosk.put(encounter, 0), 404)
        assert_problem(kiosk.http.delete(f"/api/encounters/{encounter}"), 404)
    assert kiosk.ok("GET", "/encounters") == []


def test_deleting_a_live_visit_gives_its_sessions_back(kiosk: Kiosk) -> None:
    def sessions() -> int:
        status = kiosk.ok("GET", "/status")
        return int(status["speech"]["sessions"] + status["note"]["sessions"])

    before = sessions()
    encounter = kiosk.start()
    kiosk.send(encounter, range(2))
    wait_until(lambda: sessions() == before + 2)
    kiosk.ok("DELETE", f"/encounters/{encounter}")
    assert sessions() == before


def test_a_visit_without_audio_for_long_gives_its_speech_session_back(kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> None:
    def sessions() -> int:
        return int(kiosk.ok("GET", "/status")["speech"]["sessions"])

    monkeypatch.setattr("appliance.kiosk.transcriber.IDLE_SECONDS", 0.3)
    before = sessions()
    encounter = kiosk.start()
    kiosk.send(encounter, range(2))
    wait_until(lambda: sessions() == before + 1)
    wait_until(lambda: sessions() == before)
    monkeypatch.setattr("appliance.kiosk.transcriber.IDLE_SECONDS", 300.0)
    kiosk.send(encounter, range(2, 5))
    wait_until(lambda: texts(kiosk.get(encounter)) == expected_texts(4))
    kiosk.finish(encounter, 5)
    assert texts(kiosk.wait_for_state(encounter, "draft")) == expected_texts(5)


def test_status_says_what_runs(kiosk: Kiosk) -> None:
    status = kiosk.ok("GET", "/status")
    assert status["software"] == __version__
    assert status["speech"]["status"] == status["note"]["status"] == "ok"
    assert [template["name"] for template in status["templates"]] == ["aci"]
    assert [section["name"] for section in status["templates"][0]["sections"]] == list(SECTIONS)
    assert status["default_template"] == "aci"
    assert status["notice"] == DRAFT_NOTICE


def test_a_visit_starts_while_both_services_are_away(lonely_kiosk: Kiosk) -> None:
    status = lonely_kiosk.ok("GET", "/status")
    assert (status["speech"], status["note"], status["templates"]) == (None, None, [])
    encounter = lonely_kiosk.start()
    lonely_kiosk.send(encounter, range(3))
    assert lonely_kiosk.get(encounter)["received_through"] == 2


# Bad input: each gets its status, says what to do, and leaves the encounter as it was.


def test_an_unknown_template_is_refused(kiosk: Kiosk) -> None:
    for template in ("letter", "../aci", "", "a" * 1000):
        assert_problem(kiosk.http.post("/api/encounters", json={"template": template}), 404)
    assert kiosk.ok("GET", "/encounters") == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"\xff\xfe{}",
        b'{"title": "\xe9"}',
        b'{"title": 5}',
        b'{"title": "' + b"a" * 201 + b'"}',
        b"[" * 10_000,
    ],
)
@pytest.mark.parametrize(("method", "path"), [("POST", ""), ("PATCH", "/{}"), ("POST", "/{}/finish"), ("PUT", "/{}/note")])
def test_a_body_that_is_not_the_expected_json_is_refused(kiosk: Kiosk, method: str, path: str, content: bytes) -> None:
    encounter = kiosk.start(title="untouched")
    before = kiosk.get(encounter)
    assert_problem(kiosk.http.request(method, f"/api/encounters{path.format(encounter)}", content=content), 400)
    assert kiosk.get(encounter) == before
    assert len(kiosk.ok("GET", "/encounters")) == 1


@pytest.mark.parametrize("chunks", [-1, 1.5, "3", None, True, []])
def test_a_finish_that_makes_no_sense_is_refused(kiosk: Kiosk, chunks: object) -> None:
    encounter = kiosk.start()
    assert_problem(kiosk.http.post(f"/api/encounters/{encounter}/finish", json={"chunks": chunks}), 400)
    assert kiosk.get(encounter)["state"] == "recording"


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 415), (b"odd", 415), (bytes(CHUNK_BYTES + 2), 413), (bytes(5 * 1024 * 1024), 413)],
    ids=["empty", "odd", "long", "huge"],
)
def test_a_chunk_that_is_no_audio_is_refused(kiosk: Kiosk, body: bytes, status: int) -> None:
    encounter = kiosk.start()
    assert_problem(kiosk.put(encounter, 0, body), status)
    assert kiosk.get(encounter)["received_through"] == -1


def test_other_audio_under_the_same_number_is_refused(kiosk: Kiosk) -> None:
    encounter = kiosk.start()
    kiosk.send(encounter, range(2))
    assert_problem(kiosk.put(encounter, 1, chunk_of(99)), 409)
    assert_problem(kiosk.put(encounter, 0, chunk_of(1, 100)), 409)


@pytest.mark.parametrize(
    ("media_type", "status"),
    [
        ("audio/L16;rate=16000;channels=1", 200),
        ("audio/l16; rate=16000", 200),
        ("application/octet-stream", 200),
        ("audio/L16;rate=48000;channels=1", 415),
        ("audio/L16;rate=16000;channels=2", 415),
        ("audio/webm;codecs=opus", 415),
        ("application/json", 415),
    ],
)
def test_a_chunk_of_another_rate_or_kind_is_refused(kiosk: Kiosk, media_type: str, status: int) -> None:
    encounter = kiosk.start()
    path = f"/api/encounters/{encounter}/audio/0"
    response = kiosk.http.put(path, content=chunk_of(0), headers={"Content-Type": media_type})
    assert response.status_code == status
    if status != 200:
        assert_problem(response, status)
        assert "audio/l16;rate=16000" in response.json()["hint"]


@pytest.mark.parametrize(
    ("number", "status"),
    [
        ("-1", 400),
        ("x", 400),
        ("1e3", 400),
        ("٣", 400),
        ("9" * 5000, 400),
        (str(MAX_CHUNKS), 413),
        ("999999999", 413),
        ("%00", 400),
    ],
)
def test_a_chunk_number_that_is_none_is_refused(kiosk: Kiosk, number: str, status: int) -> None:
    encounter = kiosk.start()
    response = kiosk.http.put(f"/api/encounters/{encounter}/audio/{number}", content=chunk_of(1))
    assert_problem(response, status)
    assert kiosk.get(encounter)["received_through"] == -1


def test_a_recording_has_a_longest_length(kiosk: Kiosk) -> None:
    encounter = kiosk.start()
    assert kiosk.put(encounter, MAX_CHUNKS - 1).is_success
    assert_problem(kiosk.put(encounter, MAX_CHUNKS), 413)
    assert_problem(kiosk.finish(encounter, MAX_CHUNKS + 1), 413)


@pytest.mark.parametrize("identifier", ["x", "0" * 31, "0" * 33, "G" * 32, "..", "%2e%2e", "0" * 32, "A" * 32])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("DELETE", ""),
        ("PATCH", ""),
        ("PUT", "/audio/0"),
        ("POST", "/finish"),
        ("POST", "/note"),
        ("GET", "/events"),
    ],
)
def test_an_id_that_is_none_is_not_found(kiosk: Kiosk, identifier: str, method: str, path: str) -> None:
    content = b'{"chunks": 1}' if path == "/finish" else b"{}"
    response = kiosk.http.request(method, f"/api/encounters/{identifier}{path}", content=content)
    assert response.status_code in {404, 405}
    assert response.headers["Content-Type"] == "application/problem+json"


def _digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (_digest(chunk_of(1)), 200),
        ("md5=:AAAA:, " + _digest(chunk_of(1)), 200),
        ("md5=:AAAA:", 200),
        (_digest(chunk_of(2)), 400),
        ("md5=:AAAA:, " + _digest(chunk_of(2)), 400),
        ("sha-256=:AAAA:", 400),
        ("sha-256=:A:", 400),
    ],
)
def test_a_chunk_must_match_its_digest(kiosk: Kiosk, header: str, status: int) -> None:
    encounter = kiosk.start()
    assert kiosk.put(encounter, 0, chunk_of(1), headers={"Content-Digest": header}).status_code == status
    assert kiosk.get(encounter)["received_through"] == (0 if status == 200 else -1)


def test_what_the_page_gets_fits_the_contract(kiosk: Kiosk) -> None:
    encounter = kiosk.record(4)
    document: Any = kiosk.get(encounter)
    summary = {"id", "title", "template", "state", "paused", "created", "updated", "duration", "engine"}
    heard = {"received_through", "missing", "transcript", "committed", "proposals"}
    written = {"note", "note_version", "section", "signature", "addenda", "problem"}
    assert document.keys() == summary | heard | written
    assert document["transcript"].keys() == {"turns", "gaps", "duration"}
