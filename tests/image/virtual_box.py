"""The built image in QEMU: emulated, so it runs anywhere, at about a twentieth of the speed.

The clock of the box counts instructions instead of seconds (`-icount`): on a machine that is busy with other things, its kernel
would otherwise find that the processor hangs, and every time limit in it would be too short.

Nothing is added to the image. What the test wants to know from inside comes from a unit that QEMU passes in as a credential
(SMBIOS, systemd.system-credentials(7)); it writes to a virtual serial port, which QEMU keeps in a file.
"""

from __future__ import annotations

import base64
import os
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tools_tree import entered, seen

MAC = bytes.fromhex("525400123456")
SECTION = "=== "
END = SECTION + "end"
_DISK_BYTES = 10 * 1024**3
_PATIENCE = {
    "speech": "TimeoutStartSec=2h\nWatchdogSec=2h",
    "note": "TimeoutStartSec=2h\nWatchdogSec=2h",
    "kiosk": "TimeoutStartSec=2h",
    "selftest": "TimeoutStartSec=2h",
}
_STEP = r"""
section() { echo "=== $1"; }
section version; sed -n s/^IMAGE_VERSION=//p /etc/os-release
section root; findmnt -n -o FSTYPE,OPTIONS /
section verity; dmsetup status
section models; findmnt -n -o FSTYPE,OPTIONS /run/chartside-models
section write; touch /x 2>&1; touch /usr/x 2>&1; touch /run/chartside-models/x 2>&1
section partitions; lsblk -n -l -o PARTLABEL,SIZE
section state; until systemctl is-active --quiet multi-user.target; do sleep 1; done
timeout 3600 systemctl is-system-running --wait
section security; for s in speech note kiosk; do systemd-analyze security --no-pager chartside-$s.service | tail -1; done
section failed; systemctl --failed --no-legend --plain
section entries; ls /boot/EFI/Linux /efi/EFI/Linux 2>/dev/null
section services; systemctl show -p Id,ActiveState,Result chartside-speech chartside-note chartside-kiosk chartside-selftest \
  models nftables systemd-bless-boot boot-complete.target
section journal; journalctl -b -p warning --no-pager | tail -60
section times; systemd-analyze time; cat /proc/uptime
section connect; cat /var/lib/private/chartside/connect/state.json; echo
"""


@dataclass
class VirtualBox:
    """A box that runs."""

    https_port: int
    http_port: int
    directory: Path

    @property
    def report(self) -> dict[str, str]:
        """What the unit inside wrote, by section."""
        parts = self.text.split(SECTION)[1:]
        return {title.strip(): body.strip() for title, _, body in (part.partition("\n") for part in parts)}

    @property
    def text(self) -> str:
        path = self.directory / "report.txt"
        return path.read_text("utf-8", "replace").replace("\r", "") if path.exists() else ""

    def wait_for_report(self, seconds: float) -> dict[str, str]:
        deadline = time.monotonic() + seconds
        while END not in self.text:
            assert time.monotonic() < deadline, f"no report after {seconds:.0f} s:\n{self.text}\n{self.console[-4000:]}"
            time.sleep(1)
        return self.report

    @property
    def console(self) -> str:
        return (self.directory / "console.txt").read_text("utf-8", "replace")

    def sent_packets(self) -> list[bytes]:
        """Every frame that the box put on the wire."""
        return [frame for frame in _frames(self.directory / "network.pcap") if frame[6:12] == MAC]


@contextmanager
def virtual_box(image: Path, work: Path, directory: Path) -> Iterator[VirtualBox]:
    """Boot an image from a disk of its own.

    Args:
        image: The `.raw` file.
        work: The work folder of the build, with the tools tree.
        directory: A folder inside `work`, for disk, firmware variables and records; a disk that is there boots again.
    """
    directory.mkdir(parents=True, exist_ok=True)
    disk, variables = directory / "disk.raw", directory / "firmware.fd"
    if not disk.exists():
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", image, disk], check=True)
        os.truncate(disk, _DISK_BYTES)
        shutil.copy(work / "tools/usr/share/OVMF/OVMF_VARS_4M.fd", variables)
    for name in ("report.txt", "console.txt", "network.pcap", "pid"):
        (directory / name).unlink(missing_ok=True)
    https_port, http_port = _free_port(), _free_port()
    inside = seen(directory, work)
    script = _base64(f"{_STEP}echo '{END}'\n")
    unit = (
        "[Unit]\nDescription=Report of the test\nAfter=local-fs.target models.service\n[Service]\nType=exec\n"
        "StandardOutput=file:/dev/virtio-ports/report\nStandardError=inherit\n"
        f"ExecStart=-/bin/bash -c 'eval \"$(echo {script} | base64 -d)\"'\n"
    )
    credentials = {
        "systemd.extra-unit.test-report.service": unit,
        "systemd.unit-dropin.multi-user.target~test": "[Unit]\nWants=test-report.service\n",
    }
    # The processor of QEMU is so slow that a model call may take minutes.
    for service, patience in _PATIENCE.items():
        credentials[f"systemd.unit-dropin.chartside-{service}.service~slow"] = f"[Service]\n{patience}\n"
    smbios: list[str] = []
    for number, (name, text) in enumerate(credentials.items()):
        (directory / f"credential{number}").write_text(f"io.systemd.credential.binary:{name}={_base64(text)}")
        smbios += ["-smbios", f"type=11,path={inside}/credential{number}"]
    command = entered(
        work, "qemu-system-x86_64", "-machine", "q35,smm=off", "-accel", "tcg", "-icount", "shift=1", "-cpu", "max",
        "-m", "3072", "-drive", "if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd",
        "-drive", f"if=pflash,format=raw,unit=1,file={inside}/firmware.fd",
        "-drive", f"if=virtio,format=raw,file={inside}/disk.raw,cache=unsafe,discard=unmap",
        "-netdev", f"user,id=n0,restrict=on,hostfwd=tcp:127.0.0.1:{https_port}-:443,hostfwd=tcp:127.0.0.1:{http_port}-:80",
        "-device", "virtio-net-pci,netdev=n0,mac=52:54:00:12:34:56",
        "-object", f"filter-dump,id=d0,netdev=n0,file={inside}/network.pcap",
        "-device", "virtio-rng-pci", "-display", "none", "-serial", f"file:{inside}/console.txt", "-pidfile", f"{inside}/pid",
        "-device", "virtio-serial-pci", "-chardev", f"file,id=r0,path={inside}/report.txt",
        "-device", "virtserialport,chardev=r0,name=report", *smbios,
    )  # fmt: skip
    process = subprocess.Popen(["nice", "-n", "8", *command], stdin=subprocess.DEVNULL, start_new_session=True)
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


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def _frames(pcap: Path) -> Iterator[bytes]:
    """The frames of a capture file (libpcap's format, little endian)."""
    data = pcap.read_bytes()
    position = 24
    while position + 16 <= len(data):
        (size,) = struct.unpack_from("<I", data, position + 8)
        yield data[position + 16 : position + 16 + size]
        position += 16 + size
