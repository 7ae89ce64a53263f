"""Listening on the network."""

from __future__ import annotations

import errno
import os
import socket
from typing import Final

from appliance.errors import UnavailableError

_QUEUE: Final = 64


def listen_network(port: int, setting: str) -> socket.socket:
    """Open a listening TCP socket on all addresses, IPv4 and, where the system has it, IPv6.

    Args:
        port: 0 takes a free one.
        setting: Name of the setting it comes from, for the hint.

    Raises:
        UnavailableError: The port is taken or not allowed.
    """
    option = f"--{setting.replace('_', '-')}"
    try:
        if socket.has_dualstack_ipv6():
            return socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=_QUEUE)
        return socket.create_server(("0.0.0.0", port), backlog=_QUEUE)  # noqa: S104  # tablets are on the network
    except OSError as error:
        hint = f"Stop the program that uses it, or choose another with {option}."
        if error.errno == errno.EACCES:
            hint = f"Ports below 1024 need CAP_NET_BIND_SERVICE; choose another with {option}."
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise UnavailableError(f"Port {port} on the network cannot be opened: {reason}.", hint=hint) from error
