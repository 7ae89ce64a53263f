"""A fresh Chromium reaches the kiosk of a running box over TLS; strangers and other names do not."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from connect_box import Box, Tablet, running_box
from connect_onboarding import learn_to_trust, other_names_are_refused, pair, pairing_code, set_up
from playwright.sync_api import Playwright, expect

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    if not (shutil.which("chromium") or shutil.which("chromium-browser")) or not shutil.which("certutil"):
        pytest.skip("needs Chromium and certutil: scripts/system-packages.sh chromium=chromium certutil=libnss3-tools")
    # A short path: the sockets of the services lie in it.
    with tempfile.TemporaryDirectory() as directory, running_box(Path(directory)) as box:
        yield box


@pytest.fixture
def tablet(playwright: Playwright, tmp_path: Path) -> Iterator[Tablet]:
    with contextlib.closing(Tablet(playwright, tmp_path)) as tablet:
        yield tablet


def test_a_fresh_tablet_is_onboarded(box: Box, tablet: Tablet, tmp_path: Path) -> None:
    page = learn_to_trust(tablet, box, tmp_path)
    set_up(page, box, "Exam room 1")
    pair(page, box, pairing_code(page))
    # The certificate is trusted, so the tablet may keep the page.
    assert page.evaluate("navigator.serviceWorker.ready.then(() => caches.keys())")
    assert all(url.startswith((box.state.url, box.state.trust_url, "data:", "blob:")) for url in tablet.asked), tablet.asked

    reason = other_names_are_refused(page, box, tmp_path)
    assert "ERR_CERT" in reason
    assert "ERR_CERT_AUTHORITY_INVALID" not in reason

    page.goto(f"{box.state.url}setup/")
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_test_id("device")).to_contain_text("Revoked")
    # The tablet keeps the page itself. It hears that it was revoked, forgets everything, and shows what the box says.
    page.goto(box.state.url)
    expect(page.get_by_role("heading", name="This device is not paired")).to_be_visible()
    assert page.evaluate("caches.keys()") == []
    response = page.goto(box.state.url)
    assert response is not None
    assert response.status == 401
