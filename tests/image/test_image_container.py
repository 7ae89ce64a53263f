"""`make image-test`, the quick check of every build: the built system in a container, on the network of a clinic."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from clinic import assert_became_a_note, new_tablet, pair, record_visit
from clinic_network import BOX_ADDRESS
from container_box import ContainerBox, container_box
from egress import call_of
from kiosk_network import Tablet

WORK = os.environ.get("CHARTSIDE_TEST_IMAGE", "")
pytestmark = [
    pytest.mark.skipif(not WORK, reason="boots the built image: run `make image-test`"),
    pytest.mark.timeout(1800),
]
STATE = "/var/lib/private/chartside/connect/state.json"
MOST_EXPOSED = {"speech": 1.0, "note": 1.0, "kiosk": 1.5}
FOUND: dict[str, object] = {}


@pytest.fixture(scope="module")
def built() -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((Path(WORK) / "output" / "build.json").read_text("utf-8"))
    return facts


@pytest.fixture(scope="module")
def box(built: dict[str, Any]) -> Iterator[ContainerBox]:
    work = Path(WORK).resolve()
    (root,) = (work / "output").glob(f"chartside_{built['version']}.root-{built['board']}.*.raw")
    with container_box(root, Path(os.environ["CHARTSIDE_BUNDLE"]), work) as running:
        yield running


@pytest.fixture(scope="module")
def tablet(box: ContainerBox) -> Iterator[Tablet]:
    """A tablet in the clinic, paired with the box over TLS."""
    code = json.loads(box.run("cat", STATE))["setup_code"]
    with box.network.here():
        wait_for_answer()
        tablet = new_tablet(address=BOX_ADDRESS)
        pair(tablet, code)
    yield tablet
    tablet.close()


def wait_for_answer(seconds: float = 60) -> None:
    """Until the trust page of the box is reached from the clinic."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            httpx.get(f"http://{BOX_ADDRESS}/", timeout=2)
        except httpx.TransportError:
            assert time.monotonic() < deadline, "the box does not answer in the clinic"
            time.sleep(0.5)
        else:
            return


def test_the_system_runs_and_nothing_failed(box: ContainerBox) -> None:
    began = time.monotonic()
    state = box.wait_until_started(300)
    assert state == "running", box.run("systemctl", "--failed") + box.run("journalctl", "-b", "-p", "warning", "--no-pager")
    assert box.run("systemctl", "--failed", "--no-legend", "--plain") == ""
    FOUND["boot"] = "ok"
    print(f"\ncontainer: running after {time.monotonic() - began:.0f} s")


def test_the_root_cannot_be_written(box: ContainerBox) -> None:
    said = box.run("sh", "-c", "touch /x /usr/x /etc/x 2>&1")
    assert said.count("Read-only file system") == 3, said


def test_the_box_says_what_is_installed_and_whose_updates_it_takes(box: ContainerBox, built: dict[str, Any]) -> None:
    said = box.run("chartside", "update", "status")
    assert said.startswith(f"System {built['version']} for {built['board']}, models "), said
    assert "Updates signed by vendor are taken until" in said


@pytest.mark.parametrize("unit", ["sysupdate.timer", "sysupdate-reboot.timer", "sysext.service", "confext.service"])
def test_nothing_else_installs_updates_or_is_laid_over_the_root(box: ContainerBox, unit: str) -> None:
    assert box.run("systemctl", "is-enabled", f"systemd-{unit}") == "disabled"


def test_services_have_no_more_than_they_need(box: ContainerBox) -> None:
    for service, most in MOST_EXPOSED.items():
        said = box.run("systemd-analyze", "security", "--no-pager", f"chartside-{service}.service")
        found = re.search(r"exposure level for chartside-\w+\.service: ([0-9.]+)", said)
        assert found, said
        FOUND[{"note": "note_unit"}.get(service, service)] = found[1]
        assert float(found[1]) <= most, said


def test_services_cannot_see_what_is_not_theirs(box: ContainerBox) -> None:
    for service in ("speech", "note"):
        process = box.run("systemctl", "show", "-P", "MainPID", f"chartside-{service}")
        devices = box.run("cat", f"/proc/{process}/net/dev").splitlines()[2:]
        assert [line.split(":")[0].strip() for line in devices] == ["lo"], service
    assert box.run("systemctl", "show", "-P", "NRestarts", "chartside-speech") == "0"


def test_the_box_has_an_address_and_knows_no_name_server(box: ContainerBox, tablet: Tablet) -> None:
    """The router promised it name servers and a time server; it takes neither."""
    assert BOX_ADDRESS in box.run("networkctl", "status", "clinic0", "--no-pager")
    assert "192.168.77.1\n" not in box.run("networkctl", "status", "clinic0", "--no-pager").partition("DNS:")[2]
    assert tablet.get("/api/encounters").status_code == 200


def test_strangers_are_refused(box: ContainerBox) -> None:
    with box.network.here():
        wait_for_answer()
        stranger = new_tablet(address=BOX_ADDRESS)
        assert stranger.get("/api/encounters").status_code == 401
        stranger.close()


def test_whoever_calls_out_is_stopped_in_the_box(box: ContainerBox, tablet: Tablet) -> None:
    """Not a call that nobody makes, but one that is made: by root, to an address that the router would take."""
    assert tablet.get("/api/status").status_code == 200
    rules = box.run("nft", "list", "ruleset")
    assert rules.count("policy drop") == 3
    call = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('203.0.113.9', 53))"
    before = len(box.network.sent)
    assert "PermissionError" in box.run("sh", "-c", f'python3 -c "{call}" 2>&1')
    assert not [frame for frame in box.network.sent[before:] if call_of(frame)]


def test_a_visit_becomes_a_note_though_the_cable_is_pulled_in_the_middle(box: ContainerBox, tablet: Tablet) -> None:
    def pull_test_and_plug() -> None:
        box.network.pull_cable()
        with box.here():
            local = new_tablet()
            assert local.get("/api/encounters").status_code == 401
            local.close()
        box.run("systemctl", "start", "chartside-selftest.service")
        journal = box.run("journalctl", "-b", "-u", "chartside-selftest", "--no-pager", "-o", "cat")
        assert "the clip became a note" in journal, journal
        assert box.run("systemctl", "is-system-running") == "running"
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://{BOX_ADDRESS}/", timeout=2)
        box.network.plug_cable()
        wait_for_answer()

    began = time.monotonic()
    with box.network.here():
        assert_became_a_note(record_visit(tablet, 900, pull_test_and_plug))
    FOUND["note"] = "ok"
    print(
        f"\ncontainer: a note {time.monotonic() - began:.0f} s after the visit began, a pulled cable and a self-test included"
    )


def test_the_box_called_nobody(box: ContainerBox) -> None:
    sent = list(box.network.sent)
    assert len(sent) > 200, "the visit went over this cable"
    calls = [described for frame in sent if (described := call_of(frame))]
    FOUND["egress"] = len(calls)
    print(f"\ncontainer: {len(sent)} frames sent, {len(calls)} of them calls")
    assert not calls
    assert box.run("systemctl", "is-system-running") == "running"


def test_a_new_system_whose_note_service_does_not_come_restarts_instead_of_staying(box: ContainerBox) -> None:
    """The self-test cannot even start then. Where attempts are counted, a boot wants `boot-complete.target`, as here."""
    broken = "[Service]\\nExecStart=\\nExecStart=/bin/false\\n"
    box.run(
        "sh", "-c", "d=/run/systemd/system/chartside-note.service.d; mkdir -p $d; "
        f"printf '{broken}' > $d/broken.conf; systemctl daemon-reload; systemctl stop chartside-selftest chartside-note",
    )  # fmt: skip
    box.run("systemctl", "start", "--no-block", "boot-complete.target")
    assert box.wait_until_left(120), box.run("systemctl", "status", "chartside-selftest", "--no-pager")


def test_the_line(built: dict[str, Any]) -> None:
    facts = {**FOUND, "build_s": built["build_s"], "size_mb": built["size_mb"]}
    order = ["boot", "note", "egress", "speech", "note_unit", "kiosk", "build_s", "size_mb"]
    line = "image: " + " ".join(f"{name}={facts[name]}" for name in order)
    (Path(WORK) / "output" / "image-test.txt").write_text(line + "\n")
