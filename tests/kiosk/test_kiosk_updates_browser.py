"""The upload of an update in a real Chromium: the script of the set-up page, and the form without it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from kiosk_network import PIN, NetworkKiosk, on_network
from kiosk_peers import Peer
from kiosk_updates import Installer, installer, update
from playwright.sync_api import Browser, Page, Playwright, expect

from appliance.settings import Settings

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("needs Chromium: scripts/system-packages.sh chromium=chromium")
    arguments = ["--host-resolver-rules=MAP chartside.local 127.0.0.1"]
    with playwright.chromium.launch(executable_path=CHROMIUM, args=arguments) as browser:
        yield browser


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Installer]:
    with installer(tmp_path / "box") as running:
        yield running


@pytest.fixture
def kiosk(settings: Settings, speech: Peer, note: Peer, service: Installer, tmp_path: Path) -> Iterator[NetworkKiosk]:
    with on_network(settings, speech.socket, note.socket, tmp_path, updates=service.updates(settings)) as kiosk:
        yield kiosk


@pytest.mark.parametrize("script", ["with", "without"])
def test_an_update_is_uploaded_installed_and_started(
    browser: Browser, kiosk: NetworkKiosk, service: Installer, tmp_path: Path, script: str
) -> None:
    with browser.new_context(ignore_https_errors=True, java_script_enabled=script == "with") as context:
        page = context.new_page()
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        sign_in(page, kiosk)
        section = page.get_by_test_id("update")

        send(page, tmp_path / "no-update.chartside", b"nothing" * 1000)
        expect(page.get_by_role("alert").first).to_contain_text("The file is not a Chartside update.")

        page.goto(f"https://chartside.local:{kiosk.port}/setup/")
        service.going_on.clear()
        send(page, update(tmp_path / "made", size=40_000_000))
        expect(section.get_by_role("status")).to_contain_text("Writing it beside the running system", timeout=30_000)
        service.going_on.set()
        # The page loads itself again.
        expect(section.get_by_role("status")).to_contain_text("System 1.2 is installed.", timeout=20_000)

        section.get_by_role("button", name="Restart the box").click()
        assert service.restarts == 0, "the browser asks for the tick first"
        section.get_by_label("Nobody is recording").check()
        section.get_by_role("button", name="Restart the box").click()
        expect(page.get_by_role("status").first).to_contain_text("The box restarts.")
        assert service.restarts == 1
        assert not [problem for problem in problems if "400" not in problem], problems


def sign_in(page: Page, kiosk: NetworkKiosk) -> None:
    page.goto(f"https://chartside.local:{kiosk.port}/setup/")
    page.get_by_label("Set-up code").fill(kiosk.access.administrator.setup_code)
    page.get_by_label("New PIN").fill(PIN)
    page.get_by_role("button", name="Set the PIN").click()


def send(page: Page, path: Path, content: bytes | None = None) -> None:
    if content is not None:
        path.write_bytes(content)
    page.get_by_label("Update, the file").set_input_files(path)
    page.get_by_role("button", name="Install").click()
