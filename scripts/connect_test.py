"""Proves that tablets connect, and that nobody else does. Ends with one line; exit code 1 if a part failed.

Onboards a fresh Chromium at a running box, offers it a certificate for another name, tries every endpoint as a stranger and as
a revoked tablet, and guesses at the PIN across a restart. The providers are reported by their own part of the product.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path[:0] = [str(_TESTS / part) for part in ("kiosk", "connect", "")]

from connect_box import Tablet, running_box  # noqa: E402
from connect_onboarding import learn_to_trust, other_names_are_refused, pair, pairing_code, set_up  # noqa: E402
from kiosk_access import refusals  # noqa: E402
from kiosk_network import PIN, on_network  # noqa: E402
from kiosk_peers import Peer  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

from appliance.settings import Settings  # noqa: E402

_TOO_MANY = 429
_WRONG = 403
_GUESSES = 6


def main() -> None:
    """Run all parts and print the line."""
    fields: dict[str, str] = {}
    failed = False
    for part in (onboarding, strangers, throttle, providers):
        found, good = _attempt(part)
        fields |= found
        failed |= not good
    order = ("onboard", "constraint", "unpaired", "revoked", "throttle", "providers", "bad_providers")
    print("connect: " + " ".join(f"{name}={fields.get(name, 'failed')}" for name in order))
    sys.exit(failed)


def onboarding() -> tuple[dict[str, str], bool]:
    """A fresh browser's way to the kiosk, and what it says to a certificate for another name by the same authority."""
    with _directory() as directory, running_box(directory) as box, sync_playwright() as playwright:
        (directory / "tablet").mkdir()
        with contextlib.closing(Tablet(playwright, directory / "tablet")) as tablet:
            page = learn_to_trust(tablet, box, directory)
            set_up(page, box, "Exam room 1")
            pair(page, box, pairing_code(page))
            reason = other_names_are_refused(page, box, directory)
    refused = "ERR_CERT" in reason and "AUTHORITY" not in reason
    print(f"another name: {reason.splitlines()[0] if reason else 'opened'}")
    return {"onboard": "ok", "constraint": "refused" if refused else "accepted"}, refused


def strangers() -> tuple[dict[str, str], bool]:
    """Every endpoint, tried by a device that is not paired and by one that was revoked."""
    with _directory() as directory, _peers(directory) as sockets:
        settings = Settings(data_dir=directory / "data")
        with on_network(settings, *sockets, directory / "page") as kiosk:
            unpaired, tried = refusals(kiosk.app, kiosk.tablet())
            lost = kiosk.paired()
            kiosk.administrator().post("/setup/devices/1/revoke")
            revoked, tried_again = refusals(kiosk.app, lost)
    for served in (*unpaired, *revoked):
        print(f"served: {served}")
    counts = {"unpaired": f"{len(unpaired)}/{tried}", "revoked": f"{len(revoked)}/{tried_again}"}
    return counts, not (unpaired or revoked)


def throttle() -> tuple[dict[str, str], bool]:
    """Wrong PINs make the right one wait, also after a restart."""
    with _directory() as directory, _peers(directory) as sockets:
        settings = Settings(data_dir=directory / "data")
        with on_network(settings, *sockets, directory / "page") as kiosk:
            kiosk.administrator()
            guesser = kiosk.tablet()
            wrong = 0
            # Until the wait is longer than a restart takes; those that came too early do not count.
            while wrong < _GUESSES:
                wrong += guesser.enter_pin("000000").status_code == _WRONG
                time.sleep(0.2)
            before = guesser.enter_pin(PIN).status_code
        with on_network(settings, *sockets, directory / "page") as kiosk:
            after = kiosk.tablet().enter_pin(PIN).status_code
    good = before == after == _TOO_MANY
    return {"throttle": "ok" if good else f"{before},{after}"}, good


def providers() -> tuple[dict[str, str], bool]:
    """What the choice of the execution provider reports; imported here, so that the other parts need none of it."""
    from providers_report import providers_report  # noqa: PLC0415

    fields = dict(field.split("=") for field in providers_report().split())
    return fields, "openvino" in fields["providers"] and fields["bad_providers"] == "3/3"


def _attempt(part: Callable[[], tuple[dict[str, str], bool]]) -> tuple[dict[str, str], bool]:
    try:
        return part()
    except Exception as error:  # noqa: BLE001  # the other parts still have something to say
        print(f"{part.__name__}: {type(error).__name__}: {error}", file=sys.stderr)
        return {}, False


@contextlib.contextmanager
def _peers(directory: Path) -> Iterator[tuple[Path, Path]]:
    peers = Peer("speech", directory), Peer("note", directory)
    try:
        yield peers[0].socket, peers[1].socket
    finally:
        for peer in peers:
            peer.stop()


@contextlib.contextmanager
def _directory() -> Iterator[Path]:
    # A short path: the sockets of the services lie in it.
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory)


if __name__ == "__main__":
    main()
