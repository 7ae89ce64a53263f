"""Takes the pictures in the docs: a sample visit spoken into the real page, with the real services and models."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path

import numpy as np
from faster_whisper import decode_audio
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from page_driver import LANDSCAPE, MICROPHONE_RATE, PORTRAIT, PageDriver, chromium, new_context, write_microphone  # noqa: E402

from appliance.settings import Settings  # noqa: E402
from appliance.supervisor import Supervisor  # noqa: E402

IMAGES = ROOT / "docs" / "images"
SECONDS = 100
PATIENCE_MS = 300_000


def main() -> None:
    """Record one visit and save a picture of each moment."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="chartside-pictures-") as scratch, sync_playwright() as playwright:
        sound = decode_audio(str(ROOT / "samples/visits/type-2-diabetes/audio.opus"), sampling_rate=MICROPHONE_RATE)
        microphone = write_microphone(Path(scratch) / "visit.wav", (sound * 32767).astype(np.int16))
        settings = Settings.load({"port": 0, "data_dir": scratch, "log_level": "warning"})
        with (
            Supervisor(settings, ("speech", "note", "kiosk")) as services,
            chromium(playwright, microphone, loop=False) as browser,
            contextlib.closing(new_context(browser, services.url.rstrip("/"), size=LANDSCAPE)) as context,
        ):
            for name in ("speech", "note"):
                services.client(name)
            tablet = PageDriver(context.new_page(), services.url.rstrip("/"))
            # A busy machine takes its time to write the note.
            tablet.page.set_default_timeout(PATIENCE_MS)
            tablet.open()
            tablet.start_visit("aci")
            tablet.rename("Room 2, diabetes follow-up")
            tablet.page.wait_for_timeout(SECONDS * 1000)
            take(tablet, "recording")
            tablet.finish()
            tablet.wait_for_note()
            tablet.page.locator("[data-testid=check-state][data-state=checked]").wait_for()
            take(tablet, "draft")
            # The worst sentence, or else the last, with what it rests on.
            if tablet.find("next-doubtful").count():
                tablet.find("next-doubtful").click()
            else:
                tablet.find("sentence").last.click()
            take(tablet, "review")
            tablet.expected_errors.add("409")
            tablet.find("sign").click()
            tablet.find("signer").fill("Dr. Ada Meyer")
            tablet.find("confirm-sign").click()
            tablet.page.locator("[data-testid=block], [data-testid=signature]").first.wait_for()
            take(tablet, "signing")
            tablet.open()
            take(tablet, "visits")
            tablet.find("place").first.click()
            tablet.find("measure").click()
            tablet.page.locator("[data-testid=report] tbody tr").last.wait_for()
            tablet.page.locator("[data-testid=measure]:enabled").wait_for()
            take(tablet, "place")
            tablet.check()


def take(tablet: PageDriver, name: str) -> None:
    """Save the page as it is, in both orientations of a tablet, with what is looked at in sight."""
    for orientation, (width, height) in (("portrait", PORTRAIT), ("landscape", LANDSCAPE)):
        tablet.page.set_viewport_size({"width": width, "height": height})
        for looked_at in tablet.page.locator(".line.is-selected, .turn.is-source").all():
            looked_at.evaluate("e => e.scrollIntoView({ block: 'center' })")
        tablet.page.wait_for_timeout(300)
        tablet.page.screenshot(path=IMAGES / f"{name}-{orientation}.png")
        print(f"{name}-{orientation}.png")


if __name__ == "__main__":
    main()
