"""A real kiosk with scripted speech and note services, and a real Chromium."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from page_box import Box
from page_driver import MICROPHONE_RATE, NewTablet, PageDriver, chromium, chromium_path, new_context, write_microphone
from playwright.sync_api import Browser, Playwright
from review_driver import NewReview, ReviewDriver
from review_peers import ReviewPeer

from appliance.kiosk.page import PAGE_DIR
from appliance.runtime.bundle import Bundle


def _skip_without_page() -> None:
    if chromium_path() is None:
        pytest.skip("no Chromium is installed")
    if not (PAGE_DIR / "index.html").exists():
        pytest.skip("the page is not built: run `npm ci && npm run build` in web/")


@pytest.fixture(scope="session")
def box() -> Iterator[Box]:
    _skip_without_page()
    with tempfile.TemporaryDirectory() as directory, contextlib.closing(Box(Path(directory))) as box:
        yield box


@pytest.fixture(scope="session")
def review_box() -> Iterator[Box]:
    """A box that hears and writes the visit in `review_peers`."""
    _skip_without_page()
    with tempfile.TemporaryDirectory() as directory, contextlib.closing(Box(Path(directory), ReviewPeer)) as box:
        yield box


@pytest.fixture(scope="module")
def device_box(default_bundle: Bundle) -> Iterator[Box]:
    """A box with the real models, for the engines of the page."""
    _skip_without_page()
    with (
        tempfile.TemporaryDirectory() as directory,
        contextlib.closing(Box(Path(directory), bundle=default_bundle.directory)) as box,
    ):
        yield box


@pytest.fixture
def new_review(review_box: Box, browser: Browser) -> Iterator[NewReview]:
    """Opens a fresh note to review on a fresh tablet; takes what `new_context` takes."""
    with contextlib.ExitStack() as closing:
        drivers: list[ReviewDriver] = []

        def open_(**options: object) -> ReviewDriver:
            context = closing.enter_context(contextlib.closing(new_context(browser, review_box.origin, **options)))  # type: ignore[arg-type]
            drivers.append(ReviewDriver(context.new_page(), review_box))
            drivers[-1].start()
            return drivers[-1]

        yield open_
        for driver in drivers:
            driver.check()


@pytest.fixture
def review(new_review: NewReview) -> ReviewDriver:
    """A note to review on one tablet."""
    return new_review()


@pytest.fixture(scope="session")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Something like a voice: a tone that swells and fades, without end."""
    time = np.arange(2 * MICROPHONE_RATE) / MICROPHONE_RATE
    samples = 9_000 * np.sin(2 * np.pi * 220 * time) * (0.6 + 0.4 * np.sin(2 * np.pi * 2 * time))
    return write_microphone(tmp_path_factory.mktemp("microphone") / "voice.wav", samples.astype(np.int16))


@pytest.fixture(scope="session")
def browser(playwright: Playwright, microphone: Path) -> Iterator[Browser]:
    with chromium(playwright, microphone) as browser:
        yield browser


@pytest.fixture(scope="session")
def gpu_browser(playwright: Playwright) -> Iterator[Browser]:
    """A Chromium that gives pages its software adapter as a GPU."""
    _skip_without_page()
    flags = ("--enable-unsafe-webgpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
    with contextlib.closing(playwright.chromium.launch(executable_path=chromium_path(), args=flags)) as browser:
        yield browser


@pytest.fixture
def new_tablet(box: Box, browser: Browser) -> Iterator[NewTablet]:
    """Opens the page on a fresh tablet; takes what `new_context` takes. What must always hold is checked at the end."""
    with contextlib.ExitStack() as closing:
        drivers: list[PageDriver] = []

        def open_(in_browser: Browser = browser, **options: object) -> PageDriver:
            context = closing.enter_context(contextlib.closing(new_context(in_browser, box.origin, **options)))  # type: ignore[arg-type]
            drivers.append(PageDriver(context.new_page(), box.origin))
            drivers[-1].open()
            return drivers[-1]

        yield open_
        for driver in drivers:
            driver.check()
    for encounter in box.api("GET", "/encounters").json():
        box.api("DELETE", f"/encounters/{encounter['id']}")


@pytest.fixture
def tablet(new_tablet: NewTablet) -> PageDriver:
    """The page on one tablet."""
    return new_tablet()
