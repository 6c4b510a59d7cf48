"""Whether the endpoint that clients are told is this host."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection

from runtime.network import addresses
from runtime.network.addresses import HostAddress, is_public


def check(host: str) -> str:
    """Why an endpoint is not this host, asked of this host and its resolver; see `problem`."""
    return problem(host, resolve_endpoint(host), addresses.observe())


def resolve_endpoint(host: str) -> tuple[str, ...]:
    """The addresses of a host name or an address, as this host's resolver knows them; none if it has none."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except OSError:
        return ()
    return tuple(dict.fromkeys(str(each[4][0]) for each in found))


def problem(host: str, resolved: Collection[str], own: Collection[HostAddress]) -> str:
    """Why an endpoint is not this host, as a sentence; empty if it is. `own` are the addresses of this host.

    A host with none but private addresses is behind somebody's address translation: then an address that the internet
    routes may well lead to it.
    """
    if not resolved:
        return f"The endpoint {host} has no address: DNS does not know it."
    if any(ipaddress.ip_address(each).is_loopback for each in resolved):
        return f"The endpoint {host} is the loopback address, which no client reaches."
    known = [each.address for each in own]
    if any(each in known for each in resolved):
        return ""
    translated = not any(each.is_public for each in own)
    if translated and any(is_public(each) for each in resolved):
        return ""
    where = "" if host in resolved else f" ({', '.join(resolved)})"
    return f"The endpoint {host}{where} is not this host, which has {', '.join(known)}."
