"""Updates by upload on the set-up page: the way of the file from the browser to the installer."""

from __future__ import annotations

import os
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from kiosk_client import assert_problem
from kiosk_network import NetworkKiosk, Tablet, on_network
from kiosk_peers import Peer
from kiosk_updates import OTHER_KEY, Installer, box, installer, update

from appliance.errors import ConflictError, UnavailableError
from appliance.kiosk.updates import UPDATE_LIMIT, Updates
from appliance.runtime.web import JSON_BODY_LIMIT
from appliance.settings import Settings
from appliance.update import handover, install


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Installer]:
    with installer(tmp_path / "box") as running:
        yield running


@pytest.fixture
def kiosk(settings: Settings, speech: Peer, note: Peer, service: Installer, tmp_path: Path) -> Iterator[NetworkKiosk]:
    with on_network(settings, speech.socket, note.socket, tmp_path, updates=service.updates(settings)) as kiosk:
        yield kiosk


@pytest.fixture
def shut_kiosk(settings: Settings, speech: Peer, note: Peer, shut_door: Path, tmp_path: Path) -> Iterator[NetworkKiosk]:
    """A kiosk whose installer hangs up on everybody."""
    updates = Updates(settings, box=box, address=shut_door)
    with on_network(settings, speech.socket, note.socket, tmp_path, updates=updates) as kiosk:
        yield kiosk


@pytest.fixture
def administrator(kiosk: NetworkKiosk) -> Tablet:
    return kiosk.administrator()


def upload(tablet: Tablet, content: Any, name: str = "file") -> httpx.Response:
    return tablet.request("POST", "/setup/update", files={name: ("1.2.chartside", content)})


def shown(tablet: Tablet, text: str, seconds: float = 20) -> str:
    """The set-up page, once it says something about updates."""
    deadline = time.monotonic() + seconds
    while True:
        page = tablet.html("/setup/").partition('id="update"')[2].partition("</section>")[0]
        if text in page:
            return page
        assert time.monotonic() < deadline, page
        time.sleep(0.05)


def left_behind(settings: Settings) -> list[str]:
    """Files of the data directory that could be an update: none of the kiosk's own is as large."""
    return [str(path) for path in settings.data_dir.rglob("*") if path.is_file() and path.stat().st_size > 1_000_000]


def open_files(settings: Settings) -> list[str]:
    """Files of the data directory that have no name and that this process still has open."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = str(entry.readlink())
        except OSError:
            continue
        if target.startswith(str(settings.data_dir)) and "(deleted)" in target:
            found.append(target)
    return found


def test_an_update_reaches_the_installer_whole(
    administrator: Tablet, service: Installer, settings: Settings, tmp_path: Path
) -> None:
    assert "System 1.1 for x86-64" in shown(administrator, "Updates signed by vendor")
    answer = upload(administrator, update(tmp_path / "made", size=30_000_000).read_bytes())
    assert (answer.status_code, answer.headers["Location"]) == (303, "/setup/#update")
    assert "System 1.2 is installed." in shown(administrator, 'role="status"><strong>')
    assert service.installed == [{"root.raw": 30_000_000 // 9 * 9}]
    assert left_behind(settings) == open_files(settings) == []


def test_the_page_says_how_far_it_is_and_takes_no_second_update_meanwhile(
    administrator: Tablet, service: Installer, tmp_path: Path
) -> None:
    service.going_on.clear()
    content = update(tmp_path / "made").read_bytes()
    assert upload(administrator, content).status_code == 303
    page = shown(administrator, "Writing it beside the running system")
    assert "<progress max" in page
    assert "<form" not in page
    assert 'http-equiv="refresh"' in administrator.html("/setup/")
    assert_problem(upload(administrator, content), 409)
    assert_problem(administrator.post("/setup/restart", sure="on"), 409)
    service.going_on.set()
    shown(administrator, "System 1.2 is installed.")
    assert 'http-equiv="refresh"' not in administrator.html("/setup/")


def test_what_is_received_is_told_in_percent(kiosk: NetworkKiosk, administrator: Tablet, tmp_path: Path) -> None:
    content = update(tmp_path / "made", size=9_000_000).read_bytes()
    boundary = b'--x\r\nContent-Disposition: form-data; name="file"; filename="u"\r\n\r\n', b"\r\n--x--\r\n"
    other = kiosk.administrator()
    percents: list[str] = []

    def slowly() -> Iterator[bytes]:
        yield boundary[0]
        half = len(content) // 2
        yield content[:half]
        percents.extend(re.findall(r"Receiving the update: (\d+) %", shown(other, "Receiving the update: 4")))
        yield content[half:]
        yield boundary[1]

    headers = {
        "Content-Type": "multipart/form-data; boundary=x",
        "Content-Length": str(len(content) + sum(map(len, boundary))),
    }
    assert administrator.request("POST", "/setup/update", content=slowly(), headers=headers).status_code == 303
    assert percents, "told while it was received"
    shown(administrator, "is installed.")


@pytest.mark.parametrize(
    "change",
    [
        (lambda data: data[:-1], "cut off"),
        (lambda data: data[:-1] + b"x", "was changed"),
        (lambda data: data + b"x", "added to its end"),
        (lambda data: b"\x7fELF" + data, "not a Chartside update"),
        (lambda _data: b"", "not a Chartside update"),
    ],
)
def test_a_damaged_update_is_refused_before_the_installer_hears_of_it(
    administrator: Tablet, service: Installer, settings: Settings, tmp_path: Path, change: Any
) -> None:
    damage, says = change
    answer = upload(administrator, damage(update(tmp_path / "made").read_bytes()))
    assert_problem(answer, 400)
    assert says in answer.json()["detail"]
    assert not service.installed
    assert left_behind(settings) == open_files(settings) == []
    assert upload(administrator, update(tmp_path / "made").read_bytes()).status_code == 303, "the next one is taken"
    shown(administrator, "is installed.")


def test_another_key_and_an_old_version_are_refused(administrator: Tablet, service: Installer, tmp_path: Path) -> None:
    assert_problem(upload(administrator, update(tmp_path / "made", key=OTHER_KEY).read_bytes()), 400)
    assert_problem(upload(administrator, update(tmp_path / "made", version="1.1").read_bytes()), 409)
    assert service.installed == []


def test_a_refusal_is_shown_to_people_on_the_page(administrator: Tablet) -> None:
    files = {"file": ("x.chartside", b"no update")}
    answer = administrator.request("POST", "/setup/update", files=files, headers={"Accept": "text/html"})
    assert answer.status_code == 400
    assert "The file is not a Chartside update." in answer.text
    assert 'action="/setup/update"' in answer.text


def test_a_form_without_the_file_is_refused(administrator: Tablet, tmp_path: Path) -> None:
    assert_problem(upload(administrator, update(tmp_path / "made").read_bytes(), "other"), 400)
    assert_problem(administrator.post("/setup/update", file="text"), 400)
    assert_problem(administrator.request("POST", "/setup/update", content=b"raw"), 400)


def test_an_upload_that_breaks_off_leaves_nothing_and_blocks_nothing(
    kiosk: NetworkKiosk, administrator: Tablet, settings: Settings, tmp_path: Path
) -> None:
    content = update(tmp_path / "made", size=9_000_000).read_bytes()
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="u"\r\n\r\n'

    def breaking() -> Iterator[bytes]:
        yield head + content[:5_000_000]
        raise ConnectionAbortedError

    headers = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(len(content) + len(head))}
    with pytest.raises(ConnectionAbortedError):
        administrator.request("POST", "/setup/update", content=breaking(), headers=headers)
    administrator = kiosk.administrator()
    shown(administrator, 'action="/setup/update"')
    assert left_behind(settings) == open_files(settings) == []
    assert upload(administrator, content).status_code == 303
    shown(administrator, "is installed.")


def test_an_upload_that_does_not_fit_is_refused_with_an_answer(
    administrator: Tablet, service: Installer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = update(tmp_path / "made", size=20_000_000).read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("appliance.kiosk.updates._SPARE", 2**60)
        assert_problem(upload(administrator, content), 507)
    assert service.installed == []
    assert upload(administrator, content).status_code == 303
    shown(administrator, "is installed.")


def announced(kiosk: NetworkKiosk, tablet: Tablet, length: int) -> int:
    """The status of the answer to an upload of which only the length was sent yet."""
    context = ssl.create_default_context(cadata=tablet.authority.decode())
    with (
        socket.create_connection(("127.0.0.1", kiosk.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="chartside.local") as connection,
    ):
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in tablet.http.cookies.jar)
        head = (
            f"POST /setup/update HTTP/1.1\r\nHost: chartside.local:{kiosk.port}\r\nCookie: {cookies}\r\n"
            f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {length}\r\n\r\n"
        )
        connection.sendall(head.encode())
        return int(connection.recv(100).split()[1])


def test_whoever_has_not_entered_the_pin_is_refused_before_the_body_is_read(kiosk: NetworkKiosk) -> None:
    """The server would otherwise read all of it into memory, to be able to answer."""
    for tablet in (kiosk.paired(), kiosk.tablet()):
        assert announced(kiosk, tablet, JSON_BODY_LIMIT + 1) == 413
        assert announced(kiosk, tablet, UPDATE_LIMIT) == 413
        assert_problem(upload(tablet, b"short"), 401)


def test_more_than_any_update_is_refused_at_once(kiosk: NetworkKiosk, administrator: Tablet) -> None:
    assert announced(kiosk, administrator, UPDATE_LIMIT + 1) == 413


def test_the_box_restarts_only_for_an_update_and_only_if_somebody_is_sure(
    administrator: Tablet, service: Installer, tmp_path: Path
) -> None:
    assert "Restart the box" not in shown(administrator, "Updates")
    assert_problem(administrator.post("/setup/restart", sure="on"), 409)
    upload(administrator, update(tmp_path / "made").read_bytes())
    assert "Restart the box" in shown(administrator, "System 1.2 is installed.")
    assert_problem(administrator.post("/setup/restart"), 400)
    assert service.restarts == 0
    answer = administrator.post("/setup/restart", sure="on")
    assert 'class="notice" role="status"><strong>The box restarts.' in answer.text
    assert service.restarts == 1


def test_an_installer_that_refuses_is_told_on_the_page(administrator: Tablet, service: Installer, tmp_path: Path) -> None:
    with install._alone(service.updates_of):  # as a stick does
        assert upload(administrator, update(tmp_path / "made").read_bytes()).status_code == 303
        assert 'role="alert"' in shown(administrator, "Another update is being installed.")


def test_an_installer_that_is_away_is_told_on_the_page(shut_kiosk: NetworkKiosk, tmp_path: Path) -> None:
    administrator = shut_kiosk.administrator()
    assert upload(administrator, update(tmp_path / "made").read_bytes()).status_code == 303
    assert 'role="alert"' in shown(administrator, "The updater of the box does not answer")
    assert_problem(administrator.post("/setup/restart", sure="on"), 503)


def test_a_machine_without_the_image_says_so(network_kiosk: NetworkKiosk) -> None:
    administrator = network_kiosk.administrator()
    page = shown(administrator, "This machine does not run the Chartside image.")
    assert "<form" not in page
    assert_problem(upload(administrator, b"anything"), 400)


def test_the_script_is_served_to_who_knows_the_pin(kiosk: NetworkKiosk, administrator: Tablet) -> None:
    assert "XMLHttpRequest" in administrator.get("/setup/update.js").text
    assert_problem(kiosk.tablet().get("/setup/update.js"), 401)


# The installer's end, without a kiosk.


def test_the_installer_goes_on_when_the_kiosk_is_gone(service: Installer, tmp_path: Path) -> None:
    service.going_on.clear()
    with socket.socket(socket.AF_UNIX) as caller, update(tmp_path / "made").open("rb") as file:
        caller.connect(str(service.socket))
        socket.send_fds(caller, [b"install\n"], [file.fileno()])
    service.going_on.set()
    deadline = time.monotonic() + 20
    while not service.installed:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_installer_takes_open_files_only(service: Installer) -> None:
    reading, writing = os.pipe()
    for word, files in ((b"install\n", [reading]), (b"install\n", []), (b"anything", []), (b"x", [])):
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(str(service.socket))
            socket.send_fds(caller, [word], files)
            with pytest.raises(Exception, match="was not understood"):
                handover._heard(caller, install.untold)
    os.close(reading)
    os.close(writing)
    assert service.installed == []


def test_the_installer_believes_nothing_that_the_kiosk_checked(service: Installer, tmp_path: Path) -> None:
    path = update(tmp_path / "made", version="1.1")
    with path.open("rb") as file, pytest.raises(ConflictError, match="not newer"):
        handover.ask_to_install(file.fileno(), install.untold, service.socket)
    assert install.verify(update(tmp_path / "made"), box()).version == "1.2"


def test_a_caller_that_says_nothing_does_not_hold_the_installer(
    service: Installer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.update.handover._CALL_SECONDS", 0.2)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(str(service.socket))
        time.sleep(0.5)
        said: list[str] = []
        with update(tmp_path / "made").open("rb") as file:
            monkeypatch.setattr("appliance.update.handover._CALL_SECONDS", 10)
            asking = threading.Thread(
                target=lambda: said.append(handover.ask_to_install(file.fileno(), install.untold, service.socket))
            )
            asking.start()
            asking.join(20)
    assert said == ["System 1.2 is installed."]


def test_nobody_at_the_socket_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="does not answer"):
        handover.ask_to_restart(tmp_path / "nowhere.sock")
