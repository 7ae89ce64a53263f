"""What a service tells systemd about itself: that it is ready, that its work goes on, that it stops.

The protocol is one datagram to the socket that `NOTIFY_SOCKET` names (sd_notify(3)). Outside of systemd nothing is sent.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from typing import Final

_SENDS_PER_PERIOD: Final = 4
"""Signs of life in the time after which systemd gives up; twice is what sd_watchdog_enabled(3) asks for."""


def ready() -> None:
    """The service answers, and its model is loaded (or it can say why not)."""
    _send("READY=1")


def doing(what: str) -> None:
    """What takes so long, for whoever waits before the box (`appliance.connect.screen`) or asks `systemctl status`."""
    _send(f"STATUS={what}")


def stopping() -> None:
    """The service was told to stop and finishes what is in flight."""
    _send("STOPPING=1")


class SignOfLife:
    """Tells systemd that the work goes on. To be called by the thread that does the work, after a piece of it or when idle.

    A thread that only pings would keep a service alive whose inference hangs; systemd would never start it again.
    """

    def __init__(self) -> None:
        own = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        period = int(os.environ.get("WATCHDOG_USEC", "0")) / 1e6 if own else 0.0
        self.interval: Final = period / _SENDS_PER_PERIOD
        """Seconds after which an idle thread has to call again; 0.0 where systemd does not watch."""
        self._next = 0.0

    def __call__(self) -> None:
        """Cheap enough for every token: sends once per `interval`."""
        if not self.interval:
            return
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + self.interval
        _send("WATCHDOG=1")


def _send(state: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    # A service must not die because nobody listens.
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        sender.sendto(state.encode(), address)
