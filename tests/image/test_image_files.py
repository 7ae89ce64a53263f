"""What `make image` leaves, looked at without booting it: seconds, for every build."""

from __future__ import annotations

import json
import os
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tools_tree import entered, seen

from appliance.errors import ConflictError, InputError
from appliance.update.install import verify
from appliance.update.keys import load_trusted_keys
from appliance.update.policy import Box
from appliance.update.release import load_release

WORK = os.environ.get("CHARTSIDE_TEST_IMAGE", "")
pytestmark = pytest.mark.skipif(not WORK, reason="looks at the built image: run `make image-test`")


@pytest.fixture(scope="module")
def work() -> Path:
    return Path(WORK).resolve()


@pytest.fixture(scope="module")
def built(work: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((work / "output" / "build.json").read_text("utf-8"))
    return facts


@pytest.fixture(scope="module")
def box(work: Path) -> Box:
    """A box with an older system of the same vendor."""
    files = work / "stage/usr/lib/chartside"
    installed = msgspec.structs.replace(load_release(files / "release.json"), version="0.0.1")
    return Box(installed, "0", "0", load_trusted_keys(files / "update-keys"), datetime.now(UTC))


def inside(work: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(entered(work, *command), check=False, capture_output=True, text=True)


def slot(work: Path) -> tuple[Path, Path, str]:
    """Data and hashes of the update's root, and the root hash that the kernel image asks for."""
    data, hashes = (next((work / "update").glob(f"*.root-x86-64{kind}.*.raw")) for kind in ("", "-verity"))
    kernel = next((work / "update").glob("*.efi"))
    (root_hash,) = set(re.findall(rb"roothash=([0-9a-f]{64})", kernel.read_bytes()))  # the same in each entry of the menu
    return data, hashes, root_hash.decode()


def test_the_kernel_image_names_the_root_and_one_flipped_bit_of_it_is_refused(work: Path) -> None:
    data, hashes, root_hash = slot(work)
    check = ["veritysetup", "verify", seen(data, work), seen(hashes, work), root_hash]
    assert inside(work, *check).returncode == 0
    with data.open("r+b") as file:
        position = data.stat().st_size // 3
        file.seek(position)
        byte = file.read(1)
        try:
            file.seek(position)
            file.write(bytes([byte[0] ^ 1]))
            file.flush()
            assert inside(work, *check).returncode != 0
        finally:
            file.seek(position)
            file.write(byte)
    assert inside(work, *check).returncode == 0


def test_the_update_that_was_built_is_taken_and_a_changed_one_is_not(work: Path, built: dict[str, Any], box: Box) -> None:
    update = work / "output" / f"chartside_{built['version']}.chartside"
    manifest = verify(update, box)
    assert manifest.version == built["version"]
    assert [file.name for file in manifest.files] == sorted(path.name for path in (work / "update").iterdir())
    with pytest.raises(ConflictError):
        verify(update, Box(msgspec.structs.replace(box.installed, version=built["version"]), "0", "0", box.keys, box.now))
    with update.open("r+b") as file:
        file.seek(update.stat().st_size - 4096)
        byte = file.read(1)
        try:
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 1]))
            file.flush()
            with pytest.raises(InputError, match="was changed"):
                verify(update, box)
        finally:
            file.seek(update.stat().st_size - 4096)
            file.write(byte)


def test_the_system_is_within_its_size(built: dict[str, Any]) -> None:
    assert built["size_mb"] < 400


def test_nothing_in_the_image_says_where_it_was_built(work: Path) -> None:
    site = work / "stage/usr/lib/chartside/site-packages"
    assert not list(site.glob("torch*"))
    assert not list(site.glob("*.dist-info/direct_url.json"))
    assert (site / "appliance/kiosk/page/index.html").exists()
