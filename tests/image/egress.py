"""Which of the frames that a box puts on the wire are calls to somebody who did not ask."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path


def call_of(frame: bytes) -> str:
    """What the box says to somebody who did not ask; empty for answers and for what every host on a network says.

    That is: ARP, DHCP, multicast DNS, IGMP, and the neighbour and router messages of IPv6.
    """
    kind, packet = int.from_bytes(frame[12:14], "big"), frame[14:]
    if kind == 0x0806:
        return ""
    if kind == 0x0800:
        target = ip_address(packet[16:20])
        return _told(packet[9], packet[(packet[0] & 15) * 4 :], target)
    if kind != 0x86DD:
        return f"ethernet type {kind:#06x}"
    protocol, payload = packet[6], packet[40:]
    if protocol == 0:  # hop-by-hop options, before multicast listener reports
        protocol, payload = payload[0], payload[(payload[1] + 1) * 8 :]
    # Whether a neighbour is still there is asked of its own address (RFC 4861, 7.3). With this hop limit it crosses no router.
    if (protocol, packet[7], payload[0]) == (58, 255, 135):
        return ""
    return _told(protocol, payload, ip_address(packet[24:40]))


def frames_of(capture: Path) -> Iterator[bytes]:
    """The frames of a capture file (libpcap's format, little endian)."""
    data = capture.read_bytes()
    position = 24
    while position + 16 <= len(data):
        (size,) = struct.unpack_from("<I", data, position + 8)
        yield data[position + 16 : position + 16 + size]
        position += 16 + size


def _told(protocol: int, payload: bytes, target: IPv4Address | IPv6Address) -> str:
    source, to = int.from_bytes(payload[:2], "big"), int.from_bytes(payload[2:4], "big")
    housekeeping = {
        1: payload[:1] == b"\0",  # an answer to a ping
        2: target.is_multicast,
        58: target.is_multicast or target.is_link_local or payload[:1] in {b"\x81", b"\x88"},  # or an answer
        6: source in {80, 443} and len(payload) > 13 and (payload[13] & 0b10010) != 0b00010,  # an answer: not a SYN without ACK
        17: (source, to) in {(68, 67), (546, 547)} or (to == 5353 and target.is_multicast),
    }
    if housekeeping.get(protocol, False):
        return ""
    return f"protocol {protocol} to {target} {f'type {payload[0]}' if protocol in {1, 58} else f'port {to}'}"
