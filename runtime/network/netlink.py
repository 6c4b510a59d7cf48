"""Addresses and routes, asked of the kernel by rtnetlink(7) without a process.

The fast path imports this: it must import little.
"""

from __future__ import annotations

import socket
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# linux/rtnetlink.h and netlink.h: NLM_F_REQUEST and NLM_F_DUMP, for both families, all tables.
_GET_ADDRESSES, _NEW_ADDRESS, _GET_ROUTES, _NEW_ROUTE, _DUMP = 22, 20, 26, 24, 0x301
_ERROR, _DONE = 2, 3
# nlmsghdr: length, type, flags, sequence, port. rtmsg: family, length of the destination in bits, of the source, tos,
# table, protocol, scope, type, flags. ifaddrmsg: family, length of the prefix in bits, flags, scope, interface.
_HEADER, _ROUTE, _ADDRESS = struct.Struct("=IHHII"), struct.Struct("=BBBBBBBBI"), struct.Struct("=BBBBi")
# An attribute's length and type (RTA_DST, RTA_OIF, RTA_MULTIPATH; IFA_ADDRESS, IFA_LOCAL); rtnexthop: length, flags,
# hops, interface.
_ATTRIBUTE, _HOP, _INDEX = struct.Struct("=HH"), struct.Struct("=HBBi"), struct.Struct("=i")
_DESTINATION, _INTERFACE, _HOPS = 1, 4, 9
_FAR, _LOCAL = 1, 2
UNICAST, LOCAL = 1, 2
# RT_SCOPE_UNIVERSE, RT_SCOPE_LINK, RT_SCOPE_HOST: an address that is valid everywhere, on one link, or on the host.
SCOPE_GLOBAL, SCOPE_LINK, SCOPE_HOST = 0, 253, 254
# RTM_F_CLONED: what the kernel has learned of one address, such as its path MTU; the route itself is listed too.
_CLONED = 0x200
# fe80::/16: each interface has it, and those of containers come and go.
_OF_ONE_LINK = b"\xfe\x80"
_TIMEOUT_SECONDS = 2.0
_BYTES = 65536

# The name of an interface, a network (`10.0.0.0/24`), and what it is: UNICAST, or LOCAL, an address of this host.
Route = tuple[str, str, int]


class InterfaceAddress:
    """One address of an interface, with the length of its network's prefix in bits.

    `far` is the same address, or that of the other end of a line between two. `scope` is as in rtnetlink(7).
    """

    def __init__(self, interface: str, address: str, prefix: int, scope: int, far: str) -> None:
        self.interface = interface
        self.address = address
        self.prefix = prefix
        self.scope = scope
        self.far = far


def addresses() -> tuple[InterfaceAddress, ...]:
    """Return all addresses of this host by interface, IPv4 before IPv6, as the kernel lists them.

    Raises OSError where the kernel does not answer.
    """
    names = dict(socket.if_nameindex())
    messages = dump(_GET_ADDRESSES, _NEW_ADDRESS, bytes(_ADDRESS.size))
    found = sorted((parse_address(each) for each in messages), key=lambda each: each[0])
    return tuple(
        InterfaceAddress(names[index], address, prefix, scope, far)
        for index, address, prefix, scope, far in found
        if index in names
    )


def routes() -> tuple[Route, ...]:
    """Return all routes of all tables to networks behind an interface and to this host.

    Without default routes, and without those that each link has.

    Raises OSError where the kernel does not answer.
    """
    names = dict(socket.if_nameindex())
    messages = dump(_GET_ROUTES, _NEW_ROUTE, bytes(_ROUTE.size))
    found = (route for each in messages for route in parse_route(each))
    return tuple(sorted({(names[index], network, kind) for index, network, kind in found if index in names}))


def parse_address(message: bytes) -> tuple[int, str, int, int, str]:
    """Return the index of the interface, the address, its prefix, its scope and the far end of an RTM_NEWADDR."""
    family, prefix, _, scope, index = _ADDRESS.unpack_from(message)
    found = dict(attributes(message[_ADDRESS.size :]))
    # rtnetlink(7): IFA_ADDRESS is the far end where there is one; IFA_LOCAL is left out where both are the same.
    far = found[_FAR] if _FAR in found else found[_LOCAL]
    local = found.get(_LOCAL, far)
    return index, socket.inet_ntop(family, local), prefix, scope, socket.inet_ntop(family, far)


def parse_route(message: bytes) -> Iterator[tuple[int, str, int]]:
    """Yield the indexes of the interfaces of an RTM_NEWROUTE, its network and its kind; nothing of other kinds."""
    family, bits, *_, kind, flags = _ROUTE.unpack_from(message)
    if family not in (socket.AF_INET, socket.AF_INET6) or kind not in (UNICAST, LOCAL) or not bits or flags & _CLONED:
        return
    found = dict(attributes(message[_ROUTE.size :]))
    if found[_DESTINATION].startswith(_OF_ONE_LINK):
        return
    network = f"{socket.inet_ntop(family, found[_DESTINATION])}/{bits}"
    if _INTERFACE in found:
        yield _INDEX.unpack(found[_INTERFACE])[0], network, kind
    hops = found.get(_HOPS, b"")
    while len(hops) >= _HOP.size:
        length, _, _, index = _HOP.unpack_from(hops)
        yield index, network, kind
        hops = hops[max(length, _HOP.size) :]


def dump(question: int, answer: int, body: bytes, protocol: int = socket.NETLINK_ROUTE) -> Iterator[bytes]:
    """Ask for all objects of one kind, and yield the content of each message. `body` of zeros is AF_UNSPEC.

    Raises OSError where the kernel does not answer, or does not permit it.
    """
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol) as kernel:
        kernel.settimeout(_TIMEOUT_SECONDS)
        kernel.sendto(_HEADER.pack(_HEADER.size + len(body), question, _DUMP, 1, 0) + body, (0, 0))
        while True:
            data, offset = kernel.recv(_BYTES), 0
            while offset + _HEADER.size <= len(data):
                length, kind, *_ = _HEADER.unpack_from(data, offset)
                if kind == _DONE:
                    return
                if kind == _ERROR or length < _HEADER.size:
                    raise OSError("the kernel did not list what was asked for")
                if kind == answer:
                    yield data[offset + _HEADER.size : offset + length]
                offset += (length + 3) & ~3


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and content of the attributes of a message (netlink(7))."""
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if length < _ATTRIBUTE.size:
            return
        yield kind, data[_ATTRIBUTE.size : length]
        data = data[(length + 3) & ~3 :]
