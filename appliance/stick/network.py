"""`network.toml`: the address of the box.

    address = "192.168.7.20/24"     or "dhcp"
    gateway = "192.168.7.1"         for tablets in other networks of the clinic; may be left out

There is no name server and no time server: the box asks nobody.
"""

from __future__ import annotations

from ipaddress import IPv4Interface, IPv6Interface, ip_address, ip_interface
from typing import Final

import msgspec

from appliance.errors import InputError

DHCP: Final = "dhcp"
_HEAD: Final = "# From network.toml on the stick labelled CHARTSIDE.\n[Match]\nType=ether\nKind=!*\n\n[Network]\n"


class Network(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file holds."""

    address: str
    gateway: str = ""


def read_network(data: bytes) -> Network:
    """Check the file.

    Raises:
        InputError: It is not TOML, holds something else, or an address that the box cannot have.
    """
    try:
        network = msgspec.toml.decode(data, type=Network)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        # The message of the parser may repeat the file.
        raise InputError(
            "network.toml is not understood.", hint='It holds `address = "…"` and perhaps `gateway = "…"`.'
        ) from error
    if network.address == DHCP:
        if network.gateway:
            raise InputError("network.toml gives a gateway with dhcp.", hint="Leave one of them out.")
        return network
    interface = _interface(network.address)
    if network.gateway:
        _check_gateway(network.gateway, interface)
    return network


def unit(network: Network) -> str:
    """The file for systemd-networkd; empty for what the image does by itself."""
    if network.address == DHCP:
        return ""
    gateway = f"Gateway={ip_address(network.gateway)}\n" if network.gateway else ""
    return f"{_HEAD}Address={ip_interface(network.address)}\n{gateway}DHCP=no\nLinkLocalAddressing=ipv6\n"


def _interface(text: str) -> IPv4Interface | IPv6Interface:
    try:
        interface = ip_interface(text)
    except ValueError as error:
        message = "The address in network.toml is none."
        raise InputError(message, hint='Write it with its length of network: "192.168.7.20/24".') from error
    network, address = interface.network, interface.ip
    if "/" not in text or "%" in text or network.num_addresses < 4:  # noqa: PLR2004  # network, box, tablet, broadcast
        raise InputError("The address in network.toml has no network.", hint='Write "192.168.7.20/24".')
    if not address.is_private or address.is_loopback or address.is_link_local or address.is_unspecified:
        raise InputError("The address in network.toml is not a private one.", hint="Use one like 192.168.7.20/24.")
    if address in {network.network_address, network.broadcast_address}:
        raise InputError("The address in network.toml is that of the network itself.", hint="Use another one in it.")
    return interface


def _check_gateway(text: str, interface: IPv4Interface | IPv6Interface) -> None:
    try:
        gateway = ip_address(text)
    except ValueError as error:
        raise InputError("The gateway in network.toml is no address.", hint='Write it as "192.168.7.1".') from error
    if gateway not in interface.network or gateway == interface.ip:
        raise InputError("The gateway in network.toml is not in the network of the box.", hint="Correct one of them.")
