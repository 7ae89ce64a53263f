"""The built image in QEMU: emulated, so it runs anywhere, at about a twentieth of the speed.

The clock of the box counts instructions instead of seconds (`-icount`): on a machine that is busy with other things, its kernel
would otherwise find that the processor hangs, and every time limit in it would be too short.

The firmware has Secure Boot and starts without keys; a TPM is emulated beside it. What the test does inside comes from a disk
of its own, started by a unit that QEMU passes in as a credential (SMBIOS, systemd.system-credentials(7)); it writes to a
virtual serial port, which QEMU keeps in a file. The image takes no credentials: the test has its kernel image say that it
does, and signs that one again. Nothing else differs from what was built.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from egress import frames_of
from tools_tree import entered, seen

_MAC: Final = bytes.fromhex("525400123456")
_SECTION: Final = "=== "
_MONITOR: Final = "monitor"
_DISK_BYTES: Final = 10 * 1024**3
_ESP: Final = "@@1M"
"""Where mtools finds the ESP in a disk: image/mkosi.repart."""
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
IDLE: Final = "[Service]\nType=exec\nExecStart=\nExecStart=/bin/sleep infinity\nWatchdogSec=0\n"
"""A drop-in for a service that is only to hold its socket."""


@dataclass(frozen=True)
class Machine:
    """What QEMU emulates for an architecture. Firmware is in the tools tree and checks signatures once it has keys."""

    program: tuple[str, ...]
    code: str
    variables: str
    tpm: str


MACHINES: Final = {
    "x86-64": Machine(
        (
            *("qemu-system-x86_64", "-machine", "q35,smm=on", "-cpu", "max"),
            *("-global", "driver=cfi.pflash01,property=secure,value=on"),
        ),
        "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd",
        "/usr/share/OVMF/OVMF_VARS_4M.fd",
        "tpm-crb",
    ),
    "arm64": Machine(
        ("qemu-system-aarch64", "-machine", "virt", "-cpu", "max,pauth-impdef=on"),
        "/usr/share/AAVMF/AAVMF_CODE.secboot.fd",
        "/usr/share/AAVMF/AAVMF_VARS.fd",
        "tpm-tis-device",
    ),
}


@dataclass
class VirtualBox:
    """A box that runs."""

    https_port: int
    http_port: int
    directory: Path
    inside: str
    """What the directory is called in the tools tree."""

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
        path = self.directory / "console.txt"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def wait_for_console(self, text: str, seconds: float) -> str:
        """What is on the console, once a text is there."""
        deadline = time.monotonic() + seconds
        while text not in self.console:
            assert time.monotonic() < deadline, f"no {text!r} after {seconds:.0f} s:\n{self.console[-4000:]}"
            time.sleep(1)
        return self.console

    def picture(self, name: str) -> Path:
        """What the attached display shows, as a PNG of that name in the folder of the box."""
        self._monitor("screendump", filename=f"{self.inside}/{name}", format="png")
        return self.directory / name

    def press(self, *keys: str) -> None:
        """Press keys of the attached keyboard one after the other, by QEMU's names, such as `a`, `minus`, `ret`."""
        for key in keys:
            self._monitor("send-key", keys=[{"type": "qcode", "data": key}])
            time.sleep(0.5)

    def _monitor(self, command: str, **arguments: Any) -> None:
        with socket.socket(socket.AF_UNIX) as monitor, monitor.makefile("rw", encoding="utf-8") as line:
            monitor.settimeout(60)
            monitor.connect(str(self.directory / _MONITOR))
            for message in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                line.write(json.dumps(message) + "\n")
                line.flush()
                while not {"return", "error"} & (answer := json.loads(line.readline())).keys():
                    pass  # its greeting, and events
                assert "return" in answer, answer

    def power_off(self) -> None:
        """Pull the plug."""
        pid = self.directory / "pid"
        with suppress(FileNotFoundError, ValueError, ProcessLookupError):
            os.kill(int(pid.read_text()), signal.SIGTERM)
        while pid.exists():
            time.sleep(0.1)

    def sent_packets(self) -> list[bytes]:
        """Every frame that the box put on the wire."""
        return [frame for frame in frames_of(self.directory / "network.pcap") if frame[6:12] == _MAC]


def flash(image: Path, work: Path, directory: Path, kernel: Path, machine: Machine = MACHINES["x86-64"]) -> None:
    """Make what a box has: a disk, firmware without keys, and a USB stick for the recovery key.

    Args:
        image: The `.raw` file.
        work: The work folder of the build, with the tools tree.
        directory: A new folder inside `work`.
        kernel: Takes the place of the kernel image of the same version.
        machine: Whose firmware it gets.
    """
    directory.mkdir(parents=True)
    inside = seen(directory, work)
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", image, directory / "disk.raw"], check=True)
    os.truncate(directory / "disk.raw", _DISK_BYTES)
    kernels = f"::/EFI/Linux/{image.stem}+3.efi"
    subprocess.run(entered(work, "mcopy", "-o", "-i", f"{inside}/disk.raw{_ESP}", seen(kernel, work), kernels), check=True)
    shutil.copy(f"{work}/tools{machine.variables}", directory / "firmware.fd")
    make = entered(work, "mkfs.vfat", "-n", "CHARTKEY", "-C", f"{inside}/chartkey.raw", "32768")
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL)


def files_on_stick(directory: Path, work: Path) -> list[str]:
    """Names of what the box wrote to the stick."""
    command = entered(work, "mdir", "-b", "-i", f"{seen(directory, work)}/chartkey.raw", "::/")
    listed = subprocess.run(command, check=False, capture_output=True, text=True).stdout
    return [line.removeprefix("::/") for line in listed.splitlines()]


@contextmanager
def virtual_box(
    work: Path,
    directory: Path,
    steps: Path,
    drop_ins: Mapping[str, str],
    *,
    machine: Machine = MACHINES["x86-64"],
    tpm: bool = True,
    stick: bool = True,
    display: bool = False,
) -> Iterator[VirtualBox]:
    """Start a box that was flashed.

    Args:
        work: The work folder of the build, with the tools tree.
        directory: The folder of the box.
        steps: A folder inside `work` that becomes the disk of the test; `steps.sh` in it is run at each boot, as root.
        drop_ins: What is changed in units, by unit.
        machine: What is emulated.
        tpm: Whether the board has one.
        stick: Whether the stick for the recovery key is plugged in.
        display: Whether there is a graphics card that Linux has a driver for, at 1280x800.
    """
    inside = seen(directory, work)
    for record in ("report.txt", "console.txt", "steps.raw", _MONITOR):
        (directory / record).unlink(missing_ok=True)
    size = sum(path.stat().st_size for path in steps.rglob("*")) * 11 // 10 + 64 * 1024**2
    make = ["mkfs.ext4", "-q", "-L", _STEPS_LABEL, "-d", seen(steps, work), f"{inside}/steps.raw", f"{size // 1024}k"]
    subprocess.run(entered(work, *make), check=True)
    https_port, http_port = _free_port(), _free_port()
    chip = f"-chardev socket,id=c0,path={inside}/tpm/socket -tpmdev emulator,id=t0,chardev=c0 -device {machine.tpm},tpmdev=t0"
    usb = f"-drive if=none,id=u0,format=raw,file={inside}/chartkey.raw -device qemu-xhci -device usb-storage,drive=u0"
    card = f"-vga none -device virtio-vga,xres=1280,yres=800 -qmp unix:{inside}/{_MONITOR},server=on,wait=off"
    options = [*(chip.split() if tpm else ()), *(usb.split() if stick else ()), *(card.split() if display else ())]
    command = entered(
        work, *machine.program, "-accel", "tcg", "-icount", "shift=1", "-m", "3072",
        "-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={machine.code}",
        "-drive", f"if=pflash,format=raw,unit=1,file={inside}/firmware.fd",
        "-drive", f"if=virtio,format=raw,file={inside}/disk.raw,cache=unsafe,discard=unmap",
        "-drive", f"if=virtio,format=raw,file={inside}/steps.raw,cache=unsafe",
        "-netdev", f"user,id=n0,restrict=on,hostfwd=tcp:127.0.0.1:{https_port}-:443,hostfwd=tcp:127.0.0.1:{http_port}-:80",
        "-device", "virtio-net-pci,netdev=n0,mac=52:54:00:12:34:56",
        "-object", f"filter-dump,id=d0,netdev=n0,file={inside}/network.pcap",
        "-device", "virtio-rng-pci", "-display", "none", "-serial", f"file:{inside}/console.txt", "-pidfile", f"{inside}/pid",
        "-device", "virtio-serial-pci", "-chardev", f"file,id=r0,path={inside}/report.txt",
        "-device", "virtserialport,chardev=r0,name=report", *_credentials(directory, inside, drop_ins), *options,
    )  # fmt: skip
    with _tpm(work, directory) if tpm else nullcontext():
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        running = VirtualBox(https_port, http_port, directory, inside)
        try:
            while display and not (directory / _MONITOR).exists():
                assert process.poll() is None, "QEMU did not start"
                time.sleep(0.1)
            yield running
        finally:
            running.power_off()
            _end(process)


@contextmanager
def _tpm(work: Path, directory: Path) -> Iterator[None]:
    """An emulated TPM 2.0, which keeps what it knows in the folder of the box."""
    state = directory / "tpm"
    state.mkdir(exist_ok=True)
    inside = seen(state, work)
    command = entered(
        work, "swtpm", "socket", "--tpm2", "--tpmstate", f"dir={inside}", "--ctrl", f"type=unixio,path={inside}/socket"
    )
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        while not (state / "socket").exists():
            assert process.poll() is None, "the TPM did not start"
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        _end(process)
        (state / "socket").unlink(missing_ok=True)


def _end(process: subprocess.Popen[bytes]) -> None:
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
