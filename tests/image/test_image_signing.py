"""What of a build is signed, and by whom; and that a key may stay in a token. Seconds, for every build."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from tools_tree import entered, seen

WORK = os.environ.get("CHARTSIDE_TEST_IMAGE", "")
pytestmark = pytest.mark.skipif(not WORK, reason="looks at the built image: run `make image-test`")


@pytest.fixture(scope="module")
def work() -> Path:
    return Path(WORK).resolve()


@pytest.fixture(scope="module")
def certificate(work: Path) -> Path:
    """The vendor's, where the tools tree sees it."""
    copy = work / "secure-boot-to-check.crt"
    keys = Path(os.environ.get("CHARTSIDE_KEYS", work / "keys"))
    copy.write_bytes((keys / "secure-boot.crt").read_bytes())
    return copy


@pytest.fixture(scope="module")
def kernel(work: Path) -> Path:
    return next((work / "update").glob("*.efi"))


def inside(work: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(entered(work, *command), check=False, capture_output=True, text=True)


def is_signed(binary: Path, certificate: Path, work: Path) -> bool:
    return inside(work, "sbverify", "--cert", seen(certificate, work), seen(binary, work)).returncode == 0


def test_the_kernel_image_is_signed_and_one_changed_byte_shows(work: Path, kernel: Path, certificate: Path) -> None:
    assert is_signed(kernel, certificate, work)
    changed = work / "changed.efi"
    data = bytearray(kernel.read_bytes())
    data[len(data) // 2] ^= 1
    changed.write_bytes(data)
    try:
        assert not is_signed(changed, certificate, work)
    finally:
        changed.unlink()


def test_the_boot_loader_is_signed_and_the_keys_to_enrol_are_beside_it(work: Path, certificate: Path) -> None:
    built = json.loads((work / "output" / "build.json").read_text("utf-8"))
    disk = f"{seen(work / 'output' / built['file'], work)}@@1M"
    loader = work / "loader.efi"
    assert inside(work, "mcopy", "-o", "-i", disk, "::/EFI/BOOT/BOOTX64.EFI", seen(loader, work)).returncode == 0
    assert is_signed(loader, certificate, work)
    loader.unlink()
    keys = inside(work, "mdir", "-b", "-i", disk, "::/loader/keys/auto").stdout.split()
    assert [name.rsplit("/", 1)[1] for name in sorted(keys)] == ["KEK.auth", "PK.auth", "db.auth"]


def test_each_entry_of_the_menu_has_its_own_signed_measurements(kernel: Path) -> None:
    data = kernel.read_bytes()
    lines = re.findall(rb"roothash=[^\0]+", data)
    assert [b"systemd.factory_reset=1" in line for line in lines] == [False, True]
    assert all(b"systemd.import_credentials=no" in line for line in lines)
    assert data.count(b"IMAGE_ID=chartside-reset") == 1, "else it is started first while attempts are counted"
    signed = re.findall(rb'\{"sha256": ?\[\{"pcrs": ?\[11\][^\0]+', data)
    assert len(set(signed)) == 2
    assert data.count(b"-----BEGIN PUBLIC KEY-----") == 1


def test_keys_may_stay_in_a_token(work: Path) -> None:
    done = inside(work, "bash", "/repository/tests/image/token.sh")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert done.stdout.endswith("Signature verification OK\n")
