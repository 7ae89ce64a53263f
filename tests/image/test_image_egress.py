"""What counts as a call when frames of a box are looked at; made by hand, so that the check itself is known to fail."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from egress import call_of

ARP, IPV4, IPV6, LLDP = 0x0806, 0x0800, 0x86DD, 0x88CC
TCP, UDP, ICMP, IGMP, ICMPV6 = 6, 17, 1, 2, 58
SYN, SYN_ACK, ACK = 0b00010, 0b10010, 0b10000


def ethernet(kind: int, packet: bytes = bytes(46)) -> bytes:
    return bytes(12) + kind.to_bytes(2, "big") + packet


def ip(protocol: int, target: str, payload: bytes, hops: int = 64) -> bytes:
    address = ip_address(target)
    if address.version == 4:
        return ethernet(IPV4, bytes([0x45]) + bytes(8) + bytes([protocol]) + bytes(6) + address.packed + payload)
    return ethernet(IPV6, bytes([0x60]) + bytes(5) + bytes([protocol, hops]) + bytes(16) + address.packed + payload)


def ports(source: int, to: int) -> bytes:
    return source.to_bytes(2, "big") + to.to_bytes(2, "big")


def tcp(target: str, source: int, to: int, flags: int) -> bytes:
    return ip(TCP, target, ports(source, to) + bytes(9) + bytes([flags]) + bytes(6))


def udp(target: str, source: int, to: int) -> bytes:
    return ip(UDP, target, ports(source, to) + bytes(8))


@pytest.mark.parametrize(
    "frame",
    [
        tcp("192.168.77.1", 40000, 443, SYN),
        tcp("203.0.113.9", 40000, 443, ACK),
        tcp("203.0.113.9", 443, 443, SYN),
        tcp("2001:db8::1", 40000, 80, SYN),
        udp("192.168.77.1", 40000, 53),
        udp("192.168.77.1", 123, 123),
        udp("203.0.113.9", 68, 68),
        udp("2001:db8::1", 40000, 443),
        ip(ICMP, "203.0.113.9", b"\x08" + bytes(7)),
        ip(ICMPV6, "2001:db8::1", b"\x80" + bytes(7)),
        ip(ICMPV6, "2001:db8::1", b"\x80" + bytes(7), hops=255),
        ip(ICMPV6, "2001:db8::1", b"\x87" + bytes(7)),
        ip(132, "203.0.113.9", bytes(12)),
        ethernet(LLDP),
    ],
    ids=str,
)
def test_a_call_is_a_call(frame: bytes) -> None:
    assert call_of(frame)


@pytest.mark.parametrize(
    "frame",
    [
        ethernet(ARP),
        tcp("192.168.77.1", 443, 40000, SYN_ACK),
        tcp("192.168.77.1", 80, 40000, ACK),
        udp("255.255.255.255", 68, 67),
        udp("ff02::1:2", 546, 547),
        udp("224.0.0.251", 5353, 5353),
        udp("ff02::fb", 5353, 5353),
        ip(IGMP, "224.0.0.22", bytes(8)),
        ip(ICMP, "192.168.77.1", b"\x00" + bytes(7)),
        ip(ICMPV6, "ff02::2", b"\x85" + bytes(7)),
        ip(ICMPV6, "2001:db8::1", b"\x88" + bytes(7)),
        ip(ICMPV6, "fd77::1", b"\x87" + bytes(7), hops=255),
    ],
    ids=str,
)
def test_answers_and_what_every_host_says_are_none(frame: bytes) -> None:
    assert not call_of(frame)
