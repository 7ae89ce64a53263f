"""`make image-test-full`, a board without a TPM: the key of its disk goes to a stick, and it starts with that stick."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from releases import Releases
from virtual_box import IDLE, VirtualBox, files_on_stick, flash, virtual_box

WORK = os.environ.get("CHARTSIDE_TEST_FULL", "")
pytestmark = [
    pytest.mark.skipif(not WORK, reason="boots the built image: run `make image-test-full`"),
    pytest.mark.timeout(2 * 3600),
]
SECONDS: Final = 3600
DROP_INS: Final = {
    "chartside-speech.service": IDLE,
    "chartside-note.service": IDLE,
    "chartside-kiosk.service": IDLE,
    "chartside-selftest.service": "[Service]\nExecStart=\nExecStart=/bin/true\n",
}


@pytest.fixture(scope="module")
def box() -> Iterator[VirtualBox]:
    work = Path(WORK).resolve()
    built = json.loads((work / "output" / "build.json").read_text("utf-8"))
    folder = work / "without-tpm"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "steps").mkdir(parents=True)
    shutil.copy(Path(__file__).parent / "steps_without_tpm.sh", folder / "steps/steps.sh")
    (folder / "steps/step").write_text("0\n")
    releases = Releases(work, built, folder / "releases")
    flash(work / "output" / built["file"], work, folder / "box", releases.kernel())
    with virtual_box(work, folder / "box", folder / "steps", DROP_INS, tpm=False) as running:
        yield running
    shutil.rmtree(folder)


def test_the_recovery_key_goes_to_the_stick_and_nothing_else_opens_the_disk(box: VirtualBox) -> None:
    report = box.wait_for("0 end", SECONDS)
    assert report["0 state"] == "running", report["0 failed"]
    assert report["0 data"].split("\n")[0] == "/dev/mapper/data"
    assert report["0 data"].split()[-1] == "recovery"
    assert "password" not in report["0 data"]
    assert len(files_on_stick(box.directory, Path(WORK).resolve())) == 1


def test_it_starts_with_the_stick(box: VirtualBox) -> None:
    report = box.wait_for("1 end", SECONDS)
    assert report["1 state"] == "running", report["1 failed"]
    assert report["1 marker"] == "here"
