"""The generation of nftables, a number that the kernel raises at each change, read without a process.

The watchdog imports this each minute: it must import little.
"""

from __future__ import annotations

import socket
import struct

# linux/netlink.h, linux/netfilter/nfnetlink.h and nf_tables.h: NFT_MSG_GETGEN of the subsystem nftables.
_NETLINK_NETFILTER = 12
_GET_GENERATION = (10 << 8) | 16
_NEW_GENERATION = (10 << 8) | 15
_REQUEST = 1
# nlmsghdr (length, type, flags, sequence, port), nfgenmsg (family, version, resource).
_HEADER = struct.Struct("=IHHIIBBH")
# An attribute's length and type (NFTA_GEN_ID), then the number itself, most significant byte first.
_ID = struct.Struct(">I")
_ID_OFFSET = _HEADER.size + 4
_TIMEOUT_SECONDS = 2.0


def current() -> int:
    """Return the number of the present rule set; each change of it by anyone makes it larger.

    Raises OSError without the right to ask (CAP_NET_ADMIN), or without nftables in the kernel.
    """
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER) as kernel:
        kernel.settimeout(_TIMEOUT_SECONDS)
        kernel.sendto(_HEADER.pack(_HEADER.size, _GET_GENERATION, _REQUEST, 1, 0, 0, 0, 0), (0, 0))
        answer = kernel.recv(4096)
    if len(answer) < _ID_OFFSET + _ID.size or _HEADER.unpack_from(answer)[1] != _NEW_GENERATION:
        raise OSError("the kernel did not report the generation of its rules")
    number: int = _ID.unpack_from(answer, _ID_OFFSET)[0]
    return number
