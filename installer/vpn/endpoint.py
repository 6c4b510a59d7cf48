"""The check that the endpoint in the clients' files is this host."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection

from runtime.network import addresses
from runtime.network.addresses import HostAddress, is_public


def check(host: str) -> str:
    """Resolve an endpoint and return why it is not this host, as a sentence; empty if it is."""
    return problem(host, resolve_endpoint(host), addresses.observe())


def resolve_endpoint(host: str) -> tuple[str, ...]:
    """Return the addresses of a host name or an address by this host's resolver; empty if there is none."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except OSError:
        return ()
    return tuple(dict.fromkeys(str(each[4][0]) for each in found))


def problem(host: str, resolved: Collection[str], own: Collection[HostAddress]) -> str:
    """Return why an endpoint is not this host, as a sentence; empty if it is. `own` are the addresses of this host.

    A host with private addresses only is behind NAT: then a public address may lead to it.
    """
    if not resolved:
        return f"The endpoint {host} does not resolve to an address. Correct its DNS record."
    if any(ipaddress.ip_address(each).is_loopback for each in resolved):
        return f"The endpoint {host} is the loopback address, which no client can reach."
    known = [each.address for each in own]
    if any(each in known for each in resolved):
        return ""
    translated = not any(each.is_public for each in own)
    if translated and any(is_public(each) for each in resolved):
        return ""
    where = "" if host in resolved else f" ({', '.join(resolved)})"
    return f"The endpoint {host}{where} is not this host, which has {', '.join(known)}."
