"""The built image in QEMU: emulated, so it runs anywhere, at about a twentieth of the speed.

The clock of the box counts instructions instead of seconds (`-icount`): on a machine that is busy with other things, its kernel
would otherwise find that the processor hangs, and every time limit in it would be too short.

Nothing is added to the image. What the test does inside comes from a disk of its own, started by a unit that QEMU passes in as
a credential (SMBIOS, systemd.system-credentials(7)); it writes to a virtual serial port, which QEMU keeps in a file.
"""

from __future__ import annotations

import base64
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from egress import frames_of
from tools_tree import entered, seen

_MAC: Final = bytes.fromhex("525400123456")
_SECTION: Final = "=== "
_DISK_BYTES: Final = 10 * 1024**3
_STEPS_LABEL: Final = "steps"
_STEPS_UNIT: Final = f"""[Unit]
Description=Steps of the test
After=local-fs.target models.service
[Service]
Type=exec
StandardOutput=file:/dev/virtio-ports/report
StandardError=inherit
ExecStartPre=/bin/bash -c 'mkdir -p /run/steps; until mount LABEL={_STEPS_LABEL} /run/steps; do sleep 1; done'
ExecStart=-/bin/bash /run/steps/steps.sh
"""


@dataclass
class VirtualBox:
    """A box that runs."""

    https_port: int
    http_port: int
    directory: Path

    @property
    def report(self) -> dict[str, str]:
        """What the steps wrote, by section."""
        parts = self.text.split(_SECTION)[1:]
        return {title.strip(): body.strip() for title, _, body in (part.partition("\n") for part in parts)}

    @property
    def text(self) -> str:
        path = self.directory / "report.txt"
        return path.read_text("utf-8", "replace").replace("\r", "") if path.exists() else ""

    def wait_for(self, section: str, seconds: float) -> dict[str, str]:
        """The report, once a section has begun."""
        deadline = time.monotonic() + seconds
        while f"{_SECTION}{section}\n" not in self.text:
            assert time.monotonic() < deadline, f"no {section} after {seconds:.0f} s:\n{self.text}\n{self.console[-4000:]}"
            time.sleep(1)
        return self.report

    @property
    def console(self) -> str:
        return (self.directory / "console.txt").read_text("utf-8", "replace")

    def sent_packets(self) -> list[bytes]:
        """Every frame that the box put on the wire."""
        return [frame for frame in frames_of(self.directory / "network.pcap") if frame[6:12] == _MAC]


@contextmanager
def virtual_box(image: Path, work: Path, directory: Path, steps: Path, drop_ins: Mapping[str, str]) -> Iterator[VirtualBox]:
    """Boot an image from a disk of its own.

    Args:
        image: The `.raw` file.
        work: The work folder of the build, with the tools tree.
        directory: A new folder inside `work`, for disks, firmware variables and records.
        steps: A folder inside `work` that becomes the disk of the test; `steps.sh` in it is run at each boot, as root.
        drop_ins: What is changed in units, by unit.
    """
    directory.mkdir(parents=True)
    inside = seen(directory, work)
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", image, directory / "disk.raw"], check=True)
    os.truncate(directory / "disk.raw", _DISK_BYTES)
    shutil.copy(work / "tools/usr/share/OVMF/OVMF_VARS_4M.fd", directory / "firmware.fd")
    size = sum(path.stat().st_size for path in steps.rglob("*")) * 11 // 10 + 64 * 1024**2
    make = ["mkfs.ext4", "-q", "-L", _STEPS_LABEL, "-d", seen(steps, work), f"{inside}/steps.raw", f"{size // 1024}k"]
    subprocess.run(entered(work, *make), check=True)
    https_port, http_port = _free_port(), _free_port()
    command = entered(
        work, "qemu-system-x86_64", "-machine", "q35,smm=off", "-accel", "tcg", "-icount", "shift=1", "-cpu", "max",
        "-m", "3072", "-drive", "if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd",
        "-drive", f"if=pflash,format=raw,unit=1,file={inside}/firmware.fd",
        "-drive", f"if=virtio,format=raw,file={inside}/disk.raw,cache=unsafe,discard=unmap",
        "-drive", f"if=virtio,format=raw,file={inside}/steps.raw,cache=unsafe",
        "-netdev", f"user,id=n0,restrict=on,hostfwd=tcp:127.0.0.1:{https_port}-:443,hostfwd=tcp:127.0.0.1:{http_port}-:80",
        "-device", "virtio-net-pci,netdev=n0,mac=52:54:00:12:34:56",
        "-object", f"filter-dump,id=d0,netdev=n0,file={inside}/network.pcap",
        "-device", "virtio-rng-pci", "-display", "none", "-serial", f"file:{inside}/console.txt", "-pidfile", f"{inside}/pid",
        "-device", "virtio-serial-pci", "-chardev", f"file,id=r0,path={inside}/report.txt",
        "-device", "virtserialport,chardev=r0,name=report", *_credentials(directory, inside, drop_ins),
    )  # fmt: skip
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        yield VirtualBox(https_port, http_port, directory)
    finally:
        with suppress(FileNotFoundError, ValueError, ProcessLookupError):
            os.kill(int((directory / "pid").read_text()), signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _credentials(directory: Path, inside: str, drop_ins: Mapping[str, str]) -> list[str]:
    """Options of QEMU that pass the unit and the drop-ins in."""
    credentials = {
        "systemd.extra-unit.test-steps.service": _STEPS_UNIT,
        "systemd.unit-dropin.multi-user.target~test": "[Unit]\nWants=test-steps.service\n",
        **{f"systemd.unit-dropin.{unit}~test": text for unit, text in drop_ins.items()},
    }
    options = []
    for number, (name, text) in enumerate(credentials.items()):
        encoded = base64.b64encode(text.encode()).decode()
        (directory / f"credential{number}").write_text(f"io.systemd.credential.binary:{name}={encoded}")
        options += ["-smbios", f"type=11,path={inside}/credential{number}"]
    return options


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
