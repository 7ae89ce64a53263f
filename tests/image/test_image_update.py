"""An update goes into the other slot of a real disk, by the real systemd-sysupdate, without booting anything."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from tools_tree import ROOT, entered, seen

from appliance.errors import ConflictError, InputError
from appliance.update.install import TRANSFER_DIR, install
from appliance.update.keys import load_trusted_keys
from appliance.update.pack import pack
from appliance.update.policy import Box
from appliance.update.release import Release, load_release

WORK = os.environ.get("CHARTSIDE_TEST_IMAGE", "")
pytestmark = [
    pytest.mark.skipif(not WORK, reason="updates the built image: run `make image-test`"),
    pytest.mark.timeout(1800),
]
EXTRA = ROOT / "image/mkosi.extra/usr/lib"
NEXT = "99.1"


class Disk:
    """A flashed disk after its first boot: slot B is there and empty."""

    def __init__(self, work: Path, built: dict[str, Any]) -> None:
        self.work, self.built = work, built
        self.folder = work / "update-test"
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in ("definitions", "esp/EFI/Linux"):
            (self.folder / name).mkdir(parents=True)
        self.file = self.folder / "disk.raw"
        subprocess.run(["cp", "--sparse=always", work / "output" / built["file"], self.file], check=True)
        os.truncate(self.file, 10 * 1024**3)
        self.inside(
            "systemd-repart", "--dry-run=no", "--offline=yes", "--definitions=/repository/image/mkosi.extra/usr/lib/repart.d",
            seen(self.file, work),
        )  # fmt: skip
        kernel = next((work / "update").glob("*.efi"))
        shutil.copy(kernel, self.folder / "esp/EFI/Linux")
        for path in (EXTRA / "sysupdate.d").iterdir():
            text = path.read_text("utf-8").replace("ProtectVersion=%A", f"ProtectVersion={built['version']}")
            text = text.replace("Path=auto", f"Path={seen(self.file, work)}")
            text = text.replace(str(TRANSFER_DIR), seen(self.folder / "files", work)).replace("PathRelativeTo=boot\n", "")
            text = text.replace("Path=/EFI/Linux", f"Path={seen(self.folder / 'esp/EFI/Linux', work)}")
            (self.folder / "definitions" / path.name).write_text(text)

    def inside(self, *command: str) -> str:
        done = subprocess.run(entered(self.work, *command), check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def sysupdate(self, command: Sequence[str]) -> None:
        """The call of the box, on this disk; the link to the checked files is resolved, because paths differ inside."""
        files = self.folder / "files"
        shutil.copytree((self.folder / "transfer").resolve(), files)
        try:
            self.inside(command[0], f"--definitions={seen(self.folder / 'definitions', self.work)}", *command[1:])
        finally:
            shutil.rmtree(files)

    def partitions(self) -> dict[str, dict[str, Any]]:
        table = json.loads(self.inside("sfdisk", "--json", seen(self.file, self.work)))["partitiontable"]["partitions"]
        return {part.get("name", ""): part for part in table}


@pytest.fixture(scope="module")
def disk() -> Iterator[Disk]:
    work = Path(WORK).resolve()
    made = Disk(work, json.loads((work / "output" / "build.json").read_text("utf-8")))
    yield made
    shutil.rmtree(made.folder)


@pytest.fixture(scope="module")
def box(disk: Disk) -> Box:
    files = disk.work / "stage/usr/lib/chartside"
    return Box(load_release(files / "release.json"), "0", "0", load_trusted_keys(files / "update-keys"), datetime.now(UTC))


@pytest.fixture(scope="module")
def update(disk: Disk, box: Box) -> Path:
    return packed(disk, box, NEXT)


def packed(disk: Disk, box: Box, version: str) -> Path:
    """An update to another version: the same files under another number."""
    files = []
    for path in sorted((disk.work / "update").iterdir()):
        renamed = disk.folder / path.name.replace(f"_{disk.built['version']}", f"_{version}")
        renamed.hardlink_to(path)
        files.append(renamed)
    key_file = Path(os.environ.get("CHARTSIDE_KEYS", disk.work / "keys")) / "update.key"
    key = load_pem_private_key(key_file.read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    release: Release = msgspec.structs.replace(box.installed, version=version)
    target = disk.folder / f"{version}.chartside"
    pack(target, tuple(files), key, release=release, component="system", created=datetime.now(UTC))
    return target


def test_damaged_updates_leave_the_disk_as_it_is(disk: Disk, box: Box, update: Path) -> None:
    before = disk.partitions()
    damaged = disk.folder / "damaged.chartside"
    data = bytearray(update.read_bytes())
    data[-(10 * 1024 * 1024)] ^= 1
    damaged.write_bytes(data)
    for path, error in ((damaged, InputError), (update, ConflictError)):
        held_against = box if error is InputError else Box(box.installed, "0", "100", box.keys, box.now)
        with pytest.raises(error):
            install(path, held_against, state=disk.folder / "state", transfer=disk.folder / "transfer", run=disk.sysupdate)
    damaged.unlink()
    assert disk.partitions() == before
    assert {name for name in before if name.startswith("chartside")} == {
        f"chartside_{disk.built['version']}", f"chartside_{disk.built['version']}_verity", "chartside-models", "chartside-data",
    }  # fmt: skip
    assert "_empty" in before


def test_an_update_goes_into_the_other_slot_and_is_counted(disk: Disk, box: Box, update: Path) -> None:
    before = disk.partitions()
    install(update, box, state=disk.folder / "state", transfer=disk.folder / "transfer", run=disk.sysupdate)
    after = disk.partitions()
    old = f"chartside_{disk.built['version']}"
    assert after[old] == before[old]
    root = next((disk.work / "update").glob("*.root-x86-64.*.raw"))
    uuid = re.sub(r"(.{8})(.{4})(.{4})(.{4})(.{12})", r"\1-\2-\3-\4-\5", root.name.split(".")[-2])
    assert after[f"chartside_{NEXT}"]["uuid"].lower() == uuid
    with disk.file.open("rb") as file, root.open("rb") as wanted:
        file.seek(after[f"chartside_{NEXT}"]["start"] * 512)
        while block := wanted.read(1024 * 1024):
            assert file.read(len(block)) == block
    kernels = {path.name for path in (disk.folder / "esp/EFI/Linux").iterdir()}
    assert f"chartside_{NEXT}+3-0.efi" in kernels
    assert len(kernels) == 2


def test_a_second_update_never_overwrites_the_slot_that_runs(disk: Disk, box: Box) -> None:
    second = packed(disk, box, "99.2")
    install(second, box, state=disk.folder / "state", transfer=disk.folder / "transfer", run=disk.sysupdate)
    systems = {name for name in disk.partitions() if re.fullmatch(r"chartside_[0-9.]+", name)}
    assert systems == {f"chartside_{disk.built['version']}", "chartside_99.2"}
