"""`make image-test`: the built image boots, does its work for a tablet on the network, and calls nobody."""

from __future__ import annotations

import json
import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from clinic import assert_became_a_note, new_tablet, pair, record_visit
from kiosk_network import Tablet
from virtual_box import VirtualBox, virtual_box

WORK = os.environ.get("CHARTSIDE_TEST_IMAGE", "")
pytestmark = [
    pytest.mark.skipif(not WORK, reason="boots the built image: run `make image-test`"),
    pytest.mark.timeout(5400),
]
BOOT_SECONDS = 4000
NOTE_SECONDS = 2400
FOUND: dict[str, object] = {}


@pytest.fixture(scope="module")
def built() -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((Path(WORK) / "output" / "build.json").read_text("utf-8"))
    return facts


@pytest.fixture(scope="module")
def box(built: dict[str, Any]) -> Iterator[VirtualBox]:
    work = Path(WORK).resolve()
    directory = work / "test" / f"boot-{os.getpid()}"
    with virtual_box(work / "output" / built["file"], work, directory) as running:
        yield running
    (directory / "disk.raw").unlink()


@pytest.fixture(scope="module")
def report(box: VirtualBox) -> dict[str, str]:
    return box.wait_for_report(BOOT_SECONDS)


@pytest.fixture(scope="module")
def tablet(box: VirtualBox, report: dict[str, str]) -> Iterator[Tablet]:
    tablet = new_tablet(box.https_port, box.http_port)
    pair(tablet, json.loads(report["connect"])["setup_code"])
    yield tablet
    tablet.close()


def test_the_box_runs_and_nothing_failed(box: VirtualBox, report: dict[str, str]) -> None:
    assert report["state"] == "running", box.text
    assert report["failed"] == ""
    assert report["services"].count("ActiveState=active") >= 7, report["services"]
    FOUND["boot"] = "ok"
    FOUND["boot_s"] = round(float(report["times"].splitlines()[-1].split()[0]))


def test_system_and_models_are_verified_and_cannot_be_written(report: dict[str, str]) -> None:
    filesystem, options = report["root"].split()
    assert filesystem == "erofs"
    assert "ro" in options.split(",")
    assert re.search(r"^root: 0 \d+ verity V", report["verity"], re.MULTILINE), report["verity"]
    assert len(re.findall(r" verity V", report["verity"])) == 2, report["verity"]
    assert report["models"].startswith("erofs")
    assert report["write"].count("Read-only file system") == 3


def test_slots_and_data_are_there(report: dict[str, str]) -> None:
    sizes = Counter(line.split()[0] for line in report["partitions"].splitlines() if len(line.split()) == 2)
    assert sizes["_empty"] == 2
    assert {"chartside-models", "chartside-data", "ESP"} <= set(sizes)


def test_the_self_test_blessed_the_boot(report: dict[str, str], built: dict[str, Any]) -> None:
    assert f"chartside_{built['version']}.efi" in report["entries"], report["entries"]


def test_services_have_no_more_than_they_need(report: dict[str, str]) -> None:
    scores = {name: float(score) for name, score in re.findall(r"chartside-(\w+)\.service: ([0-9.]+)", report["security"])}
    FOUND["speech"], FOUND["note_unit"], FOUND["kiosk"] = scores["speech"], scores["note"], scores["kiosk"]
    assert scores["speech"] <= 1.0
    assert scores["note"] <= 1.0
    assert scores["kiosk"] <= 1.5


def test_strangers_are_refused(box: VirtualBox, tablet: Tablet) -> None:
    stranger = new_tablet(box.https_port, box.http_port)
    assert stranger.get("/api/encounters").status_code == 401
    stranger.close()
    assert tablet.get("/api/encounters").status_code == 200


def test_a_visit_sent_over_the_network_becomes_a_note(tablet: Tablet) -> None:
    began = time.monotonic()
    assert_became_a_note(record_visit(tablet, NOTE_SECONDS))
    FOUND["note"] = "ok"
    FOUND["note_s"] = round(time.monotonic() - began)


def test_the_box_calls_nobody(box: VirtualBox, tablet: Tablet) -> None:
    assert tablet.get("/api/status").status_code == 200
    packets = box.sent_packets()
    assert len(packets) > 100
    calls = [described for frame in packets if (described := call_of(frame))]
    FOUND["egress"] = len(calls)
    assert not calls


def test_the_line(built: dict[str, Any]) -> None:
    facts = {**FOUND, "build_s": built["build_s"], "size_mb": built["size_mb"], "system_mb": built["system_mb"]}
    order = ["boot", "note", "egress", "speech", "note_unit", "kiosk", "build_s", "size_mb", "system_mb", "boot_s", "note_s"]
    line = "image: " + " ".join(f"{name}={facts[name]}" for name in order if name in facts)
    (Path(WORK) / "output" / "image-test.txt").write_text(line + "\n")
    print("\n" + line)
    assert set(order) <= set(facts)


def call_of(frame: bytes) -> str:
    """What the box says to somebody who did not ask; empty for answers and for what every host on a network says.

    That is: ARP, DHCP, multicast DNS, IGMP, and the neighbour and router messages of IPv6.
    """
    kind, packet = int.from_bytes(frame[12:14], "big"), frame[14:]
    if kind == 0x0806:
        return ""
    if kind == 0x0800:
        target = ip_address(packet[16:20])
        return told(packet[9], packet[(packet[0] & 15) * 4 :], target)
    if kind != 0x86DD:
        return f"ethernet type {kind:#06x}"
    protocol, payload = packet[6], packet[40:]
    if protocol == 0:  # hop-by-hop options, before multicast listener reports
        protocol, payload = payload[0], payload[(payload[1] + 1) * 8 :]
    return told(protocol, payload, ip_address(packet[24:40]))


def told(protocol: int, payload: bytes, target: IPv4Address | IPv6Address) -> str:
    source, to = int.from_bytes(payload[:2], "big"), int.from_bytes(payload[2:4], "big")
    housekeeping = {
        2: target.is_multicast,
        58: target.is_multicast or target.is_link_local or target in ip_network("fec0::/10"),
        6: source in {80, 443} and (payload[13] & 0b10010) != 0b00010,  # an answer: not a SYN without ACK
        17: (source, to) in {(68, 67), (546, 547)} or (to == 5353 and target.is_multicast),
    }
    return "" if housekeeping.get(protocol, False) else f"protocol {protocol} to {target} port {to}"
