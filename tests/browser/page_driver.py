"""The kiosk page as a clinician uses it, for tests that drive a real Chromium."""

from __future__ import annotations

import contextlib
import shutil
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Playwright, Request, expect

MICROPHONE_RATE: Final = 48_000
"""Samples per second of the fake microphone's file."""
LANDSCAPE: Final = (1280, 800)
PORTRAIT: Final = (820, 1180)
_PATIENCE_MS: Final = 60_000
_FLAGS: Final = (
    "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--use-fake-device-for-media-stream",
)  # fmt: skip
_OFFLINE: Final = ("ERR_INTERNET_DISCONNECTED", "ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_INCOMPLETE_CHUNKED")
"""What the browser itself logs when the network or the box goes away, however well the page copes."""


def chromium_path() -> str | None:
    """The installed Chromium, None if there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def write_microphone(path: Path, samples: npt.NDArray[np.int16]) -> Path:
    """Write what the fake microphone hears.

    Args:
        path: WAV file to write.
        samples: PCM16 mono at `MICROPHONE_RATE`, shape `[n]`.
    """
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(MICROPHONE_RATE)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


@contextlib.contextmanager
def chromium(playwright: Playwright, microphone: Path, *, loop: bool = True, grant: bool = True) -> Iterator[Browser]:
    """A Chromium with a fake microphone.

    Args:
        playwright: A running Playwright.
        microphone: WAV file that the microphone hears.
        loop: Hear the file again and again, instead of silence after its end.
        grant: Allow the microphone without asking; otherwise it is refused.
    """
    flags = [*_FLAGS, f"--use-file-for-fake-audio-capture={microphone}{'' if loop else '%noloop'}"]
    if grant:
        flags.append("--use-fake-ui-for-media-stream")
    browser = playwright.chromium.launch(executable_path=chromium_path(), args=flags)
    try:
        yield browser
    finally:
        browser.close()


def new_context(
    browser: Browser,
    origin: str,
    *,
    size: tuple[int, int] = LANDSCAPE,
    touch: bool = False,
    dark: bool = False,
    service_worker: bool = False,
) -> BrowserContext:
    """A fresh tablet: no storage, the clipboard allowed.

    Args:
        browser: From `chromium`.
        origin: Address of the kiosk.
        size: Width and height of the window in CSS pixels.
        touch: The tablet has a touch screen.
        dark: The tablet prefers dark colours.
        service_worker: The tablet may keep the page; then requests cannot be routed.
    """
    context = browser.new_context(
        base_url=origin,
        viewport={"width": size[0], "height": size[1]},
        has_touch=touch,
        color_scheme="dark" if dark else "light",
        service_workers="allow" if service_worker else "block",
    )
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=origin)
    return context


class PageDriver:
    """One tab with the kiosk page.

    Args:
        page: A tab of a context from `new_context`.
        origin: Address of the kiosk, such as `http://localhost:8470`.
    """

    def __init__(self, page: Page, origin: str) -> None:
        self.page = page
        self.off_origin: list[str] = []
        """Addresses of other origins that the page asked for. Must stay empty."""
        self.errors: list[str] = []
        """Errors on the console and uncaught exceptions, but for those that a lost connection brings by itself."""
        self.expected_errors: set[str] = set()
        """Parts of errors that the test is about: the browser logs every refused request."""
        self.chunks: dict[str, dict[int, bytes]] = {}
        """Encounter id to chunk number to the bytes that were sent under it, as first sent."""
        self.rewritten: list[str] = []
        """Chunk addresses that were sent twice with different bytes. Must stay empty."""
        self._origin = origin
        page.set_default_timeout(_PATIENCE_MS)
        expect.set_options(timeout=_PATIENCE_MS)
        page.on("request", self._on_request)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def find(self, test_id: str) -> Locator:
        """The element with a `data-testid`."""
        return self.page.get_by_test_id(test_id)

    # The list of visits.

    def open(self, visit: str | None = None) -> None:
        """Load the page at the list, or at a visit."""
        self.page.goto(f"/#/visits/{visit}" if visit else "/#/")
        self.page.get_by_role("main").wait_for()

    def start_visit(self, template: str | None = None) -> str:
        """Tap Start, wait until it records, and return the encounter's id."""
        if template:
            self.find("template").select_option(template)
        self.find("start").click()
        self.find("pause").wait_for()
        return self.visit

    def visits(self) -> list[str]:
        """Titles in the list, newest first."""
        self.find("visit-row").first.wait_for()
        return self.find("visit-row").locator(".visit-name").all_inner_texts()

    def delete_from_list(self, visit: str) -> None:
        """Delete a visit with its button in the list, and confirm."""
        row = self.page.locator(f"[data-testid=visit-row][data-id='{visit}']")
        row.get_by_test_id("delete-visit").click()
        self.find("confirm-delete").click()
        row.wait_for(state="detached")

    # A visit.

    @property
    def visit(self) -> str:
        """Id of the encounter that is shown."""
        return self.page.url.rpartition("/")[2]

    @property
    def state(self) -> str:
        """The encounter's state as the page shows it, such as `recording`."""
        return self.find("state").get_attribute("data-state") or ""

    def wait_for_state(self, state: str) -> None:
        """Wait until the encounter is in a state."""
        self.page.locator(f"[data-testid=state][data-state={state}]").wait_for()

    def wait_for_turns(self, count: int) -> list[str]:
        """Wait until the transcript has at least so many final turns, and return them."""
        self.find("turn").nth(count - 1).wait_for()
        return self.turns()

    def turns(self) -> list[str]:
        """The final turns."""
        return [text.strip() for text in self.find("turn").locator(".words").all_inner_texts()]

    def gaps(self) -> list[str]:
        """The lines about missing audio."""
        return self.find("gap").all_inner_texts()

    def recorded_seconds(self) -> int:
        """Length of the recording on the clock in the foot."""
        minutes, _, seconds = self.find("recorded").inner_text().rpartition(":")
        return 60 * int(minutes) + int(seconds)

    def pause(self) -> None:
        """Tap Pause."""
        self.find("pause").click()
        self.find("resume").wait_for()

    def resume(self) -> None:
        """Tap Resume."""
        self.find("resume").click()
        self.find("pause").wait_for()

    def continue_recording(self) -> None:
        """Tap Continue after an interruption."""
        self.find("continue").click()
        self.find("pause").wait_for()

    def finish(self) -> None:
        """Tap Finish."""
        self.find("finish").click()

    def wait_for_note(self) -> dict[str, str]:
        """Wait for the complete draft; section names and texts."""
        self.find("copy-note").wait_for()
        return self.note_sections()

    def note_sections(self) -> dict[str, str]:
        """Section names and texts as shown, in order."""
        return {section.get_attribute("data-name") or "": self._text_of(section) for section in self.find("section").all()}

    def text_of(self, name: str) -> str:
        """Text of one section as shown."""
        return self._text_of(self.section(name))

    def section(self, name: str) -> Locator:
        """One section of the draft."""
        return self.page.locator(f"[data-testid=section][data-name={name}]")

    def edit(self, name: str, text: str) -> None:
        """Replace the text of a section and wait until it is saved."""
        self.type(name, text)
        self.section(name).get_by_test_id("edit-section").click()
        self.wait_until_saved()

    def type(self, name: str, text: str) -> None:
        """Open a section and replace its text."""
        self.section(name).get_by_test_id("edit-section").click()
        self.section(name).get_by_test_id("section-text").fill(text)

    def wait_until_saved(self) -> None:
        """Wait until no edit is unsaved."""
        expect(self.find("save-state")).to_have_attribute("data-state", "saved")

    def copy_note(self) -> str:
        """Copy the whole note; what is on the clipboard then."""
        self.find("copy-note").click()
        expect(self.find("copy-note")).to_contain_text("Copied")
        return self._clipboard()

    def copy_section(self, name: str) -> str:
        """Copy one section; what is on the clipboard then."""
        button = self.section(name).get_by_test_id("copy-section")
        button.click()
        expect(button).to_contain_text("Copied")
        return self._clipboard()

    def rename(self, title: str) -> None:
        """Change the visit's title."""
        self.find("title").fill(title)
        self.find("title").press("Enter")

    def delete(self) -> None:
        """Delete the visit that is shown, confirm, and wait for the list."""
        # A chunk or a question may be on its way while the visit goes.
        self.expected_errors.add("404")
        self.find("delete-visit").click()
        self.find("confirm-delete").click()
        self.find("start").wait_for()

    # What must hold after every test.

    def check(self) -> None:
        """Nothing was asked of another origin, nothing went wrong, and no chunk number had two contents.

        Raises:
            AssertionError: One of them does not hold.
        """
        assert not self.off_origin, self.off_origin
        unexpected = [error for error in self.errors if not any(part in error for part in self.expected_errors)]
        assert not unexpected, unexpected
        assert not self.rewritten, self.rewritten

    def _text_of(self, section: Locator) -> str:
        return " ".join(section.locator(".sentence-text").all_inner_texts())

    def _clipboard(self) -> str:
        text: str = self.page.evaluate("navigator.clipboard.readText()")
        return text

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((self._origin + "/", "blob:" + self._origin)):
            self.off_origin.append(request.url)
        encounter, separator, number = request.url.partition("/audio/")
        if request.method == "PUT" and separator:
            chunks = self.chunks.setdefault(encounter.rpartition("/")[2], {})
            body = request.post_data_buffer or b""
            if chunks.setdefault(int(number), body) != body:
                self.rewritten.append(request.url)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(cause in message.text for cause in _OFFLINE):
            self.errors.append(message.text)


NewTablet = Callable[..., PageDriver]
"""Opens the page on a fresh tablet; takes a browser, if not the shared one, and what `new_context` takes."""
