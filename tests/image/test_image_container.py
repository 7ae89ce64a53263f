"""The quick half of `make image-test`: the built system in a container."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

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
def box() -> Iterator[ContainerBox]:
    work = Path(WORK).resolve()
    built = json.loads((work / "output" / "build.json").read_text("utf-8"))
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
