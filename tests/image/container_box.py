"""The built system in a container: its root without kernel and boot loader, in seconds instead of a quarter of an hour.

The root is unpacked from the built file system (no loop device); systemd-nspawn of the tools tree boots it on the network of
a clinic. Models come from the bundle's folder, because a container has no device mapper.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from clinic_network import BOX_CABLE, SET_UP, ClinicNetwork, in_network_of
from tools_tree import ROOT, entered, seen

_NETWORK_FILE: Final = ROOT / "image/mkosi.extra/usr/lib/systemd/network/80-wired.network"
CONSOLE: Final = "/run/console.txt"
"""Where the box writes what its display would show."""
_STATE: Final = "/var/lib/private/chartside/connect/state.json"
_BOOT: Final = rf"""
set -eu
mount -t sysfs -o ro sysfs /sys  # of this network namespace; read-only says that no udev is there to be waited for
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /sys/fs/cgroup/chartside-test
echo $$ > /sys/fs/cgroup/chartside-test/cgroup.procs
{SET_UP}
no_getty=$(printf '[Service]\nExecStart=\nExecStart=-/bin/true\n')
display=$(printf '[Unit]\nConditionPathExists=\n[Service]\nStandardOutput=append:{CONSOLE}\nTTYPath=\nTTYReset=no\n')
exec systemd-nspawn --quiet --register=no --keep-unit --directory="$1/root" --volatile=state --boot --console=pipe \
    --link-journal=no --machine=chartside-test --resolv-conf=off --timezone=off --network-interface={BOX_CABLE} \
    --bind-ro="$1/bundle":/run/chartside-models --bind-ro="$1/cable.network":/run/systemd/network/10-cable.network \
    "--set-credential=systemd.unit-dropin.console-getty.service:$no_getty" \
    "--set-credential=systemd.unit-dropin.console.service:$display" </dev/null
"""


class ContainerBox:
    """A container that runs.

    Args:
        leader: Process id of its first process.
        network: The clinic around it.
    """

    def __init__(self, leader: int, network: ClinicNetwork) -> None:
        self._leader = leader
        self.network: Final = network

    def run(self, *command: str) -> str:
        """What a command prints inside."""
        call = ["nsenter", "-t", str(self._leader), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w", *command]
        return subprocess.run(call, check=False, capture_output=True, text=True).stdout.strip()

    def state(self) -> dict[str, Any]:
        """What the kiosk says about being reached."""
        found: dict[str, Any] = json.loads(self.run("cat", _STATE))
        return found

    def wait_until_left(self, seconds: float) -> bool:
        """Whether its first process ends in time, as it does when the system restarts."""
        deadline = time.monotonic() + seconds
        while Path(f"/proc/{self._leader}").exists():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.5)
        return True

    def wait_until_started(self, seconds: float) -> str:
        """The state of the system once everything that starts at boot was started, such as `running` or `degraded`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            # Before there is a bus it says nothing.
            if (state := self.run("systemctl", "is-system-running")) not in {"", "offline", "initializing", "starting"}:
                return state
            time.sleep(1)
        return "starting"

    @contextmanager
    def here(self) -> Iterator[None]:
        """This thread is on the network inside the box, which has an end of the cable and a loopback."""
        with in_network_of(self._leader):
            yield


@contextmanager
def container_box(root: Path, bundle: Path, work: Path) -> Iterator[ContainerBox]:
    """Boot a root file system.

    Args:
        root: The erofs file, as the build splits it from the image.
        bundle: Directory of the model bundle.
        work: The work folder of the build, with the tools tree.
    """
    container = work / "container"
    shutil.rmtree(container, ignore_errors=True)
    container.mkdir()
    shutil.copytree(bundle, container / "bundle")
    unpacked = container / "root"
    unpack = entered(work, "fsck.erofs", f"--extract={seen(unpacked, work)}", seen(root, work))
    subprocess.run(unpack, check=True, capture_output=True)
    (unpacked / "etc/fstab").write_text("")  # the partitions are not there
    # The image's own file, for a kind of cable that only a test has.
    cable = _NETWORK_FILE.read_text("utf-8").replace("Type=ether\nKind=!*", f"Name={BOX_CABLE}")
    assert BOX_CABLE in cable
    (container / "cable.network").write_text(cable)
    with (container / "log.txt").open("w") as log:
        boot = entered(work, "bash", "-c", _BOOT, "boot", seen(container, work))
        process = subprocess.Popen(["unshare", "--net", *boot], stdout=log, stderr=log, start_new_session=True)
    leader = 0
    try:
        leader = _leader(process, container / "log.txt")
        with closing(ClinicNetwork(process.pid, work)) as network:
            yield ContainerBox(leader, network)
    finally:
        if leader:
            with suppress(ProcessLookupError):
                os.kill(leader, signal.SIGRTMIN + 4)  # power off, says systemd(1)
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the router as well
        process.wait()
        shutil.rmtree(container, ignore_errors=True)


def _leader(process: subprocess.Popen[bytes], log: Path) -> int:
    """systemd-nspawn's child, once there is one."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(FileNotFoundError):
            for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
                if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                    return int(child)
        time.sleep(0.2)
    message = f"the container did not start: {log.read_text('utf-8', 'replace')}"
    raise AssertionError(message)
