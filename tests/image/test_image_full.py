"""`make image-test-full`: one box in QEMU from flashing to factory reset, through an update and two that fail.

Emulated, a model call takes minutes. So speech and note only hold their sockets here, and the self-test says what the test
wants to hear; the real ones run in the container (`test_image_container.py`). The kiosk is the real one at the first boot.
Firmware with Secure Boot and a TPM are emulated; boot loader, kernel, initrd, verity, models, updater and everything else are
those of the image.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import results
from clinic import new_tablet
from egress import call_of
from releases import ATTACKS, GOOD, NEVER_BOOTS, UNHEALTHY, Releases
from virtual_box import IDLE, VirtualBox, files_on_stick, flash, virtual_box

WORK = os.environ.get("CHARTSIDE_TEST_FULL", "")
pytestmark = [
    pytest.mark.skipif(not WORK, reason="boots the built image nine times: run `make image-test-full`"),
    pytest.mark.timeout(4 * 3600),
]
STEP_SECONDS: Final = 3600
ENTRY: Final = "/sys/firmware/efi/efivars/LoaderEntrySelected-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
DROP_INS: Final = {
    "chartside-speech.service": IDLE,
    "chartside-note.service": IDLE,
    "chartside-kiosk.service": "[Service]\nType=exec\nTimeoutStartSec=2h\nExecStart=\nExecStart=/bin/sh -c 'grep -q "
    "IMAGE_VERSION.*9.9 /etc/os-release && exec sleep infinity; exec chartside serve kiosk --socket-dir /run/chartside'\n",
    "chartside-selftest.service": "[Service]\nProtectKernelTunables=no\nExecStart=\nExecStart=/bin/sh -c "
    f"'! tr -cd 0-9._ < {ENTRY} | grep -qF _{UNHEALTHY}'\n",
}
REFUSALS: Final = {
    "downgraded": "not newer than",
    "expired-key": "expired on",
    "tampered": "was changed",
    "truncated": "cut off",
    "unsigned": "not signed by the vendor",
    "wrong-board": "for arm64 boxes",
}


@pytest.fixture(scope="module")
def built() -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((Path(WORK) / "output" / "build.json").read_text("utf-8"))
    return facts


@pytest.fixture(scope="module")
def box(built: dict[str, Any]) -> Iterator[VirtualBox]:
    work = Path(WORK).resolve()
    directory = work / "full"
    shutil.rmtree(directory, ignore_errors=True)
    steps = directory / "steps"
    steps.mkdir(parents=True)
    releases = Releases(work, built, directory / "releases")
    for update in (releases.good(), releases.never_boots(), releases.unhealthy()):
        update.rename(steps / update.name)
    for attack in releases.attacks():
        attack.rename(steps / f"attack-{attack.name}")
    flash(work / "output" / built["file"], work, directory / "box", releases.kernel())
    shutil.rmtree(releases.folder)
    shutil.copy(Path(__file__).parent / "steps.sh", steps)
    (steps / "step").write_text("0\n")
    with virtual_box(work, directory / "box", steps, DROP_INS) as running:
        yield running
    (directory / "box/disk.raw").unlink()
    (directory / "box/steps.raw").unlink()


def healthy(report: dict[str, str], step: int, version: str) -> None:
    assert report[f"{step} version"] == version
    assert report[f"{step} state"] == "running", report[f"{step} failed"]
    assert report[f"{step} failed"] == ""
    assert report[f"{step} secure-boot"] == "1"
    assert "/dev/mapper/data" in report[f"{step} data"]
    assert sorted(re.findall(r"^ +\d (\w+)$", report[f"{step} data"], re.MULTILINE)) == ["recovery", "tpm2"]
    assert f"chartside_{version}.efi" in report[f"{step} entries"].split(), "the boot was not blessed"
    filesystem, options = report[f"{step} root"].split()
    assert (filesystem, "ro" in options.split(",")) == ("erofs", True)
    assert re.search(r"^root: 0 \d+ verity V", report[f"{step} verity"], re.MULTILINE), report[f"{step} verity"]
    assert len(re.findall(r" verity V", report[f"{step} verity"])) == 2, report[f"{step} verity"]
    assert report[f"{step} models"].startswith("erofs")


def boots_of(report: dict[str, str], version: str) -> int:
    return sum(" boot " in title and f"_{version}" in title for title in report)


def test_a_flashed_disk_boots_verified_and_makes_its_other_partitions(box: VirtualBox, built: dict[str, Any]) -> None:
    report = box.wait_for("0 ready", STEP_SECONDS)
    healthy(report, 0, built["version"])
    assert report["0 write"].count("Read-only file system") == 3
    assert report["0 services"].count("ActiveState=active") >= 5, report["0 services"]
    sizes = Counter(line.split()[0] for line in report["0 partitions"].splitlines() if len(line.split()) == 2)
    assert sizes["_empty"] == 2
    assert {"chartside-models", "chartside-data", "ESP"} <= set(sizes)
    assert "login:" not in box.console


def test_the_kiosk_answers_over_tls_and_refuses_strangers(box: VirtualBox) -> None:
    stranger = new_tablet(box.https_port, box.http_port)
    assert stranger.get("/api/encounters").status_code == 401
    stranger.close()


def test_attacks_are_refused_and_change_nothing(box: VirtualBox) -> None:
    report = box.wait_for("0 good", STEP_SECONDS)
    refused = 0
    for attack in ATTACKS:
        said = report[f"0 attack-{attack}.chartside"]
        assert REFUSALS[attack] in " ".join(said.split()), said
        assert "status=0" not in said
        refused += 1
    assert report["0 after"] == report["0 before"]
    results.FOUND["attacks"] = f"{refused}/{len(REFUSALS)}"


def test_an_update_boots_from_the_other_slot(box: VirtualBox) -> None:
    report = box.wait_for("1 never-boots", STEP_SECONDS)
    assert f"chartside_{GOOD}+3-0.efi" in report["0 good"], report["0 good"]
    healthy(report, 1, GOOD)
    assert report["1 marker"] == "kept", "the data is still there"
    results.FOUND["update"] = "ok"


def test_a_build_that_never_boots_is_left_after_three_attempts(box: VirtualBox) -> None:
    report = box.wait_for("2 unhealthy", STEP_SECONDS)
    assert f"chartside_{NEVER_BOOTS}+3-0.efi" in report["1 never-boots"], report["1 never-boots"]
    healthy(report, 2, GOOD)
    assert report["2 marker"] == "kept", "the data is still there"
    assert f"chartside_{NEVER_BOOTS}+0-3.efi" in report["2 entries"].split()
    assert boots_of(report, NEVER_BOOTS) == 0
    results.FOUND["never_boots"] = "rolled_back"


def test_a_build_that_boots_unhealthy_is_left(box: VirtualBox) -> None:
    report = box.wait_for("3 reset", STEP_SECONDS)
    assert boots_of(report, UNHEALTHY) == 1, "it came up, so that its self-test could fail"
    healthy(report, 3, GOOD)
    assert report["3 marker"] == "kept", "the data is still there"
    assert f"chartside_{UNHEALTHY}+0-3.efi" in report["3 entries"].split()
    results.FOUND["unhealthy"] = "rolled_back"


def test_a_factory_reset_takes_the_data_and_nothing_else(box: VirtualBox) -> None:
    report = box.wait_for("4 end", STEP_SECONDS)
    assert "No such file" in report["4 marker"]
    assert report["4 data"].split()[0] != report["3 data"].split()[0], "it is another partition, with another key"
    healthy(report, 4, GOOD)
    assert report["4 partitions"] == report["3 partitions"]
    results.FOUND["reset"] = "ok"


def test_the_box_called_nobody(box: VirtualBox) -> None:
    packets = box.sent_packets()
    assert len(packets) > 30
    assert not [described for frame in packets if (described := call_of(frame))]


def test_without_its_tpm_the_disk_opens_with_the_recovery_key_only(box: VirtualBox) -> None:
    """The disk in another machine; without the stick there is nobody who could say the key."""
    work = Path(WORK).resolve()
    box.power_off()
    assert len(files_on_stick(box.directory, work)) == 2, "one key before the reset, one after it"
    steps = box.directory / "steps-elsewhere"
    steps.mkdir()
    shutil.copy(Path(__file__).parent / "steps_without_tpm.sh", steps / "steps.sh")
    (steps / "step").write_text("0\n")
    with virtual_box(work, box.directory, steps, DROP_INS, tpm=False, stick=False) as locked:
        locked.wait_for_console("Please enter", STEP_SECONDS)
        assert not locked.report
    with virtual_box(work, box.directory, steps, DROP_INS, tpm=False) as opened:
        report = opened.wait_for("0 end", STEP_SECONDS)
        assert report["0 marker"] == "kept"


def test_the_line() -> None:
    assert "not-run" not in results.line()
    (Path(WORK) / "output" / "image-test-full.txt").write_text(results.line() + "\n")
