"""The box on the network: its name, its trust page, its TLS, and a visit that goes on while the certificate changes."""

from __future__ import annotations

import contextlib
import json
import os
import plistlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from connect_certificates import certificate, pem
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from kiosk_network import NetworkKiosk, on_network
from kiosk_peers import Peer

from appliance.connect.clock import RELEASED, Clock
from appliance.connect.connection import Connection
from appliance.connect.mdns import Announcer
from appliance.connect.pages import STYLE
from appliance.connect.sockets import listen_network
from appliance.connect.state import State
from appliance.errors import UnavailableError
from appliance.health.check import Check, run_checks
from appliance.runtime.client import ServiceClient
from appliance.settings import Settings

ROOT = Path(__file__).parents[2]
Connect = Callable[..., Connection]


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Connect]:
    """Opens a box on the loopback network."""
    with contextlib.ExitStack() as stack:

        def open_(
            box: str, address: str = "192.168.7.20", now: datetime | None = None, name: str = "chartside", port: int = 8443
        ) -> Connection:
            settings = Settings(data_dir=tmp_path / box, name=name, access="lan")
            clock = Clock(settings.connect_dir / "clock", (lambda: now) if now else None)
            trust = stack.enter_context(contextlib.closing(listen_network(0, "http_port")))
            connection = Connection(
                settings, port, trust, clock=clock, find_addresses=lambda: [ip_address(address)], interfaces=["127.0.0.1"]
            )
            stack.enter_context(connection)
            connection.tell()
            return connection

        yield open_


def trust_page(connection: Connection, path: str = "/") -> httpx.Response:
    port = int(connection.state.trust_url.rstrip("/").rpartition(":")[2])
    return httpx.get(f"http://127.0.0.1:{port}{path}", headers={"Host": "chartside.local"}, timeout=10)


# Names.


def test_of_two_boxes_on_one_network_the_second_takes_its_other_name(connect: Connect) -> None:
    first, second = connect("one", "192.168.7.20"), connect("two", "192.168.7.21")
    assert first.state.name == "chartside.local"
    assert first.state.troubles == ()
    assert re.fullmatch(r"chartside-[0-9a-f]{4}\.local", second.state.name)
    (trouble,) = second.state.troubles
    assert trouble.detail == f"Another device has the name chartside.local; this box is {second.state.name}."
    assert "setting `name`" in trouble.hint
    assert second.state.name in trust_page(second).text
    assert f"https://{second.state.name}:8443/" in trust_page(second).text
    assert second.serves(second.state.name)
    name = second.state.name
    second.refresh()
    first.refresh()
    assert (first.state.name, second.state.name) == ("chartside.local", name)


def test_a_pulled_cable_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    announcer = Announcer(("chartside-7k3q.local",), 8443, interfaces=["127.0.0.1"])
    announcer.announce([ip_address("192.168.7.20")])
    try:
        assert announcer._zeroconf
        for protocol in announcer._zeroconf.engine.protocols:
            protocol.error_received(OSError(101, "Network is unreachable"))
    finally:
        announcer.close()
    records = [record for record in caplog.records if record.name == "zeroconf"]
    assert records
    assert [record.exc_info for record in records] == [None] * len(records)
    assert "\n" not in "".join(record.getMessage() for record in records)


def test_the_second_name_is_the_same_after_a_restart(connect: Connect, tmp_path: Path) -> None:
    connect("one", "192.168.7.20")
    names = []
    for _ in range(2):
        settings = Settings(data_dir=tmp_path / "two")
        with (
            contextlib.closing(listen_network(0, "http_port")) as trust,
            Connection(
                settings, 8443, trust, find_addresses=lambda: [ip_address("192.168.7.21")], interfaces=["127.0.0.1"]
            ) as box,
        ):
            names.append(box.state.name)
    assert names[0] == names[1] != "chartside.local"


def test_a_name_of_its_own_ends_the_conflict(connect: Connect) -> None:
    connect("one", "192.168.7.20")
    other = connect("two", "192.168.7.21", name="north-wing")
    assert other.state.name == "north-wing.local"
    assert other.state.troubles == ()


def test_a_box_without_an_address_says_so(tmp_path: Path) -> None:
    trust = listen_network(0, "http_port")
    with Connection(Settings(data_dir=tmp_path), 8443, trust, find_addresses=list, interfaces=["127.0.0.1"]) as box:
        (trouble,) = box.state.troubles
        assert "no private address" in trouble.detail
    trust.close()


# The trust page.


def test_the_trust_page_offers_trust_and_nothing_else(connect: Connect) -> None:
    connection = connect("one")
    page = trust_page(connection)
    assert page.status_code == 200
    assert connection.state.words in page.text
    assert connection.state.digits in page.text
    assert "<script" not in page.text
    assert "<form" not in page.text
    assert "Set-Cookie" not in page.headers
    assert "Strict-Transport-Security" not in page.headers
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    links = set(re.findall(r'(?:href|src|action)="([^"#]+)"', page.text))
    outside = {link for link in links if not link.startswith(("/", "data:"))}
    assert outside == {connection.state.url, "https://192.168.7.20:8443/"}
    for path in ("/api/status", "/api/encounters", "/pair", "/setup/", "/index.html"):
        assert trust_page(connection, path).headers["Location"] == "/"
    port = int(connection.state.trust_url.rstrip("/").rpartition(":")[2])
    assert httpx.post(f"http://127.0.0.1:{port}/", timeout=10).status_code == 405


@pytest.mark.parametrize(("address", "link"), [("192.168.7.20", "https://192.168.7.20/"), ("fd00::20", "https://[fd00::20]/")])
def test_on_the_usual_port_the_links_name_none(connect: Connect, address: str, link: str) -> None:
    page = trust_page(connect("one", address, port=443)).text
    assert 'href="https://chartside.local/"' in page
    assert f'href="{link}"' in page


def test_the_authority_is_offered_for_every_platform(connect: Connect) -> None:
    connection = connect("one")
    crt = trust_page(connection, "/chartside.crt")
    assert crt.headers["Content-Type"] == "application/x-x509-ca-cert"
    root = x509.load_der_x509_certificate(crt.content)
    assert root.extensions.get_extension_for_class(x509.NameConstraints).critical
    mobileconfig = trust_page(connection, "/chartside.mobileconfig")
    assert mobileconfig.headers["Content-Type"] == "application/x-apple-aspen-config"
    (payload,) = plistlib.loads(mobileconfig.content)["PayloadContent"]
    assert payload["PayloadContent"] == crt.content
    for platform in ("iPad", "Certificate Trust Settings", "Android", "Windows", "Chromebook"):
        assert platform in trust_page(connection).text


@pytest.mark.parametrize("years", [-10, 10])
def test_a_clock_that_is_wrong_by_ten_years_stands_on_the_trust_page(connect: Connect, years: int) -> None:
    wrong = datetime(RELEASED.year + years, 6, 15, tzinfo=UTC)
    page = trust_page(connect("one", now=wrong)).text
    assert f"The clock of the box says 15 June {wrong.year}" in page
    assert "timedatectl set-time" in page


def test_the_style_has_the_colours_of_the_kiosk() -> None:
    def tokens(css: str) -> list[set[tuple[str, str]]]:
        return [set(re.findall(r"(--[\w-]+): ([^;]+);", block)) for block in re.split(r"@media", css)[:2]]

    kiosk = tokens((ROOT / "web" / "src" / "styles" / "tokens.css").read_text("utf-8"))
    for own, all_ in zip(tokens(STYLE), kiosk, strict=True):
        assert own <= all_


# TLS.


@pytest.fixture
def peers() -> Iterator[tuple[Peer, Peer]]:
    with tempfile.TemporaryDirectory() as directory:
        speech, note = Peer("speech", Path(directory)), Peer("note", Path(directory))
        for peer in (speech, note):
            # One that is told to stop before it serves does not stop.
            with contextlib.closing(ServiceClient(peer.socket, peer.socket.stem)) as client:
                client.call("GET", "/health", object)
        yield speech, note
        speech.stop()
        note.stop()


@pytest.fixture
def kiosk(tmp_path: Path, peers: tuple[Peer, Peer]) -> Iterator[NetworkKiosk]:
    settings = Settings(data_dir=tmp_path / "data")
    with on_network(settings, peers[0].socket, peers[1].socket, tmp_path / "page") as kiosk:
        yield kiosk


def shaken_hands(port: int, context: ssl.SSLContext) -> ssl.SSLSocket:
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=10), server_hostname="chartside.local")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_modern_versions_are_spoken(kiosk: NetworkKiosk, version: ssl.TLSVersion) -> None:
    context = ssl.create_default_context()
    context.minimum_version = context.maximum_version = version
    with shaken_hands(kiosk.port, context) as connection:
        name, protocol, _ = connection.cipher() or ("", "", 0)
        assert protocol == version.name.replace("_", ".")
        assert "GCM" in name or "CHACHA20" in name


@pytest.mark.parametrize("ciphers", ["ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0", "AES128-SHA:@SECLEVEL=0", "aNULL:@SECLEVEL=0"])
def test_old_ciphers_are_refused(kiosk: NetworkKiosk, ciphers: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(ciphers)
    with pytest.raises(ssl.SSLError):
        shaken_hands(kiosk.port, context)


def sslyze() -> str:
    local = ROOT / "build" / "sslyze" / "bin" / "sslyze"
    found = os.environ.get("CHARTSIDE_SSLYZE") or (str(local) if local.exists() else shutil.which("sslyze"))
    if not found:
        pytest.skip("sslyze is not installed: make build/sslyze.stamp")
    return found


def test_sslyze_finds_no_weak_protocol_or_cipher(kiosk: NetworkKiosk, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    command = [sslyze(), f"--json_out={report}", "--quiet", f"127.0.0.1:{kiosk.port}"]
    subprocess.run(command, check=False, capture_output=True, timeout=120)
    (result,) = json.loads(report.read_text())["server_scan_results"]
    scan = {name: part["result"] for name, part in result["scan_result"].items()}
    accepted = {
        name: [suite["cipher_suite"]["name"] for suite in found["accepted_cipher_suites"]]
        for name, found in scan.items()
        if name.endswith("_cipher_suites")
    }
    assert {name for name, suites in accepted.items() if suites} == {"tls_1_2_cipher_suites", "tls_1_3_cipher_suites"}
    assert len(accepted) == 6
    assert all("GCM" in suite or "POLY1305" in suite for suites in accepted.values() for suite in suites)
    assert all("ECDHE" in suite for suite in accepted["tls_1_2_cipher_suites"])
    assert not scan["heartbleed"]["is_vulnerable_to_heartbleed"]
    assert not scan["openssl_ccs_injection"]["is_vulnerable_to_ccs_injection"]
    assert not scan["tls_compression"]["supports_compression"]
    assert not scan["session_renegotiation"]["is_vulnerable_to_client_renegotiation_dos"]
    assert scan["tls_fallback_scsv"]["supports_fallback_scsv"]
    assert scan["robot"]["robot_result"].startswith("NOT_VULNERABLE")


def test_a_new_certificate_is_shown_while_a_visit_goes_on(kiosk: NetworkKiosk) -> None:
    tablet = kiosk.paired()
    visit = tablet.request("POST", "/api/encounters", json={}).json()["id"]

    def serial() -> int:
        with shaken_hands(kiosk.port, ssl.create_default_context()) as connection:
            return x509.load_der_x509_certificate(connection.getpeercert(binary_form=True) or b"").serial_number

    before = serial()
    with tablet.http.stream("GET", f"/api/encounters/{visit}/events", extensions={"sni_hostname": "chartside.local"}) as stream:
        parts = stream.iter_raw()
        next(parts)
        (kiosk.settings.connect_dir / "chartside" / "leaf.pem").unlink()
        kiosk.connection.refresh()
        assert serial() != before
        assert tablet.request("PUT", f"/api/encounters/{visit}/audio/0", content=bytes(16_000)).status_code == 200
        assert kiosk.access.devices.is_paired(1)
        kiosk.access.refresh()
        assert b"state" in next(part for part in parts if b"event: state" in part)


def test_set_up_takes_a_certificate_of_the_clinic(kiosk: NetworkKiosk) -> None:
    administrator = kiosk.administrator()
    good = certificate("scribe", names=("chartside.local",), start=datetime.now(UTC))
    for content, status in ((b"nonsense", 422), (pem(good), 303)):
        answer = administrator.request("POST", "/setup/certificate", files={"pem": ("box.pem", content)})
        assert answer.status_code == status, answer.text
    assert kiosk.connection.state.certificate == "clinic"
    with shaken_hands(kiosk.port, ssl.create_default_context()) as connection:
        assert connection.getpeercert(binary_form=True) == good.certificate.public_bytes(Encoding.DER)
    assert administrator.post("/setup/certificate/remove").status_code == 303
    assert kiosk.connection.state.certificate == "box"


# What the box's own screen says.


def chartside(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "appliance", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)


def test_the_screen_shows_address_words_and_set_up_code(connect: Connect, tmp_path: Path) -> None:
    connection = connect("one")
    connection.tell(setup_code="ABCD-2345")
    result = chartside("connect", "show", "--data-dir", tmp_path / "one")
    assert result.returncode == 0, result.stderr
    for part in (connection.state.trust_url, connection.state.words, connection.state.digits, "ABCD-2345", "█"):
        assert part in result.stdout
    written = chartside("connect", "authority", "--data-dir", tmp_path / "one", tmp_path / "box.crt")
    assert connection.state.words in written.stdout
    assert (tmp_path / "box.crt").read_bytes() == trust_page(connection, "/chartside.crt").content


def test_a_box_that_never_let_a_tablet_in_says_so(tmp_path: Path) -> None:
    result = chartside("connect", "show", "--data-dir", tmp_path)
    assert result.returncode == 2
    assert "chartside run --access lan" in result.stderr


def test_the_pin_can_be_forgotten_on_the_box(tmp_path: Path, peers: tuple[Peer, Peer]) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    with on_network(settings, peers[0].socket, peers[1].socket, tmp_path) as kiosk:
        kiosk.administrator()
        refused = chartside("connect", "reset-pin", "--data-dir", settings.data_dir)
        assert "Another process uses" in refused.stderr
    assert chartside("connect", "reset-pin", "--data-dir", settings.data_dir).returncode == 0
    with on_network(settings, peers[0].socket, peers[1].socket, tmp_path) as kiosk:
        kiosk.administrator()


def test_a_wrong_clock_can_be_accepted_on_the_box(tmp_path: Path) -> None:
    result = chartside("connect", "accept-clock", "--data-dir", tmp_path)
    assert str(time.gmtime().tm_year) in result.stdout
    assert not Clock(tmp_path / "connect" / "clock").read().trouble


def test_the_kiosk_is_not_served_without_its_access_rule(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "appliance", "serve", "kiosk", "--socket-dir", str(tmp_path)]
    environment = {**os.environ, "CHARTSIDE_ACCESS": "lan", "CHARTSIDE_DATA_DIR": str(tmp_path / "data")}
    with contextlib.closing(listen_network(0, "https_port")) as kiosk:
        descriptor = kiosk.fileno()
        command += ["--fd", str(descriptor)]
        result = subprocess.run(command, env=environment, pass_fds=[descriptor], capture_output=True, check=False, timeout=60)
    assert result.returncode == 2
    assert b"No socket was passed" in result.stderr


def test_a_port_that_is_taken_is_named() -> None:
    with contextlib.closing(listen_network(0, "https_port")) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UnavailableError, match=f"Port {port} on the network") as refused:
            listen_network(port, "https_port")
        assert "--https-port" in refused.value.hint


def test_doctor_shows_certificate_clock_and_devices(connect: Connect, tmp_path: Path) -> None:
    from appliance.health.certificate import check_certificate
    from appliance.health.clock import check_clock
    from appliance.health.devices import check_devices

    checks: dict[str, Check] = {"certificate": check_certificate, "clock": check_clock, "devices": check_devices}
    alone = {finding.check: finding for finding in run_checks(checks, Settings(data_dir=tmp_path / "none"))}
    assert all(finding.level == "ok" for finding in alone.values())
    connection = connect("one")
    connection.tell(rooms=2, devices=3, revoked=1)
    settings = Settings(data_dir=tmp_path / "one", access="lan")
    found = {finding.check: finding for finding in run_checks(checks, settings)}
    assert "days left" in found["certificate"].detail
    assert found["devices"].detail == "3 tablets in 2 rooms, 1 revoked"
    connect("two", "192.168.7.21")
    conflict = run_checks(checks, Settings(data_dir=tmp_path / "two", access="lan"))[0]
    assert conflict.level == "warning"
    assert "Another device has the name" in conflict.detail
    assert State.load(settings.connect_dir) == connection.state
