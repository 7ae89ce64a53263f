"""Pairing codes: one tablet, once, for ten minutes, and no guessing."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from kiosk_client import Kiosk, assert_problem
from kiosk_network import NetworkKiosk
from kiosk_time import Time

from appliance.errors import ConflictError, ForbiddenError, NotFoundError, ThrottledError
from appliance.kiosk.codes import new_code, same_code
from appliance.kiosk.devices import CODE_SECONDS, Devices
from appliance.settings import Settings
from appliance.store.encounters import EncounterStore


@pytest.fixture
def devices(settings: Settings, time: Time) -> Iterator[Devices]:
    with contextlib.closing(EncounterStore.open(settings)) as store:
        devices = Devices(store, now=time)
        devices.add_room("Exam room 1")
        devices.add_room("Exam room 2")
        yield devices


def test_codes_are_random_and_read_as_people_type_them() -> None:
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", code) for code in codes)
    assert same_code("o1li 89ab", "0111-89AB")
    assert not same_code("0111-89AC", "0111-89AB")
    assert not same_code("", "0111-89AB")
    assert not same_code("é", "0111-89AB")
    assert not same_code("-", "")


def test_a_code_pairs_once(devices: Devices) -> None:
    code = devices.new_code(2)
    device, key = devices.pair(code.code.lower(), "iPad")
    assert (device.room.name, device.name) == ("Exam room 2", "iPad")
    assert devices.find(key) == device
    with pytest.raises(ForbiddenError):
        devices.pair(code.code, "Another")
    assert [found.name for found in devices.all()] == ["iPad"]


def test_a_code_ends_after_ten_minutes(devices: Devices, time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.monotonic", time)
    late, early = devices.new_code(1), devices.new_code(2)
    time.now += CODE_SECONDS - 1
    devices.pair(early.code, "iPad")
    time.now += 1
    with pytest.raises(ForbiddenError):
        devices.pair(late.code, "iPad")


def test_a_new_code_takes_the_place_of_the_room_s_old_one(devices: Devices, time: Time) -> None:
    old, other, new = devices.new_code(1), devices.new_code(2), devices.new_code(1)
    with pytest.raises(ForbiddenError):
        devices.pair(old.code, "iPad")
    time.now += 1
    devices.pair(other.code, "iPad")
    devices.pair(new.code, "iPad")


def test_guessing_is_slowed_down_but_never_for_long(devices: Devices, time: Time) -> None:
    code = devices.new_code(1)
    waits = []
    for _ in range(9):
        with pytest.raises(ForbiddenError):
            devices.pair(new_code(), "Thief")
        with pytest.raises(ThrottledError):
            devices.pair(code.code, "iPad")
        waits.append(devices._throttle._wait(devices._throttle._store.failures("pairing")))
        time.now += waits[-1]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    devices.pair(code.code, "iPad")


def test_a_code_goes_with_its_room(devices: Devices) -> None:
    code = devices.new_code(1)
    devices.remove_room(1)
    with pytest.raises(ForbiddenError):
        devices.pair(code.code, "iPad")
    with pytest.raises(NotFoundError):
        devices.new_code(1)
    with pytest.raises(ConflictError):
        devices.add_room("exam ROOM 2")


def test_the_code_that_set_up_shows_leads_the_camera_to_the_pairing_page(network_kiosk: NetworkKiosk) -> None:
    administrator = network_kiosk.administrator()
    administrator.post("/setup/rooms", name="Exam <b>room</b> 1")
    response = administrator.post("/setup/rooms/1/code")
    assert "Exam &lt;b&gt;room&lt;/b&gt; 1" in response.text
    assert 'class="qr"' in response.text
    found = re.search(r'data-testid="code">([^<]+)<', response.text)
    assert found
    page = network_kiosk.tablet().html(f"/pair?code={quote(found[1])}")
    assert f'value="{found[1]}"' in page
    assert "<script>" not in network_kiosk.tablet().html("/pair?code=%22%3E%3Cscript%3E")


def test_a_wrong_code_is_refused_as_a_page_and_as_a_problem(network_kiosk: NetworkKiosk) -> None:
    tablet = network_kiosk.tablet()
    assert_problem(tablet.pair("0000-0000"), 403)
    response = tablet.request("POST", "/pair", data={"code": "0000-0000", "name": "iPad"}, headers={"Accept": "text/html"})
    assert response.status_code == 429
    assert "Wait" in response.text
    assert "Set-Cookie" not in response.headers
    for form in ({"code": ""}, {"code": "0000-0000"}, {"code": "x" * 41, "name": "iPad"}, {}):
        assert_problem(tablet.post("/pair", **form), 400)


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}])
@pytest.mark.parametrize("path", ["/pair", "/setup/sign-in", "/setup/first-pin", "/setup/rooms"])
def test_another_web_page_cannot_send_the_forms(network_kiosk: NetworkKiosk, path: str, headers: dict[str, str]) -> None:
    assert_problem(network_kiosk.tablet().request("POST", path, data={"code": "x"}, headers=headers), 403)


def test_nothing_of_this_is_there_on_localhost(lonely_kiosk: Kiosk) -> None:
    assert lonely_kiosk.http.get("/api/status").status_code == 200
    for path in ("/pair", "/setup/", "/api/device"):
        assert lonely_kiosk.http.get(path).status_code == 404
