"""Messages of the kernel, as Linux gave them."""

from __future__ import annotations

import socket
import struct

from runtime.network import netlink
from runtime.network.netlink import LOCAL, SCOPE_GLOBAL, SCOPE_HOST, SCOPE_LINK, UNICAST


def route(family: int, bits: int, kind: int, *attributes: tuple[int, bytes], flags: int = 0) -> bytes:
    return struct.pack("=BBBBBBBBI", family, bits, 0, 0, 254, 2, 253, kind, flags) + packed(*attributes)


def packed(*attributes: tuple[int, bytes]) -> bytes:
    return b"".join(
        struct.pack("=HH", 4 + len(value), number) + value + bytes(-len(value) % 4) for number, value in attributes
    )


def test_parse_route_to_a_network_and_to_this_host() -> None:
    to, index = (1, socket.inet_aton("10.0.0.0")), (4, struct.pack("=i", 7))
    assert list(netlink.parse_route(route(socket.AF_INET, 24, UNICAST, to, index))) == [(7, "10.0.0.0/24", UNICAST)]
    own = (1, socket.inet_pton(socket.AF_INET6, "fd00::5"))
    assert list(netlink.parse_route(route(socket.AF_INET6, 128, LOCAL, own, index))) == [(7, "fd00::5/128", LOCAL)]


def test_parse_route_by_two_interfaces() -> None:
    hops = struct.pack("=HBBi", 16, 0, 0, 7) + bytes(8) + struct.pack("=HBBi", 8, 0, 0, 9)
    to = (1, socket.inet_aton("10.20.0.0"))
    found = list(netlink.parse_route(route(socket.AF_INET, 16, UNICAST, to, (9, hops))))
    assert found == [(7, "10.20.0.0/16", UNICAST), (9, "10.20.0.0/16", UNICAST)]


def test_parse_route_leaves_out_other_kinds() -> None:
    index = (4, struct.pack("=i", 7))
    broadcast, bridge = 3, 7
    assert not list(netlink.parse_route(route(socket.AF_INET, 0, UNICAST, index)))
    assert not list(netlink.parse_route(route(socket.AF_INET, 32, broadcast, (1, bytes(4)), index)))
    assert not list(netlink.parse_route(route(socket.AF_INET, 32, UNICAST, (1, bytes(4)), index, flags=0x200)))
    link = (1, socket.inet_pton(socket.AF_INET6, "fe80::"))
    assert not list(netlink.parse_route(route(socket.AF_INET6, 64, UNICAST, link, index)))
    assert not list(netlink.parse_route(route(bridge, 32, UNICAST, (1, bytes(4)), index)))


def test_routes_has_loopback() -> None:
    assert ("lo", "127.0.0.1/32", LOCAL) in netlink.routes()


def test_parse_address_of_each_family() -> None:
    """IPv6 has no IFA_LOCAL but on a line between two."""
    own, index = socket.inet_aton("192.0.2.2"), 7
    header = struct.pack("=BBBBi", socket.AF_INET, 24, 0x80, SCOPE_GLOBAL, index)
    found = netlink.parse_address(header + packed((1, own), (2, own), (3, b"eth0\0")))
    assert found == (7, "192.0.2.2", 24, SCOPE_GLOBAL, "192.0.2.2")
    header = struct.pack("=BBBBi", socket.AF_INET6, 64, 0x80, SCOPE_LINK, index)
    found = netlink.parse_address(header + packed((1, socket.inet_pton(socket.AF_INET6, "fe80::1"))))
    assert found == (7, "fe80::1", 64, SCOPE_LINK, "fe80::1")


def test_parse_address_of_point_to_point_link() -> None:
    header = struct.pack("=BBBBi", socket.AF_INET, 32, 0x80, SCOPE_GLOBAL, 7)
    far, local = (1, socket.inet_aton("10.60.0.2")), (2, socket.inet_aton("10.50.0.1"))
    assert netlink.parse_address(header + packed(far, local)) == (7, "10.50.0.1", 32, SCOPE_GLOBAL, "10.60.0.2")


def test_addresses_has_loopback() -> None:
    (found,) = (each for each in netlink.addresses() if (each.interface, each.address) == ("lo", "127.0.0.1"))
    assert (found.prefix, found.scope, found.far) == (8, SCOPE_HOST, "127.0.0.1")
