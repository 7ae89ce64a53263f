"""`make image-test`: an update by upload on the set-up page, in a container.

It goes the whole way, from the browser through the kiosk's sandbox to the updater and the real systemd-sysupdate; but a
container has no partitions, so a file in a directory stands for the slots.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from container_box import ContainerBox
from kiosk_network import Tablet

from appliance.runtime.signature import read_private_key
from appliance.update.pack import pack
from appliance.update.release import load_release

WORK = os.environ.get("CHARTSIDE_TEST_IMAGE", "")
pytestmark = [
    pytest.mark.skipif(not WORK, reason="boots the built image: run `make image-test`"),
    pytest.mark.timeout(900),
]
NEXT = "9.9.9"
BYTES = 60_000_000
TRANSFER = """[Source]
Type=regular-file
Path=/run/chartside-update
MatchPattern=chartside_@v.efi
[Target]
Type=regular-file
Path=/var/lib/slots
MatchPattern=chartside_@v.efi
"""
SLOTS = f"""
set -e
mkdir -p /run/sysupdate.d /var/lib/slots
for transfer in /usr/lib/sysupdate.d/*; do ln -s /dev/null /run/sysupdate.d/$(basename $transfer); done
cat > /run/sysupdate.d/slots.transfer <<end
{TRANSFER}end
"""


def upload(box: ContainerBox, tablet: Tablet, update: Path) -> httpx.Response:
    with box.network.here(), update.open("rb") as file:
        return tablet.request("POST", "/setup/update", files={"file": (update.name, file)})


def page(box: ContainerBox, tablet: Tablet) -> str:
    with box.network.here():
        return tablet.html("/setup/").partition('id="update"')[2].partition("</section>")[0]


def largest_memory(box: ContainerBox) -> int:
    """Of the kiosk since it started, in MB."""
    process = box.run("systemctl", "show", "-P", "MainPID", "chartside-kiosk")
    return int(box.run("sed", "-n", "s/^VmHWM: *//p", f"/proc/{process}/status").split()[0]) // 1000


def test_the_update_of_this_version_is_received_and_refused(box: ContainerBox, tablet: Tablet, built: dict[str, Any]) -> None:
    """The real file, 400 to 500 MB."""
    update = Path(WORK) / "output" / f"chartside_{built['version']}.chartside"
    before, began = largest_memory(box), time.monotonic()
    answer = upload(box, tablet, update)
    assert answer.status_code == 409, answer.text
    assert "is not newer" in answer.json()["detail"]
    grown = largest_memory(box) - before
    print(f"\ncontainer: {update.stat().st_size / 1e6:.0f} MB received in {time.monotonic() - began:.1f} s, memory +{grown} MB")
    assert grown < 50
    assert int(box.run("du", "-sm", "/var/lib/private/chartside").split()[0]) < 50, "nothing is left of it"


def test_a_newer_one_is_installed_and_starts_after_a_restart(
    box: ContainerBox, tablet: Tablet, tmp_path: Path, built: dict[str, Any]
) -> None:
    assert f"System {built['version']}" in page(box, tablet)
    with box.network.here():
        assert tablet.post("/setup/restart", sure="on").status_code == 409, "nothing waits"
    box.run("sh", "-c", SLOTS)
    kernel = tmp_path / f"chartside_{NEXT}.efi"
    kernel.write_bytes(os.urandom(1_000_000) * (BYTES // 1_000_000))
    release = msgspec.structs.replace(load_release(Path(WORK) / "stage/usr/lib/chartside/release.json"), version=NEXT)
    update = tmp_path / "next.chartside"
    key = read_private_key(Path(WORK) / "keys/update.key")
    pack(update, (kernel,), key, release=release, component="system", created=datetime.now(UTC))
    answer = upload(box, tablet, update)
    assert answer.status_code == 303, answer.text
    deadline = time.monotonic() + 120
    while f"System {NEXT} is installed." not in (shown := page(box, tablet)):
        assert 'role="alert"' not in shown, shown + box.run("journalctl", "-b", "-u", "updater@*", "--no-pager")
        assert time.monotonic() < deadline, shown
        time.sleep(0.5)
    assert "Restart the box" in shown
    assert box.run("stat", "-c", "%s", f"/var/lib/slots/chartside_{NEXT}.efi") == str(BYTES)
    assert f"System {NEXT} is installed and waits" in box.run("chartside", "update", "status")
    assert box.run("ls", "/var/lib/chartside-update") == ""
    assert box.run("systemctl", "--failed", "--no-legend", "--plain") == ""
    with box.network.here():
        assert tablet.post("/setup/restart").status_code == 400, "nobody said to be sure"
        assert "The box restarts." in tablet.post("/setup/restart", sure="on").text
    assert box.wait_until_left(60)
