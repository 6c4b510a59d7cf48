"""Messages of the kernel, as Linux gave them."""

from __future__ import annotations

import socket
import struct

from runtime.network import routes
from runtime.network.routes import LOCAL, UNICAST


def message(family: int, bits: int, kind: int, *attributes: tuple[int, bytes], flags: int = 0) -> bytes:
    body = b""
    for number, value in attributes:
        body += struct.pack("=HH", 4 + len(value), number) + value + bytes(-len(value) % 4)
    return struct.pack("=BBBBBBBBI", family, bits, 0, 0, 254, 2, 253, kind, flags) + body


def test_a_route_to_a_network_and_one_to_this_host() -> None:
    to, index = (1, socket.inet_aton("10.0.0.0")), (4, struct.pack("=i", 7))
    assert list(routes.parse(message(socket.AF_INET, 24, UNICAST, to, index))) == [(7, "10.0.0.0/24", UNICAST)]
    own = (1, socket.inet_pton(socket.AF_INET6, "fd00::5"))
    assert list(routes.parse(message(socket.AF_INET6, 128, LOCAL, own, index))) == [(7, "fd00::5/128", LOCAL)]


def test_a_route_by_two_interfaces() -> None:
    hops = struct.pack("=HBBi", 16, 0, 0, 7) + bytes(8) + struct.pack("=HBBi", 8, 0, 0, 9)
    to = (1, socket.inet_aton("10.20.0.0"))
    found = list(routes.parse(message(socket.AF_INET, 16, UNICAST, to, (9, hops))))
    assert found == [(7, "10.20.0.0/16", UNICAST), (9, "10.20.0.0/16", UNICAST)]


def test_what_is_no_network_behind_an_interface() -> None:
    index = (4, struct.pack("=i", 7))
    broadcast, bridge = 3, 7
    assert not list(routes.parse(message(socket.AF_INET, 0, UNICAST, index)))
    assert not list(routes.parse(message(socket.AF_INET, 32, broadcast, (1, bytes(4)), index)))
    assert not list(routes.parse(message(socket.AF_INET, 32, UNICAST, (1, bytes(4)), index, flags=0x200)))
    link = (1, socket.inet_pton(socket.AF_INET6, "fe80::"))
    assert not list(routes.parse(message(socket.AF_INET6, 64, UNICAST, link, index)))
    assert not list(routes.parse(message(bridge, 32, UNICAST, (1, bytes(4)), index)))


def test_the_routes_of_this_host() -> None:
    assert ("lo", "127.0.0.1/32", LOCAL) in routes.look()
