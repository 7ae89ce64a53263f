"""An image that was built with `CHARTSIDE_DISPLAY=yes`, in QEMU with a graphics card. Run by `make image-test-display`.

Its attached display, as a person sees it: the progress of the start, the set-up code with a QR code, and once there is a PIN
the page of the box, in Chromium. A keyboard pairs it, and it is there again after a power cut. Speech and note only hold their
sockets, and the self-test says yes, as in `test_image_full.py`. The pictures are kept in `display/box` of the work folder.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from clinic import new_tablet
from egress import call_of
from picture import Pixels, read_picture, share_of, shows_qr_code
from releases import Releases
from tools_tree import ROOT
from virtual_box import IDLE, VirtualBox, flash, virtual_box

WORK = os.environ.get("CHARTSIDE_TEST_DISPLAY", "")
pytestmark = [
    pytest.mark.skipif(not WORK, reason="boots an image with a browser: run `make image-test-display`"),
    pytest.mark.timeout(2 * 3600),
]
SECONDS: Final = 1800
STYLE: Final = ROOT / "appliance/connect/pages/style.css"
COLOURS: Final = dict(re.findall(r"^ +--(\w[\w-]*): (#\w{6});$", STYLE.read_text("utf-8").partition("@media")[0], re.MULTILINE))
DROP_INS: Final = {
    "chartside-speech.service": IDLE,
    "chartside-note.service": IDLE,
    "chartside-kiosk.service": "[Service]\nTimeoutStartSec=2h\n",
    "chartside-selftest.service": "[Service]\nExecStart=\nExecStart=/bin/true\n",
}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """That of the box, flashed."""
    work = Path(WORK).resolve()
    built = json.loads((work / "output/build.json").read_text("utf-8"))
    assert built["board"].endswith("-display"), "build it with CHARTSIDE_DISPLAY=yes"
    folder = work / "display"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "steps").mkdir(parents=True)
    shutil.copy(Path(__file__).parent / "steps_display.sh", folder / "steps/steps.sh")
    releases = Releases(work, built, folder / "releases")
    flash(work / "output" / built["file"], work, folder / "box", releases.kernel_with_display())
    shutil.rmtree(releases.folder)
    yield folder
    (folder / "box/disk.raw").unlink()


def test_the_display_shows_the_start_then_the_set_up_code_then_a_page_that_is_paired(folder: Path) -> None:
    (folder / "steps/step").write_text("first\n")
    with virtual_box(Path(WORK).resolve(), folder / "box", folder / "steps", DROP_INS, display=True) as box:
        box.wait_for("start", SECONDS)
        box.picture("start.png")
        report = box.wait_for("text", SECONDS)
        assert re.search(r"^The box starts: \d of 6   \[#+\.+\]$", report["start"], re.MULTILINE), report["start"]
        state = json.loads(report["setup"])
        setup = read_picture(box.picture("setup.png"))
        assert shows_qr_code(setup, state["trust_url"])
        assert not shows_qr_code(setup, state["url"])
        administrator = new_tablet(box.https_port, box.http_port)
        administrator.set_first_pin(state["setup_code"])
        wait_for_picture(box, "unpaired.png", is_unpaired)
        runs_as_it_should(box)
        administrator.post("/setup/rooms", name="Exam room 1")
        code = administrator.new_code(1)
        box.press("tab", "ret")
        wait_for_picture(box, "pairing.png", lambda picture: share_of(picture, COLOURS["surface"]) > 0.02)
        box.press("tab", *("minus" if sign == "-" else sign.lower() for sign in code), "tab", *"wall", "ret")
        wait_for_picture(box, "visits.png", shows_visits)
        assert "<td>wall</td>" in administrator.html("/setup/")
        administrator.close()
        box.wait_for("kept", SECONDS)


def test_the_paired_page_is_there_after_a_power_cut(folder: Path) -> None:
    (folder / "steps/step").write_text("again\n")
    with virtual_box(Path(WORK).resolve(), folder / "box", folder / "steps", DROP_INS, display=True) as box:
        wait_for_picture(box, "again.png", shows_visits)
        runs_as_it_should(box)


def is_unpaired(picture: Pixels) -> bool:
    """A heading and two buttons, and nothing else on the whole display."""
    return share_of(picture, COLOURS["ground"]) > 0.9 and share_of(picture, COLOURS["button"]) > 0.002


def shows_visits(picture: Pixels) -> bool:
    """The page under its head, which is as wide as the display."""
    return share_of(picture[:50], COLOURS["surface"]) > 0.7 and share_of(picture, COLOURS["ground"]) > 0.5


def wait_for_picture(box: VirtualBox, name: str, shows: Callable[[Pixels], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not shows(read_picture(box.picture(name))):
        assert time.monotonic() < deadline, f"the display shows something else: {box.directory / name}\n{box.text}"
        time.sleep(5)


def runs_as_it_should(box: VirtualBox) -> None:
    """Nothing failed for the browser, what it shows is shut in, and nobody was called."""
    report = box.wait_for("end", SECONDS)
    assert report["display"] == "active", report["display"]
    assert {line.split()[1] for line in report["sandbox"].splitlines()} == {"net", "pid", "user"}, report["sandbox"]
    assert not [described for frame in box.sent_packets() if (described := call_of(frame))]
