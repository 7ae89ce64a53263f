"""An image for arm64 in QEMU: its own firmware, kernel and root, from flashing to `running`. Run by `make image-test-arm64`.

Speech and note only hold their sockets and the self-test says yes, as in `test_image_full.py`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Final

import pytest
from clinic import new_tablet
from releases import Releases
from virtual_box import IDLE, MACHINES, flash, virtual_box

WORK = os.environ.get("CHARTSIDE_TEST_ARM64", "")
pytestmark = [
    pytest.mark.skipif(not WORK, reason="boots an image for arm64: run `make image-test-arm64`"),
    pytest.mark.timeout(2 * 3600),
]
STEP_SECONDS: Final = 3600


def test_an_arm64_image_boots_verified_and_serves_the_page() -> None:
    work = Path(WORK).resolve()
    built = json.loads((work / "output/build.json").read_text("utf-8"))
    directory = work / "arm64"
    shutil.rmtree(directory, ignore_errors=True)
    steps = directory / "steps"
    steps.mkdir(parents=True)
    shutil.copy(Path(__file__).parent / "steps.sh", steps)
    (steps / "step").write_text("first\n")
    releases = Releases(work, built, directory / "releases")
    flash(work / "output" / built["file"], work, directory / "box", releases.kernel(), MACHINES["arm64"])
    drop_ins = {
        "chartside-speech.service": IDLE,
        "chartside-note.service": IDLE,
        "chartside-kiosk.service": "[Service]\nTimeoutStartSec=2h\n",
        "chartside-selftest.service": "[Service]\nExecStart=\nExecStart=/bin/true\n",
    }
    with virtual_box(work, directory / "box", steps, drop_ins, machine=MACHINES["arm64"]) as box:
        report = box.wait_for("first end", STEP_SECONDS)
        assert report["first version"] == built["version"]
        assert report["first machine"] == "aarch64"
        assert (report["first state"], report["first failed"]) == ("running", "")
        assert report["first secure-boot"] == "1"
        assert "/dev/mapper/data" in report["first data"]
        assert "login:" not in box.console
        assert report["first root"].startswith("erofs ro,")
        assert len(re.findall(r" verity V", report["first verity"])) == 2, report["first verity"]
        stranger = new_tablet(box.https_port, box.http_port)
        assert stranger.get("/api/encounters").status_code == 401
        stranger.close()
        print("arm64: boot=ok kiosk=ok after", report["first times"].splitlines()[0])
