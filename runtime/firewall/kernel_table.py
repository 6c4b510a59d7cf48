"""A table of nftables as the kernel has it, read without a process, to see in a moment whether it was changed.

The watchdog imports this each minute: it must import little.
"""

from __future__ import annotations

import struct

from runtime.network import netlink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# linux/netlink.h, linux/netfilter/nfnetlink.h and nf_tables.h: the subsystem nftables, and its questions and answers
# (NFT_MSG_GETTABLE and NFT_MSG_NEWTABLE, then those of chains and rules).
_NETLINK_NETFILTER = 12
_NFTABLES = 10 << 8
_KINDS = ((1, 0), (4, 3), (7, 6))
# nfgenmsg: family (NFPROTO_INET), version, resource. In an answer the resource is a part of the generation of all
# rules of the host, which anybody changes.
_HEADER = struct.Struct("=BBH")
_INET = 1
# An attribute's length and type: NFTA_TABLE_NAME, NFTA_CHAIN_TABLE and NFTA_RULE_TABLE are the same number.
_ATTRIBUTE = struct.Struct("=HH")
_TABLE = 1


def contents(table: str) -> Iterator[bytes]:
    """Yield the table of both families with this name, its chains and its rules, as the kernel encodes them.

    Nothing where it does not exist. Loading the same rules again gives other bytes, because the kernel numbers them.
    Raises OSError without the right to ask (CAP_NET_ADMIN), or without nftables in the kernel.
    """
    name = table.encode() + b"\0"
    # Only the question for rules is limited to a table by the kernel.
    asked = _HEADER.pack(_INET, 0, 0) + _attribute(name)
    for question, answer in _KINDS:
        for message in netlink.dump(_NFTABLES | question, _NFTABLES | answer, asked, _NETLINK_NETFILTER):
            content = message[_HEADER.size :]
            if dict(netlink.attributes(content)).get(_TABLE) == name:
                yield content


def _attribute(name: bytes) -> bytes:
    length = _ATTRIBUTE.size + len(name)
    return _ATTRIBUTE.pack(length, _TABLE) + name + bytes(-length % 4)
