"""The private addresses of the box: all that a certificate of its own may name besides its names."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

import ifaddr

Address = IPv4Address | IPv6Address
PRIVATE_NETWORKS: Final[tuple[IPv4Network | IPv6Network, ...]] = (
    IPv4Network("10.0.0.0/8"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
    IPv4Network("169.254.0.0/16"),
    IPv6Network("fc00::/7"),
)
"""RFC 1918, a cable without a router (RFC 3927), RFC 4193."""


def private_addresses() -> tuple[Address, ...]:
    """The addresses of all network cards that lie in `PRIVATE_NETWORKS`, in a fixed order."""
    found = {ip_address(ip.ip[0] if isinstance(ip.ip, tuple) else ip.ip) for card in ifaddr.get_adapters() for ip in card.ips}
    return tuple(sorted((address for address in found if is_private(address)), key=lambda a: (a.version, int(a))))


def is_private(address: Address) -> bool:
    """Whether the box's authority may vouch for an address."""
    return any(address.version == network.version and address in network for network in PRIVATE_NETWORKS)
