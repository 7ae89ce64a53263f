"""`make image-test-full`, the firmware's part: it starts nothing that the vendor has not signed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from releases import Releases
from virtual_box import flash, virtual_box

WORK = os.environ.get("CHARTSIDE_TEST_FULL", "")
pytestmark = [
    pytest.mark.skipif(not WORK, reason="boots the built image: run `make image-test-full`"),
    pytest.mark.timeout(3600),
]
ENROLLED: Final = "Custom Secure Boot keys successfully enrolled"
STARTED: Final = "EFI stub: "
REFUSED: Final = "Access denied"
SECONDS: Final = 900


@pytest.fixture
def folder() -> Iterator[Path]:
    folder = Path(WORK).resolve() / "secure-boot"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "steps").mkdir(parents=True)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("how", ["changed", "foreign"])
def test_a_kernel_image_that_the_vendor_did_not_sign_does_not_start(how: str, folder: Path) -> None:
    work = Path(WORK).resolve()
    built = json.loads((work / "output" / "build.json").read_text("utf-8"))
    releases = Releases(work, built, folder / "releases")
    if how == "foreign":
        kernel = releases.foreign_kernel()
    else:
        kernel = folder / "changed.efi"
        shutil.copy(releases.built.kernel, kernel)
        with kernel.open("r+b") as file:
            file.seek(kernel.stat().st_size // 2)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 1]))
    flash(work / "output" / built["file"], work, folder / "box", kernel)
    with virtual_box(work, folder / "box", folder / "steps", {}) as box:
        console = box.wait_for_console(REFUSED, SECONDS)
        assert ENROLLED in console
        assert STARTED not in console
