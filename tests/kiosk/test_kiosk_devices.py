"""Who gets what on the network: every endpoint, tried by a stranger, by a revoked tablet, by one that may."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from kiosk_access import attempts, refusals
from kiosk_client import assert_problem
from kiosk_network import NetworkKiosk, Tablet, on_network
from kiosk_peers import Peer

from appliance.kiosk import access
from appliance.settings import Settings
from appliance.store.devices import Device


def revoke(network_kiosk: NetworkKiosk, tablet: Tablet) -> None:
    number = tablet.get("/api/device").json()["number"]
    assert network_kiosk.administrator().post(f"/setup/devices/{number}/revoke").status_code == 303


def test_a_stranger_gets_nothing(network_kiosk: NetworkKiosk) -> None:
    stranger = network_kiosk.tablet()
    served, tried = refusals(network_kiosk.app, stranger)
    assert served == []
    assert tried > 50


def test_a_stranger_s_browser_gets_pages_that_hold_nothing(network_kiosk: NetworkKiosk) -> None:
    network_kiosk.paired("Exam room 7")
    stranger = network_kiosk.tablet()
    for attempt in attempts(network_kiosk.app):
        if attempt.endpoint not in access.OPEN:
            response = stranger.request(attempt.method, attempt.path, headers={"Accept": "text/html"})
            assert response.status_code in {401, 403}, attempt
            assert "Exam room 7" not in response.text


def test_a_set_up_that_ended_asks_for_the_pin_again(network_kiosk: NetworkKiosk) -> None:
    network_kiosk.administrator()
    for path, method, status in (("/setup", "GET", 200), ("/setup/rooms", "POST", 401)):
        response = network_kiosk.tablet().request(method, path, headers={"Accept": "text/html"})
        assert response.status_code == status
        assert 'action="/setup/sign-in"' in response.text


def test_what_was_read_before_a_device_was_revoked_is_not_kept_after(
    network_kiosk: NetworkKiosk, monkeypatch: pytest.MonkeyPatch
) -> None:
    tablet, devices = network_kiosk.paired(), network_kiosk.access.devices
    room = devices.add_room("Another").number
    read: Callable[[], list[tuple[Device, bytes]]] = devices._store.devices
    revoking = threading.Thread(target=devices.revoke, args=(1,))

    def read_slowly() -> list[tuple[Device, bytes]]:
        found = read()
        if revoking.ident is None:
            revoking.start()
            revoking.join(0.5)
        return found

    monkeypatch.setattr(devices._store, "devices", read_slowly)
    devices.remove_room(room)
    revoking.join()
    assert_problem(tablet.get("/api/device"), 401)


def test_a_revoked_device_gets_nothing(network_kiosk: NetworkKiosk) -> None:
    tablet = network_kiosk.paired()
    assert tablet.get("/api/status").status_code == 200
    revoke(network_kiosk, tablet)
    served, _ = refusals(network_kiosk.app, tablet)
    assert served == []


def test_what_is_open_exists_and_is_all_that_strangers_get(network_kiosk: NetworkKiosk) -> None:
    endpoints = {rule.endpoint for rule in network_kiosk.app.url_map.iter_rules()}
    assert endpoints > access.OPEN
    opened = {attempt.endpoint for attempt in attempts(network_kiosk.app) if attempt.endpoint in access.OPEN}
    assert opened == access.OPEN


def test_a_paired_device_gets_the_kiosk_but_not_set_up(network_kiosk: NetworkKiosk) -> None:
    tablet = network_kiosk.paired("Exam room 2", "iPad 4")
    assert tablet.get("/api/device").json() == {"number": 1, "name": "iPad 4", "room": "Exam room 2"}
    assert tablet.get("/").text.startswith("<!doctype html>")
    assert tablet.get("/assets/app-1.js").text == "the page"
    assert tablet.request("POST", "/api/encounters", json={}).status_code == 201
    for path in ("rooms", "rooms/1/code", "devices/1/revoke", "certificate", "pin"):
        assert_problem(tablet.post(f"/setup/{path}", name="Room"), 401)
    assert "Exam room 2" not in tablet.html("/setup/")


def test_the_administrator_gets_set_up_but_no_visits(network_kiosk: NetworkKiosk) -> None:
    administrator = network_kiosk.administrator()
    assert administrator.post("/setup/rooms", name="Exam room 1").status_code == 303
    assert "Exam room 1" in administrator.html("/setup/")
    assert_problem(administrator.get("/api/encounters"), 401)


def test_a_certificate_that_is_too_large_is_not_cut_off(network_kiosk: NetworkKiosk) -> None:
    administrator = network_kiosk.administrator()
    for size, status in ((256 * 1024, 422), (256 * 1024 + 1, 413)):
        answer = administrator.request("POST", "/setup/certificate", files={"pem": b"-" * size})
        assert_problem(answer, status)


def test_a_person_without_pairing_sees_a_page_that_says_so(network_kiosk: NetworkKiosk) -> None:
    response = network_kiosk.tablet().get("/", headers={"Accept": "text/html,application/xhtml+xml"})
    assert response.status_code == 401
    assert "not paired" in response.text
    assert 'href="/pair"' in response.text


def test_a_stolen_key_does_not_fit_another_name(network_kiosk: NetworkKiosk) -> None:
    tablet = network_kiosk.paired()
    for host in ("chartside.local.evil.example", "192.168.7.21", "localhost", "127.0.0.1"):
        assert_problem(tablet.get("/api/status", headers={"Host": host}), 403)
    for host in (f"chartside.local:{network_kiosk.port}", "192.168.7.20", "CHARTSIDE.local"):
        assert tablet.get("/api/status", headers={"Host": host}).status_code == 200


def test_the_event_stream_of_a_revoked_device_ends_at_once(network_kiosk: NetworkKiosk) -> None:
    tablet, other = network_kiosk.paired(), network_kiosk.paired(name="Another")
    visit = tablet.request("POST", "/api/encounters", json={}).json()["id"]
    ended: dict[str, float] = {}
    following = threading.Barrier(3)

    def follow(name: str, who: Tablet) -> None:
        path, sni = f"/api/encounters/{visit}/events", {"sni_hostname": "chartside.local"}
        with who.http.stream("GET", path, extensions=sni) as stream:
            parts = stream.iter_raw()
            next(parts)
            following.wait()
            for _ in parts:
                pass
        ended[name] = time.monotonic()

    threads = [threading.Thread(target=follow, args=pair, daemon=True) for pair in (("revoked", tablet), ("other", other))]
    for thread in threads:
        thread.start()
    following.wait()
    administrator = network_kiosk.administrator()
    started = time.monotonic()
    assert administrator.post("/setup/devices/1/revoke").status_code == 303
    threads[0].join(3)
    assert ended["revoked"] - started < 1.0
    assert "other" not in ended
    assert other.request("DELETE", f"/api/encounters/{visit}").status_code == 204
    threads[1].join(10)
    assert "other" in ended


def test_the_key_is_kept_from_scripts_and_other_sites(network_kiosk: NetworkKiosk) -> None:
    administrator = network_kiosk.administrator()
    administrator.post("/setup/rooms", name="Exam room 1")
    response = network_kiosk.tablet().pair(administrator.new_code(1))
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("__Host-chartside=")
    for part in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=34560000"):
        assert part in cookie
    key = cookie.partition("=")[2].partition(";")[0]
    assert len(key) >= 43
    stored = (network_kiosk.settings.database.read_bytes(), Path(f"{network_kiosk.settings.database}-wal").read_bytes())
    assert not any(secret.encode() in part for part in stored for secret in (key, "Exam room 1", "iPad"))


def test_pairing_again_moves_the_tablet(network_kiosk: NetworkKiosk) -> None:
    tablet = network_kiosk.paired("Exam room 1")
    old = dict(tablet.http.cookies)
    administrator = network_kiosk.administrator()
    administrator.post("/setup/rooms", name="Exam room 2")
    assert tablet.pair(administrator.new_code(2)).status_code == 303
    assert tablet.get("/api/device").json()["room"] == "Exam room 2"
    thief = network_kiosk.tablet()
    thief.http.cookies.update(old)
    assert_problem(thief.get("/api/status"), 401)


def test_devices_and_rooms_survive_a_restart(settings: Settings, speech: Peer, note: Peer, tmp_path: Path) -> None:
    with on_network(settings, speech.socket, note.socket, tmp_path) as kiosk:
        paired, revoked = kiosk.paired(), kiosk.paired(name="Lost")
        kiosk.administrator().post("/setup/devices/2/revoke")
        cookies = [dict(tablet.http.cookies) for tablet in (paired, revoked)]
    with on_network(settings, speech.socket, note.socket, tmp_path) as kiosk:
        statuses = []
        for held in cookies:
            tablet = kiosk.tablet()
            tablet.http.cookies.update(held)
            statuses.append(tablet.get("/api/device").status_code)
        assert statuses == [200, 401]
        assert [state.revoked is None for state in kiosk.access.devices.all()] == [True, False]


def test_a_room_with_a_tablet_is_not_removed(network_kiosk: NetworkKiosk) -> None:
    tablet = network_kiosk.paired()
    administrator = network_kiosk.administrator()
    assert_problem(administrator.post("/setup/rooms/1/remove"), 409)
    revoke(network_kiosk, tablet)
    assert administrator.post("/setup/rooms/1/remove").status_code == 303
    assert network_kiosk.access.devices.rooms() == []
    assert_problem(administrator.post("/setup/rooms/1/code"), 404)


def test_a_silent_device_holds_up_nobody(network_kiosk: NetworkKiosk) -> None:
    tablet = network_kiosk.paired()
    with socket.create_connection(("127.0.0.1", network_kiosk.port)):
        started = time.monotonic()
        fresh = network_kiosk.tablet()
        fresh.http.cookies.update(tablet.http.cookies)
        assert fresh.get("/api/status").status_code == 200
        assert time.monotonic() - started < 5


def test_nothing_is_served_without_tls(network_kiosk: NetworkKiosk) -> None:
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{network_kiosk.port}/pair", timeout=10)
