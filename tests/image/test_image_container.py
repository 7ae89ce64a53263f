"""The quick half of `make image-test`: the built system in a container."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clinic import assert_became_a_note, new_tablet, pair, record_visit
from container_box import ContainerBox, container_box

WORK = os.environ.get("CHARTSIDE_TEST_IMAGE", "")
pytestmark = [
    pytest.mark.skipif(not WORK, reason="boots the built image: run `make image-test`"),
    pytest.mark.timeout(1800),
]
STATE = "/var/lib/private/chartside/connect/state.json"


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


def test_the_system_runs_and_nothing_failed(box: ContainerBox) -> None:
    began = time.monotonic()
    state = box.wait_until_started(300)
    assert state == "running", box.run("systemctl", "--failed") + box.run("journalctl", "-b", "-p", "warning", "--no-pager")
    print(f"\ncontainer: running after {time.monotonic() - began:.0f} s")


def test_the_self_test_passes_under_the_sandbox(box: ContainerBox) -> None:
    box.run("systemctl", "start", "chartside-selftest.service")
    journal = box.run("journalctl", "-b", "-u", "chartside-selftest", "--no-pager", "-o", "cat")
    assert "the clip became a note" in journal, journal


def test_the_box_says_what_is_installed_and_whose_updates_it_takes(box: ContainerBox, built: dict[str, Any]) -> None:
    said = box.run("chartside", "update", "status")
    assert said.startswith(f"System {built['version']} for {built['board']}, models "), said
    assert "Updates signed by vendor are taken until" in said


@pytest.mark.parametrize("unit", ["sysupdate.timer", "sysupdate-reboot.timer", "sysext.service", "confext.service"])
def test_nothing_else_installs_updates_or_is_laid_over_the_root(box: ContainerBox, unit: str) -> None:
    assert box.run("systemctl", "is-enabled", f"systemd-{unit}") == "disabled"


def test_services_cannot_see_what_is_not_theirs(box: ContainerBox) -> None:
    for service in ("speech", "note"):
        process = box.run("systemctl", "show", "-P", "MainPID", f"chartside-{service}")
        devices = box.run("cat", f"/proc/{process}/net/dev").splitlines()[2:]
        assert [line.split(":")[0].strip() for line in devices] == ["lo"], service
    assert box.run("systemctl", "show", "-P", "NRestarts", "chartside-speech") == "0"


def test_the_packet_filter_drops_what_is_not_named(box: ContainerBox) -> None:
    rules = box.run("nft", "list", "ruleset")
    assert rules.count("policy drop") == 3


def test_a_visit_over_tls_becomes_a_note(box: ContainerBox) -> None:
    code = json.loads(box.run("cat", STATE))["setup_code"]
    with box.network():
        tablet = new_tablet(443, 80)
        pair(tablet, code)
        assert_became_a_note(record_visit(tablet, 900))
        tablet.close()
