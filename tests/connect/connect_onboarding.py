"""A fresh tablet's way to the kiosk, step by step, as the people at the clinic take it."""

from __future__ import annotations

from pathlib import Path

from connect_box import Box, Tablet, server_for
from kiosk_network import PIN
from playwright.sync_api import Error, Page, expect

MICROPHONE = """async () => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const [track] = stream.getAudioTracks();
  const heard = track.readyState;
  track.stop();
  return heard;
}"""


def refused(page: Page, url: str) -> str:
    """The browser's reason for not opening an address; empty if it opens."""
    # In a tab of its own: the browser's page about the error comes late and would interrupt what follows.
    tab = page.context.new_page()
    try:
        tab.goto(url)
    except Error as error:
        return error.message
    finally:
        tab.close()
    return ""


def learn_to_trust(tablet: Tablet, box: Box, directory: Path) -> Page:
    """Before, the kiosk is refused; the trust page shows the box's words; after its certificate is installed, it opens."""
    page = tablet.open()
    assert "ERR_CERT_AUTHORITY_INVALID" in refused(page, box.state.url)
    page.goto(box.state.trust_url)
    expect(page.get_by_test_id("words")).to_have_text(box.state.words)
    expect(page.get_by_test_id("digits")).to_have_text(box.state.digits)
    expect(page.locator("img.qr")).to_be_visible()
    assert page.get_by_test_id("kiosk").get_attribute("href") == box.state.url
    assert not page.evaluate("isSecureContext")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the certificate").click()
    certificate = directory / "box.crt"
    download.value.save_as(certificate)
    tablet.trust(certificate)
    page = tablet.open()
    response = page.goto(box.state.url)
    assert response is not None
    assert response.status == 401
    expect(page.get_by_role("heading")).to_have_text("This device is not paired")
    return page


def set_up(page: Page, box: Box, room: str) -> None:
    """Set the first PIN, and add a room."""
    page.goto(f"{box.state.url}setup/")
    page.get_by_label("Set-up code").fill(box.state.setup_code)
    page.get_by_label("New PIN").fill(PIN)
    page.get_by_role("button", name="Set the PIN").click()
    page.get_by_label("New room").fill(room)
    page.get_by_role("button", name="Add").click()


def pairing_code(page: Page) -> str:
    """A code for the only room."""
    page.get_by_role("button", name="Pair a tablet").click()
    expect(page.locator("img.qr")).to_be_visible()
    return page.get_by_test_id("code").inner_text()


def pair(page: Page, box: Box, code: str) -> None:
    """Open what the QR code holds, name the tablet, and arrive at the kiosk with a microphone."""
    page.goto(f"{box.state.url}pair?code={code}")
    expect(page.get_by_label("Pairing code")).to_have_value(code)
    page.get_by_label("Name of this tablet").fill("iPad 3")
    page.get_by_test_id("pair").click()
    page.wait_for_url(box.state.url + "**")
    expect(page.get_by_role("heading", name="not paired")).to_have_count(0)
    assert page.evaluate("fetch('/api/device').then((answer) => answer.json())")["name"] == "iPad 3"
    assert page.evaluate("isSecureContext")
    assert page.evaluate(MICROPHONE) == "live"


def other_names_are_refused(page: Page, box: Box, directory: Path) -> str:
    """The reason for which the browser refuses a certificate for another name, signed with the authority's own key.

    The same server with a certificate for the box's name opens, so nothing else is the reason.
    """
    with server_for(box.settings, box.state.name, directory) as port:
        assert refused(page, f"https://{box.state.name}:{port}/") == ""
    with server_for(box.settings, "bank.local", directory) as port:
        return refused(page, f"https://bank.local:{port}/")
