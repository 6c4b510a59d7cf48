"""The kernel's routes, asked for without a process: which networks are behind which interface.

The pass of each minute imports this: it must import little.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

# linux/rtnetlink.h and netlink.h: RTM_GETROUTE with NLM_F_REQUEST and NLM_F_DUMP, for both families, all tables.
_GET_ROUTES, _NEW_ROUTE, _DUMP = 26, 24, 0x301
_ERROR, _DONE = 2, 3
# nlmsghdr: length, type, flags, sequence, port. rtmsg: family, length of the destination in bits, of the source, tos,
# table, protocol, scope, type, flags.
_HEADER, _ROUTE = struct.Struct("=IHHII"), struct.Struct("=BBBBBBBBI")
# An attribute's length and type (RTA_DST, RTA_OIF, RTA_MULTIPATH); rtnexthop: length, flags, hops, interface.
_ATTRIBUTE, _HOP, _INDEX = struct.Struct("=HH"), struct.Struct("=HBBi"), struct.Struct("=i")
_DESTINATION, _INTERFACE, _HOPS = 1, 4, 9
UNICAST, LOCAL = 1, 2
# RTM_F_CLONED: what the kernel has learned of one address, such as its path MTU; the route is told besides.
_CLONED = 0x200
# fe80::/16: each interface has it, and those of containers come and go.
_OF_ONE_LINK = b"\xfe\x80"
_TIMEOUT_SECONDS = 2.0
_BYTES = 65536

# The name of an interface, a network (`10.0.0.0/24`), and what it is: UNICAST, or LOCAL, an address of this host.
Route = tuple[str, str, int]


def look() -> tuple[Route, ...]:
    """All routes of all tables to networks behind an interface and to this host.

    Without default routes, and without those that each link has.

    Raises OSError where the kernel does not answer.
    """
    names = dict(socket.if_nameindex())
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.settimeout(_TIMEOUT_SECONDS)
        body = _ROUTE.pack(socket.AF_UNSPEC, 0, 0, 0, 0, 0, 0, 0, 0)
        kernel.sendto(_HEADER.pack(_HEADER.size + len(body), _GET_ROUTES, _DUMP, 1, 0) + body, (0, 0))
        found = {(names[index], network, kind) for index, network, kind in _answer(kernel) if index in names}
    return tuple(sorted(found))


def _answer(kernel: socket.socket) -> Iterator[tuple[int, str, int]]:
    while True:
        data, offset = kernel.recv(_BYTES), 0
        while offset + _HEADER.size <= len(data):
            length, kind, *_ = _HEADER.unpack_from(data, offset)
            if kind == _DONE:
                return
            if kind == _ERROR or length < _HEADER.size:
                raise OSError("the kernel did not say which routes it has")
            if kind == _NEW_ROUTE:
                yield from parse(data[offset + _HEADER.size : offset + length])
            offset += (length + 3) & ~3


def parse(message: bytes) -> Iterator[tuple[int, str, int]]:
    """The indexes of the interfaces of one route (rtnetlink(7)), its network and its kind; nothing of other kinds."""
    family, bits, *_, kind, flags = _ROUTE.unpack_from(message)
    if family not in (socket.AF_INET, socket.AF_INET6) or kind not in (UNICAST, LOCAL) or not bits or flags & _CLONED:
        return
    attributes = dict(_attributes(message[_ROUTE.size :]))
    if attributes[_DESTINATION].startswith(_OF_ONE_LINK):
        return
    network = f"{socket.inet_ntop(family, attributes[_DESTINATION])}/{bits}"
    if _INTERFACE in attributes:
        yield _INDEX.unpack(attributes[_INTERFACE])[0], network, kind
    hops = attributes.get(_HOPS, b"")
    while len(hops) >= _HOP.size:
        length, _, _, index = _HOP.unpack_from(hops)
        yield index, network, kind
        hops = hops[max(length, _HOP.size) :]


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if length < _ATTRIBUTE.size:
            return
        yield kind, data[_ATTRIBUTE.size : length]
        data = data[(length + 3) & ~3 :]
