"""`make image-test-full`, on a disk file: the real systemd-sysupdate writes into the other slot, or is killed while it does."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
import results
from releases import Releases
from tools_tree import ROOT, entered, seen

from appliance.errors import ConflictError, InputError
from appliance.update.install import TRANSFER_DIR, command_for, install
from appliance.update.keys import load_trusted_keys
from appliance.update.policy import Box

WORK = os.environ.get("CHARTSIDE_TEST_FULL", "")
pytestmark = [
    pytest.mark.skipif(not WORK, reason="updates the built image: run `make image-test-full`"),
    pytest.mark.timeout(3600),
]
EXTRA: Final = ROOT / "image/mkosi.extra/usr/lib"
NEXT: Final = "99.1"
POWER_CUTS: Final = 20
SECTOR: Final = 512


class Disk:
    """A flashed disk after its first boot: slot B is there and empty."""

    def __init__(self, work: Path, built: dict[str, Any]) -> None:
        self.work, self.built = work, built
        self.folder = work / "update-test"
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in ("definitions", "esp/EFI/Linux"):
            (self.folder / name).mkdir(parents=True)
        self.releases = Releases(work, built, self.folder)
        self.file, self.files = self.folder / "disk.raw", self.folder / "files"
        subprocess.run(["cp", "--sparse=always", work / "output" / built["file"], self.file], check=True)
        os.truncate(self.file, 10 * 1024**3)
        definitions = self.folder / "partitions"
        shutil.copytree(EXTRA / "repart.d", definitions)
        data = definitions / "40-data.conf"
        data.write_text(data.read_text("utf-8").replace("Encrypt=", "# Encrypt="))  # an update does not look at it
        make = ["systemd-repart", "--dry-run=no", "--offline=yes", f"--definitions={seen(definitions, work)}"]
        self.inside(*make, seen(self.file, work))
        self.kernels = self.folder / "esp/EFI/Linux"
        shutil.copy(self.releases.built.kernel, self.kernels)
        for path in (EXTRA / "sysupdate.d").iterdir():
            text = path.read_text("utf-8").replace("ProtectVersion=%A", f"ProtectVersion={built['version']}")
            text = text.replace("Path=auto", f"Path={seen(self.file, work)}")
            text = text.replace(str(TRANSFER_DIR), seen(self.files, work)).replace("PathRelativeTo=boot\n", "")
            text = text.replace("Path=/EFI/Linux", f"Path={seen(self.kernels, work)}")
            (self.folder / "definitions" / path.name).write_text(text)

    def inside(self, *command: str) -> str:
        done = subprocess.run(entered(self.work, *command), check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def packed(self, version: str) -> Path:
        """An update to another version: the same files under another number."""
        return self.releases.pack(version, self.releases.built, version)

    def on_this_disk(self, command: Sequence[str]) -> list[str]:
        """A call of systemd-sysupdate in the box, as one that works on the file."""
        return entered(self.work, command[0], f"--definitions={seen(self.folder / 'definitions', self.work)}", *command[1:])

    def sysupdate(self, command: Sequence[str]) -> None:
        """Run it on the files that were checked; the link to them is resolved, because paths differ inside."""
        shutil.copytree((self.folder / "transfer").resolve(), self.files)
        try:
            subprocess.run(self.on_this_disk(command), check=True, capture_output=True)
        finally:
            shutil.rmtree(self.files)

    def install(self, update: Path, box: Box) -> None:
        install(update, box, state=self.folder / "state", transfer=self.folder / "transfer", run=self.sysupdate)

    def partitions(self) -> dict[str, dict[str, Any]]:
        table = json.loads(self.inside("sfdisk", "--json", seen(self.file, self.work)))["partitiontable"]["partitions"]
        return {part.get("name", ""): part for part in table}

    def holds(self, partition: dict[str, Any], wanted: Path) -> bool:
        """Whether a partition begins with the bytes of a file."""
        with self.file.open("rb") as file, wanted.open("rb") as other:
            file.seek(partition["start"] * SECTOR)
            while block := other.read(1024 * 1024):
                if file.read(len(block)) != block:
                    return False
        return True


@pytest.fixture(scope="module")
def disk() -> Iterator[Disk]:
    work = Path(WORK).resolve()
    made = Disk(work, json.loads((work / "output" / "build.json").read_text("utf-8")))
    yield made
    shutil.rmtree(made.folder)


@pytest.fixture(scope="module")
def box(disk: Disk) -> Box:
    keys = load_trusted_keys(disk.work / "stage/usr/lib/chartside/update-keys")
    return Box(disk.releases.release, "0", "0", keys, datetime.now(UTC))


@pytest.fixture(scope="module")
def update(disk: Disk) -> Path:
    return disk.packed(NEXT)


def test_damaged_updates_leave_the_disk_as_it_is(disk: Disk, box: Box, update: Path) -> None:
    before = disk.partitions()
    damaged = disk.folder / "damaged.chartside"
    data = bytearray(update.read_bytes())
    data[-(10 * 1024 * 1024)] ^= 1
    damaged.write_bytes(data)
    with pytest.raises(InputError):
        disk.install(damaged, box)
    with pytest.raises(ConflictError):
        disk.install(update, Box(box.installed, "0", "100", box.keys, box.now))
    damaged.unlink()
    assert disk.partitions() == before
    assert {name for name in before if name.startswith("chartside")} == {
        f"chartside_{disk.built['version']}", f"chartside_{disk.built['version']}_verity", "chartside-models", "chartside-data",
    }  # fmt: skip
    assert "_empty" in before


def test_an_update_goes_into_the_other_slot_and_is_counted(disk: Disk, box: Box, update: Path) -> None:
    before = disk.partitions()
    disk.install(update, box)
    after = disk.partitions()
    old = f"chartside_{disk.built['version']}"
    assert after[old] == before[old]
    new, files = after[f"chartside_{NEXT}"], disk.releases.built
    assert new["uuid"].lower().replace("-", "") == files.root_hash[:32]
    assert disk.holds(new, files.root)
    kernels = {path.name for path in disk.kernels.iterdir()}
    assert f"chartside_{NEXT}+3-0.efi" in kernels
    assert len(kernels) == 2


def test_a_second_update_never_overwrites_the_slot_that_runs(disk: Disk, box: Box) -> None:
    disk.install(disk.packed("99.2"), box)
    systems = {name for name in disk.partitions() if re.fullmatch(r"chartside_[0-9.]+", name)}
    assert systems == {f"chartside_{disk.built['version']}", "chartside_99.2"}


def test_an_update_that_is_cut_off_at_any_moment_leaves_the_old_system(disk: Disk) -> None:
    """systemd-sysupdate is killed at evenly spaced moments of an update, each time on what the kill before has left."""
    old, files = f"chartside_{disk.built['version']}", disk.releases.built
    before = disk.partitions()
    kernel = disk.kernels / files.kernel.name
    survived = finished = 0
    began = time.monotonic()
    run_sysupdate(disk, "99.3")
    whole = time.monotonic() - began
    for number in range(POWER_CUTS):
        version = f"99.{number + 4}"
        run_sysupdate(disk, version, kill_after=whole * (number + 0.5) / POWER_CUTS)
        after = disk.partitions()
        for name, file in ((old, files.root), (f"{old}_verity", files.hashes)):
            assert after[name] == before[name]
            assert disk.holds(after[name], file)
        assert kernel.read_bytes() == files.kernel.read_bytes()
        # The kernel comes last: where the boot loader sees a new one, all of its system is there.
        if any(path.name.startswith(f"chartside_{version}+") for path in disk.kernels.iterdir()):
            finished += 1
            assert disk.holds(after[f"chartside_{version}"], files.root)
            assert disk.holds(after[f"chartside_{version}_verity"], files.hashes)
        survived += 1
    assert finished < POWER_CUTS / 2, "the kills came too late to cut anything off"
    run_sysupdate(disk, "99.100")
    assert disk.holds(disk.partitions()["chartside_99.100"], files.root)
    results.FOUND["power_cuts"] = f"{survived}/{POWER_CUTS}"
    print(f"\npower cuts: {survived} in an update of {whole:.1f} s; in {finished} the new system was whole already")


def run_sysupdate(disk: Disk, version: str, kill_after: float | None = None) -> None:
    """Install the built files as a version, or be killed on the way, children included."""
    shutil.rmtree(disk.files, ignore_errors=True)
    disk.files.mkdir()
    built = disk.releases.built
    for path in (built.root, built.hashes, built.kernel):
        (disk.files / path.name.replace(f"_{disk.built['version']}.", f"_{version}.")).hardlink_to(path)
    with (disk.folder / "sysupdate.txt").open("w") as log:
        command = disk.on_this_disk(command_for("system", version))
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            process.wait(kill_after)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if kill_after is None:
        assert process.returncode == 0, (disk.folder / "sysupdate.txt").read_text()
