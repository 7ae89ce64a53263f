"""The built system in a container: its root without kernel and boot loader, in seconds instead of a quarter of an hour.

The root is unpacked from the built file system (no loop device), and systemd-nspawn of the tools tree boots it in a network
namespace of its own, which this process enters with one thread. Models come from the bundle's folder, because a container has
no device mapper.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tools_tree import entered, seen

_NEW_NETWORK: Final = 0x40000000  # CLONE_NEWNET
_BOOT: Final = r"""
set -eu
umount -l /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /sys/fs/cgroup/chartside-test
echo $$ > /sys/fs/cgroup/chartside-test/cgroup.procs
ip link set lo up
ip link add clinic0 type veth peer name clinic1
ip addr add 192.168.77.1/24 dev clinic0
ip link set clinic0 up
ip link set clinic1 up
no_getty=$(printf '[Service]\nExecStart=\nExecStart=-/bin/true\n')
exec systemd-nspawn --quiet --register=no --keep-unit --directory="$1" --volatile=state --boot --console=pipe \
    --link-journal=no --machine=chartside-test --resolv-conf=off --timezone=off --capability=CAP_NET_ADMIN \
    --bind-ro="$2":/run/chartside-models \
    "--set-credential=systemd.unit-dropin.console-getty.service:$no_getty" </dev/null
"""


class ContainerBox:
    """A container that runs.

    Args:
        leader: Process id of its first process.
    """

    def __init__(self, leader: int) -> None:
        self._leader = leader

    def run(self, *command: str) -> str:
        """What a command prints inside."""
        call = ["nsenter", "-t", str(self._leader), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w", *command]
        return subprocess.run(call, check=False, capture_output=True, text=True).stdout.strip()

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
    def network(self) -> Iterator[None]:
        """This thread is on the container's network."""
        library = ctypes.CDLL(None, use_errno=True)
        with open("/proc/self/ns/net") as home, open(f"/proc/{self._leader}/ns/net") as there:  # noqa: PTH123
            assert library.setns(there.fileno(), _NEW_NETWORK) == 0, os.strerror(ctypes.get_errno())
            try:
                yield
            finally:
                library.setns(home.fileno(), _NEW_NETWORK)


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
    with (container / "log.txt").open("w") as log:
        boot = entered(work, "bash", "-c", _BOOT, "boot", seen(unpacked, work), seen(container / "bundle", work))
        process = subprocess.Popen(
            ["nice", "-n", "5", "unshare", "--net", *boot], stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield ContainerBox(_leader(process))
    finally:
        with suppress(AssertionError, ProcessLookupError):
            os.kill(_leader(process), signal.SIGRTMIN + 4)  # power off, says systemd(1)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(container, ignore_errors=True)


def _leader(process: subprocess.Popen[bytes]) -> int:
    """systemd-nspawn's child, once there is one."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(FileNotFoundError):
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            if children and Path(f"/proc/{children[0]}/comm").read_text().strip() == "systemd":
                return int(children[0])
        time.sleep(0.2)
    log = Path(f"/proc/{process.pid}/fd/1")
    message = f"the container did not start: {log.read_text() if log.exists() else process.returncode}"
    raise AssertionError(message)
