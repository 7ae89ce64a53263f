"""The network of a clinic around a container: one cable, and at its other end a router that promises the internet.

The router hands out addresses, a gateway, name servers and a time server, for IPv4 and IPv6, and answers every name with
itself. So whatever in the box wants to call somebody has every reason to try; each frame that the box sends is kept.
"""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tools_tree import entered

BOX_ADDRESS: Final = "192.168.77.20"
BOX_CABLE: Final = "clinic0"
"""What the box's end of the cable is called."""
SET_UP: Final = rf"""
ip link set lo up
ip link add {BOX_CABLE} address 02:00:00:00:77:20 type veth peer name clinic1
ip addr add 192.168.77.1/24 dev clinic1
ip addr add fd77::1/64 dev clinic1 nodad
ip link set clinic1 up
dnsmasq --conf-file=/dev/null --keep-in-foreground --user=root --pid-file= --dhcp-leasefile=/tmp/leases --interface=clinic1 \
    --bind-dynamic --no-resolv --no-hosts --address=/#/192.168.77.1 --address=/#/fd77::1 \
    --dhcp-range={BOX_ADDRESS},{BOX_ADDRESS},1h --dhcp-range=fd77::20,fd77::40,64,1h --enable-ra \
    --dhcp-option=option:router,192.168.77.1 --dhcp-option=option:ntp-server,192.168.77.1 &
"""
"""Shell commands that make the network in a new network namespace."""
_BOX_MAC: Final = bytes.fromhex("020000007720")
_NEW_NETWORK: Final = 0x40000000  # CLONE_NEWNET
_EVERY_PROTOCOL: Final = 3  # ETH_P_ALL
_LARGEST_FRAME: Final = 256 * 1024


class ClinicNetwork:
    """The network, while a process is in its namespace; keeps what the box sends from now on.

    Args:
        process: Id of that process.
        work: The work folder of the build, with the tools tree.
    """

    def __init__(self, process: int, work: Path) -> None:
        self._process, self._work = process, work
        self.sent: Final[list[bytes]] = []
        """Every frame that the box put on the wire."""
        with self.here():
            self._tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_EVERY_PROTOCOL))
            self._tap.bind(("clinic1", 0))
            self._tap.settimeout(0.5)
        self._ended = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def close(self) -> None:
        self._ended.set()
        self._reader.join()
        self._tap.close()

    @contextmanager
    def here(self) -> Iterator[None]:
        """This thread is in the clinic, where the tablets are."""
        with in_network_of(self._process):
            yield

    def pull_cable(self) -> None:
        self._set("down")

    def plug_cable(self) -> None:
        self._set("up")

    def _set(self, state: str) -> None:
        command = ["nsenter", "-t", str(self._process), "-n", *entered(self._work, "ip", "link", "set", "clinic1", state)]
        subprocess.run(command, check=True)

    def _read(self) -> None:
        while not self._ended.is_set():
            try:
                frame = self._tap.recv(_LARGEST_FRAME)
            except TimeoutError:
                continue
            except OSError:  # the cable was pulled
                self._ended.wait(0.1)
                continue
            if frame[6:12] == _BOX_MAC:
                self.sent.append(frame)


@contextmanager
def in_network_of(process: int) -> Iterator[None]:
    """This thread is in the network namespace of a process."""
    library = ctypes.CDLL(None, use_errno=True)
    with open("/proc/thread-self/ns/net") as home, open(f"/proc/{process}/ns/net") as there:  # noqa: PTH123
        assert library.setns(there.fileno(), _NEW_NETWORK) == 0, os.strerror(ctypes.get_errno())
        try:
            yield
        finally:
            library.setns(home.fileno(), _NEW_NETWORK)
