"""The review of a note as a clinician does it, for tests that drive a real Chromium."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from page_box import Box
from page_driver import PageDriver
from playwright.sync_api import Locator, Page, Request, expect
from review_peers import SECONDS

from appliance.audio import CHUNK_SAMPLES, SAMPLE_RATE


class ReviewDriver(PageDriver):
    """One tab with a note to review.

    Args:
        page: A tab of a context from `new_context`.
        box: Where the note is.
    """

    def __init__(self, page: Page, box: Box) -> None:
        super().__init__(page, box.origin)
        self.box = box
        self.heard: list[tuple[float, float]] = []
        """Stretches of audio that the page asked for, in seconds."""
        page.on("request", self._on_audio)

    def start(self) -> None:
        """Record a visit past the page, and open it once its note is checked."""
        visit = self.box.api("POST", "/encounters", json={"template": "aci", "title": "Cough"}).json()["id"]
        chunks = int(SECONDS * SAMPLE_RATE / CHUNK_SAMPLES)
        for n in range(chunks):
            self.box.api("PUT", f"/encounters/{visit}/audio/{n}", content=bytes([n, 1]) * CHUNK_SAMPLES)
        self.box.api("POST", f"/encounters/{visit}/finish", json={"chunks": chunks})
        self.open(visit)
        self.wait_for_check()

    def stored(self) -> dict[str, Any]:
        """The encounter as the box knows it."""
        encounter: dict[str, Any] = self.box.api("GET", f"/encounters/{self.visit}").json()
        return encounter

    def wait_for_check(self) -> None:
        """Wait until the check of the note has come."""
        expect(self.find("check-state")).to_have_attribute("data-state", "checked")

    def sentence(self, text: str) -> Locator:
        """A sentence of the note."""
        return self.page.locator("button[data-testid=sentence]", has_text=text)

    def turn(self, n: int) -> Locator:
        """A turn of the transcript."""
        return self.page.locator(f"[data-testid=turn][data-n='{n}']")

    def marked(self) -> list[int]:
        """Numbers of the turns that are marked as evidence."""
        return [int(turn.get_attribute("data-n") or -1) for turn in self.page.locator(".turn.is-source").all()]

    def omission(self, text: str) -> Locator:
        """Something that was left out."""
        return self.find("omission").filter(has_text=text)

    def open_signing(self, signer: str) -> None:
        """Open the dialog and type a name."""
        self.find("sign").click()
        self.find("signer").fill(signer)

    def sound_at(self) -> float:
        """How far the stretch that is heard was played, in seconds."""
        at: float = self.page.evaluate("document.querySelector('[data-testid=sound]').currentTime")
        return at

    def wait_for_sound(self) -> None:
        """Wait until something is heard, and it goes on."""
        self.page.wait_for_function("() => document.querySelector('[data-testid=sound]').currentTime > 0.2")

    def _on_audio(self, request: Request) -> None:
        address = urlsplit(request.url)
        if request.method == "GET" and address.path.endswith("/audio"):
            query = parse_qs(address.query)
            self.heard.append((float(query["start"][0]), float(query["end"][0])))


NewReview = Callable[..., ReviewDriver]
"""Opens a fresh note to review on a fresh tablet; takes what `new_context` takes."""
